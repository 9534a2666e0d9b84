"""Reversal: ten thousand sequences of fifty steps of cleansing, deciding, undoing, redoing and running again.

Hypothesis draws the sequences and shrinks one that fails. After each step every cell, row and line must be, to the
byte, what the source and the patches in force say; the same decisions must give the same tables and the same log, in
whatever way they came about; and what is undone as a whole must be the source.

    python -m benchmarks.reversal [--sequences N] [--steps N] [--seed N] [--minutes N] [--processes N]
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import os
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from discovery_pipeline.engine import cleansing, duck
from discovery_pipeline.engine.cleansing import CellDecision, Decisions, RuleDecision, ValueDecision
from discovery_pipeline.engine.cleansing.model import PATCH_COLUMNS, CleansingPlan
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.tables import Source, Table, columns_named

SEQUENCES, STEPS = 10_000, 50
AT_ONCE = 50  # sequences of one seed
NAMES = ("env", "ip", "ram_gb")
VALUES = (
    None, " Prod", "prod", "Production", "PRODUCTION ", "N/A", "-", "0", "1,000", "12 GB", "2048 MB", "yes", "TRUE",
    "31/01/2024", "10.0.0.1", "010.0.0.2", "aa:bb:cc:dd:ee:ff", "Host.Example.com", "MÃ¼nchen", "&amp;amp;", "=1+1",
    "'=x", "a\nb", "x\u00a0y", "", "∅",
)  # fmt: skip
CELL = st.sampled_from(VALUES) | st.text(max_size=5)
ROW = st.fixed_dictionaries({name: CELL for name in NAMES})
WHERE = st.tuples(st.integers(0, 4), st.sampled_from(NAMES))

Cell = tuple[int, str]
Link = tuple[str, str | None]
"""A patch in force: its rule, and what it wrote."""


@dataclass
class Counted:
    """How much was done."""

    sequences: int = 0
    steps: int = 0
    cells: int = 0  # compared

    def __add__(self, other: Counted) -> Counted:
        return Counted(self.sequences + other.sequences, self.steps + other.steps, self.cells + other.cells)

    def __str__(self) -> str:
        return f"{self.sequences:,} sequences, {self.steps:,} steps, {self.cells:,} cells compared"


class Reversal(RuleBasedStateMachine):
    """A table, a reviewer who decides and takes back, and runs in between."""

    folder: ClassVar[Path]
    counted: ClassVar[Counted] = Counted()
    numbers: ClassVar[Iterator[int]] = itertools.count()

    @initialize(rows=st.lists(ROW, min_size=1, max_size=5))
    def uploaded(self, rows: list[dict[str, str | None]]) -> None:
        """A file is uploaded, planned for and cleansed."""
        Reversal.counted.sequences += 1
        self.con = duck.connect(threads=1)
        self.source = {(n, name): row[name] or None for n, row in enumerate(rows) for name in NAMES}
        self.original = self._written(rows)
        self.lines = [line for (line,) in self._read(f"SELECT __line FROM {duck.scan(self.original)}")]
        self.plan = _planned(self.con, self.original)
        self.batches: list[Any] = []
        self.undone: list[Any] = []
        self.results: dict[str, tuple[object, object]] = {}
        self._run()

    @rule()
    def run_again(self) -> None:
        """The same decisions once more."""
        self._run()

    @rule(where=WHERE, after=CELL)
    def decide_cell(self, where: Cell, after: str | None) -> None:
        """A person says what one cell holds."""
        row, name = where[0] % len(self.lines), where[1]
        seen = self.source[row, name]
        self._decide(CellDecision(table="t", column=name, row=row, seen=seen, after=after or None))

    @rule(where=WHERE, after=CELL)
    def decide_value(self, where: Cell, after: str | None) -> None:
        """A person says what a value becomes, wherever the source holds it."""
        held = self.source[where[0] % len(self.lines), where[1]]
        self._decide(ValueDecision(table="t", column=where[1], value=held, after=after or None))

    @precondition(lambda self: self.plan.rules)
    @rule(place=st.integers(0, 30), verdict=st.sampled_from(["accept", "reject"]))
    def decide_rule(self, place: int, verdict: Any) -> None:
        """A person takes a rule, or leaves it out."""
        planned = self.plan.rules[place % len(self.plan.rules)]
        self._decide(RuleDecision(table="t", column=planned.column, rule=planned.rule, verdict=verdict))

    @precondition(lambda self: self.batches)
    @rule()
    def undo_decision(self) -> None:
        """The last decision is taken back, and the run follows."""
        self.undone.append(self.batches.pop())
        self._run()

    @precondition(lambda self: self.undone)
    @rule()
    def redo_decision(self) -> None:
        """What was taken back is decided again, and the run follows."""
        self.batches.append(self.undone.pop())
        self._run()

    @rule(where=WHERE)
    def undo_cell(self, where: Cell) -> None:
        """One cell is given back what the source held."""
        cell = (where[0] % len(self.lines), where[1])
        self._revert(cell=cell)
        self.force.pop(cell, None)

    @precondition(lambda self: any(self.force.values()))
    @rule(place=st.integers(0, 30))
    def undo_rule(self, place: int) -> None:
        """All that one rule did is taken back."""
        rules = sorted({name for chain in self.force.values() for name, _ in chain})
        name = rules[place % len(rules)]
        self._revert(rule=name)
        self.force = {cell: [link for link in chain if link[0] != name] for cell, chain in self.force.items()}

    @rule()
    def undo_all(self) -> None:
        """Everything is taken back."""
        self._revert()
        self.force = {}

    @invariant()
    def holds_what_is_in_force(self) -> None:
        """Each cell holds its last patch in force, or what the source did; rows and lines stay."""
        if not hasattr(self, "force"):
            return
        expected = {cell: self._held(cell) for cell in self.source}
        assert self._cells(self.table) == expected
        assert [line for (line,) in self._read(f"SELECT __line FROM {duck.scan(self.table)}")] == self.lines
        Reversal.counted.steps += 1
        Reversal.counted.cells += len(expected)

    def teardown(self) -> None:
        """Taken back as a whole, it is the source."""
        if hasattr(self, "force"):
            (back,) = cleansing.revert(self.con, (self.table,), self.log, self._fresh())
            assert self._cells(back) == self.source
        if hasattr(self, "con"):
            self.con.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def _held(self, cell: Cell) -> str | None:
        chain = self.force.get(cell)
        return chain[-1][1] if chain else self.source[cell]

    def _decide(self, decision: Any) -> None:
        self.batches.append(decision)
        self.undone.clear()
        self._run()

    def _run(self) -> None:
        """Cleanse the upload as was decided; it is what it was the last time that this was decided."""
        decisions = Decisions(
            rules=tuple(d for d in self.batches if isinstance(d, RuleDecision)),
            values=tuple(d for d in self.batches if isinstance(d, ValueDecision)),
            cells=tuple(d for d in self.batches if isinstance(d, CellDecision)),
        )
        done = cleansing.cleanse(self.con, (self.original,), self.plan, self._fresh(), decisions=decisions)
        (self.table,), self.log = done.tables, Path(done.patches.path)
        patches = self._read(f"SELECT {', '.join(map(duck.name, PATCH_COLUMNS))} FROM {duck.text(str(self.log))}")
        result = (self._cells(self.table), patches)
        assert self.results.setdefault(decisions.model_dump_json(), result) == result
        self._follow(patches)

    def _follow(self, patches: list[tuple[Any, ...]]) -> None:
        """What is in force by the log, in which each patch begins where the one before it ended."""
        self.force: dict[Cell, list[Link]] = {}
        for _, row, name, before, after, by, *_ in patches:
            assert before == self._held((row, name))
            self.force.setdefault((row, name), []).append((by, after))

    def _revert(self, **choice: Any) -> None:
        (self.table,) = cleansing.revert(self.con, (self.table,), self.log, self._fresh(), **choice)
        self.log = cleansing.left(self.con, self.log, self._fresh(), **choice)

    def _cells(self, table: Table) -> dict[Cell, str | None]:
        chosen = ", ".join(duck.col(column) for column in table.columns)
        rows = self._read(f"SELECT {chosen} FROM {duck.scan(table)} ORDER BY file_row_number")
        return {(n, name): row[place] for n, row in enumerate(rows) for place, name in enumerate(NAMES)}

    def _read(self, query: str) -> list[tuple[Any, ...]]:
        return self.con.execute(query).fetchall()

    def _fresh(self) -> Path:
        place = self.folder / str(next(self.numbers))
        place.mkdir(parents=True)
        return place

    def _written(self, rows: list[dict[str, str | None]]) -> Table:
        columns = columns_named(list(NAMES))
        path = self._fresh() / "t.parquet"
        lists = ", ".join(f"unnest(${n}::VARCHAR[]) AS {duck.col(c)}" for n, c in enumerate(columns, 1))
        cells = [[row[name] or None for row in rows] for name in NAMES]
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE made AS SELECT {lists}", cells)
        duck.write(self.con, "SELECT *, 2 + row_number() OVER () AS __line FROM made", path)
        return Table(name="t", path=path, columns=columns, row_count=len(rows), source=Source(file="t.csv"))


def _planned(con: Any, table: Table) -> CleansingPlan:
    return cleansing.plan(con, (table,), Profile(tables=()), SchemaAnalysis(), tier="suggest")


def drawn(sequences: int, steps: int, number: int | None = None) -> Counted:
    """Run so many sequences of so many steps, of one seed; a failure raises, with the shortest sequence that fails."""
    Reversal.counted = Counted()
    machine = Reversal if number is None else seed(number)(type("Reversal", (Reversal,), {}))
    with tempfile.TemporaryDirectory(prefix="discovery-reversal-") as folder:
        Reversal.folder = Path(folder)
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=sequences, stateful_step_count=steps + 1, deadline=None, database=None,
                phases=[Phase.generate, Phase.shrink], suppress_health_check=[HealthCheck.too_slow],
            ),
        )  # fmt: skip
    return Reversal.counted


@dataclass(frozen=True, slots=True)
class Chunk:
    """Sequences of one seed, which begin in time or not at all."""

    seed: int
    steps: int
    deadline: float  # of time.time()

    def draw(self) -> Counted:
        """Run them."""
        return Counted() if time.time() > self.deadline else drawn(AT_ONCE, self.steps, self.seed)


def main() -> int:
    """Draw the sequences on every core, and say how many there were."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sequences", type=int, default=SEQUENCES)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    parser.add_argument("--minutes", type=float, default=float("inf"), help="begin nothing more after that many")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    options = parser.parse_args()
    print(f"Seed {options.seed}", flush=True)
    began, total = time.time(), Counted()
    seeds = range(options.seed, options.seed + -(-options.sequences // AT_ONCE))
    chunks = [Chunk(number, options.steps, began + options.minutes * 60) for number in seeds]
    with multiprocessing.get_context("spawn").Pool(options.processes) as workers:
        for counted in workers.imap_unordered(Chunk.draw, chunks):
            total += counted
            print(f"{total} in {(time.time() - began) / 60:.0f} minutes, no failure", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
