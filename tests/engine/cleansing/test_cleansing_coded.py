"""Countries, languages and currencies, in columns that write most of them in one form."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine.cleansing import code_lists
from discovery_pipeline.engine.cleansing.coded import in_one_form

NAMES = ["Germany", "France", "Italy", "United States"] * 12


@pytest.mark.parametrize(
    ("header", "codes", "odd", "mended"),
    [
        ("country", ["DE", "FR", "IT", "US"], ["Germany", "Deutschland", "GER", "D", "USA"], ["DE"] * 4 + ["US"]),
        ("from_country", ["DEU", "FRA", "ITA", "CHE"], ["Schweiz", "de", "España"], ["CHE", "DEU", "ESP"]),
        ("land", ["de", "fr", "it", "ch"], ["Germany", "SUI"], ["de", "ch"]),
        ("article_language", ["eng", "fre", "ger", "spa"], ["English", "Deutsch", "fr"], ["eng", "ger", "fre"]),
        ("nationality", ["PT", "ES", "PL", "DE"], ["Poland", "PRT"], ["PL", "PT"]),
        (
            "currency",
            ["EUR", "USD", "CHF", "GBP"],
            ["€", "Euro", "US$", "SFr.", "eur"],
            ["EUR", "EUR", "USD", "CHF", "EUR"],
        ),
        ("lang", ["en", "fr", "de", "it"], ["English", "deu", "français"], ["en", "de", "fr"]),
    ],
)
def test_names_among_codes_become_codes(bench, header: str, codes: list[str], odd: list[str], mended: list[str]):
    cells = codes * 15
    assert bench.column([*cells, *odd], header, tier="suggest")[-len(odd) :] == mended


def test_codes_and_native_names_become_the_names_of_the_column(bench):
    odd = ["Deutschland", "FR", "Italia", "USA"]
    assert bench.column([*NAMES, *odd], tier="suggest")[-4:] == ["Germany", "France", "Italy", "United States"]


def test_of_two_usual_names_the_column_keeps_its_own():
    cells = {"USA": 40, "Germany": 30, "France": 30, "United States": 3, "US": 1}
    mended = in_one_form(cells, code_lists.countries(), hinted=False)
    assert mended == {"United States": "USA", "US": "USA"}
    both = {"Türkiye": 10, "Turkey": 12, "France": 30}
    assert in_one_form(both, code_lists.countries(), hinted=True) == {}


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("site", ["DE", "FR", "IT", "NO"] * 15 + ["Germany"]),  # codes of what?
        ("country", ["DE", "FR"] * 12 + ["Germany", "France"] * 12),  # no form prevails
        ("country", ["CA", "TX", "NY", "DE", "FL"] * 12 + ["Germany"]),
        ("lang", ["eng", "spa", "ita"] * 15 + ["German"]),  # deu or ger
        ("c", [*NAMES, "D"]),
        ("country", ["DE", "DK", "FR"] * 15 + ["D"]),  # or what is left of DK
        ("country", ["AUS", "AUT", "FRA"] * 15 + ["AU"]),
        ("country", [*NAMES, "Atlantis", "EU"]),
    ],
)
def test_what_the_list_does_not_decide_stays(bench, header: str, cells: list[str]):
    assert bench.column(cells, header, tier="suggest")[-1] == cells[-1]


def test_nothing_is_renamed_without_asking(bench):
    assert bench.column([*NAMES, "Deutschland"], "country")[-1] == "Deutschland"


@pytest.mark.parametrize("listed", [code_lists.countries(), code_lists.languages()], ids=["countries", "languages"])
def test_every_code_and_name_decides(listed: code_lists.CodeList):
    for form in listed.forms.values():
        for thing, names in form.items():
            assert {listed.meant.get(name.casefold()) for name in names} == {thing}
