"""Quality scores: how good the data was and is, by dimension, counted in cells and rows.

Nothing here looks at rows: a profile has counted them. What the user asks of the data is `demands`.

Every dimension is a share of good among all, so that two exports of different size can be compared:

- completeness: cells that hold a value; a null token ("N/A") is no value
- accuracy: values that fit their column's type and semantic type. Without the real things to compare with, validity
  is the part of accuracy that can be measured
- consistency: values written as most of their column are
- timeliness: dates as fresh as their column promises; left out where no column says when something was last seen
- uniqueness: rows that stand once

What else was found (an orphan, a demand of the user's that isn't met) counts in its dimension too: of the profile's
and the findings' counts the larger one, so that no fault counts twice. A fault that is still open was there before
cleansing, too. What a target can't take doesn't count: it says as much of the mapping and the target as of the data,
and the score would change with the choice of targets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, TableProfile
from discovery_pipeline.engine.validation.feeds import NOT_MAPPED
from discovery_pipeline.engine.validation.model import DimensionScore, QualityReport

WEIGHTS: Mapping[Dimension, float] = dict.fromkeys(Dimension, 1.0)
"""All dimensions weigh the same: the choice to make where nobody has said which matters more.

References
----------
OECD and JRC (2008), Handbook on Constructing Composite Indicators, step 6. CMDB health scores stopped weighting
their parts as well (ServiceNow, from the Xanadu release).
"""


_OF_A_TARGET = frozenset(
    {
        "type", "conversion", "item", "placeholder", "allowed", "pattern", "range", "length", "required", "duplicate",
        "at_least_one_of", "together", "identifies", "no_conflict", "unique", "references", NOT_MAPPED,
    }
)  # fmt: skip
"""Rules of validation that judge values for one target."""


@dataclass(frozen=True, slots=True)
class Tally:
    """Faults among things that could have had one; both add up over columns and tables."""

    faults: float
    total: float

    @property
    def share(self) -> float:
        """Good ones of all, 0..1."""
        return 1 - min(self.faults / self.total, 1) if self.total else 1.0


def quality(
    before: Profile,
    after: Profile,
    findings: Sequence[Finding] = (),
    weights: Mapping[Dimension, float] = WEIGHTS,
) -> QualityReport:
    """Score the tables as they came and as they are now.

    Parameters
    ----------
    findings
        What is still open after cleansing; neither information nor a target's contract counts.
    weights
        Relative to each other. A dimension that can't be measured leaves its share to the others.
    """
    open_faults = _open_faults(findings)
    scores = []
    for dimension in Dimension:
        was, now = _tally(before, dimension, open_faults), _tally(after, dimension, open_faults)
        if was.total and now.total:
            scores.append((dimension, was, now, weights.get(dimension, 0.0)))
    whole = sum(weight for *_, weight in scores) or 1.0
    dimensions = tuple(
        DimensionScore(
            dimension=dimension,
            before=was.share,
            after=now.share,
            weight=weight / whole,
            evidence=_evidence(dimension, was, now),
        )
        for dimension, was, now, weight in scores
    )
    return QualityReport(
        before=sum(d.before * d.weight for d in dimensions),
        after=sum(d.after * d.weight for d in dimensions),
        dimensions=dimensions,
        findings=_told_once(findings),
    )


def _told_once(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Without the equal rows of tables whose duplicates a target has told: it counts them among more that are alike."""
    told = {finding.table for finding in findings if finding.rule == "duplicate"}
    return tuple(f for f in findings if f.rule != "duplicate.rows" or f.table not in told)


Place = tuple[Dimension, str, str | None]


def _open_faults(findings: Iterable[Finding]) -> dict[Place, int]:
    """The largest count by dimension, table and column: two rules that see the same fault count it once."""
    faults: dict[Place, int] = {}
    for finding in findings:
        if finding.severity is not Severity.INFO and finding.rule not in _OF_A_TARGET:
            place = (finding.dimension, finding.table, finding.column)
            faults[place] = max(faults.get(place, 0), finding.count)
    return faults


def _tally(profile: Profile, dimension: Dimension, open_faults: Mapping[Place, int]) -> Tally:
    parts = [part for table in profile.tables for part in _parts(table, dimension, open_faults)]
    return Tally(sum(part.faults for part in parts), sum(part.total for part in parts))


def _parts(table: TableProfile, dimension: Dimension, open_faults: Mapping[Place, int]) -> Iterable[Tally]:
    if dimension is Dimension.UNIQUENESS:
        found = max((n for (d, t, _), n in open_faults.items() if d is dimension and t == table.name), default=0)
        yield Tally(max(table.duplicate_row_count, found), table.row_count)
        return
    for column in table.columns:
        counted = _COUNTED[dimension](column, table.row_count)
        found = open_faults.get((dimension, table.name, column.name), 0)
        # A finding can measure what the profile could not, such as dates that the user wants fresh.
        total = counted.total or (_filled(column, table.row_count) if found else 0)
        yield Tally(max(counted.faults, min(found, total)), total)


def _empty(column: ColumnProfile, rows: int) -> Tally:
    return Tally(column.null_count + sum(token.count for token in column.null_tokens), rows)


def _filled(column: ColumnProfile, rows: int) -> float:
    return max(rows - _empty(column, rows).faults, 0)


def _invalid(column: ColumnProfile, rows: int) -> Tally:
    filled = _filled(column, rows)
    return Tally((1 - column.quality.validity) * filled, filled)


def _inconsistent(column: ColumnProfile, rows: int) -> Tally:
    filled = _filled(column, rows)
    return Tally((1 - column.quality.consistency) * filled, filled)


def _stale(column: ColumnProfile, rows: int) -> Tally:
    if column.quality.timeliness is None:
        return Tally(0, 0)
    filled = _filled(column, rows)
    return Tally((1 - column.quality.timeliness) * filled, filled)


_COUNTED: Mapping[Dimension, Callable[[ColumnProfile, int], Tally]] = {
    Dimension.COMPLETENESS: _empty,
    Dimension.ACCURACY: _invalid,
    Dimension.CONSISTENCY: _inconsistent,
    Dimension.TIMELINESS: _stale,
}

_FAULTY = {
    Dimension.COMPLETENESS: "cells without a value",
    Dimension.ACCURACY: "values that don't fit their column",
    Dimension.CONSISTENCY: "values written differently from their column",
    Dimension.TIMELINESS: "dates out of date",
    Dimension.UNIQUENESS: "rows that stand more than once",
}


def _evidence(dimension: Dimension, was: Tally, now: Tally) -> str:
    return f"{_FAULTY[dimension]}: {was.faults:,.0f} of {was.total:,.0f} before, {now.faults:,.0f} after"
