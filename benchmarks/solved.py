"""Solved matching problems to learn from: others' benchmarks, our estates, exports and trades, with their evidence."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import yaml

from benchmarks import exports, matching, trades
from discovery_pipeline.engine import duck, intake
from discovery_pipeline.engine.mapping.matcher import fields, samples, scoring
from discovery_pipeline.engine.mapping.matcher import matching as matcher
from discovery_pipeline.engine.mapping.matcher.channels import CHANNELS

FOLDS = 3  # of our own problems, by source
OURS = ("estates", "exports", "trades")
SEALED = ("sealed exports", "sealed trades")
ESTATES = Path(__file__).with_name("estates.yaml")


@dataclass(frozen=True)
class Problem:
    """A solved matching problem."""

    family: str  # benchmarks (others'), or one of OURS or SEALED
    benchmark: str  # what is left out together
    case: str
    setting: scoring.Setting
    channels: np.ndarray
    truth: np.ndarray
    elsewhere: bool = False  # the rows of both tables are about different things

    @cached_property
    def judged(self) -> np.ndarray:
        """Pairs of which the truth can be believed.

        Truths are silent on columns outside the question asked, even where both sides have them under one name. So a
        pair of equal names that isn't listed counts neither way, if its column has no listed target at all.
        """
        silent = ~np.asarray(self.truth.any(axis=1))[:, None] & (self.channels[:, :, CHANNELS.index("same")] >= 1)
        return ~silent

    @cached_property
    def alone(self) -> np.ndarray:
        """What each pair shows by itself."""
        return scoring.alone(self.channels)


def problems(datasets: Path) -> list[Problem]:
    """All of them; those of SEALED are for measuring only."""
    return [*map(_given, matching.cases(datasets)), *_estates(), *_exports(), *_trades()]


def _problem(family: str, benchmark: str, case: str, matched: matcher.Matched, truth: np.ndarray) -> Problem:
    setting = scoring.Setting.of(matched.source, matched.target)
    return Problem(family, benchmark, case, setting, matched.evidence.channels, truth, bool(matched.context))


def _given(folder: Path) -> Problem:
    """One case of a benchmark."""
    solved = matching.solved(folder)
    return _problem("benchmarks", folder.parent.name, folder.name, solved.found, solved.right)


def _fold(family: str, source: str) -> str:
    """All of ours that are made of one source are left out together, with others by chance."""
    return family if family in SEALED else f"ours {len(source) % FOLDS}"


def _estates() -> Iterator[Problem]:
    """Every made-up estate against every built-in contract."""
    told = yaml.safe_load(ESTATES.read_text(encoding="utf-8"))
    con = duck.connect()
    with tempfile.TemporaryDirectory() as folder:
        for name, columns in told["sources"].items():
            path = Path(folder) / f"{name}.csv"
            with path.open("w", encoding="utf-8", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(columns)
                rows.writerows(zip(*(values[1:] for values in columns.values()), strict=True))
            (table,) = intake.read(con, [path], Path(folder) / name, intake.Options(header_rows=1)).tables
            source = fields.of_table(table, samples.take(con, table))
            labels = [values[0] for values in columns.values()]
            for target, contract, meanings in exports.wanted():
                truth = np.array([[f.name in meanings.get(label, ()) for f in contract.fields] for label in labels])
                matched = matcher.match(source, fields.of_target(contract))
                yield _problem("estates", _fold("estates", name), f"{name} to {target}", matched, truth)


def _exports() -> Iterator[Problem]:
    """Every export against every contract, and against bare lists of the contracts' fields."""
    for family, headers in (("exports", exports.HEADERS), ("sealed exports", exports.SEALED)):
        for name, target, bare, source, side, truth in exports.problems(headers):
            case = f"{name} to {target}" + (" bare" if bare else "")
            yield _problem(family, _fold(family, name), case, matcher.compared(source, side), truth)


def _trades() -> Iterator[Problem]:
    """Every pair of tables of a trade, with values and without."""
    for family, part in (("trades", "open"), ("sealed trades", "sealed")):
        for name, form, source, target, truth in trades.problems(part):
            case = f"{name}, {form}"
            yield _problem(family, _fold(family, name), case, matcher.match(source, target), truth)
