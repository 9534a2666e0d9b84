"""The files in deploy/ say what the services understand, and the same as `discovery up` does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml
from dagster._serdes import ConfigurableClassData

from discovery_pipeline.assets.coordinator import EngagementRunCoordinator
from discovery_pipeline.assets.instance import configuration
from discovery_pipeline.settings import Settings
from discovery_pipeline.web.app import application

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
OWN = {"storage", "run_launcher", "compute_logs"}
"""What dagster.yaml of one machine and of several say each for itself."""


def read(name: str) -> dict[str, Any]:
    return yaml.safe_load((DEPLOY / name).read_text())


def test_dagster_takes_the_instance_file(monkeypatch: pytest.MonkeyPatch):
    from dagster._core.instance.config import dagster_instance_config

    monkeypatch.setenv("DAGSTER_POSTGRES_URL", "postgresql+psycopg2://nobody@127.0.0.1:1/dagster")
    said, _ = dagster_instance_config(str(DEPLOY))
    assert said["run_retries"]["retry_on_asset_or_op_failure"] is False


def test_services_of_their_own_agree_with_those_of_one_machine(tmp_path: Path):
    here = configuration("postgresql+psycopg2://nobody@/dagster", tmp_path)
    there = read("dagster.yaml")
    del here["run_coordinator"]["config"]["home"]  # services find it in their environment
    del here["run_monitoring"]["start_timeout_seconds"]  # only of the warm runner can be told which of its workers live
    alike = here.keys() - OWN
    assert {key: there[key] for key in alike} == {key: here[key] for key in alike}
    assert there.keys() - OWN == alike


def test_every_setting_that_a_file_names_is_one():
    known = {f"DISCOVERY_{name.upper()}" for name in Settings.model_fields}
    named = {
        word
        for file in DEPLOY.rglob("*")
        if file.is_file()
        for word in re.findall(r"DISCOVERY_[A-Z_]+", file.read_text())
    }
    assert named <= known


def test_composed_services_wait_for_what_they_need():
    services = read("compose.yaml")["services"]
    assert services["prepare"]["restart"] == "no"
    for name, service in services.items():
        for needed in service.get("depends_on", {}):
            assert needed in services, name
            if service["depends_on"][needed]["condition"] == "service_healthy":
                assert "healthcheck" in services[needed], needed


def test_pages_without_users_are_not_open_to_the_network():
    for service in read("compose.yaml")["services"].values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", []))


def test_the_image_installs_what_is_locked_and_runs_as_nobody_special():
    said = (DEPLOY / "Dockerfile").read_text()
    assert "--require-hashes" in said
    assert re.search(r"^USER discovery$", said, re.MULTILINE)
    for source in re.findall(r"^COPY (\S+)", said, re.MULTILINE):
        assert (ROOT / source).exists(), source


def test_the_cluster_limits_runs_by_engagement_as_one_machine_does(tmp_path: Path):
    here = configuration("postgresql+psycopg2://nobody@/dagster", tmp_path)
    queue = read("kubernetes/values.yaml")["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"]
    assert {name: queue[name] for name in ("module", "class")} == {
        name: here["run_coordinator"][name] for name in ("module", "class")
    }
    assert queue["config"]["tag_concurrency_limits"] == here["concurrency"]["runs"]["tag_concurrency_limits"]
    coordinator = ConfigurableClassData(queue["module"], queue["class"], yaml.safe_dump(queue["config"])).rehydrate(
        EngagementRunCoordinator
    )
    assert coordinator.get_run_queue_config().max_concurrent_runs == 64


def test_whatever_queues_runs_in_the_cluster_has_the_code_and_the_state():
    values = read("kubernetes/values.yaml")
    (code,) = values["dagster-user-deployments"]["deployments"]
    for part in ("dagsterWebserver", "dagsterDaemon"):
        for said in ("image", "envSecrets", "env"):
            assert values[part][said] == code[said], (part, said)


def pages() -> tuple[dict[str, Any], dict[str, Any]]:
    """The deployment of the pages, and its service."""
    said = {each["kind"]: each for each in yaml.safe_load_all((DEPLOY / "kubernetes" / "pages.yaml").read_text())}
    assert said["PodDisruptionBudget"]["spec"]["selector"] == said["Deployment"]["spec"]["selector"]
    return said["Deployment"], said["Service"]


def test_every_image_has_a_version():
    images = [service["image"] for service in read("compose.yaml")["services"].values()]
    pod = pages()[0]["spec"]["template"]["spec"]
    images += [container["image"] for container in (*pod["initContainers"], *pod["containers"])]
    assert all(re.search(r":\d[\d.]*$", image) for image in images), images
    assert "latest" not in (DEPLOY / "kubernetes" / "values.yaml").read_text()


def test_what_runs_our_code_is_nobody_special_and_has_limits():
    composed = {name: each for name, each in read("compose.yaml")["services"].items() if name != "postgres"}
    for name, service in composed.items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert "mem_limit" in service or service["restart"] == "no", name
    values = read("kubernetes/values.yaml")
    pod = pages()[0]["spec"]["template"]["spec"]
    (code,) = values["dagster-user-deployments"]["deployments"]
    for said in (code, values["dagsterWebserver"], values["dagsterDaemon"]):
        assert said["podSecurityContext"] == pod["securityContext"]
    run = values["runLauncher"]["config"]["k8sRunLauncher"]
    assert run["runK8sConfig"]["podSpecConfig"]["securityContext"] == pod["securityContext"]
    parts = [code, values["dagsterWebserver"], values["dagsterDaemon"], run, *pod["initContainers"], *pod["containers"]]
    for part in parts:
        assert part["securityContext"] == {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
        assert {"requests", "limits"} <= part["resources"].keys()


def test_pages_in_the_cluster_have_the_code_and_the_state_of_its_runs():
    pod = pages()[0]["spec"]["template"]["spec"]
    (code,) = read("kubernetes/values.yaml")["dagster-user-deployments"]["deployments"]
    for container in (*pod["initContainers"], *pod["containers"]):
        assert container["image"] == f"{code['image']['repository']}:{code['image']['tag']}"
        assert {said["name"]: said["value"] for said in container["env"]} == code["env"]
        assert [said["secretRef"] for said in container["envFrom"]] == code["envSecrets"]


def test_pages_in_the_cluster_are_looked_at_where_they_answer():
    deployment, service = pages()
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    served = application(Settings()).openapi()["paths"]
    for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
        assert container[probe]["httpGet"]["path"] in served, probe
    (port,) = container["ports"]
    assert f"--port={port['containerPort']}" in container["command"]
    assert service["spec"]["ports"][0]["targetPort"] == port["name"] == container["startupProbe"]["httpGet"]["port"]
    assert service["spec"]["selector"] == deployment["spec"]["template"]["metadata"]["labels"]


def test_pages_run_in_the_cluster_as_they_do_when_composed():
    (container,) = pages()[0]["spec"]["template"]["spec"]["containers"]
    assert container["command"] == read("compose.yaml")["services"]["pages"]["command"]


def test_the_clusters_instance_is_the_one_of_other_services_and_dagster_takes_it():
    values, there = read("kubernetes/values.yaml"), read("dagster.yaml")
    more = values["additionalInstanceConfig"]
    assert more["freshness"] == there["freshness"]
    assert values["concurrency"] == {
        "enabled": True,
        "pools": {"defaultLimit": there["concurrency"]["pools"]["default_limit"]},
    }
    assert values["dagsterDaemon"]["runRetries"] == {
        "enabled": there["run_retries"]["enabled"],
        "maxRetries": there["run_retries"]["max_retries"],
        "retryOnAssetOrOpFailure": there["run_retries"]["retry_on_asset_or_op_failure"],
    }
    queue = values["dagsterDaemon"]["runCoordinator"]["config"]["customRunCoordinator"]
    with dg.DagsterInstance.local_temp(overrides=more | {"run_coordinator": queue}) as instance:
        limits = instance.get_concurrency_config()
        assert limits.run_queue_config
        assert limits.run_queue_config.max_concurrent_runs == 64


def test_a_run_in_the_cluster_has_the_state_of_the_code_server_and_limits_of_its_own():
    values = read("kubernetes/values.yaml")
    (code,) = values["dagster-user-deployments"]["deployments"]
    run = values["runLauncher"]["config"]["k8sRunLauncher"]
    assert run["envSecrets"] == code["envSecrets"]
    assert run["envVars"] == [f"{name}={value}" for name, value in code["env"].items()]
    assert not code["includeConfigInLaunchedRuns"]["enabled"]
    assert run["resources"] != code["resources"]


def test_no_secret_stands_in_a_file():
    said = "\n".join(file.read_text() for file in DEPLOY.rglob("*") if file.is_file())
    assert not re.search(r"(?i)(password|secret_access_key|token|api_key)\s*[:=]\s*[\"']?[A-Za-z0-9]{6,}", said)
    assert set(re.findall(r"://[^\s/@:]+:([^@\s]+)@", said)) <= {"${POSTGRES_PASSWORD:?set it}", "${POSTGRES_PASSWORD}"}


def test_the_cluster_names_postgresql_as_dagster_needs_it():
    values = read("kubernetes/values.yaml")
    assert values["postgresql"]["postgresqlScheme"] == "postgresql+psycopg2"
    assert values["postgresql"]["enabled"] is False


def test_every_secret_that_the_cluster_names_is_made_in_the_how_to():
    values = read("kubernetes/values.yaml")
    (code,) = values["dagster-user-deployments"]["deployments"]
    named = {said["name"] for said in code["envSecrets"]} | {values["global"]["postgresqlSecretName"]}
    told = (ROOT / "docs" / "how-to" / "scale.md").read_text()
    assert set(re.findall(r"kubectl create secret generic (\S+)", told)) == named
