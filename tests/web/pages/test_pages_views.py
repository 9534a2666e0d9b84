"""Views: what a page says of values, without a page around it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import FormData

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.cleansing.model import CleansingPlan, PlannedRule
from discovery_pipeline.engine.intake.model import Options
from discovery_pipeline.engine.mapping.enumerations import Counted, Tally
from discovery_pipeline.engine.mapping.model import MappedField
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.tables import Source, Table, columns_named
from discovery_pipeline.engine.targets.contract import TargetField
from discovery_pipeline.web.pages.answering import ours
from discovery_pipeline.web.pages.cmdb_import import wanted
from discovery_pipeline.web.pages.templating import ago, rendered, static
from discovery_pipeline.web.pages.views import cleansing
from discovery_pipeline.web.pages.views.imports import _lines
from discovery_pipeline.web.pages.views.paging import paged
from discovery_pipeline.web.pages.views.review import View
from discovery_pipeline.web.pages.views.rows import formulas
from discovery_pipeline.web.pages.views.validation import standing_there
from discovery_pipeline.web.services.layouts import PartLayout, parts_of
from discovery_pipeline.web.services.vocabularies import vocabulary

NOTHING_SAID = cleansing.Said({}, frozenset())
NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@given(total=st.integers(0, 2000), size=st.integers(1, 300), wanted=st.integers(-5, 5000))
def test_pages_hold_everything_once(total, size, wanted):
    every = [paged(total, size, n, str) for n in range(1, paged(total, size, 1, str).of + 1)]
    shown = [number for page in every for number in range(page.first, page.last + 1) if total]
    assert shown == list(range(1, total + 1))
    assert paged(total, size, wanted, str) in every


@given(st.dictionaries(st.sampled_from(["show", "sort", "page", "q", "table", "system", "open"]), st.text(max_size=20)))
def test_any_address_is_a_view(said):
    view = View.of(said)
    assert View.of(dict(view.fields)) == View(view.system, view.show, view.table, view.q, view.sort)


@given(st.text(max_size=40))
def test_nobody_is_ever_led_off_our_pages(address):
    assert ours(address).startswith("/discovery")
    assert not ours("//" + address).startswith("//")


@pytest.mark.parametrize(
    ("past", "said"),
    [
        (timedelta(seconds=-3), "just now"),
        (timedelta(seconds=59), "just now"),
        (timedelta(minutes=1), "1 minute ago"),
        (timedelta(hours=5, minutes=59), "5 hours ago"),
        (timedelta(days=6), "6 days ago"),
        (timedelta(days=7), "2026-11-15"),
    ],
)
def test_times_are_told_as_people_do(past, said):
    assert ago(NOW - past, NOW) == said


def test_counts_are_told_with_their_nouns():
    assert (counted(1, "row"), counted(2040, "row"), counted(2, "entry", "entries")) == (
        "1 row",
        "2,040 rows",
        "2 entries",
    )


def test_a_static_file_has_an_address_that_follows_its_content():
    assert static("style.css").startswith("/static/style.css?v=")
    assert static("style.css") != static("pages.js")


def held(*values: tuple[str, int], others: int = 0) -> Tally:
    return Tally(tuple(Counted(value, rows, (value,)) for value, rows in values), others, 2 * others)


def test_values_stand_beside_the_words_that_the_target_takes():
    wanted = TargetField(name="OS", allowed=("Windows", "Linux"), vocabulary={"Linux": ("RHEL",)})
    field = MappedField(source_table="s", source_field="os", target_table="t", target_field="OS", confidence=1)
    found = vocabulary(held(("windows", 5), ("RHEL", 3), ("Windws", 2), ("AIX", 4)), field, wanted)
    assert found is not None
    assert [(line.source, line.target) for line in found.lines()] == [
        ("AIX", ""), ("windows", "Windows"), ("RHEL", "Linux"), ("Windws", "Windows"),
    ]  # fmt: skip
    assert (found.without, found.wordless, found.keeps) == (4, 1, False)
    assert found.lines(0, 1)[0].near == ()
    others = '"windows": "Windows", "RHEL": "Linux", "Windws": ""'  # what is offered a word, and chosen none
    made = found.transformation({"AIX": "Linux", "Windws": ""})
    assert made == f'map_values({{"AIX": "Linux", {others}, "Linux": "Linux"}})'
    mapped = field.model_copy(update={"transformation": 'trim | map_values({"aix": "Linux"})'})
    again = vocabulary(held(("AIX", 4), ("RHEL", 3)), mapped, wanted)
    assert again is not None
    assert [(line.target, line.why) for line in again.lines()] == [
        ("Linux", "as it is mapped now"), ("Linux", "another word for it; it counts once you use these values"),
    ]  # fmt: skip


def test_a_word_that_another_field_completes_is_not_guessed():
    wanted = TargetField(name="OS", allowed=("Windows 2016", "Windows 2019", "AIX 7"), completed_by="Version")
    field = MappedField(source_table="s", source_field="os", target_table="t", target_field="OS", confidence=1)
    both = Tally((Counted("Windows", 6, ("Windows", "windows")), Counted("aix 7", 3, ("aix 7", "Aix 7"))))
    found = vocabulary(both, field, wanted, "Version")
    assert found is not None
    assert [(line.source, line.count, line.target) for line in found.lines()] == [
        ("Windows", 6, ""),
        ("aix 7", 3, "AIX 7"),
    ]
    assert (found.without, found.keeps, found.completed_by) == (6, True, "Version")
    assert found.transformation({}) == 'trim | lookup({"aix 7": "AIX 7", "Aix 7": "AIX 7"})'


def test_rare_values_that_nobody_saw_go_on_as_they_are():
    wanted = TargetField(name="OS", allowed=("Windows", "Linux"))
    field = MappedField(source_table="s", source_field="os", target_table="t", target_field="OS", confidence=1)
    found = vocabulary(held(("Windows", 5), ("Windws", 2), ("AIX", 1), others=30), field, wanted)
    assert found is not None
    assert found.transformation({"Windws": ""}) == 'trim | lookup({"Windws": ""})'
    assert found.transformation({"Windws": "Windows"}) == 'trim | lookup({"Windws": "Windows"})'


def test_what_the_list_has_in_another_version_is_near_and_nothing_is_chosen():
    wanted = TargetField(name="OS", allowed=("Red Hat Linux 6", "Red Hat Linux 7", "Windows"), match="contains")
    field = MappedField(source_table="s", source_field="os", target_table="t", target_field="OS", confidence=1)
    found = vocabulary(held(("RHL 8.4", 5), ("Plan 9", 1)), field, wanted)
    assert found is not None
    assert [(line.target, line.near, line.why) for line in found.lines()] == [
        ("", ("Red Hat Linux 7", "Red Hat Linux 6"), "nearest is Red Hat Linux 7"),
        ("", (), "nothing is near"),
    ]
    assert found.transformation({}) is None


def test_a_field_that_takes_anything_has_no_values_to_match():
    field = MappedField(source_table="s", source_field="os", target_table="t", target_field="OS", confidence=1)
    assert vocabulary(held(("a", 1)), field, TargetField(name="OS")) is None


def test_first_lines_are_shown_as_they_came(tmp_path: Path):
    file = tmp_path / "a.csv"
    file.write_bytes('\ufeffexported by ana;\r\n\r\nname;größe\r\n"a;b";1\r\n<b>;2\r\n'.encode())
    with duck.connect() as con:
        read = intake.read(con, [file], tmp_path / "into").files[0]
    lines = [(line.number, line.part, line.cells) for part in parts_of(read, ()) for line in _lines(part)]
    assert lines[:4] == [
        (1, "skipped", ("exported by ana", "")), (2, "skipped", ()), (3, "header", ("name", "größe")),
        (4, "data", ("a;b", "1")),
    ]  # fmt: skip


PART = PartLayout(file="a.csv", table="a", header_line=3, header_rows=1, first_line=4)


@pytest.mark.parametrize(
    ("said", "options"),
    [
        ({"header": "3", "header_rows": "1", "first_line": "3"}, {}),
        ({"header": "3", "header_rows": "2"}, {"header_rows": 2, "skip_rows": 2}),
        ({"header": "1", "header_rows": "1"}, {"header_rows": 1, "skip_rows": 0}),
        ({"header": "0", "first_line": "3"}, {"header_rows": 0, "skip_rows": 2}),
        ({"header": "3", "header_rows": "x", "delimiter": "|", "encoding": ""}, {"delimiter": "|"}),
        ({"header": "3", "do": "found"}, {}),
    ],
)
def test_a_form_says_only_what_is_not_found_anyway(said, options):
    assert wanted(FormData(said), PART).options == Options(**options)


def test_a_file_without_a_header_is_left_as_it_is_until_its_rows_begin_elsewhere():
    part = PART.model_copy(update={"header_line": None, "header_rows": 0, "first_line": 1})
    assert wanted(FormData({"header": "0", "first_line": "1"}), part).options == Options()
    assert wanted(FormData({"header": "0", "first_line": "4"}), part).options == Options(header_rows=0, skip_rows=3)


def test_marks_in_a_note_are_text():
    html = rendered(
        "error.html.j2", who=None, notes=(), title="x", heading="<b>", status=404, detail="<script>", again="",
        waits=False, typed=(("name", "<script>"),), action="/discovery",
    )  # fmt: skip
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.mark.parametrize(
    ("general", "said", "held"),
    [
        ("ram: … is above …", 'ram: "9 TB" is above 4096', '"9 TB"'), ("… stands twice", '"a" stands twice', '"a"'),
        ("cores: …", "cores: 7", "7"), ("name is needed", "name is needed", ""), ("… is odd", "is even", ""),
        ("a of id … is … on line …", 'a of id "this is x" is "4" on line 3', '"this is x"'),
        ("size: … is no number", 'size: "3.5"" bay\n2" is no number', '"3.5"" bay\n2"'),
        ("same id as line …, with other values", "same id as line 12, with other values", "as in line 12"),
        ("Disk 1 size: … is no number", 'Disk 1 size: "big" is no number', '"big"'),
        ("Disk 1 size is needed", "Disk 1 size is needed", ""),
    ],
)  # fmt: skip
def test_an_example_shows_what_the_reason_leaves_open(general: str, said: str, held: str):
    assert standing_there(general, said) == held


def test_a_cell_full_of_ellipses_costs_a_page_no_time():
    reason = "name: " + "…" * 5_000
    assert standing_there(reason, "name: " + "x" * 5_000 + "\n") == ""


@pytest.mark.parametrize("typed", ["Operating System", " operating system "])
def test_changed_cells_are_found_by_a_column_however_it_is_typed(tmp_path: Path, typed: str):
    log = tmp_path / "log.parquet"
    with duck.connect() as con:
        duck.write(con, "SELECT NULL AS c, 7 AS __line", path := tmp_path / "t.parquet")
        table = Table(name="t", path=path, columns=columns_named(["c"]), row_count=1, source=Source(file="t.csv"))
        row = "'t' AS \"table\", 0 AS row, 'Operating System' AS \"column\", 'a' AS before, 'b' AS after, 'r' AS rule"
        duck.write(con, f"SELECT {row}, 'why' AS reason, 'auto' AS tier", log)
        found, _ = cleansing.cells(con, log, (table,), cleansing.Narrowed(column=typed), NOTHING_SAID, href=str)
    assert [(cell.after, cell.line) for cell in found] == [("b", 7)]


def test_a_rule_that_changed_nothing_yet_leads_to_no_list_of_cells():
    rule = PlannedRule(
        rule="r", table="t", column="c", tier="suggest", cells=3, confidence=0.9, reason="why", examples=()
    )
    waiting, at_work = (
        cleansing.rules(CleansingPlan(rules=(rule,)), counts, NOTHING_SAID, "/here")[0]
        for counts in ({}, {("t", "c", "r"): 3})
    )
    assert (waiting.cells, waiting.href) == (3, "")
    assert at_work.href == "/here?table=t&column=c&rule=r#cells"


@pytest.mark.parametrize(
    ("transformation", "said"),
    [
        ('trim | convert("GB","MB")', ("1 GB = 1,024 MB",)),
        ('convert("B","MB") | round(0)', ("1 MB = 1,048,576 B",)),
        ('convert("MHz","GHz")', ("1 GHz = 1,000 MHz",)),
        ('convert("ratio","percent")', ("1 ratio = 100 percent",)),
        ('convert("GB","MHz")', ()),
        ("upper", ()),
        ("uper", ()),
        (None, ()),
    ],
)
def test_a_conversion_says_what_it_multiplies_by(transformation: str | None, said: tuple[str, ...]):
    assert formulas(transformation) == said
