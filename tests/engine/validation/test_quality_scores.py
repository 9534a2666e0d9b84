"""Quality scores count cells and rows, and never invent a dimension."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, Quality, TableProfile, ValueCount
from discovery_pipeline.engine.validation.quality import WEIGHTS, quality


def column(
    name: str = "ram", *, nulls: int = 0, tokens: int = 0, validity: float = 1.0, **more: float
) -> ColumnProfile:
    return ColumnProfile(
        name=name,
        position=0,
        inferred_type="integer",
        type_fit=validity,
        null_count=nulls,
        null_ratio=0.0,
        null_tokens=(ValueCount(value="N/A", count=tokens),) if tokens else (),
        distinct_count=1,
        distinct_is_exact=True,
        quality=Quality(
            completeness=1.0,
            validity=validity,
            uniqueness=1.0,
            consistency=more.get("consistency", 1.0),
            timeliness=more.get("timeliness"),
            score=1.0,
        ),
    )


def profile(*columns: ColumnProfile, rows: int = 10, duplicates: int = 0) -> Profile:
    table = TableProfile(name="servers", row_count=rows, duplicate_row_count=duplicates, columns=columns)
    return Profile(tables=(table,))


def finding(count: int, *, severity: Severity = Severity.WARNING, dimension: Dimension = Dimension.ACCURACY) -> Finding:
    return Finding(
        table="servers",
        column="ram",
        rule="r",
        severity=severity,
        dimension=dimension,
        count=count,
        evidence="",
        action="",
    )


def by_dimension(before: Profile, after: Profile, *findings: Finding) -> dict[str, tuple[float, float]]:
    return {d.dimension: (d.before, d.after) for d in quality(before, after, findings).dimensions}


def test_a_null_token_is_no_value():
    scores = by_dimension(profile(column(nulls=1, tokens=2)), profile(column(nulls=3)))
    assert scores["completeness"] == (pytest.approx(0.7), pytest.approx(0.7))


def test_what_cleansing_mends_raises_accuracy():
    scores = by_dimension(profile(column(validity=0.6)), profile(column(validity=0.9)))
    assert scores["accuracy"] == (pytest.approx(0.6), pytest.approx(0.9))


def test_rows_that_stand_twice_lower_uniqueness():
    assert by_dimension(profile(column(), duplicates=2), profile(column()))["uniqueness"] == (pytest.approx(0.8), 1.0)


def test_timeliness_is_left_out_where_nothing_says_when():
    report = quality(profile(column()), profile(column()))
    assert "timeliness" not in {d.dimension for d in report.dimensions}
    assert sum(d.weight for d in report.dimensions) == pytest.approx(1.0)
    assert report.before == report.after == pytest.approx(1.0)


def test_a_fault_that_the_profile_saw_too_counts_once():
    seen_by_both = by_dimension(profile(column(validity=0.8)), profile(column(validity=0.8)), finding(2))
    assert seen_by_both["accuracy"] == (pytest.approx(0.8), pytest.approx(0.8))


def test_a_fault_that_only_a_rule_saw_counts():
    assert by_dimension(profile(column()), profile(column()), finding(3), finding(1))["accuracy"][1] == pytest.approx(
        0.7
    )


def test_information_alone_does_not_count():
    assert by_dimension(profile(column()), profile(column()), finding(3, severity=Severity.INFO))["accuracy"][1] == 1.0


def test_what_a_target_can_not_take_is_no_fault_of_the_data():
    refused = finding(8).model_copy(update={"rule": "allowed"})
    assert by_dimension(profile(column()), profile(column()), refused)["accuracy"] == (1.0, 1.0)


def test_weights_are_relative_to_each_other():
    only = dict.fromkeys(WEIGHTS, 0.0) | {Dimension.ACCURACY: 5.0}
    assert quality(profile(column(validity=0.5)), profile(column()), weights=only).before == pytest.approx(0.5)


def test_nothing_at_all_has_no_dimensions():
    assert quality(Profile(tables=()), Profile(tables=())).dimensions == ()


@given(
    nulls=st.integers(0, 10),
    validity=st.floats(0, 1),
    consistency=st.floats(0, 1),
    timeliness=st.none() | st.floats(0, 1),
    found=st.integers(0, 40),
)
def test_scores_stay_between_nothing_and_all(nulls, validity, consistency, timeliness, found):
    one = profile(column(nulls=nulls, validity=validity, consistency=consistency, timeliness=timeliness))
    report = quality(one, one, (finding(found),))
    assert all(0 <= d.before == d.after <= 1 for d in report.dimensions)
    assert 0 <= report.before <= 1 + 1e-9


def test_equal_rows_are_told_once_where_a_target_tells_duplicates():
    equal = Finding(
        table="servers", rule="duplicate.rows", severity=Severity.WARNING, dimension=Dimension.UNIQUENESS, count=2,
        evidence="2 rows repeat another row", action="Keep the first.",
    )  # fmt: skip
    alike = equal.model_copy(update={"rule": "duplicate", "count": 3, "severity": Severity.ERROR})
    assert [f.rule for f in quality(profile(), profile(), [equal, alike]).findings] == ["duplicate"]
    assert [f.rule for f in quality(profile(), profile(), [equal]).findings] == ["duplicate.rows"]
    assert (
        quality(profile(column()), profile(column()), [equal, alike]).after
        == quality(profile(column()), profile(column()), [equal]).after
    )
