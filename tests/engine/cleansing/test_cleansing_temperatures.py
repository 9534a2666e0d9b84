"""Temperatures in the other unit than nearly all of their column."""

from __future__ import annotations

import pytest

CELSIUS = [f"{n / 2:.1f}" for n in range(-20, 60)]


@pytest.mark.parametrize(
    ("header", "ending", "odd", "mended"),
    [
        ("reading", " °C", "69.6 °F", "20.9 °C"),
        ("reading", " C", "69.6F", "20.9 C"),
        ("temperature_c", "", "69.6 F", "20.9"),
        ("Temp (°C)", "", "23 °F", "-5.0"),
    ],
)
def test_fahrenheit_amid_celsius_is_converted(bench, header: str, ending: str, odd: str, mended: str):
    cells = [number + ending for number in CELSIUS]
    assert bench.column([*cells, odd], header, tier="suggest")[-1] == mended
    assert bench.column([*cells, odd], header)[-1] == odd


def test_celsius_amid_fahrenheit_is_converted(bench):
    cells = [f"{n} °F" for n in range(20, 100)]
    assert bench.column([*cells, "21.5 °C"], tier="suggest")[-1] == "71 °F"


@pytest.mark.parametrize(
    ("header", "odd"),
    [
        ("temperature", "69.6 F"),  # of what are the others?
        ("vitamin_c", "69.6 F"),
        ("temperature_c", "300 F"),  # far above all others
        ("temperature_c_or_f", "69.6 F"),
        ("temperature_c", "296 K"),
    ],
)
def test_degrees_of_an_unwritten_unit_stay(bench, header: str, odd: str):
    assert bench.column([*CELSIUS, odd], header, tier="suggest")[-1] == odd
