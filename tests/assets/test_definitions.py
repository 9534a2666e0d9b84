"""The code location says what it promises, and loads without what it doesn't need."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from syrupy.assertion import SnapshotAssertion

from discovery_pipeline.assets import partitions
from discovery_pipeline.assets.build import build
from discovery_pipeline.settings import Settings

ASSETS = {
    "source_tables": "intake",
    "column_profile": "profiling",
    "schema_analysis": "schema",
    "mapping_suggestions": "mapping",
    "approved_mapping": "mapping",
    "cleansing_plan": "cleansing",
    "cleansed_tables": "cleansing",
    "patch_log": "cleansing",
    "validated_tables": "validation",
    "rejected_rows": "validation",
    "quality_report": "validation",
    "risk_assessment": "risk",
    "target_files": "delivery",
}
OPERATIONS = {"source_profile": "sources", "maintenance": "upkeep", "quality_digest": "upkeep"}
"""What isn't of a flow."""
BLOCKING = {
    ("source_profile", "contract"),
    ("source_tables", "contract"),
    ("column_profile", "contract"),
    ("schema_analysis", "contract"),
    ("mapping_suggestions", "contract"),
    ("approved_mapping", "contract"),
    ("cleansing_plan", "contract"),
    ("quality_report", "contract"),
    ("risk_assessment", "contract"),
    ("patch_log", "contract"),
    ("rejected_rows", "contract"),
    ("cleansed_tables", "nothing_lost"),
    ("validated_tables", "nothing_lost"),
    ("target_files", "complete"),
}


@pytest.fixture(scope="module")
def defs(tmp_path_factory: pytest.TempPathFactory) -> dg.Definitions:
    return build(Settings(home=tmp_path_factory.mktemp("home")))


def test_every_stage_has_its_assets_in_its_group(defs: dg.Definitions):
    found = {spec.key.to_user_string(): spec.group_name for spec in defs.resolve_all_asset_specs()}
    assert found == ASSETS | OPERATIONS


def test_every_asset_is_described_and_a_flows_are_partitioned_by_flow(defs: dg.Definitions):
    for spec in defs.resolve_all_asset_specs():
        assert spec.description, spec.key
        if spec.key.to_user_string() in ASSETS:
            assert isinstance(spec.partitions_def, dg.DynamicPartitionsDefinition), spec.key
            assert spec.partitions_def.name == "flows", spec.key


def test_what_the_next_stage_relies_on_is_a_blocking_check(defs: dg.Definitions):
    graph = defs.resolve_asset_graph()
    blocking = {
        (key.asset_key.to_user_string(), key.name)
        for key in graph.asset_check_keys
        if graph.get_check_spec(key).blocking
    }
    assert blocking == BLOCKING


def test_a_check_has_a_state_for_each_partition_of_its_asset(defs: dg.Definitions):
    graph = defs.resolve_asset_graph()
    for key in graph.asset_check_keys:
        assert graph.get_check_spec(key).partitions_def == graph.get(key.asset_key).partitions_def, key


def test_the_two_jobs_meet_at_the_gate(defs: dg.Definitions):
    selected = {
        name: {key.to_user_string() for key in defs.resolve_job_def(name).asset_layer.selected_asset_keys}
        for name in ("discover", "deliver")
    }
    assert selected["discover"] | selected["deliver"] == set(ASSETS)
    assert not selected["discover"] & selected["deliver"]
    assert "approved_mapping" in selected["deliver"]


def test_the_gate_comes_after_the_suggestions_and_before_the_cleansing(defs: dg.Definitions):
    graph = defs.resolve_asset_graph()
    gate = graph.get(dg.AssetKey("approved_mapping"))
    assert dg.AssetKey("mapping_suggestions") in gate.parent_keys
    assert dg.AssetKey("cleansing_plan") in gate.child_keys


def test_loading_imports_no_agents_no_frames_and_opens_nothing(tmp_path: Path):
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import json, sys; from discovery_pipeline.assets.build import build; "
            "from discovery_pipeline.settings import read; build(read()); "
            "late = ('crewai', 'fastapi', 'pandas', 'pandera', 'sqlalchemy'); "
            "print(json.dumps([m for m in late if m in sys.modules]))",
        ],
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "DISCOVERY_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(said.stdout) == []
    assert not (tmp_path / "home").exists()


def test_the_definitions_are_those_of_the_golden_list(defs: dg.Definitions, snapshot: SnapshotAssertion):
    assert "\n".join(_listed(defs)) == snapshot


def _listed(defs: dg.Definitions) -> Iterator[str]:
    """Every definition in a line: what a person finds in Dagster's UI."""
    graph, repository = defs.resolve_asset_graph(), defs.get_repository_def()
    for spec in sorted(defs.resolve_all_asset_specs(), key=lambda spec: (spec.group_name, spec.key)):
        kinds = ", ".join(sorted(spec.kinds))
        yield f"asset {spec.group_name}/{spec.key.to_user_string()} [{kinds}] {', '.join(spec.owners)}"
        yield f"    {spec.description}"
        for key in sorted(graph.get(spec.key).check_keys):
            check = graph.get_check_spec(key)
            yield f"    check {key.name}{' (blocking)' if check.blocking else ''}"
    for job in sorted(repository.get_all_jobs(), key=lambda job: job.name):
        if job.name != "__ASSET_JOB":
            yield f"job {job.name}: {job.description}"
    for schedule in sorted(repository.schedule_defs, key=lambda each: each.name):
        yield f"schedule {schedule.name} ({schedule.cron_schedule}): {schedule.description}"
    for sensor in sorted(repository.sensor_defs, key=lambda each: each.name):
        yield f"sensor {sensor.name} (every {sensor.minimum_interval_seconds} s): {sensor.description}"
    yield f"resources {', '.join(sorted(defs.resources or {}))}"


def test_every_asset_has_an_owner_a_kind_and_the_version_of_its_code(defs: dg.Definitions):
    for spec in defs.resolve_all_asset_specs():
        assert spec.owners, spec.key
        assert spec.kinds, spec.key
        if spec.key.to_user_string() in ASSETS:
            assert spec.code_version, spec.key
            assert spec.tags["discovery/stage"] == spec.group_name


def test_the_version_of_a_stage_is_that_of_its_code_and_its_knowledge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(partitions, "_ENGINE", tmp_path)
    (tmp_path / "mapping" / "knowledge").mkdir(parents=True)
    words, rules, notes = (tmp_path / "mapping" / name for name in ("knowledge/words.yaml", "rules.py", "notes.txt"))
    versions = []
    for file in (notes, words, rules):
        file.write_text("new")
        versions.append(partitions.code_version.__wrapped__("mapping"))
    assert len(set(versions)) == 3
    notes.write_text("other")
    assert partitions.code_version.__wrapped__("mapping") == versions[-1]
