"""The report: right numbers, nothing executable, nothing personal, one file."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.delivery.model import DeliveredFile
from discovery_pipeline.engine.delivery.report import Contents, TargetStory, render
from discovery_pipeline.engine.delivery.report.masking import Mask
from discovery_pipeline.engine.findings import Finding, Severity
from discovery_pipeline.engine.intake.model import FileRead, Intake, TableRead
from discovery_pipeline.engine.mapping.model import Approval, FieldRef, MappedField, Mapping, Suggestions
from discovery_pipeline.engine.profiling.model import (
    Bin,
    ColumnProfile,
    Pii,
    Profile,
    Quality,
    TableProfile,
    TypeException,
    ValueCount,
)
from discovery_pipeline.engine.risk import Risk, RiskAssessment
from discovery_pipeline.engine.schema.model import ForeignKey, PrimaryKey, SchemaAnalysis
from discovery_pipeline.engine.tables import Source, Table
from discovery_pipeline.engine.targets.contract import Target, TargetField, TargetTable
from discovery_pipeline.engine.validation.model import DimensionScore, QualityReport, ValidRows, Verdict

GOOD = Quality(completeness=1, validity=1, uniqueness=1, consistency=1, timeliness=None, score=1)
HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>'
CANARY = "canary.person@example.com"
TARGET = Target(
    name="cloud", title="Cloud", tables=(TargetTable(name="server", file="c.csv", fields=(TargetField(name="host"),)),)
)


def column(name: str, **facts: object) -> ColumnProfile:
    known = {
        "position": 0, "inferred_type": "string", "type_fit": 1.0, "null_count": 0, "null_ratio": 0.0,
        "distinct_count": 1, "distinct_is_exact": True, "quality": GOOD,
    }  # fmt: skip
    return ColumnProfile.model_validate({"name": name} | known | facts)


def table(name: str, *columns: ColumnProfile, rows: int = 10) -> TableProfile:
    return TableProfile(name=name, row_count=rows, duplicate_row_count=0, columns=columns)


def rendered(contents: Contents, **how: bool) -> str:
    with duck.connect() as con:
        return render(con, contents, **how)


def patches(folder: Path, *rows: tuple[str, str, str | None]) -> PatchLog:
    """A log of changes in servers: column, before, after."""
    path = folder / "patches.parquet"
    values = ", ".join(
        f"('servers', {i}, {duck.text(c)}, {duck.text(b)}, {duck.text(a) if a is not None else 'NULL'}, "
        "'text.trim', 'auto', 1.0, 'white space says nothing')"
        for i, (c, b, a) in enumerate(rows)
    )
    with duck.connect() as con:
        named = '"table", "row", "column", before, after, rule, tier, confidence, reason'
        duck.write(con, f"SELECT * FROM (VALUES {values}) AS t({named})", path)
    return PatchLog(path=path, count=len(rows), by_rule={"text.trim": len(rows)})


def verdict(folder: Path, *rejected: str, rows_in: int = 10) -> Verdict:
    path = folder / "rejected.parquet"
    values = ", ".join(
        f"('cloud', 'servers', 'servers.csv', {i + 2}, {i}, {duck.text(r)})" for i, r in enumerate(rejected)
    )
    with duck.connect() as con:
        duck.write(con, f'SELECT * FROM (VALUES {values}) AS t(target, "table", file, line, "row", reasons)', path)
    delivered = rows_in - len(rejected)
    return Verdict(
        target="cloud", rows_in=rows_in, rows_delivered=delivered, rows_rejected=len(rejected), rejected=path,
        patches=path, valid=(ValidRows(target_table="server", path=path, row_count=delivered),),
    )  # fmt: skip


def mapped(source: str = "name", confidence: float = 0.9, **more: object) -> MappedField:
    return MappedField.model_validate(
        {"source_table": "servers", "source_field": source, "target_table": "server", "target_field": "host",
         "confidence": confidence} | more
    )  # fmt: skip


def story(**more: object) -> TargetStory:
    return TargetStory(TARGET, **more)  # pyright: ignore[reportArgumentType]


def text(html: str) -> str:
    """What a person reads."""
    body = html.split("</style>")[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace(" .", ".")


class Tags(HTMLParser):
    """Every tag and attribute of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def tags(html: str) -> list[tuple[str, dict[str, str | None]]]:
    parser = Tags()
    parser.feed(html)
    return parser.found


def test_the_least_report_is_a_whole_page():
    page = rendered(Contents("Servers", Profile(tables=(table("servers", column("name")),))))
    assert page.startswith("<!doctype html>")
    assert "10 rows in 1 table were read." in text(page)
    assert page.rstrip().endswith("</html>")


def test_a_report_about_nothing_is_a_page_too():
    assert "0 rows in 0 tables were read." in text(rendered(Contents("Nothing", Profile(tables=()))))


def test_the_first_sentence_says_what_is_ready_and_what_waits(tmp_path: Path):
    profile = Profile(tables=(table("servers", column("name")),))
    found = verdict(tmp_path, 'host "a b" is no host name', "duplicate of line 2")
    page = text(rendered(Contents("T", profile, targets=(story(verdict=found),))))
    assert "8 of 10 rows are ready for Cloud. 1 row waits for a correction." in page
    assert "8 delivered 1 to correct 1 duplicate" in page


def test_rows_of_tables_that_do_not_go_to_a_target_are_counted_apart(tmp_path: Path):
    profile = Profile(tables=(table("servers", column("name")),))
    found = verdict(tmp_path, "host is empty", "table_not_mapped: nothing identifies a row")
    page = text(rendered(Contents("T", profile, targets=(story(verdict=found),))))
    assert "8 of 9 rows are ready for Cloud. 1 row waits for a correction." in page
    assert "1 in tables that don't go there" in page
    assert "table_not_mapped" not in page


def test_rows_that_nobody_could_read_are_told(tmp_path: Path):
    source = Source(file="servers.csv")
    read = TableRead(
        table=Table(name="servers", path=tmp_path, columns=(), row_count=10, source=source), rejected_count=3
    )
    intake = Intake(files=(FileRead(file="servers.csv", status="read", tables=(read,)),), rejected=tmp_path)
    profile = Profile(tables=(table("servers", column("name")),))
    found = verdict(tmp_path, "host is empty")
    page = text(rendered(Contents("T", profile, intake=intake, targets=(story(verdict=found),))))
    assert "3 rows could not be read." in page
    assert "3 rows that can't be read" in page


def test_rejected_rows_are_grouped_by_reason_whatever_the_value(tmp_path: Path):
    found = verdict(tmp_path, 'ip "999.1.1.1" is no address', 'ip "999.2.2.2" is no address; duplicate of line 7')
    page = text(rendered(Contents("T", Profile(tables=()), targets=(story(verdict=found),))))
    assert "ip … is no address 2" in page
    assert "servers.csv:3 duplicate of line 7" in page


def test_numbers_of_fields_and_rules_are_told_and_lines_are_not(tmp_path: Path):
    found = verdict(
        tmp_path, 'disk 1: "3.5"" bay" is no number', 'disk 1: "x" is no number', 'disk 2: "x" is no number',
        "same host as line 12, with other values", "same host as line 13, with other values",
    )  # fmt: skip
    page = text(rendered(Contents("T", Profile(tables=()), targets=(story(verdict=found),))))
    assert "disk 1: … is no number 2" in page
    assert "disk 2: … is no number 1" in page
    assert "same host as line …, with other values 2" in page


@pytest.mark.parametrize(
    "listed", ["holds none of the names that the target knows (Plan 9, OS 2, …)", "is not one of 1, 2"]
)
def test_what_the_target_lists_is_told_in_full(tmp_path: Path, listed: str):
    found = verdict(tmp_path, f'os: "Nine 10" {listed}', f'os: "a is not one of 3" {listed}')
    page = text(rendered(Contents("T", Profile(tables=()), targets=(story(verdict=found),))))
    assert f"os: … {listed} 2" in page


def test_a_missing_required_field_is_the_first_thing_to_do():
    approval = Approval(
        mapping=Mapping(target="cloud", fields=()), waiting=(mapped(),), missing=("host has no mapping",)
    )
    page = text(rendered(Contents("T", Profile(tables=()), targets=(story(approval=approval),))))
    assert "nothing is ready for Cloud yet" in page
    assert page.index("Map what Cloud requires") < page.index("Decide 1 mapping")


def test_every_changed_value_is_shown_before_and_after(tmp_path: Path):
    log = patches(tmp_path, ("os", "AIX ", "AIX"), ("os", "AIX ", "AIX"), ("os", "-", None))
    page = rendered(Contents("T", Profile(tables=()), patches=log))
    assert '<span class="before">AIX </span><span class="arrow">→</span><span class="after">AIX</span>' in page
    assert "2×" in page
    assert "empty" in text(page)


def test_quality_and_risks_stand_with_their_numbers():
    quality = QualityReport(
        before=0.8, after=0.95,
        dimensions=(DimensionScore(dimension="accuracy", before=0.8, after=0.95, weight=1, evidence="20 of 100"),),
    )  # fmt: skip
    risk = Risk(
        category="continuity", title="Relations lead nowhere", likelihood="high", impact="high", evidence=("30 rows",),
        mitigation="Find them.",
    )  # fmt: skip
    page = text(rendered(Contents("T", Profile(tables=()), quality=quality, risk=RiskAssessment(risks=(risk,)))))
    assert "80% → 95%" in page
    assert "Relations lead nowhere" in page
    assert "a grave risk: relations lead nowhere" in page


def hostile_contents(folder: Path) -> Contents:
    bad = column(
        HOSTILE, top_values=(ValueCount(value=HOSTILE, count=9),), anomalies=(HOSTILE,), semantic_type=HOSTILE,
        exceptions=(TypeException(value=HOSTILE, count=1, row=0),), null_tokens=(ValueCount(value=HOSTILE, count=1),),
    )  # fmt: skip
    field = mapped(HOSTILE, transformation=HOSTILE, evidence=(HOSTILE,))
    approval = Approval(mapping=Mapping(target="cloud", fields=(field,)), waiting=(field,), missing=(HOSTILE,))
    offered = Suggestions(
        target="cloud", matches=(), assignment=(field,), unmapped_source=(FieldRef(table=HOSTILE, field=HOSTILE),)
    )
    key = ForeignKey(
        table=HOSTILE, columns=(HOSTILE,), ref_table="servers", ref_columns=(HOSTILE,), cardinality="n:1", coverage=0.9,
        orphans=1, confidence=0.9,
    )  # fmt: skip
    finding = Finding(
        table=HOSTILE, column=HOSTILE, rule=HOSTILE, severity=Severity.ERROR, count=1, evidence=HOSTILE, action=HOSTILE
    )
    return Contents(
        HOSTILE,
        Profile(tables=(table(HOSTILE, bad), table("servers", bad))),
        made_at=datetime(2026, 1, 2, tzinfo=UTC),
        analysis=SchemaAnalysis(
            primary_keys=(PrimaryKey(table=HOSTILE, columns=(HOSTILE,), confidence=1),), foreign_keys=(key,)
        ),
        targets=(
            story(
                approval=approval, suggestions=offered, verdict=verdict(folder, HOSTILE),
                files=(DeliveredFile(target_table="server", path=HOSTILE, row_count=1, byte_size=1, sha256=""),),
            ),
        ),
        patches=patches(folder, (HOSTILE, HOSTILE, HOSTILE)),
        findings=(finding,),
    )  # fmt: skip


def test_html_in_names_and_values_is_inert(tmp_path: Path):
    page = rendered(hostile_contents(tmp_path))
    found = tags(page)
    assert {tag for tag, _ in found} & {"script", "img", "iframe", "object", "link", "form"} == set()
    assert not [name for _, attributes in found for name in attributes if name.startswith("on")]
    assert "&lt;script&gt;" in page


def test_the_page_asks_nobody_for_anything(tmp_path: Path):
    page = rendered(hostile_contents(tmp_path))
    links = [a.get("href") or "" for _, a in tags(page) if "href" in a or "src" in a]
    assert links
    assert all(link.startswith("#") for link in links)
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def test_links_lead_to_something_on_the_page(tmp_path: Path):
    found = tags(rendered(hostile_contents(tmp_path)))
    assert {a["href"] for _, a in found if "href" in a} <= {f"#{a['id']}" for _, a in found if "id" in a}


def personal_contents(folder: Path) -> Contents:
    owner = column(
        "owner", pii=Pii(kind="email", risk="medium"), top_values=(ValueCount(value=CANARY, count=9),), min=CANARY,
        max=CANARY, anomalies=(f"{CANARY} stands often",), exceptions=(TypeException(value=CANARY, count=1, row=0),),
    )  # fmt: skip
    boss = column(
        "boss", pii=Pii(kind="person_name", risk="medium"), top_values=(ValueCount(value="Canary Quill", count=9),)
    )
    finding = Finding(
        table="servers", column="owner", rule="r", severity=Severity.ERROR, count=1, evidence=f"{CANARY} is wrong",
        action="ask them", examples=(CANARY,),
    )  # fmt: skip
    whole = finding.model_copy(update={"column": None, "evidence": "rows repeat", "examples": ("Canary Quill",)})
    approval = Approval(mapping=Mapping(target="cloud", fields=(mapped("boss"),)))
    return Contents(
        "T",
        Profile(tables=(table("servers", owner, boss),)),
        targets=(story(approval=approval, verdict=verdict(folder, 'host "Canary Quill" is no host name')),),
        patches=patches(folder, ("owner", f"{CANARY} ", CANARY), ("boss", "Canary Quill ", "Canary Quill")),
        findings=(finding, whole),
    )


def test_personal_values_stand_as_initials(tmp_path: Path):
    page = rendered(personal_contents(tmp_path))
    assert "canary" not in page.casefold()
    assert "quill" not in page.casefold()
    assert "c•••.p•••@e•••.c•••" in page


def test_what_a_rule_lists_of_a_personal_column_stands_as_initials_by_whatever_name_the_reason_begins():
    mask = Mask(frozenset({("servers", "contact")})).filling((mapped("contact", target_field="Owner"), mapped()))
    for reason, shown in (
        ('contact: "Cy Roe" is not one of Ana Lopez, Ben Fox', 'contact: "C• R••" is not one of A•• L••••, B•• F••'),
        ('Owner: "Cy Roe" is not one of Ana Lopez, Ben Fox', 'Owner: "C• R••" is not one of A•• L••••, B•• F••'),
        ("contact: doesn't look like (Ana|Ben).*", "contact: doesn't look like (A••|B••).*"),
        ('host: "x" is not one of prod, test', 'host: "•" is not one of prod, test'),
    ):
        assert re.sub("•+", "•", mask.refusal(reason)) == re.sub("•+", "•", shown)
    assert mask.refusal("Owner: is empty") == "Owner: is empty"


def test_who_may_see_personal_values_sees_them(tmp_path: Path):
    page = rendered(personal_contents(tmp_path), unmasked=True)
    assert CANARY in page
    assert "Canary Quill" in page


def test_control_and_direction_marks_become_visible():
    odd = column("a\u202eb\x00c", top_values=(ValueCount(value="x\ny", count=9),))
    page = rendered(Contents("T", Profile(tables=(table("t", odd),))))
    assert "a·b·c" in page
    assert "x⏎y" in page


def test_what_stands_for_nothing_is_no_value_of_a_column():
    counts = [{"value": "n/a", "count": 4}, {"value": "Bonn", "count": 3}, {"value": "Kiel", "count": 3}]
    site = column("site", top_values=counts, null_tokens=counts[:1], distinct_count=2)
    page = text(rendered(Contents("T", Profile(tables=(table("servers", site),)))))
    assert "Bonn 50% Kiel 50% stands for nothing: &#39;n/a&#39; 4×" in page
    assert page.count("n/a") == 1


def test_two_hundred_columns_stay_a_light_page():
    bins = tuple(Bin(low=float(i), high=i + 1.0, count=i * 7 % 13) for i in range(24))
    wide = [column(f"reading_{i}", inferred_type="float", histogram=bins, min=0.0, max=24.0) for i in range(200)]
    assert len(rendered(Contents("T", Profile(tables=(table("wide", *wide, rows=100),))))) < 600_000


@pytest.mark.parametrize("circle", [("a", "a"), ("a", "b", "a"), ("a", "b", "c", "a")])
def test_references_in_a_circle_are_drawn(circle: tuple[str, ...]):
    keys = tuple(
        ForeignKey(
            table=one, columns=("x",), ref_table=other, ref_columns=("id",), cardinality="n:1", coverage=1, orphans=0,
            confidence=1,
        )
        for one, other in pairwise(circle)
    )  # fmt: skip
    tables = tuple(table(name, column("id"), column("x")) for name in sorted(set(circle)))
    page = rendered(Contents("T", Profile(tables=tables), analysis=SchemaAnalysis(foreign_keys=keys)))
    assert page.count('<path class="edge"') == len(keys) + 1  # and one in the key to the drawing


def test_the_report_reads_as_before(tmp_path: Path, snapshot: SnapshotAssertion):
    """What people read, word by word; renewed by `pytest --snapshot-update`."""
    contents = replace(
        personal_contents(tmp_path),
        title="Estate of the north",
        made_at=datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
        seconds=75.0,
        quality=QualityReport(
            before=0.8, after=0.95,
            dimensions=(DimensionScore(dimension="accuracy", before=0.8, after=0.95, weight=1, evidence="20 of 100"),),
        ),
        risk=RiskAssessment(
            risks=(
                Risk(
                    category="performance", title="Transfer takes long", likelihood="medium", impact="high",
                    evidence=("3 days at an assumed 100 Mbit/s",), mitigation="Move in waves.",
                ),
            )
        ),
    )  # fmt: skip
    assert text(rendered(contents)) == snapshot
