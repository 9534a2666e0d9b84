"""What the automatic rules mend, and what they leave alone."""

from __future__ import annotations

import pytest
from cleansing_bench import Bench

from discovery_pipeline.engine import duck


@pytest.mark.parametrize(
    ("found", "mended"),
    [
        ("  Zürich\t", "Zürich"),
        ("Sankt\u00a0Gallen", "Sankt Gallen"),
        ("two  spaces", "two spaces"),
        ("MÃ¼nchen", "München"),
        ("Itâ€™s", "It’s"),
        ("zero\u200bwidth", "zerowidth"),
        ("AT&amp;T", "AT&T"),
        ("O''Brien", "O'Brien"),
        ("a\nb", "a\nb"),
    ],
)
def test_text_is_mended_without_knowing_what_it_means(bench, found, mended):
    assert bench.column([found, "Bern", "Genf"])[0] == mended


@pytest.mark.parametrize("text", ["Ã", "São Paulo", "crème brûlée", "naïve", "5'10''", "R&D; more", "日本語"])
def test_good_text_stays(bench, text):
    assert bench.column([text, "Bern", "Genf"])[0] == text


@pytest.mark.parametrize("tag", ["<b>x</b>", "<br/>", '<a href="#">', "<!-- note -->", "<?xml version='1.0'?>"])
def test_entities_are_part_of_markup(bench, tag):
    cells = ["fish &amp; chips", tag, "&lt;none&gt;"]
    assert bench.column(cells) == cells


def test_words_in_angle_brackets_are_no_markup(bench):
    assert bench.column(["AT&amp;T", "a <b and c> d", "<unknown>"])[0] == "AT&T"


@pytest.mark.parametrize(
    ("header", "cells"),
    [
        ("admin_password", [" lead", "trail ", "a  b", "x&amp;y"]),
        ("AppSecret", ["q7  z", " 8k", "-"]),
        ("c", [r"^a.*$", "[0-9]+ ", r"\d{2}  \w+", "."]),
        ("c", ["#,##0.00 ", "#  ##0", "0.0#"]),
        ("c", ["%d.%m.%Y  %H:%M", " %Y-%m-%d", "%H:%M "]),
        ("c", ["Dear  {name},", " {{ total }}", "${first}  ${last}"]),
        ("c", ["if (a) {\n    b();\n}", "x =  1; ", "call(1,  2);"]),
        ("c", ['{"a":  1}', ' ["x  y"]', "{}"]),
    ],
    ids=["password", "secret", "regular expressions", "numbers", "dates", "templates", "code", "json"],
)
@pytest.mark.parametrize("tier", ["auto", "suggest"])
def test_what_a_program_reads_keeps_its_spaces(bench, header, cells, tier):
    assert bench.column(cells, header, tier) == cells


@pytest.mark.parametrize(
    ("header", "cells", "mended"),
    [
        ("PasswordLastSet", ["2024-01-31 ", "2024-02-01"], ["2024-01-31", "2024-02-01"]),
        ("must_change_password", ["Yes", "No ", "Yes"], ["Yes", "No", "Yes"]),
        ("pattern", ["floral ", "plain", "two  tone"], ["floral", "plain", "two tone"]),
        ("owner", ["Ann (IT); Bob (HR) ", "Eve (IT);"], ["Ann (IT); Bob (HR)", "Eve (IT);"]),
        ("id", ["{3f25-11d1} ", "{3f25-11d2}"], ["{3f25-11d1}", "{3f25-11d2}"]),
        ("rank", ["#1 ", "#2"], ["#1", "#2"]),
    ],
)
def test_what_people_read_does_not(bench, header, cells, mended):
    assert bench.column(cells, header) == mended


def test_tokens_among_numbers_are_empty_cells(bench):
    assert bench.column(["1", "2", "3", "4", "unknown", "N/A", "-"]) == ["1", "2", "3", "4", None, None, None]


def test_words_that_may_be_values_stay_among_words(bench):
    cells = ["gold", "silver", "none", "gold", "N/A"]
    assert bench.column(cells) == ["gold", "silver", "none", "gold", None]


@pytest.mark.parametrize(
    "cells",
    [
        ["A", "C", "G", "T", "-", ".", "AT", "GTTA"] * 3,
        ["+", "-", "+", "+", "?"],
        ["<", ">=", "<>", "-", "--"],
    ],
    ids=["letters", "results", "operators"],
)
@pytest.mark.parametrize("tier", ["auto", "suggest"])
def test_a_sign_is_a_value_among_letters_and_signs(bench, cells, tier):
    assert bench.column(cells, tier=tier) == cells


def test_a_word_for_nothing_is_none_among_letters(bench):
    assert bench.column(["A", "B", "C", "N/A", "null"]) == ["A", "B", "C", None, None]


def test_a_sign_among_words_stands_for_nothing(bench):
    assert bench.column(["Bern", "Genf", "A", "-"]) == ["Bern", "Genf", "A", None]


def test_the_only_sign_among_letters_stands_for_nothing(bench):
    assert bench.column(["M", "F", "F", "-", "M", "-"]) == ["M", "F", "F", None, "M", None]


def test_unknown_is_an_answer_where_it_stands_as_often_as_yes_and_no(bench):
    cells = ["yes", "no", "unknown"] * 20
    assert bench.column(cells) == cells
    assert bench.column(["yes", "no"] * 30 + ["unknown"])[-1] is None


def test_a_name_is_no_token(bench):
    assert bench.column(["Ana", "Nan", "Null", "Ben"]) == ["Ana", "Nan", "Null", "Ben"]


def test_not_a_number_is_a_float(bench):
    assert bench.column(["1.5", "2.5", "NaN", "4.0", "0.5"]) == ["1.5", "2.5", "NaN", "4.0", "0.5"]


def test_dates_in_several_formats_become_iso(bench):
    cells = ["2024-01-31", "31/12/2023", "25/02/2024", "13/01/2024", "04/05/2024", "Mar 5, 2024", "20240106"]
    mended = ["2024-01-31", "2023-12-31", "2024-02-25", "2024-01-13", "2024-05-04", "2024-03-05", "2024-01-06"]
    assert bench.column(cells) == mended


def test_a_date_that_can_be_read_two_ways_is_left_and_told(bench):
    done = bench.cleanse(bench.table({"seen": ["2024-01-31", "2024-02-01", "04/05/2024", "2024-03-03"]}))
    assert bench.cells(done.tables[0])["seen"][2] == "04/05/2024"
    assert [f.rule for f in done.findings] == ["date.ambiguous"]


@pytest.mark.parametrize("wrong", ["31.02.2020", "2024-02-30", "31/31/2024", "Feb 30, 2024", "30-Feb-2024"])
def test_a_day_that_no_calendar_has_is_impossible_and_not_ambiguous(bench, wrong: str):
    done = bench.cleanse(bench.table({"seen": ["2024-01-31", "2024-02-01", wrong, "2024-03-03"]}))
    assert bench.cells(done.tables[0])["seen"][2] == wrong
    assert [(f.rule, f.count, f.examples) for f in done.findings] == [("date.impossible", 1, (wrong,))]


def test_dates_in_the_order_that_the_column_shows_are_not_ambiguous(bench):
    cells = [f"{day:02}.03.2024" for day in range(1, 29)] + ["2024-04-01"]
    assert bench.cleanse(bench.table({"seen": cells})).findings == ()


def test_dates_with_points_have_the_day_first(bench):
    assert bench.column(["2024-01-31", "2024-02-01", "04.05.2024", "04/05/2024"])[2:] == ["2024-05-04", "04/05/2024"]


def test_what_is_left_to_a_person_is_told_whatever_else_was_mended(bench):
    cells = {"seen": ["2024-01-31", "2024-02-01", "04/05/2024"], "name": [" a", "b", "c"]}
    assert [f.rule for f in bench.cleanse(bench.table(cells)).findings] == ["date.ambiguous"]


def test_a_column_with_one_date_format_keeps_it(bench):
    cells = ["31/12/2023", "25/02/2024", "04/05/2024"]
    assert bench.column(cells) == cells


def test_numbers_are_written_as_in_the_rest_of_the_column(bench):
    assert bench.column(["1200", "1,300", "950", "12,000.50"]) == ["1200", "1300", "950", "12000.50"]
    assert bench.column(["1.5", "2,5", "3.25", "0,75"]) == ["1.5", "2.5", "3.25", "0.75"]


@pytest.mark.parametrize(
    ("cells", "mended"),
    [
        (["8.84 kg", "0.85 kg", "12.5 kg", "1,25 kg", "900 g"], ["8.84 kg", "0.85 kg", "12.5 kg", "1.25 kg", "0.9 kg"]),
        (["8,84 kg", "0,85 kg", "12,5 kg", "1.25 kg", "900 g"], ["8,84 kg", "0,85 kg", "12,5 kg", "1,25 kg", "0,9 kg"]),
        (["8,84kg", "0,85kg", "12,5kg", "1.234 kg", "900 g"], ["8,84kg", "0,85kg", "12,5kg", "1234kg", "0,9kg"]),
        (["0,5", "1,234", "7,25", "3.75"], ["0,5", "1,234", "7,25", "3.75"]),
        (["0,5", "1,25", "7,25", "3.75"], ["0,5", "1,25", "7,25", "3,75"]),
        ([",5", "0.25", "7.25", "3.75", "1.5"], [".5", "0.25", "7.25", "3.75", "1.5"]),
    ],
)
def test_numbers_and_units_are_written_with_the_columns_own_mark(bench, cells, mended):
    assert bench.column(cells, "weight") == mended


def test_a_conversion_keeps_what_tells_that_a_comma_stands_before_decimals(bench):
    cells = ["1,125", "0,5 TB", "512", "16", "32", "64"]
    assert bench.column(cells, "size_gb") == cells


@pytest.mark.parametrize(
    ("cells", "open_"),
    [
        (["0,5", "1,234", "7,25", "3.75"], {"1,234", "3.75"}),
        (["0.5 kg", "1,234 kg", "7.25 kg", "3,75 kg"], {"1,234 kg", "3,75 kg"}),
        (["1,234", "1.234", "12", "7"], {"1,234", "1.234"}),
        (["0,5", "1,234", "7,25"], set()),
        (["0.5", "1,234", "7.25"], set()),
    ],
)
def test_numbers_that_can_be_read_two_ways_are_left_and_told(bench, cells: list[str], open_: set[str]):
    found = [f for f in bench.cleanse(bench.table({"weight": cells})).findings if f.rule == "number.ambiguous"]
    assert {e for f in found for e in f.examples} == open_
    assert sum(f.count for f in found) == len(open_)


def test_commas_before_decimals_and_thousands_may_both_stray_into_a_column_of_points(bench):
    cells = [f"{63_000 + 7 * n}.{100 + n}" for n in range(40)]
    assert bench.column([*cells, "37,969.428", "5473,259"]) == [*cells, "37969.428", "5473.259"]
    assert bench.column([*cells, "37,969.428", "5473,259", "973,259"])[-3:] == ["37,969.428", "5473,259", "973,259"]


@pytest.mark.parametrize(
    ("odd", "mended"),
    [("\u22121.9", "-1.9"), ("\u2013 4", "-4"), ("546.69-", "-546.69"), ("2-", "2-"), ("(5.0)", "(5.0)")],
)
def test_the_minus_of_a_number_is_a_hyphen_before_it(bench, odd: str, mended: str):
    assert bench.column([*(f"{n - 30}.{n % 10}" for n in range(60)), odd])[-1] == mended


def test_decimal_commas_are_seen_before_degrees(bench):
    cells = [f"3{n % 10}.{n % 7} °C" for n in range(60)]
    assert bench.column([*cells, "36,7 °C"])[-1] == "36.7 °C"


def test_k_beside_plain_numbers_is_no_size(bench):
    cells = ["1", "2", "10", "1k", "2.5k", "1k", "1M"] * 10
    assert bench.column(cells, "qty") == cells
    assert bench.column(["4k", "8k", "16k", "1M"] * 10, "cache")[-1] == "1024k"


def test_a_terabyte_is_a_thousand_gigabytes_where_its_column_says_so(bench):
    sizes = ["100 GB", "250 GB", "500 GB", "750 GB"] * 10
    assert bench.column([*sizes, "0.5 TB", "0.75 TB"], "disk")[-2:] == ["0.5 TB", "0.75 TB"]
    assert bench.column(["256 GB", "512 GB"] * 10 + ["0.5 TB"], "disk")[-1] == "512 GB"


def test_what_a_spreadsheet_writes_for_nothing_is_a_token_in_other_languages_too(bench):
    assert bench.column(["12", "15", "#NV", "#WERT!", "#N/D", "#NUM!"]) == ["12", "15", None, None, None, None]


def test_yes_and_no_are_written_as_ones_and_zeros_where_the_column_is(bench):
    cells = ["0", "0", "1"] * 20
    assert bench.column([*cells, "no", "True"]) == [*cells, "0", "1"]
    assert bench.column([*cells, *"2345", "no"])[-1] == "no"


def test_yes_and_no_take_the_columns_own_words(bench):
    assert bench.column(["Yes", "No", "Yes", "true", "N", "Yes"]) == ["Yes", "No", "Yes", "Yes", "No", "Yes"]


def test_units_are_brought_to_the_one_in_the_header(bench):
    assert bench.column(["16 GB", "8192 MB", "32", "0.5 TB"], "ram_gb") == ["16", "8", "32", "512"]


def test_units_are_brought_to_the_most_frequent_one(bench):
    assert bench.column(["16 GB", "8 GB", "8192 MB", "4GB"], "ram") == ["16 GB", "8 GB", "8 GB", "4 GB"]


def test_inches_among_centimetres_are_two_and_a_half_of_them(bench):
    assert bench.column(["10 cm", "25 cm", "2 in", "4 cm"], "depth") == ["10 cm", "25 cm", "5.08 cm", "4 cm"]


def test_a_column_with_one_unit_keeps_its_numbers_as_they_are_written(bench):
    assert bench.column(["16.0 GB", "8.50 GB"], "ram") == ["16.0 GB", "8.50 GB"]


@pytest.mark.parametrize("others", [["0,5 TB", "32 GB"], ["32 GB", "512 MB"]], ids=["comma", "nothing says"])
def test_units_stay_where_a_point_may_part_thousands(bench, others):
    values = ["65.536 MB", "131.072 MB"] * 10 + others
    assert bench.column(values, "disk") == values


def test_spellings_follow_the_columns_own(bench):
    cells = ["Production"] * 20 + ["production", "PRODUCTION", "Test"] + ["Test"] * 10
    assert set(bench.column(cells)) == {"Production", "Test"}


def test_values_that_differ_in_a_sign_with_meaning_stay_apart(bench):
    cells = ["<=50K"] * 20 + [">50K"] * 5 + ["A+"] * 20 + ["A-"] * 2 + ["C#"] * 20 + ["C"] * 3
    assert bench.column(cells) == cells


def test_an_abbreviation_is_written_out_only_beside_its_long_form(bench):
    assert bench.column(["Production"] * 5 + ["prod"])[-1] == "Production"
    assert bench.column(["Live"] * 5 + ["prod"])[-1] == "prod"


@pytest.mark.parametrize(
    "written", ["aa-bb-cc-dd-ee-ff", "aabb.ccdd.eeff", "AABBCCDDEEFF", "aa:bb:cc:dd:ee:ff", "aa bb cc dd ee ff"]
)
def test_mac_addresses_have_one_notation(bench, written):
    cells = ["00:1A:22:33:44:55", "00:1A:22:33:44:56", written]
    assert bench.column(cells)[2] == "AA:BB:CC:DD:EE:FF"


def test_mac_addresses_keep_the_case_that_their_column_has(bench):
    cells = [f"00:50:56:9a:bc:{n:02x}" for n in range(20)]
    assert bench.column([*cells, "00-50-56-9A-BC-FF"]) == [*cells, "00:50:56:9a:bc:ff"]


@pytest.mark.parametrize("form", ["{:04x}.ccdd.eeff", "AA-BB-CC-DD-{:02X}-FF"])
def test_mac_addresses_keep_the_notation_that_nearly_all_of_their_column_have(bench, form: str):
    cells = [form.format(n) for n in range(20, 60)]
    assert bench.column(cells, "mac") == cells
    stray = f"{form.format(99).replace('.', '').replace('-', '')}"
    assert bench.column([*cells, stray], "mac")[-1] == form.format(99)


def test_ip_addresses_lose_what_is_no_address(bench):
    cells = ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "010.000.001.020", "10. 0.0 .7", "10.0.0.8/24"]
    assert bench.column(cells, "ip") == [*cells[:4], "10.0.1.20", "10.0.0.7", "10.0.0.8"]


@pytest.mark.parametrize(
    ("good", "bad", "rule"),
    [
        ("02:50:0F:21:DD:{:02X}", "02:50:0F:21:DD", "mac.impossible"),
        ("ada{}@example.com", "ada@example", "email.impossible"),
        ("ada{}@example.com", "ada@example..com", "email.impossible"),
        ("10.0.0.{}", "10.0.0.999", "ip.impossible"),
        ("10.0.0.{}", "10.0.0", "ip.impossible"),
    ],
)
def test_what_no_rule_can_mend_is_listed_for_a_person(bench, good: str, bad: str, rule: str):
    done = bench.cleanse(bench.table({"c": [*(good.format(n) for n in range(1, 20)), bad]}))
    assert [(f.rule, f.count, f.examples) for f in done.findings] == [(rule, 1, (bad,))]
    assert bench.cells(done.tables[0])["c"][-1] == bad


@pytest.mark.parametrize(
    "good", ["02:50:0F:21:DD:{:02X}", "02-50-0f-21-dd-{:02x}", "a.b+c{}@mail.example.co.uk", "10.0.{}.1/24"]
)
def test_good_addresses_are_not_listed(bench, good: str):
    assert bench.cleanse(bench.table({"c": [good.format(n) for n in range(20)]})).findings == ()


def test_an_impossible_address_is_told_and_not_invented(bench):
    done = bench.cleanse(bench.table({"ip": ["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.999"]}))
    assert done.patches.count == 0
    assert [(f.rule, f.examples) for f in done.findings] == [("ip.impossible", ("10.0.0.999",))]


def test_host_names_are_lower_case_where_most_are(bench):
    cells = ["a.example.com", "b.example.com", "c.example.com", "d.example.com", "E.Example.COM."]
    assert bench.column(cells, "fqdn")[-1] == "e.example.com"


def test_rows_that_repeat_are_listed_and_stay(bench):
    done = bench.cleanse(bench.table({"a": ["1", "1", "2"], "b": ["x", "x", "y"]}))
    assert [(f.rule, f.count, f.examples) for f in done.findings] == [("duplicate.rows", 1, ("rows 0, 1",))]
    assert done.tables[0].row_count == 3


def test_an_empty_table_has_nothing_to_mend(bench):
    done = bench.cleanse(bench.table({"a": [], "b": []}))
    assert (done.patches.count, done.tables[0].row_count) == (0, 0)


def test_keys_with_quotes_and_reserved_words_are_inert(bench):
    table = bench.table({'a"; DROP TABLE x --': [" 1 ", "2"], "select": [" a", "b"], "row": ["'", "x "]})
    assert bench.cells(bench.cleanse(table).tables[0]) == {
        'a"; DROP TABLE x --': ["1", "2"],
        "select": ["a", "b"],
        "row": ["'", "x"],
    }


def test_a_column_of_tokens_alone_is_left(bench):
    assert bench.column(["N/A", "-", "N/A"]) == ["N/A", "-", "N/A"]


def test_full_width_letters_become_plain_ones(bench):
    cells = ["Router X1", "12", "7", "Ｒｏｕｔｅｒ　Ｘ１", "１２"]
    assert bench.column(cells) == ["Router X1", "12", "7", "Router X1", "12"]


def test_a_column_written_in_full_width_stays_so(bench):
    assert bench.column(["ＡＢＣ", "ＤＥＦ", "東京ＡＢ"]) == ["ＡＢＣ", "ＤＥＦ", "東京ＡＢ"]


def test_yes_and_no_are_written_in_one_case(bench):
    assert bench.column(["yes", "no", "yes", "Yes", "NO", "no"]) == ["yes", "no", "yes", "yes", "no", "no"]


def test_many_columns_are_mended_at_once_in_little_memory_and_rows_keep_their_order(tmp_path):
    """Each column's patches are joined to its rows; sixty joins in one query took more than this."""
    bench = Bench(duck.connect(threads=2, memory_limit="250MB"), tmp_path)
    cells = {f"c{k}": [f" {k} by {n}" if (n + k) % 3 else f"{k} by {n}" for n in range(40)] for k in range(60)}
    kept = {"untouched": [f"row {n}" for n in range(40)]}
    (mended,) = bench.cleanse(bench.table({**cells, **kept})).tables
    assert bench.cells(mended) == {**{name: [v.strip() for v in column] for name, column in cells.items()}, **kept}
    lines = bench.con.execute(f"SELECT __line FROM {duck.scan(mended)} ORDER BY file_row_number").fetchall()
    assert [line for (line,) in lines] == list(range(3, 43))
    assert [path.name for path in mended.path.parent.glob(f"{mended.path.name}*")] == [mended.path.name]


def test_suggestions_for_many_columns_are_planned_in_little_memory(tmp_path):
    """Rows were read with a join for each patched column."""
    bench = Bench(duck.connect(threads=2, memory_limit="150MB"), tmp_path)
    cells = {f"c{k}": [f" {k} by {n}" if (n + k) % 3 else f"{k} by {n}" for n in range(20)] for k in range(120)}
    mended = bench.cells(bench.cleanse(bench.table(cells), tier="suggest").tables[0])
    assert mended == {name: [v.strip() for v in column] for name, column in cells.items()}


def test_a_column_that_abbreviates_is_not_written_out(bench):
    cells = ["USA"] * 30 + ["UK"] * 10 + ["United States"] * 4
    assert bench.column(cells) == cells
    assert bench.column(cells, tier="suggest") == ["USA"] * 30 + ["UK"] * 10 + ["USA"] * 4


def test_g_beside_kg_are_grams_and_m_under_cm_are_metres(bench):
    assert bench.column(["2.5 kg", "1.2 kg", "600 g"], "weight")[2] == "0.6 kg"
    assert bench.column(["180", "171", "165", "177", "1.78 m"], "height_cm")[4] == "178"


def test_a_number_in_the_columns_unit_is_written_as_its_numbers_are(bench):
    assert bench.column(["74.5", "80.0", "48.0 kg"], "weight_kg") == ["74.5", "80.0", "48.0"]
    assert bench.column(["12", "8.4", "16.0 oz"], "ounces") == ["12", "8.4", "16"]


def test_a_converted_number_has_the_decimals_of_its_column(bench):
    cells = [f"{n}.{n % 7} MB" for n in range(40)]
    odd = ["68608 KB", "227738 KB", "1 KB"]
    assert bench.column([*cells, *odd], "size")[-3:] == ["67.0 MB", "222.4 MB", "0.000977 MB"]
    cells = [f"{n + 1}.{n % 7}0" for n in range(40)]
    assert bench.column([*cells, "1300 g"], "weight_kg")[-1] == "1.30"
    cells = [f"{60 + n}.{n % 10}" for n in range(40)]
    assert bench.column([*cells, "147.0 lb", "147.00 lb"], "weight_kg")[-2:] == ["66.7", "66.678078"]


@pytest.mark.parametrize("tier", ["auto", "suggest"])
def test_quantities_of_which_none_is_the_columns_own_stay(bench, tier):
    cells = ["1 h", "30 min", "2 days", "45 min", "3 h"] * 5
    assert bench.column(cells, "duration", tier=tier) == cells


def test_a_date_is_written_as_most_dates_of_the_column(bench):
    cells = [f"{day:02d}.{day % 12 + 1:02d}.2024" for day in range(1, 29)]
    assert bench.column([*cells, "2024-02-05", "Mar 5, 2024"]) == [*cells, "05.02.2024", "05.03.2024"]
    cells = [f"{day % 12 + 1}/{day}/98" for day in range(1, 29)]
    assert bench.column([*cells, "1998-02-05", "2085-02-05"]) == [*cells, "2/5/98", "2085-02-05"]
    cells = [f"{day:02d} August 2011" for day in range(1, 29)]
    assert bench.column([*cells, "2011-07-04"])[-1] == "04 July 2011"
    cells = [f"Nov {day:02d}, 2011" for day in range(1, 29)]
    assert bench.column([*cells * 2, "November 03, 2011", "Nov 3, 2011"])[-2:] == ["Nov 03, 2011"] * 2
    cells = [f"{day:02d}/02/2011" for day in range(1, 29)]
    assert bench.column([*cells, "3/2/2011"])[-1] == "03/02/2011"


def test_moments_have_the_columns_sign_between_date_and_time(bench):
    cells = [f"2024-01-{day:02d} 10:00:00" for day in range(1, 29)]
    assert bench.column([*cells, "2024-01-05T11:00:00"])[-1] == "2024-01-05 11:00:00"


def test_seconds_of_zero_are_left_out_where_the_column_has_none(bench):
    cells = [f"2024-01-{day:02d} 10:30" for day in range(1, 29)]
    odd = ["2024-01-05T11:00:00", "2024-01-05 11:00:07"]
    assert bench.column([*cells, *odd])[-2:] == ["2024-01-05 11:00", "2024-01-05 11:00:07"]


def test_a_time_zone_is_offered_and_never_taken_for_granted(bench):
    cells = [f"2024-01-{day:02d}T10:{day}:00Z" for day in range(10, 29)] * 5
    odd = ["2024-01-05 11:00:00", "05.01.2024 11:00:00", "2024-01-05 11:00:00+02:00", "05.01.2024"]
    assert bench.column([*cells, *odd])[-4:] == [*odd[:3], "2024-01-05"]
    zoned = ["2024-01-05T11:00:00Z"] * 2
    assert bench.column([*cells, *odd], tier="suggest")[-4:] == [*zoned, odd[2], "2024-01-05"]
    assert bench.column([*cells, "2024-01-05 11:00:00Z"])[-1] == zoned[0]


def test_a_date_of_zeros_is_no_date(bench):
    assert bench.column(["2024-01-31", "2024-02-01", "0000-00-00"])[2] is None


def test_options_of_commands_are_values(bench):
    cells = ["-v", "-x", "--all", "-", "--"] * 4
    assert bench.column(cells) == cells


def test_nan_in_capitals_is_a_code_where_it_stands_as_often_as_its_peers(bench):
    cells = ["TP53", "NAN", "BRCA1"] * 20
    assert bench.column(cells) == cells
    assert bench.column([*["TP53", "BRCA1"] * 20, "NAN"])[-1] is None


@pytest.mark.parametrize("odd", ["12-Mar", "Jan-62"])
def test_a_code_that_a_spreadsheet_took_for_a_date_is_told(bench, odd: str):
    cells = [f"{rack}-{unit}" for rack in range(32, 60) for unit in (1, 14)]
    done = bench.cleanse(bench.table({"position": [*cells, odd]}))
    assert bench.cells(done.tables[0])["position"][-1] == odd
    assert [(f.rule, f.count, f.examples) for f in done.findings] == [("spreadsheet.date", 1, (odd,))]


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("serial", [str(861234567890123 + n) for n in range(40)] + ["8.61235E+14"]),
        ("serial", ["8.61235E+14"]),
        ("asset", [f"A{n}" for n in range(40)] + ["1E+05"]),
    ],
)
def test_a_number_whose_last_digits_a_spreadsheet_dropped_is_told(bench, name: str, cells: list[str]):
    done = bench.cleanse(bench.table({name: cells}))
    assert [(f.rule, f.count, f.examples) for f in done.findings] == [("spreadsheet.rounded", 1, (cells[-1],))]


@pytest.mark.parametrize(
    "cells",
    [
        ["Mar-24", "Apr-24", "May-24"],  # months, in a column of them
        ["2024-03-01", "2024-04-01", "2024-05-01", "12-Mar"],
        ["1.2E+05", "1.7E+05", "9.1E+04"],  # measured
    ],
)
def test_months_and_measures_are_no_damage(bench, cells: list[str]):
    done = bench.cleanse(bench.table({"seen": cells}))
    assert [f.rule for f in done.findings if f.rule.startswith("spreadsheet")] == []


def test_dates_with_a_short_year_and_the_months_name_are_dates(bench):
    cells = [f"{month}/{day}/99" for month in range(1, 13) for day in (1, 14, 28)]
    assert bench.column([*cells, "2-Dec-99", "19 jan 97"])[-2:] == ["12/2/99", "1/19/97"]
    assert bench.column(["2-Dec-99", "19-Jan-97", "1999-04-05"]) == ["1999-12-02", "1997-01-19", "1999-04-05"]


def test_dates_whose_months_are_named_in_another_language_become_iso(bench):
    cells = ["19 avr. 2015", "6 mai 2020", "13 janv. 2021", "1er août 2019", "3 nov 2019", "2019-12-24"]
    mended = ["2015-04-19", "2020-05-06", "2021-01-13", "2019-08-01", "2019-11-03", "2019-12-24"]
    assert bench.column(cells) == mended
    assert bench.column(["3-Okt-19", "1-Dez-19 10:30"]) == ["2019-10-03", "2019-12-01 10:30"]
    assert bench.column(["5 de enero de 2021", "6 DE DIC. DE 2020"]) == ["2021-01-05", "2020-12-06"]
    assert bench.column(["mayo 5, 2020", "Abril 6, 2020"]) == ["2020-05-05", "2020-04-06"]


def test_a_day_that_no_calendar_has_is_told_in_every_language(bench):
    done = bench.cleanse(bench.table({"seen": ["19 avr. 2015", "31 févr. 2015", "13 janv. 2021", "12 mai 2019"]}))
    assert [(f.rule, f.count, f.examples) for f in done.findings] == [("date.impossible", 1, ("31 févr. 2015",))]


def test_english_dates_keep_their_way_and_september_has_a_longer_short_form(bench):
    cells = ["12 Mar 2020", "3 May 2019", "30 Dec 2018"]
    assert bench.column(cells) == cells
    assert bench.column([*cells, "4 Sept 2019"])[-1] == "2019-09-04"


def test_an_email_address_loses_what_is_not_part_of_it(bench):
    cells = ["a.b@x.example", "Ä.b@x.example", "c.d @x.example", "e. f@x.example", "mailto:g@x.example", "h@x.example;"]
    more = [f"p{n}@x.example" for n in range(20)]
    mended = ["a.b@x.example", "ä.b@x.example", "c.d@x.example", "e.f@x.example", "g@x.example", "h@x.example"]
    assert bench.column(cells + more)[:6] == mended


def test_what_holds_more_than_one_address_is_left_and_told(bench):
    cells = [*(f"p{n}@x.example" for n in range(20)), "a@x.example .b@y.example", "see a@x.example"]
    done = bench.cleanse(bench.table({"mail": cells}))
    assert bench.cells(done.tables[0])["mail"] == cells
    assert [(f.rule, f.count) for f in done.findings] == [("email.impossible", 2)]
