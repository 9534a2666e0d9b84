"""Abbreviated words, in columns that write them out."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine.cleansing.abbreviations import written_out

STREETS = [
    f"{n} {name} {kind}"
    for n, name in enumerate(["Oak", "Elm", "Ash", "Hill", "Lake", "Park", "Mill", "Moor", "Dale", "Ford"])
    for kind in ("Street", "Avenue")
]
OS = ["Red Hat Enterprise Linux 8.6", "Windows Server 2019", "Ubuntu 22.04"]


@pytest.mark.parametrize(
    ("odd", "mended"),
    [
        ("RHEL 8.6", OS[0]),
        ("Windows Srv 2019", OS[1]),
        ("Win Srv 2019", OS[1]),
        ("Win. Server 2019", OS[1]),
        ("Red Hat Ent. Linux 8.6", OS[0]),
    ],
)
def test_what_makes_one_frequent_value_is_written_out(bench, odd: str, mended: str):
    assert bench.column([*OS * 20, odd], tier="suggest")[-1] == mended
    assert bench.column([*OS * 20, odd])[-1] == odd


def test_a_word_that_goes_with_many_is_written_out_beside_others(bench):
    assert bench.column([*STREETS * 3, "8 Rose St.", "9 Elm Av."], tier="suggest")[-2:] == [
        "8 Rose Street",
        "9 Elm Avenue",
    ]


@pytest.mark.parametrize(
    ("cells", "odd"),
    [
        ({"Hill Street": 20, "Hill Station": 20}, "Hill St."),  # two words
        ({"Stone Albans": 4, "Bath": 20}, "St. Albans"),  # a rare one
        ({"Engineering": 20, "Manager": 20}, "Engineer"),  # a word of its own
        ({"Anna Smith": 20, "Bert Jones": 20}, "A. Smith"),  # an initial
        ({f"{name} Company": 5 for name in "ABCDEFGHIJKLMN"}, "Mehana Co."),  # a name
        ({"Cooling Group": 20, "Heating": 20}, "CG"),  # two meanings
    ],
)
def test_what_may_mean_something_else_stays(cells: dict[str, int], odd: str):
    others = {"Chemical Gardens": 20} if odd == "CG" else {}
    assert written_out(cells | others | {odd: 1}) == {}
