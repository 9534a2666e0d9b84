"""Reversal, step by step: whatever is undone in whatever order, each cell holds what the patches in force say."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from benchmarks import reversal
from discovery_pipeline.engine import cleansing, duck
from discovery_pipeline.engine.cleansing.model import PATCH_COLUMNS
from discovery_pipeline.engine.tables import Source, Table, columns_named

RULES = ("r", "s", "t")
VALUES = st.sampled_from(["a", "b", "c", "", None])


def written(con, folder: Path, cells: list[str | None]) -> Table:
    """A table of one column."""
    columns = columns_named(["c"])
    path = folder / "t.parquet"
    con.execute("CREATE OR REPLACE TEMP TABLE made AS SELECT unnest($1::VARCHAR[]) AS c", [[c or None for c in cells]])
    duck.write(con, f"SELECT {duck.col(columns[0])}, row_number() OVER () AS __line FROM made", path)
    return Table(name="t", path=path, columns=columns, row_count=len(cells), source=Source(file="t.csv"))


def changes(held: str | None, chain: list[tuple[str, str | None]]) -> list[tuple[str, str | None]]:
    """The steps of a chain that change the cell, by rule; no other is logged."""
    made: list[tuple[str, str | None]] = []
    for name, value in sorted(chain, key=lambda one: one[0]):
        if (value or None) != (made[-1][1] if made else held):
            made.append((name, value or None))
    return made


class Undoing(RuleBasedStateMachine):
    """A column, a log of patches, and a person who takes them back, one choice at a time."""

    folder: Path
    numbers = itertools.count()

    @initialize(
        source=st.lists(VALUES, min_size=1, max_size=4),
        chains=st.lists(st.lists(st.tuples(st.sampled_from(RULES), VALUES), max_size=4), min_size=4, max_size=4),
    )
    def cleansed(self, source: list[str | None], chains: list[list[tuple[str, str | None]]]) -> None:
        self.con = duck.connect(threads=1)
        self.source = [value or None for value in source]
        self.kept = [changes(held, chain) for held, chain in zip(self.source, chains, strict=False)]
        self.table = written(self.con, self.fresh(), [self.held(row) for row in range(len(source))])
        self.log = self.fresh() / "patches.parquet"
        rows = [
            ("t", row, "c", before, after, name, "auto", 1.0, "why")
            for row, chain in enumerate(self.kept)
            for (name, after), before in zip(chain, [self.source[row], *(v for _, v in chain)], strict=False)
        ]
        lists = ", ".join(f"unnest(${n}::{kind}[]) AS {duck.name(c)}" for n, (c, kind) in enumerate(_TYPES, 1))
        columns = [list(part) for part in zip(*rows, strict=True)] if rows else [[] for _ in PATCH_COLUMNS]
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE logged AS SELECT {lists}", columns)
        duck.write(self.con, "FROM logged", self.log)

    def fresh(self) -> Path:
        place = self.folder / str(next(self.numbers))
        place.mkdir()
        return place

    def held(self, row: int) -> str | None:
        return self.kept[row][-1][1] if self.kept[row] else self.source[row]

    @rule(name=st.sampled_from(RULES))
    def undo_rule(self, name: str) -> None:
        self.undo(rule=name)
        self.kept = [[one for one in chain if one[0] != name] for chain in self.kept]

    @precondition(lambda self: self.kept)
    @rule(data=st.data())
    def undo_cell(self, data: st.DataObject) -> None:
        row = data.draw(st.integers(0, len(self.kept) - 1))
        self.undo(cell=(row, "c"))
        self.kept[row] = []

    @rule()
    def undo_all(self) -> None:
        self.undo()
        self.kept = [[] for _ in self.kept]

    def undo(self, **choice) -> None:
        (self.table,) = cleansing.revert(self.con, (self.table,), self.log, self.fresh(), **choice)
        self.log = cleansing.left(self.con, self.log, self.fresh(), **choice)

    @invariant()
    def every_cell_holds_what_is_in_force(self) -> None:
        if not hasattr(self, "table"):
            return
        found = self.con.execute(f"SELECT c FROM {duck.scan(self.table)} ORDER BY file_row_number").fetchall()
        assert [value for (value,) in found] == [self.held(row) for row in range(len(self.source))]

    def teardown(self) -> None:
        if hasattr(self, "con"):
            self.con.close()


_TYPES = tuple((name, {"row": "BIGINT", "confidence": "DOUBLE"}.get(name, "VARCHAR")) for name in PATCH_COLUMNS)


def test_undoing_in_any_order_leaves_what_is_in_force(tmp_path: Path):
    from hypothesis.stateful import run_state_machine_as_test

    Undoing.folder = tmp_path
    run_state_machine_as_test(
        Undoing,
        settings=settings(
            max_examples=25, stateful_step_count=6, deadline=None, suppress_health_check=[HealthCheck.too_slow]
        ),
    )


def test_what_is_cleansed_decided_undone_redone_and_run_again_is_exact_to_the_byte():
    counted = reversal.drawn(sequences=6, steps=12)
    assert counted.cells > 100


@pytest.mark.parametrize("order", [("r", "s"), ("s", "r")])
def test_two_rules_are_undone_one_after_the_other(bench, order: tuple[str, str]):
    table = bench.table({"c": ["c"]})
    log = bench.fresh() / "log.parquet"
    duck.write(
        bench.con,
        "SELECT * FROM (VALUES ('servers', 0::BIGINT, 'c', 'a', 'b', 'r', 'auto', 1.0::DOUBLE, ''), "
        "('servers', 0::BIGINT, 'c', 'b', 'c', 's', 'auto', 1.0::DOUBLE, '')) "
        f"v({', '.join(map(duck.name, PATCH_COLUMNS))})",
        log,
    )
    for name in order:
        (table,) = cleansing.revert(bench.con, (table,), log, bench.fresh(), rule=name)
        log = cleansing.left(bench.con, log, bench.fresh(), rule=name)
    assert bench.cells(table)["c"] == ["a"]
