"""Months by name: every date that is written in a language is read back, and no name means two months."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.engine import duck, months
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.profiling import dates
from discovery_pipeline.engine.tables import Source, Table, columns_named

LAYOUTS = (
    "{d} {m} {y}", "{d:02}-{m}-{s:02}", "{d}. {m} {y}", "{d}/{m}/{y}", "{d} de {m} de {y}", "{m} {d}, {y}",
    "{d}.{m}.{y}", "{d} {m}. {y}", "{d:02}-{m}.-{s:02}",
)  # fmt: skip
NAMES = [(language, name) for language, names in months.MONTHS.items() for name in names]

_written = st.builds(
    lambda layout, of, day, cased: (layout, of[0], cased(of[1]), day),
    st.sampled_from(LAYOUTS),
    st.sampled_from(NAMES),
    st.dates(min_value=date(1970, 1, 1), max_value=date(2067, 12, 31)),
    st.sampled_from((str.lower, str.upper, str.title)),
)


@settings(max_examples=300, deadline=None)
@given(_written)
def test_every_date_written_in_a_language_is_read_back_by_the_profile_and_in_a_mapping(written: tuple):
    layout, language, name, when = written
    when = when.replace(day=min(when.day, 28), month=months.MONTHS[language][months.folded(name)])
    value = layout.format(d=when.day, m=name, y=when.year, s=when.year % 100)
    parsed = dates.parse(value)
    assert parsed is not None
    (form,) = dates.formats([(parsed, 1)]).names
    table = Table.model_construct(name="t", columns=columns_named(["v"]), row_count=1, source=Source(file="t.csv"))
    step = transformations.compile(transformations.parse(f"parse_date({transformations.quoted(form)})"), table, "v")
    key = duck.col(table.columns[0])
    [found] = CON.execute(
        f"SELECT {dates.reading((form,), key)}::DATE, {step} FROM (SELECT ? AS {key})", [value]
    ).fetchall()
    assert found == (when, when.isoformat())


CON = duck.connect(threads=1)


def test_no_name_means_two_months():
    meant: dict[str, set[int]] = {}
    for names in months.MONTHS.values():
        assert set(names.values()) == set(range(1, 13))
        for name, number in names.items():
            meant.setdefault(name, set()).add(number)
    assert [name for name, numbers in meant.items() if len(numbers) > 1] == []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"mai": 9, "nov": 3, "avr": 1}, {"fr"}),
        ({"Mai": 9, "Nov": 3, "Okt": 1}, {"de"}),
        ({"mei": 1, "okt": 5}, {"nl"}),
        ({"jan": 5, "may": 2}, {"en"}),
        ({"ago": 5, "set": 2, "out": 1}, {"pt"}),
        ({"märz": 5, "mai": 2, "juin": 1}, {"de", "fr"}),
    ],
)  # fmt: skip
def test_names_are_of_one_language_where_one_has_them_all(names: dict[str, int], expected: set[str]):
    found = months.spoken(names)
    assert set(found.values()) == expected
    assert found.keys() == names.keys()


def test_without_accents_with_a_point_and_in_capitals_it_is_the_same_name():
    assert {months.folded(name) for name in ("févr.", "FÉVR", "fevr", "Fe\u0301vr.")} == {"fevr"}
