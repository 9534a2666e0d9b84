"""Types: what texts are, and what only looks like it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from discovery_pipeline.engine.profiling import ColumnProfile

Of = Callable[[str, Sequence[str | None]], ColumnProfile]


@pytest.mark.parametrize(
    ("header", "cells", "expected"),
    [
        ("n", ["1", "22", "-3"], "integer"),
        ("n", ["1.5", "2", "3.25"], "float"),
        ("n", ["1,234", "12,345,678", "999"], "integer"),
        ("n", ["1.234,50", "0,5", "12,25"], "float"),
        ("zone", ["00123", "04567", "99999"], "string"),
        ("serial_number", ["1e5", "4711", "8812"], "string"),
        ("serial_number", ["84736251", "84736252", "84736259"], "string"),
        ("os_version", ["10.8", "7.9", "11.0"], "string"),
        ("load", ["10.8", "7.9", "11.0"], "float"),
        ("answer", ["yes", "No", "YES"], "boolean"),
        ("answer", ["Y", "N", "Y"], "boolean"),
        ("answer", ["Sì", "No", "Sì"], "boolean"),
        ("answer", ["Ja", "Nee"], "boolean"),
        ("answer", ["Tak", "Nie"], "boolean"),
        ("answer", ["Evet", "HAYIR"], "boolean"),
        ("answer", ["はい", "いいえ"], "boolean"),
        ("answer", ["是", "否"], "boolean"),
        ("仮想", ["1", "0"], "boolean"),
        ("is_virtual", ["0", "1", "0"], "boolean"),
        ("count", ["0", "1", "0"], "integer"),
        ("day", ["2024-01-31", "2024-02-29"], "date"),
        ("seen", ["2024-01-31T10:00:00Z", "2024-02-29T23:59:59Z"], "datetime"),
        ("seen", ["2024-01-31T10:00:00+02:00", "2024-02-29T23:59:59+02:00"], "datetime"),
        ("seen", ["2024-01-31 10:00:00.123456789+0200", "2024-02-29 23:59:59.000000001+09"], "datetime"),
        ("created_at", ["1706700000", "1706800000"], "datetime"),
        ("memory", ["1706700000", "1706800000"], "integer"),
        ("tags", ['{"a": 1}', "[1, 2]"], "json"),
        ("ip", ["10.0.0.1", "10.0.0.2"], "string"),
        ("phone", ["5551234567", "5551234568"], "string"),
        ("a_number", ["+491720029350", "+491711850209"], "string"),
        ("delta", ["+12", "+3400"], "integer"),
        ("time", ["10/Sep/2018:17:31:44 +0200", "03/Nov/2016:09:54:21 +0100"], "datetime"),
        ("ERSDA", [f"2016{month:02d}{day}" for month in range(1, 13) for day in (14, 28)], "date"),
        ("stamp", [f"2016{month:02d}{day}093015" for month in range(1, 13) for day in (14, 28)], "datetime"),
        ("volume", [str(20160114 + n * 1013) for n in range(24)], "integer"),
        ("batch", [f"2016{month:02d}{day}" for month in range(1, 13) for day in (14, 28)], "integer"),
        ("n", ["0,125", "0,250", "3,500"], "float"),
    ],
)
def test_a_column_is_of_the_type_its_values_and_its_header_say(
    column: Of, header: str, cells: list[str], expected: str
) -> None:
    found = column(header, cells * 4)
    assert found.inferred_type == expected
    assert found.type_fit == 1


@pytest.mark.parametrize(
    ("cells", "form", "low", "high"),
    [
        (["19 avr. 2015", "6 mai 2020", "13 janv. 2021", "3 août 2019"], "%d %B %Y [fr]", "2015-04-19", "2021-01-13"),
        (["3-Okt-19", "1-Apr-19", "30-Mrz-18"], "%d-%B-%y [de]", "2018-03-30", "2019-10-03"),
        (["12. März 2020", "1. Mai 2019"], "%d. %B %Y [de]", "2019-05-01", "2020-03-12"),
        (["05 ene 2021", "07 dic 2020"], "%d %B %Y [es]", "2020-12-07", "2021-01-05"),
        (["12/mag/2019", "13/mar/2019", "1/nov/2018"], "%d/%B/%Y [it]", "2018-11-01", "2019-05-12"),
        (["5 de fevereiro de 2021", "7 de outubro de 2020"], "%d de %B de %Y [pt]", "2020-10-07", "2021-02-05"),
        (["1 mrt. 2021", "2 mei 2021"], "%d %B %Y [nl]", "2021-03-01", "2021-05-02"),
        (["Apr. 3, 2020", "May 4, 2020"], "%B %d, %Y [en]", "2020-04-03", "2020-05-04"),
        (["12-Mar-2020", "13-May-2021"], "%d-%b-%Y", "2020-03-12", "2021-05-13"),
    ],
)  # fmt: skip
def test_months_are_read_in_the_language_of_the_column(
    column: Of, cells: list[str], form: str, low: str, high: str
) -> None:
    found = column("d", cells * 4)
    assert (found.inferred_type, found.date_format, found.type_fit) == ("date", form, 1)
    assert (found.min, found.max) == (low, high)
    assert found.time_series


@pytest.mark.parametrize("odd", ["Mai 12", "Abril", "SET-12", "12 set", "3 out of 4", "10 mar", "12 foo 2020", "mag 7"])
def test_what_lacks_a_day_a_month_or_a_year_is_no_date(column: Of, odd: str) -> None:
    assert column("d", [odd, odd + " ", odd.upper()] * 4).inferred_type == "string"


def test_numbers_with_groups_and_decimal_commas_are_read_as_such(column: Of) -> None:
    assert column("n", ["1,234", "12,345,678", "999"]).max == 12_345_678
    assert column("n", ["1.234,50", "0,5", "12,25"]).max == 1234.5
    assert column("n", ["1 234,5", "2 000,25", "7,5"]).max == 2000.25


def test_values_that_do_not_fit_are_listed_with_their_first_row(column: Of) -> None:
    found = column("cpu_count", ["4", "8", "four", "16", "four", "2", "4", "4", "8", "8", "2", "N/A"])
    assert found.inferred_type == "integer"
    assert [(e.value, e.count, e.row) for e in found.exceptions] == [("four", 2, 2)]
    assert found.type_fit == pytest.approx(9 / 11)


def test_null_tokens_are_counted_apart_from_nulls(column: Of) -> None:
    found = column("owner", ["N/A", "-", None, "unknown", "Ann Lee", "Bo Chan", " n/a ", "TBD", None])
    assert found.null_count == 2
    assert sum(t.count for t in found.null_tokens) == 5
    assert found.quality.completeness == pytest.approx(2 / 9)


def test_namibia_is_no_null_token_among_country_codes(column: Of) -> None:
    found = column("country_code", ["NA", "DE", "FR", "NA", "US", "BW"])
    assert found.null_tokens == ()
    assert found.semantic_type == "country"


def test_day_and_month_are_told_apart_by_the_numbers_above_twelve(column: Of) -> None:
    assert column("d", ["03/04/2020", "25/12/2020", "01/02/2021"]).date_format == "%d/%m/%Y"
    assert column("d", ["03/04/2020", "12/25/2020", "01/02/2021"]).date_format == "%m/%d/%Y"


def test_a_column_where_nothing_decides_says_so(column: Of) -> None:
    found = column("d", ["03/04/2020", "05/06/2020", "01/02/2021"])
    assert any("day or month" in a for a in found.anomalies)


def test_formats_mixed_in_one_column_are_counted(column: Of) -> None:
    found = column("install_date", ["2024-01-31"] * 6 + ["31.12.2023"] * 3 + ["Mar 5, 2022"])
    assert {f.value: f.count for f in found.date_formats} == {"%Y-%m-%d": 6, "%d.%m.%Y": 3, "%b %d, %Y": 1}
    assert (found.min, found.max) == ("2022-03-05", "2024-01-31")
    assert found.quality.consistency == pytest.approx(0.6)


def test_a_quantity_is_a_number_with_its_unit(column: Of) -> None:
    found = column("memory", ["16 GB", "32GB", "8 GB", "2048 MB"])
    assert (found.inferred_type, found.unit, found.semantic_type) == ("integer", "GB", "ram")
    assert {u.value: u.count for u in found.units} == {"GB": 3, "MB": 1}
    assert column("ram_mb", ["1024", "2048"]).unit == "MB"
    assert column("speed", ["2.4GHz", "3.1 GHz"]).unit == "GHz"


def test_a_column_without_values_is_text(column: Of) -> None:
    found = column("x", [None, None])
    assert (found.inferred_type, found.null_ratio, found.distinct_count) == ("string", 1, 0)
    assert "The column is empty." in found.anomalies


def test_what_stands_before_decimals_is_told_by_most_numbers_that_leave_no_doubt(column: Of) -> None:
    assert column("n", ["1,234", "0,5", "12,75", "7"]).decimal_mark == ","
    assert column("n", ["1.234", "0.5", "12.75", "0,5"]).decimal_mark == "."
    assert column("n", ["1,234", "5,678"]).decimal_mark is None
    assert column("n", ["1.234", "0.5", "12.75", "0,5"]).max == 12.75
