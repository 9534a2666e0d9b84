"""Units: as headers and values spell them, and what one makes of another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.engine import units

QUANTITIES = ("size", "rate", "frequency", "duration", "share", "mass", "length")
ALL = [unit.name for quantity in QUANTITIES for unit in units.units_of(quantity)]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("Memory (MiB)", "MB"),
        ("Mémoire (Mio)", "MB"),
        ("RAM Go", "GB"),
        ("Débit (Mo/s)", "MB/s"),
        ("Assigned to", None),
        ("Umsatz Mio", None),
        ("memGB", "GB"),
        ("RAMinGB", "GB"),
        ("Size MB", "MB"),
        ("cpu_speed_mhz", "MHz"),
        ("CPU kHz", "kHz"),
        ("DiskReadsPerSecondInKB.Avg", "KB/s"),
        ("Network In throughput (MB per second)", "MB/s"),
        ("net_kb/s", "KB/s"),
        ("Disk 1 read ops (operations per second)", "ops/s"),
        ("avg_write_iops", "ops/s"),
        ("latency_ms", "ms"),
        ("ms_patch", None),
        ("cpu_cores", None),
        ("Plan B", None),
        ("min_size", None),
        ("Server(s)", None),
        ("second_contact", None),
        ("persons per site", None),
    ],
)
def test_a_header_states_its_unit_or_none(header: str, expected: str | None):
    found = units.in_header(header)
    assert (found.name if found else None) == expected


@given(st.sampled_from(ALL), st.sampled_from(ALL))
def test_a_conversion_and_its_reverse_cancel(one: str, other: str):
    there, back = units.factor(one, other), units.factor(other, one)
    assert (there is None) == (back is None)
    assert there is None or back is None or there * back == pytest.approx(1)


@given(st.sampled_from(ALL))
def test_every_unit_is_a_spelling_of_itself(name: str):
    known = units.unit(name)
    assert known is not None
    assert known.name == name or name in ("g", "m")  # 16 g and 512 m are sizes in an inventory
