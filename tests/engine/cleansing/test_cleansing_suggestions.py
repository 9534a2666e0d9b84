"""What statistical rules suggest, and where they hold back."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import cleansing
from discovery_pipeline.engine.schema.model import ForeignKey, SchemaAnalysis

CITIES = ["Bern", "Lausanne", "Winterthur", "Lucerne"]


def test_a_slip_beside_a_frequent_word_is_mended(bench):
    cells = CITIES * 20 + ["Lausane", "Wintherthur"]
    assert bench.column(cells, tier="suggest")[-2:] == ["Lausanne", "Winterthur"]


def test_a_small_letter_before_the_capital_of_a_frequent_word_is_a_slip(bench):
    assert bench.column([*CITIES * 20, "gLausanne", "GLausanne"], tier="suggest")[-2:] == ["Lausanne", "GLausanne"]


def test_nothing_statistical_happens_without_asking(bench):
    table = bench.table({"city": CITIES * 20 + ["Lausane"]})
    done = cleansing.cleanse(bench.con, (table,), bench.plan(table), bench.fresh())
    assert done.patches.count == 0
    assert ("vocabulary.typo", 1) in [(f.rule, f.count) for f in done.findings]


def test_words_of_their_own_stay(bench):
    cells = ["managed", "active", "server"] * 20 + ["unmanaged", "inactive", "servers", "model 2", "mode 1"]
    assert bench.column(cells, tier="suggest") == cells


def test_where_frequent_values_are_close_rare_ones_are_no_typos(bench):
    cells = [f"Model {word}" for word in ("Alphas", "Alphab", "Alphac", "Alphad") * 15] + ["Model Alphae"]
    assert bench.column(cells, tier="suggest") == cells


def test_a_character_that_overwrites_others_is_seen_through(bench):
    words = ["heart failure", "heart attack", "pneumonia", "surgical infection"]
    noisy = ["hexrt failure", "heart attaxk", "pneumonxa", "surxical infection", "heart faxlure", "pneumxnia"]
    mended = ["heart failure", "heart attack", "pneumonia", "surgical infection", "heart failure", "pneumonia"]
    assert bench.column(words * 20 + noisy, tier="suggest")[-6:] == mended


def test_a_lost_character_is_found_again(bench):
    assert bench.column(["Zürich", "Genf", "Bern"] * 20 + ["Z\ufffdrich"], tier="suggest")[-1] == "Zürich"


def test_rows_that_agree_outvote_one_that_doesnt(bench):
    zips = [f"{1000 + n}" for n in range(12) for _ in range(6)]
    cities = [f"Town {'ABCDEFGHIJKL'[n]}" for n in range(12) for _ in range(6)]
    areas = [f"area {n}" for n in range(12) for _ in range(6)]
    cities[3], cities[20] = "Town C", None
    done = bench.cleanse(bench.table({"zip": zips, "city": cities, "area": areas}), tier="suggest")
    assert bench.cells(done.tables[0])["city"][3] == "Town A"
    assert bench.cells(done.tables[0])["city"][20] == "Town D"
    assert done.patches.by_rule == {"dependency.majority": 2}


@pytest.mark.parametrize(
    ("order", "found"), [("zip city area note code", "Town A"), ("city note code zip area", "Town C")]
)
def test_in_wide_tables_neighbours_are_asked(bench, monkeypatch, order: str, found: str):
    monkeypatch.setattr("discovery_pipeline.engine.cleansing.dependencies.MANY", 4)
    monkeypatch.setattr("discovery_pipeline.engine.cleansing.dependencies.NEAR", 2)
    cells = {
        "zip": [f"{1000 + n}" for n in range(12) for _ in range(6)],
        "city": [f"Town {'ABCDEFGHIJKL'[n]}" for n in range(12) for _ in range(6)],
        "area": [f"area {n}" for n in range(12) for _ in range(6)],
        "note": [f"seen {n * 7919 % 72}" for n in range(72)],
        "code": [f"{n * 104_729 % 9973}" for n in range(72)],
    }
    cells["city"][3] = "Town C"
    done = bench.cleanse(bench.table({name: cells[name] for name in order.split()}), tier="suggest")
    assert bench.cells(done.tables[0])["city"][3] == found


@pytest.mark.parametrize("names", [("b", "said", "size"), ("n", "most", "voters"), ("value", "other", "mutual")])
def test_a_column_may_be_called_as_our_queries_call_theirs(bench, names):
    zips = [f"{1000 + n}" for n in range(12) for _ in range(6)]
    cities = [f"Town {'ABCDEFGHIJKL'[n]}" for n in range(12) for _ in range(6)]
    areas = [f"area {n}" for n in range(12) for _ in range(6)]
    cities[3] = "Town C"
    done = bench.cleanse(bench.table(dict(zip(names, (zips, cities, areas), strict=True))), tier="suggest")
    assert bench.cells(done.tables[0])[names[1]][3] == "Town A"


def test_two_values_that_blame_each_other_stay(bench):
    zips = [f"{1000 + n}" for n in range(12) for _ in range(6)]
    cities = [f"Town {'ABCDEFGHIJKL'[n]}" for n in range(12) for _ in range(6)]
    cities[3] = "Town C"
    assert bench.cleanse(bench.table({"zip": zips, "city": cities}), tier="suggest").patches.count == 0


def test_a_loose_relation_overwrites_nothing(bench):
    departments = [f"D{n % 6}" for n in range(120)]
    sites = ["Bern" if n % 3 else "Genf" if n % 2 else "Basel" for n in range(120)]
    assert bench.cleanse(bench.table({"d": departments, "s": sites}), tier="suggest").patches.count == 0


def test_the_end_of_a_cell_goes_back_into_the_empty_one_beside_it(bench):
    cities = ["San Jose", "Portland"] * 10 + ["San Jose CA", "Portland OR"]
    states = ["CA", "OR"] * 10 + [None, None]
    done = bench.cleanse(bench.table({"city": cities, "state": states}), tier="suggest")
    cells = bench.cells(done.tables[0])
    assert (cells["city"][-2:], cells["state"][-2:]) == (["San Jose", "Portland"], ["CA", "OR"])


def test_a_flag_follows_the_amount_beside_it(bench):
    amounts = ["0", "100"] * 60
    flags = ["N", "Y"] * 59 + ["N", "N"]
    done = bench.cleanse(bench.table({"has_child": flags, "child_exemption": amounts}), tier="suggest")
    assert bench.cells(done.tables[0])["has_child"][-1] == "Y"


def test_a_reference_to_nothing_takes_the_one_key_beside_it(bench):
    parents = bench.table({"name": ["billing", "payroll", "logistics", "reports", "intranet"]}, "apps")
    children = bench.table({"app": ["billing", "payroll", "logistics", "reports", "intranet", "logistcs"]}, "servers")
    key = ForeignKey(
        table="servers",
        columns=("app",),
        ref_table="apps",
        ref_columns=("name",),
        cardinality="n:1",
        coverage=0.8,
        orphans=1,
        confidence=0.9,
    )
    done = bench.cleanse(parents, children, tier="suggest", analysis=SchemaAnalysis(foreign_keys=(key,)))
    assert bench.cells(done.tables[1])["app"][-1] == "logistics"


PRIORITIES, STATES = ["P1", "P2", "P3"] * 40, ["open", "closed"] * 60


def test_two_cells_that_are_each_in_the_others_place_change_places(bench):
    tickets = {"priority": [*PRIORITIES, "open", "closed"], "state": [*STATES, "P1", "P2"]}
    done = bench.cleanse(bench.table(tickets), tier="suggest")
    cells = bench.cells(done.tables[0])
    assert (cells["priority"][-2:], cells["state"][-2:]) == (["P1", "P2"], ["open", "closed"])
    assert done.patches.by_rule == {"cells.swapped": 4}


def test_a_word_that_is_at_home_in_both_columns_stays(bench):
    tickets = {"was": ["open", "closed", "waiting"] * 40, "is": ["closed", "waiting", "open"] * 40}
    assert bench.cleanse(bench.table(tickets), tier="suggest").patches.count == 0


def test_one_strange_cell_alone_is_no_swap(bench):
    tickets = {"priority": [*PRIORITIES, "open", "closed"], "state": [*STATES, "open", "closed"]}
    assert "cells.swapped" not in bench.cleanse(bench.table(tickets), tier="suggest").patches.by_rule


def test_where_nearly_all_that_is_rare_is_a_slip_short_words_are_mended_too(bench):
    slips = ["Lausane", "Wintherthur", "Lucrene", "Lausanme", "Winterthr", "Brn", "ausanne"]
    right = ["Lausanne", "Winterthur", "Lucerne", "Lausanne", "Winterthur", "Bern", "Lausanne"]
    assert bench.column(CITIES * 40 + slips, tier="suggest")[-7:] == right


def test_where_other_words_are_rare_short_ones_stay(bench):
    cells = CITIES * 40 + ["Lausane", "Wintherthur", "Lucrene", "Lausanme", "Winterthr"]
    towns = ["Berg", "Olten", "Thun", "Uster", "Zug", "Chur", "Sion", "Vevey", "Biel"]
    assert bench.column(cells + towns, tier="suggest")[-9:] == towns


def test_a_letter_of_another_script_amid_latin_ones_is_made_latin(bench):
    cyrillic = "Lаusаnne-07"
    assert bench.column(["Lausanne-01", cyrillic], tier="suggest") == ["Lausanne-01", "Lausanne-07"]
    assert bench.column(["Москва", "Сочи", "Орёл A"] * 3, tier="suggest") == ["Москва", "Сочи", "Орёл A"] * 3


def test_none_is_a_value_where_it_stands_as_often_as_its_peers(bench):
    cells = ["None", "AES-128", "AES-256"] * 20
    assert bench.column(cells, tier="suggest") == cells
    rare = ["AES-128", "AES-256"] * 30 + ["None"]
    assert bench.column(rare, tier="suggest")[-1] is None


def test_unknown_is_an_answer_where_it_stands_as_often_as_its_peers(bench):
    cells = ["often", "seldom", "unknown"] * 20
    assert bench.column(cells, tier="suggest") == cells
    assert bench.column(["often", "seldom"] * 30 + ["unknown"], tier="suggest")[-1] is None


@pytest.mark.parametrize(
    ("frequent", "rare"),
    [("Nguyen", "Nguyễn"), ("Mueller", "Müller"), ("Jose", "José"), ("Nguyễn", "Nguyên"), ("Andreas", "Ándreas")],
)
def test_a_name_keeps_its_diacritics_however_rare_it_is(bench, frequent, rare):
    cells = [frequent, "Smith", "Baker"] * 30 + [rare] * 2
    assert bench.column(cells, tier="suggest") == cells


def test_names_with_and_without_diacritics_stay_apart_where_both_are_frequent(bench):
    cells = ["Müller", "Smith", "Baker"] * 30 + ["Muller", "Mueller"] * 12
    assert bench.column(cells, tier="suggest") == cells


def test_a_name_without_the_diacritics_of_nearly_all_others_takes_theirs(bench):
    assert bench.column(["Zürich", "Genf"] * 30 + ["Zurich"], tier="suggest")[-1] == "Zürich"


def test_two_ways_of_writing_that_both_are_frequent_stay(bench):
    counts = {"web01": 9, "WEB01": 14, "web02": 13, "WEB02": 7, "web03": 10, "WEB03": 9, "web04": 8, "WEB04": 8}
    cells = [name for name, count in counts.items() for _ in range(count)]
    assert bench.column(cells, tier="suggest") == cells


def test_a_letter_written_out_is_the_letter_that_the_column_has(bench):
    cells = ["Kärcher", "Würth", "Bosch"] * 20 + ["Kaercher", "Wuerth"]
    assert bench.column(cells, tier="suggest")[-2:] == ["Kärcher", "Würth"]
    assert bench.column(["Michael", "Manuel", "Bosch"] * 20, tier="suggest")[:2] == ["Michael", "Manuel"]


PHONES = [f"{212 + n}/{300 + n}-{1000 + 7 * n}" for n in range(80)]


@pytest.mark.parametrize("written", ["212.300-1000", "(212) 300-1000", "2123001000", "2l2/3OO-1000"])
def test_a_code_is_written_with_the_mask_of_its_column(bench, written):
    assert bench.column([*PHONES, written], tier="suggest")[-1] == "212/300-1000"
    assert bench.column([*PHONES, written])[-1] == written


@pytest.mark.parametrize("written", ["212/300-10", "+1 212/300-1000", "A12/300-1000", "212/300-1000 x5"])
def test_a_code_of_another_kind_stays(bench, written):
    assert bench.column([*PHONES, written], tier="suggest")[-1] == written


@pytest.mark.parametrize("written", ["abc-0001", "aBc 0001", "abc0001"])
def test_a_code_is_written_in_the_capitals_of_its_column(bench, written):
    codes = [f"{'ABC' if n % 2 else 'XYZ'}-{n * 37 % 1000:04d}" for n in range(200)]
    assert bench.column([*codes, written], tier="suggest")[-1] == "ABC-0001"


def test_codes_in_both_cases_keep_theirs(bench):
    codes = [f"{('ABC', 'xyz')[n % 2]}-{n + 1000}" for n in range(100)]
    assert bench.column([*codes, "abc-7777"], tier="suggest")[-1] == "abc-7777"


@pytest.mark.parametrize("written", ["00351 266 537 722", "+351 (0) 266 537 722", "+351266537722", "00351-266-537722"])
def test_the_prefix_of_a_country_is_written_one_way(bench, written):
    phones = [f"+351 {210 + n} {300 + n} {100 + 7 * n}" for n in range(80)]
    assert bench.column([*phones, written], tier="suggest")[-1] == "+351 266 537 722"


def test_numbers_of_changing_length_need_something_between_them(bench):
    pages = [f"{n * 13}-{n * 13 + 9}" for n in range(1, 80)]
    assert bench.column([*pages, "281–290", "281290"], tier="suggest")[-2:] == ["281-290", "281290"]


def test_words_beside_numbers_are_no_code(bench):
    cells = [f"Weg {n}" for n in range(80)] + ["Jean-Luc", "Weg-Nord 12"]
    assert bench.column(cells, tier="suggest") == cells


def test_leading_zeros_come_back_where_codes_are_of_one_length(bench):
    codes = [f"{n * 1237 % 100_000:05d}" for n in range(100)]
    assert bench.column([*codes, "612", "4109"], tier="suggest")[-2:] == ["00612", "04109"]
    numbers = [str(n * 1237 % 100_000) for n in range(100)]
    assert bench.column(numbers, tier="suggest") == numbers


def test_codes_that_begin_with_a_zero_have_lost_none(bench):
    phones = [f"0{30 + 41 * n % 900}/{1_000_000 + n}" for n in range(100)]
    assert bench.column(phones, tier="suggest") == phones


def test_a_unit_that_nearly_no_number_has_is_left_out(bench):
    numbers = [str(20 + n) for n in range(60)]
    assert bench.column([*numbers, "51%", "900%"], "load", tier="suggest")[-2:] == ["51", "900%"]
    assert bench.column([*numbers, "EUR 51", "€ 44"], "net", tier="suggest")[-2:] == ["51", "44"]
    assert bench.column([*numbers, "EUR 51", "$ 44"], "net", tier="suggest")[-2:] == ["EUR 51", "$ 44"]


def test_a_unit_that_nearly_all_numbers_have_is_written(bench):
    numbers = [f"{20 + n} min" for n in range(60)]
    assert bench.column([*numbers, "51", "4000"], tier="suggest")[-2:] == ["51 min", "4000"]


def test_marks_are_seen_beside_decimal_commas(bench):
    numbers = [f"1.{200 + n},5{n % 7}" for n in range(60)]
    assert bench.column([*numbers, "1.234,50 €", "EUR 9.100,00"], tier="suggest")[-2:] == ["1.234,50", "9.100,00"]
    assert bench.column([*numbers, "1.234,50 €", "$ 9.100,00"], tier="suggest")[-2:] == ["1.234,50 €", "$ 9.100,00"]
    assert bench.column([*numbers, "1.234,50 kg"], "net", tier="suggest")[-1] == "1.234,50 kg"
    marked = [f"{number} EUR" for number in numbers]
    assert bench.column([*marked, "1.234,50", "98.000,00"], tier="suggest")[-2:] == ["1.234,50 EUR", "98.000,00"]


def test_an_amount_with_one_currency_is_a_plain_number(bench):
    prices = [f"{20 + n}.5{n % 7}" for n in range(60)]
    odd = ["EUR 51.20", "74,30 €", "€1'234.50", "1.234,50 EUR"]
    assert bench.column([*prices, *odd], tier="suggest")[-4:] == ["51.20", "74.30", "1234.50", "1234.50"]
    assert bench.column([*prices, "EUR 51.20", "$74.30"], tier="suggest")[-2:] == ["EUR 51.20", "$74.30"]
    salaries = [str(28_000 + 1_000 * (n % 9)) for n in range(60)]
    assert bench.column([*salaries, "28000,00 €", "EUR 45000.00"], tier="suggest")[-2:] == ["28000", "45000"]


def test_a_word_that_begins_one_of_the_header_says_nothing_more(bench):
    numbers = [str(60 + n % 40) for n in range(60)]
    assert bench.column([*numbers, "71 cr.", "72 cd", "73 PS"], "credits", tier="suggest")[-3:] == [
        "71",
        "72 cd",
        "73 PS",
    ]
    assert bench.column([*numbers, "71 PS"], "power", tier="suggest")[-1] == "71 PS"


def test_nines_far_away_from_all_numbers_are_none(bench):
    numbers = [str(15 + n % 20) for n in range(60)]
    assert bench.column([*numbers, *["-9999"] * 3], tier="suggest")[-3:] == [None] * 3
    spread = [str(n * 150) for n in range(60)]
    assert bench.column([*spread, *["9999"] * 3], tier="suggest")[-3:] == ["9999"] * 3


@pytest.mark.parametrize(
    ("words", "found", "mended"),
    [
        (["Male", "Female"], ["M", "f"], ["Male", "Female"]),
        (["M", "F"], ["male", "Female", "f"], ["M", "F", "F"]),
        (["Manual", "Automatic"], ["Manu", "Auto"], ["Manual", "Automatic"]),
        (["Present", "Absent"], ["P"], ["P"]),
        (["A", "B", "C"], ["Absent"], ["Absent"]),
        (["M", "F", "X"], ["male", "Female", "m"], ["M", "F", "M"]),
        (["A", "B", "C"], ["b", "Absent"], ["B", "Absent"]),
    ],
)
def test_words_and_their_first_letters_are_written_one_way(bench, words, found, mended):
    assert bench.column([*words * 40, *found], tier="suggest")[-len(found) :] == mended


def test_not_a_number_is_offered_to_be_emptied(bench):
    assert bench.column([*["1.5", "2.25"] * 9, "NaN"], tier="suggest")[-1] is None


def test_na_and_nil_may_be_names(bench):
    names = ["Ana", "Ben", "Carla", "Na", "Nil", "NA"] + ["Dora"] * 4
    assert bench.column(names, tier="suggest")[3:6] == ["Na", "Nil", None]


def test_none_may_be_a_surname(bench):
    surnames = ["None", "none", *(f"{s}{e}" for s in ("Mar", "Hol", "Bern", "Kell") for e in ("in", "er", "stein"))]
    assert bench.column(surnames, "last_name", tier="suggest")[:2] == ["None", None]
    assert bench.column(surnames, "brand", tier="suggest")[:2] == [None, None]


def test_numbers_a_digit_apart_are_no_noise(bench):
    cells = [f"{n}.{m}" for n in range(10, 22) for m in range(10) for _ in range(6)]
    rare = [f"1{n % 10}.{n % 10}" for n in range(9)] + ["31.8", "41.2", "51.3", "61.4", "71.5", "81.6"]
    assert bench.column(cells + rare, tier="suggest")[len(cells) :] == rare


@pytest.mark.parametrize(
    ("cells", "odd", "mended"),
    [
        ([str(n) for n in range(1, 60)], ["8.0", "12.0"], ["8", "12"]),
        ([f"{n}.{n % 7}0" for n in range(1, 60)], ["7", "9.5"], ["7.00", "9.50"]),
    ],
)
def test_a_number_gets_the_decimals_of_its_column(bench, cells, odd, mended):
    assert bench.column(cells + odd, tier="suggest")[-2:] == mended


@pytest.mark.parametrize(
    "cells",
    [
        [*map(str, range(1, 60)), "8.0", "8.5"],  # a half says that zeros are meant
        [*map(str, range(1, 60)), "1.000"],  # which may be a thousand
        [*(f"{n}.500" for n in range(1, 60)), "250"],
        [*(f"{n}.{n % 9 + 1}" for n in range(1, 60)), "7"],  # no zero is ever written
        [*(f"{n}.{n % 7}0" for n in range(1, 60)), "7.125"],
        [*(f"{n}.{n % 7}0" for n in range(1, 60)), "141"],  # 1.41, rather
    ],
)
def test_decimals_that_may_say_something_stay(bench, cells):
    assert bench.column(cells, tier="suggest") == cells


def test_versions_keep_their_zeros(bench):
    cells = [*map(str, range(1, 60)), "8.0"]
    done = bench.cleanse(bench.table({"os_version": cells}), tier="suggest")
    assert bench.cells(done.tables[0])["os_version"] == cells


def test_thousands_are_written_out_where_the_column_does(bench):
    cells = [str(n) for n in range(41_000, 160_000, 2_500)]
    assert bench.column([*cells, "127k", "52.5 K"], tier="suggest")[-2:] == ["127000", "52500"]


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("salary", "900k"),  # far beyond all others
        ("salary", "50000 k"),
        ("load_mbps", "127k"),
    ],
)
def test_a_letter_that_may_say_something_else_stays(bench, name: str, odd: str):
    cells = [str(n) for n in range(41_000, 160_000, 2_500)] + [odd]
    done = bench.cleanse(bench.table({name: cells}), tier="suggest")
    assert bench.cells(done.tables[0])[name] == cells


def test_minus_one_says_that_nothing_is_known(bench):
    cells = [str(n) for n in range(1, 40)] + ["-1"] * 4
    assert bench.column(cells, tier="suggest")[-4:] == [None] * 4


@pytest.mark.parametrize(
    ("name", "cells"),
    [
        ("issue", [*map(str, range(1, 40)), "-1"]),  # once proves nothing
        ("issue", [*map(str, range(40)), "-1", "-1", "-1"]),  # a scale that leads through zero
        ("issue", [*map(str, range(1, 40)), "-1", "-1", "-1", "-2"]),
        ("floor", [*map(str, range(1, 40)), "-1", "-1", "-1"]),
    ],
)
def test_minus_one_may_be_a_number(bench, name: str, cells: list[str]):
    done = bench.cleanse(bench.table({name: cells}), tier="suggest")
    assert bench.cells(done.tables[0])[name] == cells


def test_a_code_gets_back_the_zeros_that_a_third_of_its_column_lost(bench):
    kept = [f"{n:08}" for n in range(1_000_019, 99_000_000, 1_700_021)]
    lost = [f"{n}" for n in range(1_000_019, 9_900_000, 400_021)]
    assert bench.column(kept + lost, tier="suggest") == kept + [code.zfill(8) for code in lost]


def test_codes_of_changing_length_get_no_zeros(bench):
    cells = [f"0{n}" for n in range(100, 130)] + [f"{n}" for n in range(200, 230)]
    assert bench.column(cells, tier="suggest") == cells
