"""How often the right field comes first, on small made exports and tables in the styles that people write.

Bounds stand a little below what is measured; see benchmarks/train_matching.py for the whole of it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import yaml

from benchmarks import exports, matching, trades
from discovery_pipeline.engine.mapping.matcher.fields import Side
from discovery_pipeline.engine.mapping.matcher.matching import match
from discovery_pipeline.engine.mapping.model import HIGH

ESTATE = {
    "labels": {
        "Server Name": "host", "Private IP": "ip", "OS": "os", "OS Build": "osversion", "Sockets": "cpus",
        "Total Cores": "cores", "RAM (MB)": "memory MB", "Storage (GB)": "provisioned GB", "Stage": "env",
        "Contact": "owner", "Avg CPU (%)": "cpuavg", "Move Group": "wave", "Remarks": "comments",
    },
    "kürzel": {
        "RECHNERNAME": "host", "IP-ADR": "ip", "BETRIEBSSYSTEM": "os", "ANZ_CPU": "cpus", "ANZ_KERNE": "cores",
        "RAM_GB": "memory GB", "PLATTEN_GB": "provisioned GB", "HERSTELLER": "maker", "SERNR": "serial",
        "STANDORT": "location", "UMGEBUNG": "env de", "KST": "costcenter", "BEMERKUNG": "comments",
    },
    "warehouse": {
        "DIM_HOST_NM": "host", "DIM_HOST_IP": "ip", "DIM_HOST_MAC_ADDR": "mac", "DIM_HOST_OS_NM": "os",
        "DIM_HOST_CORE_CNT": "cores", "DIM_HOST_MEM_MB": "memory MB", "DIM_HOST_DSK_GB": "provisioned GB",
        "DIM_HOST_SRL_NBR": "serial", "DIM_HOST_MFR": "maker", "DIM_HOST_CPU_AVG_PCT": "cpuavg",
    },
}  # fmt: skip


def _hit_first(problems: list[tuple[Side, Side, np.ndarray]]) -> float:
    """Mean share of columns whose right field is ranked first."""
    found = [matching.measures(match(source, target).confidence, right)[0] for source, target, right in problems]
    return float(np.mean(found))


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Side, Side, np.ndarray]]:
    headers = tmp_path_factory.mktemp("exports") / "headers.yaml"
    headers.write_text(yaml.safe_dump(ESTATE, allow_unicode=True, sort_keys=False), encoding="utf-8")
    return [(source, side, truth) for *_, source, side, truth in exports.problems(Path(headers)) if truth.any()]


def test_an_estates_columns_find_the_vendors_fields(estate: list[tuple[Side, Side, np.ndarray]]):
    assert _hit_first(estate) >= 0.98


def test_high_is_right_nearly_always(estate: list[tuple[Side, Side, np.ndarray]]):
    right = [truth[match(source, side).confidence >= HIGH] for source, side, truth in estate]
    assert np.concatenate(right).mean() >= 0.98


def test_tables_of_other_trades_find_each_other():
    solved = [(source, target, truth) for _, _, source, target, truth in trades.problems("sealed")]
    assert _hit_first(solved) >= 0.86
