"""Made-up tables of many trades as two systems keep them: staff, invoices, visits to a clinic, shipments.

Headers stand in trades.yaml; values are drawn here, by rules, for each side anew, so that columns that belong together
hold the same kind of thing and rarely the same values. A case is matched three times: with values on both sides,
against a bare list of the target's columns, and as two bare lists.
"""

from __future__ import annotations

import csv
import random
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import numpy as np
import yaml

from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.mapping.matcher import fields, samples

TRADES = Path(__file__).with_name("trades.yaml")
ROWS = 80
_NONE = "~"
_LACKING = 0.2  # share of the columns that only one system keeps, for either

_FIRST = ("Anna", "Ben", "Carla", "David", "Eva", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Kim", "Lena", "Marco")
_LAST = ("Lang", "Ortiz", "Rossi", "Kim", "Berg", "Nasser", "Maier", "Dubois", "Silva", "Novak", "Costa", "Weber")
_CITIES = ("Berlin", "Madrid", "Lyon", "Milano", "Utrecht", "Porto", "Boston", "Denver", "Leeds", "Wien", "Graz")
_COUNTRIES = ("Germany", "Spain", "France", "Italy", "Netherlands", "Portugal", "United States", "Austria")
_CODES = ("DE", "ES", "FR", "IT", "NL", "PT", "US", "AT")
_STREETS = ("Main Street", "Park Road", "Hill Avenue", "Station Road", "Mill Lane", "Rue Verte", "Lindenweg")
_COMPANIES = ("Acme", "Northwind", "Blue Ridge", "Helios", "Terra", "Vertex", "Novum", "Arbor", "Orion", "Zephyr")
_FORMS = ("Inc.", "GmbH", "Ltd", "SA", "LLC", "BV")
_BRANDS = ("Adidas", "Bosch", "Canon", "Dyson", "Opel", "Philips", "Sony", "Volvo")
_GOODS = ("lamp", "chair", "jacket", "kettle", "router", "helmet", "blanket", "speaker")
_KINDS = ("red", "classic", "large", "travel", "outdoor", "wooden", "light", "mini")
_TITLES = ("Controller", "Nurse", "Engineer", "Buyer", "Analyst", "Teacher", "Driver", "Director", "Night", "Gravity")
_WORDS = ("after", "the", "first", "check", "it", "works", "well", "but", "needs", "new", "parts", "soon")
_DISEASES = ("Pneumonia", "Asthma", "Type 2 diabetes", "Fracture of femur", "Migraine", "Hypertension")
_STATES = ("NY", "CA", "TX", "WA", "CO", "FL", "OH", "MA")

Draw = random.Random


def _date(draw: Draw, form: str) -> str:
    year, month, day = draw.randint(1960, 2024), draw.randint(1, 12), draw.randint(1, 28)
    return {
        "us": f"{month:02d}/{day:02d}/{year}", "dotted": f"{day:02d}.{month:02d}.{year}",
    }.get(form, f"{year}-{month:02d}-{day:02d}")  # fmt: skip


def _digits(draw: Draw, count: int) -> str:
    return "".join(draw.choice("0123456789") for _ in range(count))


def _letters(draw: Draw, count: int) -> str:
    return "".join(draw.choice("ABCDEFGHJKLMNPRSTUVWXYZ") for _ in range(count))


def _among(*choices: str) -> Callable[[Draw, str], str]:
    return lambda draw, _: draw.choice(choices)


def _number(draw: Draw, bounds: str) -> str:
    return str(draw.randint(*map(int, bounds.split())))


def _decimal(draw: Draw, bounds: str) -> str:
    return f"{draw.uniform(*map(float, bounds.split())):.2f}"


_VALUES: dict[str, Callable[[Draw, str], str]] = {
    "one": lambda draw, choices: draw.choice(choices.split()),
    "int": _number, "float": _decimal, "money": _decimal,
    "code": lambda draw, prefix: prefix + _digits(draw, 6),
    "day": _date, "us": lambda draw, _: _date(draw, "us"),
    "tag": lambda draw, _: _date(draw, "dotted"),
    "moment": lambda draw, _: f"{_date(draw, '')} {draw.randint(0, 23):02d}:{draw.randint(0, 59):02d}:00",
    "first": _among(*_FIRST), "last": _among(*_LAST),
    "person": lambda draw, _: f"{draw.choice(_FIRST)} {draw.choice(_LAST)}",
    "email": lambda draw, _: f"{draw.choice(_FIRST)}.{draw.choice(_LAST)}@example.org".lower(),
    "phone": lambda draw, _: f"+{draw.randint(1, 99)} {_digits(draw, 3)} {_digits(draw, 6)}",
    "street": lambda draw, _: f"{draw.randint(1, 400)} {draw.choice(_STREETS)}",
    "city": _among(*_CITIES), "country": _among(*_COUNTRIES), "cc": _among(*_CODES), "us_state": _among(*_STATES),
    "zip": lambda draw, _: _digits(draw, 5),
    "company": lambda draw, _: f"{draw.choice(_COMPANIES)} {draw.choice(_FORMS)}",
    "brand": _among(*_BRANDS), "title": _among(*_TITLES), "disease": _among(*_DISEASES),
    "product": lambda draw, _: f"{draw.choice(_KINDS)} {draw.choice(_GOODS)}",
    "words": lambda draw, _: ", ".join(draw.sample(_KINDS, 2)),
    "text": lambda draw, _: " ".join(draw.sample(_WORDS, 7)),
    "ean": lambda draw, _: "40" + _digits(draw, 11),
    "url": lambda draw, _: f"https://example.org/{_digits(draw, 5)}.jpg",
    "icd": lambda draw, _: f"{_letters(draw, 1)}{_digits(draw, 2)}.{draw.randint(0, 9)}",
    "loinc": lambda draw, _: f"{_digits(draw, 4)}-{draw.randint(0, 9)}",
    "vin": lambda draw, _: "W" + _letters(draw, 2) + _digits(draw, 14),
    "plate": lambda draw, _: f"{_letters(draw, 1)}-{_letters(draw, 2)} {_digits(draw, 3)}",
    "version": lambda draw, _: f"{draw.randint(1, 4)}.{draw.randint(0, 20)}.{draw.randint(0, 9)}",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Column:
    """What one system calls a column, and what it holds."""

    name: str
    holds: str

    def values(self, draw: Draw) -> list[str]:
        kind, _, how = self.holds.partition(" ")
        return [_VALUES[kind](draw, how) for _ in range(ROWS)]


def problems(part: str) -> Iterator[tuple[str, str, fields.Side, fields.Side, np.ndarray]]:
    """Each case of one part in its three forms: names of case and form, both sides, and the truth."""
    con = duck.connect()
    with tempfile.TemporaryDirectory() as home:
        for name, lines in yaml.safe_load(TRADES.read_text(encoding="utf-8"))[part].items():
            pairs = list(_kept([_read(line) for line in lines], random.Random(name)))
            left = [source for source, _ in pairs if source.name != _NONE]
            right = [target for _, target in pairs if target.name != _NONE]
            # Two systems keep their columns in orders of their own.
            random.Random(name).shuffle(right)
            same = {(source.name, target.name) for source, target in pairs}
            truth = np.array([[(a.name, b.name) in same for b in right] for a in left])
            source = _side(con, Path(home) / name, "source", left)
            target = _side(con, Path(home) / name, "target", right)
            bare = replace(target, sample=None)
            yield name, "values", source, target, truth
            yield name, "bare target", source, bare, truth
            yield name, "bare", replace(source, sample=None), bare, truth


def _kept(pairs: list[tuple[_Column, _Column]], draw: Draw) -> Iterator[tuple[_Column, _Column]]:
    """The pairs, some with one side only: no two systems keep the same."""
    nothing = _Column(_NONE, "")
    for source, target in pairs:
        lacks = draw.random()
        if lacks < _LACKING:
            yield (nothing, target) if target.name != _NONE else (source, nothing)
        elif lacks < 2 * _LACKING:
            yield (source, nothing) if source.name != _NONE else (nothing, target)
        else:
            yield source, target


def _read(line: str) -> tuple[_Column, _Column]:
    source, target, kinds = (part.strip() for part in line.split("|"))
    held, _, otherwise = kinds.partition(" > ")
    return _Column(source, held), _Column(target, otherwise or held)


def _side(con: duckdb.DuckDBPyConnection, folder: Path, name: str, columns: list[_Column]) -> fields.Side:
    folder.mkdir(exist_ok=True)
    path = folder / f"{name}.csv"
    draw = random.Random(str(path.relative_to(folder.parent)))
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(column.name for column in columns)
        rows.writerows(zip(*(column.values(draw) for column in columns), strict=True))
    (table,) = intake.read(con, [path], folder / f"{name} table", intake.Options(header_rows=1)).tables
    return fields.of_table(table, samples.take(con, table))
