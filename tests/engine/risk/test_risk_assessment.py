"""Risks come from counted facts, and from nothing else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from made_tables import servers_table

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.model import PatchLog
from discovery_pipeline.engine.mapping.model import MappedField, Mapping
from discovery_pipeline.engine.phrases import percent
from discovery_pipeline.engine.profiling.model import ColumnProfile, Pii, Profile, Quality, TableProfile, ValueCount
from discovery_pipeline.engine.risk import Assumptions, Facts, Risk, RiskAssessment, assess
from discovery_pipeline.engine.schema.model import ForeignKey, SchemaAnalysis
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets.contract import Target, TargetField, TargetTable
from discovery_pipeline.engine.validation.model import ValidRows, Verdict

GOOD = Quality(completeness=1, validity=1, uniqueness=1, consistency=1, timeliness=None, score=1)


def column(name: str, **facts: object) -> ColumnProfile:
    known = {
        "position": 0, "inferred_type": "string", "type_fit": 1.0, "null_count": 0, "null_ratio": 0.0,
        "distinct_count": 1, "distinct_is_exact": True, "quality": GOOD,
    }  # fmt: skip
    return ColumnProfile.model_validate({"name": name} | known | facts)


def rejections(folder: Path, to_correct: int, elsewhere: int) -> Path:
    path = folder / "rejected.parquet"
    with duck.connect() as con:
        reason = f"CASE WHEN i < {to_correct} THEN 'HostName is required and empty' ELSE 'table_not_mapped: x' END"
        duck.write(con, f"SELECT {reason} AS reasons FROM range({to_correct + elsewhere}) r(i)", path)
    return path


def facts(servers: Table, *columns: ColumnProfile, **more: object) -> Facts:
    known = {c.name for c in columns}
    rest = [column(c.name) for c in servers.columns if c.name not in known]
    found = TableProfile(name="servers", row_count=servers.row_count, duplicate_row_count=0, columns=(*columns, *rest))
    return Facts(tables=(servers,), profile=Profile(tables=(found,)), **more)  # pyright: ignore[reportArgumentType]


def mapped(source: str, goal: str, how: str | None = None, **more: object) -> tuple[Mapping, ...]:
    field = MappedField.model_validate(
        {"source_table": "servers", "source_field": source, "target_table": "server", "target_field": goal,
         "transformation": how, "confidence": 0.9} | more
    )  # fmt: skip
    return (Mapping(target="cloud", fields=(field,)),)


def target(**field: object) -> dict[str, Target]:
    fields = (TargetField.model_validate(field),)
    return {
        "cloud": Target(name="cloud", title="Cloud", tables=(TargetTable(name="server", file="c.csv", fields=fields),))
    }


def assessed(known: Facts, assumptions: Assumptions | None = None) -> RiskAssessment:
    with duck.connect() as con:
        return assess(con, known, assumptions)


def named(assessment: RiskAssessment, words: str) -> Risk:
    return next(risk for risk in assessment.risks if words in risk.title)


def test_values_that_a_transformation_empties_are_counted(tmp_path: Path):
    servers = servers_table(tmp_path, ram=["16", "lots", None, "8"])
    risk = named(assessed(facts(servers, mappings=mapped("ram", "memory", "to_integer"))), "become empty")
    assert risk.evidence == ("servers.ram → cloud memory: 1 value of 3, such as 'lots'",)


def test_personal_values_never_stand_in_evidence(tmp_path: Path):
    servers = servers_table(tmp_path, owner=["ada@example.com"])
    known = column("owner", pii=Pii(kind="email", risk="medium"))
    assessment = assessed(facts(servers, known, mappings=mapped("owner", "id", "to_integer")))
    assert "become empty" in named(assessment, "become empty").title
    assert "ada@" not in assessment.model_dump_json()


def test_rounding_is_counted_on_the_real_values(tmp_path: Path):
    servers = servers_table(tmp_path, ram=["1024", "1500", "2048"])
    how = 'convert("MB","GB") | round(0)'
    risk = named(assessed(facts(servers, mappings=mapped("ram", "memory", how))), "precision")
    assert "1 value of 3" in risk.evidence[0]
    assert risk.evidence[0].endswith("the furthest by 32%")
    assert risk.impact == "high"


def test_what_converting_leaves_of_a_number_is_counted_and_hardly_matters_where_it_is_little(tmp_path: Path):
    servers = servers_table(tmp_path, disk=["1048576", "1500001 KB", "3 GB", None], mem=["1", "1048576", "2", "x"])
    slight = named(assessed(facts(servers, mappings=mapped("disk", "size", 'convert("KB","GB")'))), "precision")
    assert "1 value of 3" in slight.evidence[0]
    assert slight.evidence[0].endswith("the furthest by < 0.1%")
    assert slight.impact == "low"
    felt = named(assessed(facts(servers, mappings=mapped("mem", "size", 'convert("KB","GB")'))), "precision")
    assert "2 values of 4" in felt.evidence[0]
    assert felt.impact == "high"
    none = assessed(facts(servers, mappings=mapped("disk", "size", 'convert("KB","KB")')))
    assert not [risk for risk in none.risks if "precision" in risk.title]


def test_parts_that_a_transformation_leaves_out_are_counted(tmp_path: Path):
    servers = servers_table(
        tmp_path, ip=["10.0.0.1, 10.0.0.2", "10.0.0.3"], at=["01.02.2024 00:00", "01.02.2024 08:30"]
    )
    several = named(assessed(facts(servers, mappings=mapped("ip", "address", 'split(",", 0)'))), "left out")
    assert several.evidence == ('servers.ip → cloud address: 1 value of 2 by split(",", 0)',)
    assert several.impact == "high"
    day = mapped("at", "day", 'parse_date("%d.%m.%Y %H:%M") | split(" ", 0)', data_type="datetime")
    assert "1 value of 2" in named(assessed(facts(servers, mappings=day)), "left out").evidence[0]


def test_values_that_the_target_calls_the_same_are_counted_and_spellings_of_one_are_not(tmp_path: Path):
    servers = servers_table(tmp_path, os=["RHEL 8", "rhel 8", "RHEL 9", "Windows"])
    how = 'map_values({"RHEL 8": "Linux", "RHEL 9": "Linux", "Windows": "Windows"})'
    risk = named(assessed(facts(servers, mappings=mapped("os", "kind", how))), "same word")
    assert "1 distinct value fewer" in risk.evidence[0]


def test_what_nobody_can_take_back_is_counted(tmp_path: Path):
    servers = servers_table(tmp_path, owner=["ada", "ben", None])
    risk = named(assessed(facts(servers, mappings=mapped("owner", "tag", "hash"))), "taken back")
    assert risk.evidence == ("servers.owner → cloud tag: 2 values by hash: the value, for ever",)


def test_a_unit_that_is_only_assumed_is_a_risk(tmp_path: Path):
    servers = servers_table(tmp_path, ram=["16 GB", "16384", "32768"], ram_mb=["1", "2", "3"])
    risk = named(assessed(facts(servers, mappings=mapped("ram", "memory", 'convert("GB","MB")'))), "unit that they")
    assert risk.evidence == ('servers.ram → cloud memory: 2 numbers of 3 by convert("GB","MB")',)
    stated = assessed(facts(servers, mappings=mapped("ram_mb", "memory", 'convert("MB","GB")')))
    assert not [risk for risk in stated.risks if "unit that they" in risk.title]


def test_texts_over_the_fields_length_are_counted(tmp_path: Path):
    servers = servers_table(tmp_path, name=["a", "abcdef"])
    known = facts(servers, mappings=mapped("name", "host"), targets=target(name="host", max_length=4))
    assert "1 value over 4 characters; the longest has 6" in named(assessed(known), "longer").evidence[0]


def test_identities_that_fall_together_are_grave(tmp_path: Path):
    servers = servers_table(tmp_path, name=["web1", "WEB1", "db"])
    known = facts(servers, mappings=mapped("name", "host", "lower"), targets=target(name="host", identity=True))
    risk = named(assessed(known), "fall together")
    assert risk.impact == "high"
    assert "1 distinct value fewer" in risk.evidence[0]


@pytest.mark.parametrize("how", ["coalesce(vm)", 'concat(dns, ".", vm)'])
def test_what_other_columns_add_to_an_identity_merges_nothing(tmp_path: Path, how: str):
    servers = servers_table(tmp_path, dns=["web", "web", None], vm=["a", "b", "c"])
    known = facts(servers, mappings=mapped("dns", "host", how), targets=target(name="host", identity=True))
    assert not [risk for risk in assessed(known).risks if "fall together" in risk.title]


def test_garbled_text_is_told_from_honest_umlauts(tmp_path: Path):
    servers = servers_table(tmp_path, city=["München", "MÃ¼nchen", "SÃO PAULO", "Zürich"])
    risk = named(assessed(facts(servers, mappings=mapped("city", "site"))), "garbled")
    assert "1 value of 4" in risk.evidence[0]


def test_what_a_spreadsheet_would_change_is_counted(tmp_path: Path):
    servers = servers_table(tmp_path, tag=["00123", "123", "12345678901234567"])
    risk = named(assessed(facts(servers, mappings=mapped("tag", "tag"))), "spreadsheet")
    assert "1 value with leading zeros, 1 of more than 15 digits" in risk.evidence[0]


def test_columns_that_go_nowhere_are_named(tmp_path: Path):
    servers = servers_table(tmp_path, name=["a", "b"], notes=["x", "y"])
    risk = named(assessed(facts(servers, mappings=mapped("name", "host"))), "nowhere")
    assert risk.evidence[1] == "servers.notes: 2 values"


def test_transfer_time_follows_from_volume_and_bandwidth(tmp_path: Path):
    servers = servers_table(tmp_path, disk_gb=["500", "1 TB", None])
    known = facts(servers, column("disk_gb", unit="GB", semantic_type="disk"))
    risk = named(assessed(known, Assumptions(bandwidth_mbit=100)), "Transfer")
    gigabits = (500 + 1024) * 8 * 1.024**3
    assert "1.5 TB stated by 2 rows" in risk.evidence[1]
    assert f"{gigabits * 1000 / 100 / 86400:.1f} days" in risk.evidence[1]
    assert risk.impact == "high"


def test_one_row_that_makes_most_of_the_volume_is_told(tmp_path: Path):
    known = facts(
        servers_table(tmp_path, disk_gb=[*["100"] * 30, "99999999"]), column("disk_gb", unit="GB", semantic_type="disk")
    )
    said = named(assessed(known), "Transfer").evidence
    assert said[2] == "a single row states 95.4 PB of it: look whether that can be"


@pytest.mark.parametrize(("mark", "values"), [(",", ["0,5", "1.023,5"]), (".", ["0.5", "1,023.5"])])
def test_sizes_are_read_with_the_columns_own_decimal_mark(tmp_path: Path, mark: str, values: list[str]):
    servers = servers_table(tmp_path, disk_gb=values)
    known = facts(servers, column("disk_gb", unit="GB", semantic_type="disk", decimal_mark=mark))
    assert "1.0 TB stated by 2 rows" in named(assessed(known), "Transfer").evidence[1]


def test_a_number_without_a_unit_is_not_taken_for_gigabytes(tmp_path: Path):
    servers = servers_table(tmp_path, disk_space=["500", "1 TB"])
    risk = named(assessed(facts(servers, column("disk_space", unit="TB", semantic_type="disk"))), "Transfer")
    assert "1.0 TB stated by 1 row" in risk.evidence[1]
    assert risk.evidence[2] == "not counted: 1 row with a number that has no unit"


def test_a_load_time_is_said_only_where_a_rate_is_known(tmp_path: Path):
    servers = servers_table(tmp_path, name=["a"])
    rejected = rejections(tmp_path, to_correct=1000, elsewhere=0)
    verdict = Verdict(
        target="cloud", rows_in=5000, rows_delivered=4000, rows_rejected=1000, rejected=rejected, patches=rejected,
        valid=(ValidRows(target_table="server", path=tmp_path, row_count=4000),),
    )  # fmt: skip
    known = facts(servers, verdicts=(verdict,))
    assert "rows/s" not in str(named(assessed(known), "Loading").evidence)
    assert "8 seconds at an assumed 500 rows/s" in str(
        named(assessed(known, Assumptions(rows_per_second=500)), "Loading").evidence
    )
    assert named(assessed(known), "not taken").impact == "high"


def test_rows_of_tables_that_go_elsewhere_are_not_called_lost(tmp_path: Path):
    rejected = rejections(tmp_path, to_correct=10, elsewhere=500)
    verdict = Verdict(
        target="cloud",
        rows_in=1510,
        rows_delivered=1000,
        rows_rejected=510,
        rejected=rejected,
        patches=rejected,
        valid=(),
    )
    risk = named(assessed(facts(servers_table(tmp_path, name=["a"]), verdicts=(verdict,))), "not taken")
    assert risk.evidence == ("cloud: 10 rows of 1,010 rejected (1.0%), 1,000 delivered",)


def test_orphans_and_single_points_come_from_the_relations(tmp_path: Path):
    servers = servers_table(tmp_path, host=["h1"] * 30)
    key = ForeignKey(
        table="servers", columns=("host",), ref_table="hosts", ref_columns=("id",), cardinality="n:1", coverage=0.9,
        orphans=3, confidence=0.9,
    )  # fmt: skip
    known = facts(
        servers,
        column("host", top_values=(ValueCount(value="h1", count=27),)),
        analysis=SchemaAnalysis(foreign_keys=(key,)),
    )
    assessment = assessed(known)
    assert "3 rows without a match (10%)" in named(assessment, "lead nowhere").evidence[0]
    assert named(assessment, "leans on").evidence == ("one row of hosts carries 27 rows of servers (by host)",)


def test_servers_without_an_owner_are_counted(tmp_path: Path):
    servers = servers_table(tmp_path, owned_by=["a@example.com"] * 18 + [None] * 2)
    risk = named(assessed(facts(servers, column("owned_by", null_count=2))), "Nobody is named")
    assert risk.likelihood == "high"
    assert "empty in 2 rows of 20 (10%)" in risk.evidence[0]


def test_personal_data_is_told_by_class_and_place(tmp_path: Path):
    servers = servers_table(tmp_path, owner=["a@example.com", None])
    known = column("owner", pii=Pii(kind="email", risk="medium"), null_count=1)
    risk = named(assessed(facts(servers, known, mappings=mapped("owner", "tag", "hash"))), "Personal data: email")
    assert risk.evidence == ("servers.owner: 1 value", "servers.owner goes to cloud tag (masked or hashed)")


def test_a_mapping_that_a_person_approved_is_signed(tmp_path: Path):
    known = facts(servers_table(tmp_path, ram=["16"]), mappings=mapped("ram", "memory"))
    assert named(assessed(known), "Nobody has signed the mapping")
    signed = assessed(replace(known, signed_by=("ana",)))
    assert not [risk for risk in signed.risks if "signed" in risk.title]


def test_findings_say_where_each_fact_stands(tmp_path: Path):
    servers = servers_table(tmp_path, ram=["16", "lots"], owner=["a@example.com", None])
    known = column("owner", pii=Pii(kind="email", risk="medium"), null_count=1)
    found = assessed(facts(servers, known, mappings=mapped("ram", "memory", "to_integer"))).findings
    assert {(f.column, f.rule, f.count) for f in found} == {
        ("ram", "loss.emptied", 1), ("owner", "owner.missing", 1), ("owner", "personal.email", 1),
    }  # fmt: skip


def test_the_gravest_risk_comes_first(tmp_path: Path):
    servers = servers_table(tmp_path, name=["a"])
    log = PatchLog(path=tmp_path, count=3, by_rule={"text.trim": 3})
    risks = assessed(facts(servers, patches=log, mappings=mapped("name", "host"))).risks
    assert [risk.gravity for risk in risks] == sorted((risk.gravity for risk in risks), reverse=True)


def test_nothing_known_raises_no_risk_of_data_loss(tmp_path: Path):
    risks = assessed(facts(servers_table(tmp_path, name=["a"]))).risks
    assert {risk.category for risk in risks} == {"performance"}


@pytest.mark.parametrize("wrong", [{"bandwidth_mbit": 0}, {"window_hours": -1}, {"bandwith": 3}])
def test_an_assumption_that_cannot_be_is_refused(wrong: dict[str, float]):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Assumptions.model_validate(wrong)


@pytest.mark.parametrize(
    ("affected", "said"), [(0, "0.0%"), (1, "< 0.1%"), (9_960, "99.6%"), (9_996, "> 99.9%"), (10_000, "100%")]
)
def test_a_share_is_100_per_cent_only_where_all_is_meant(affected: int, said: str):
    assert percent(affected, 10_000) == said
