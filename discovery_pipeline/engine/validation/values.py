"""Values: each field's values brought into the target's form and judged, distinct ones once.

`read` leaves for each feed a Parquet file of its rows in the target's fields, and in the `issues` table one row
for every value that was blanked, in whole or in part, or that a required field can't do without.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.tables import LINE
from discovery_pipeline.engine.targets.contract import TargetField
from discovery_pipeline.engine.targets.forms import SAID, is_list, item_type
from discovery_pipeline.engine.targets.schema import column, value_rules
from discovery_pipeline.engine.validation.canonical import canonical, settled, stands_for_nothing, trimmed
from discovery_pipeline.engine.validation.feeds import Feed, Fill

BATCH = 100_000
"""Distinct values that are in Python's memory at a time: some 10 MB of text."""

ISSUES = """
create temp table issues (
    feed integer,        -- number of the feed
    source integer,      -- place of the source table
    row bigint,          -- 0-based in the source table
    place integer,       -- of the field in its feed, to list reasons in the fields' order
    field varchar,       -- of the target; null where the row as a whole is meant
    source_column varchar,
    before varchar,
    after varchar,
    rule varchar,
    reason varchar,
    fatal boolean        -- whether the row is rejected for it
)
"""

REWRITTEN = """
create temp table rewritten (  -- values that stand in the target under another name
    source integer, field varchar, source_column varchar, before varchar, after varchar, count bigint
)
"""

WHOLE_ROW = 1_000_000
"""Place of reasons about the whole row: after those about its fields."""


@dataclass(frozen=True, slots=True)
class _Cells:
    """One field of a feed: its cells are s{place} as in the source, and v{place} transformed and trimmed."""

    feed: Feed
    place: int

    @property
    def fill(self) -> Fill:
        return self.feed.fills[self.place]

    @property
    def rows(self) -> str:
        """A FROM item of the field alone: no other column of the source is read for it."""
        return _rows(self.feed, [self.place])

    @property
    def value(self) -> str:
        return f"v{self.place}"

    @property
    def source(self) -> str:
        return f"s{self.place}"

    @property
    def changed(self) -> str:
        """Name of the table of values that change."""
        return f"changed_{self.feed.number}_{self.place}"


def read(con: duckdb.DuckDBPyConnection, feed: Feed, work: Path) -> Path:
    """Write the feed's rows, canonical and judged, to Parquet: `__row`, `__line`, `__whole`, and a column a field.

    `__whole` is a hash of the source row, by which whole rows are compared.
    """
    joins, values = [], []
    for place, fill in enumerate(feed.fills):
        cells = _Cells(feed, place)
        named = duck.name(fill.field.name)
        if fill.reads:
            con.execute(f"INSERT INTO issues {_unread(cells)}")
        changed, refused = _judge(con, cells)
        if not changed:
            values.append(f"{cells.value} AS {named}")
            continue
        if refused:
            con.execute(f"INSERT INTO issues {_blanked(cells)}")
        _note_rewritten(con, cells)
        joins.append(f"LEFT JOIN {cells.changed} AS c{place} ON c{place}.raw = {cells.value}")
        values.append(f"CASE WHEN c{place}.raw IS NULL THEN {cells.value} ELSE c{place}.value END AS {named}")
    done = work / f"feed-{feed.number}.parquet"
    rows = _rows(feed, range(len(feed.fills)))
    duck.write(con, f"SELECT __row, __line, __whole, {', '.join(values)} FROM {rows} {' '.join(joins)}", done)
    return done


def _rows(feed: Feed, places: Iterable[int]) -> str:
    """A FROM item: the source's rows with the cells of these fields.

    What a transformation makes is a column of its own before it is trimmed: written into each other, the one would
    be worked out for each time that the other names it.
    """
    whole = ", ".join(duck.col(c) for c in feed.source.columns)
    fills = [(i, feed.fills[i]) for i in places]
    made = ", ".join(f"{fill.source_sql} AS s{i}, {fill.value_sql} AS t{i}" for i, fill in fills)
    joins = "".join(fill.join for _, fill in fills)
    cells = ", ".join(f"s{i}, {_neat(fill.field, f't{i}')} AS v{i}" for i, fill in fills)
    return (
        f"(SELECT __row, __line, __whole, {cells} FROM (SELECT file_row_number AS __row, {duck.name(LINE)} AS __line,"
        f" hash(row({whole})) AS __whole, {made} FROM {duck.scan(feed.source)} AS s{joins} WHERE NOT {feed.unless}))"
    )


def _neat(field: TargetField, text: str) -> str:
    """The text trimmed, and in one line, since importers read line by line whatever the quotes; a list keeps its lines.

    Nearly all texts are so already, and looking costs a fraction of trimming.
    """
    one_line = f"translate(replace({text}, chr(13) || chr(10), chr(10)), chr(10) || chr(13), '  ')"
    mended = trimmed(text if is_list(field) else one_line)
    return f"CASE WHEN regexp_full_match({text}, '[!-~]([ -~]*[!-~])?') THEN {text} ELSE {mended} END"


def _judge(con: duckdb.DuckDBPyConnection, cells: _Cells) -> tuple[int, int]:
    """Leave a table of the values that change: raw → value, with rule and reason where it isn't for the better.

    The value is NULL where the field can't take it. Gives how many values change, and how many of them for a rule.
    """
    field = cells.fill.field
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE unsettled AS
        SELECT DISTINCT CASE WHEN NOT {settled(field, cells.value)} THEN {cells.value} END AS raw FROM {cells.rows}
    """)
    if con.execute("SELECT count(raw) FROM unsettled").fetchone() == (0,):
        return 0, 0
    con.execute(f"""
        CREATE OR REPLACE TEMP TABLE read_values AS
        SELECT raw, form.value AS value, form.left_out AS left_out
        FROM (SELECT raw, {canonical(field, "raw")} AS form FROM unsettled WHERE raw IS NOT NULL)
    """)
    con.execute("CREATE OR REPLACE TEMP TABLE failing (value VARCHAR, rule VARCHAR, says VARCHAR)")
    _fail(con, field)
    noun = duck.text(f"is not {SAID[item_type(field)]}")
    con.execute(f"""
        CREATE TEMP TABLE {cells.changed} AS
        WITH judged AS (
            SELECT raw, left_out, says, CASE WHEN f.rule IS NULL THEN r.value END AS value,
                CASE WHEN f.rule IS NOT NULL THEN f.rule
                     WHEN r.value IS NULL AND {stands_for_nothing("raw")} THEN 'placeholder'
                     WHEN r.value IS NULL THEN 'type'
                     WHEN left_out IS NOT NULL THEN 'item' END AS rule
            FROM read_values AS r LEFT JOIN failing AS f ON f.value = r.value
        )
        SELECT raw, value, rule,
            CASE rule WHEN 'placeholder' THEN {quoted("raw")} || ' stands for no value'
                      WHEN 'type' THEN {quoted("raw")} || ' ' || coalesce(says, {noun})
                      WHEN 'item' THEN {quoted("left_out")} || ' ' || {noun} || ' and is left out'
                      ELSE {quoted("raw")} || ' ' || says END AS reason
        FROM judged WHERE value IS DISTINCT FROM raw OR rule IS NOT NULL
    """)
    changed, refused = con.execute(f"SELECT count(*), count(rule) FROM {cells.changed}").fetchone() or (0, 0)
    return changed, refused


def _fail(con: duckdb.DuckDBPyConnection, field: TargetField) -> None:
    """Let the contract's schema judge the distinct canonical values, a batch at a time."""
    rules = value_rules(field)
    if not rules:
        return
    import pandas as pd
    from pandera.errors import SchemaErrors

    # Only what a single value must be is asked here; emptiness and uniqueness are matters of rows.
    judge = column(field.model_copy(update={"required": False, "unique": False})).set_name("value")
    failed: list[pd.DataFrame] = []
    for batch in con.sql("SELECT DISTINCT value FROM read_values WHERE value IS NOT NULL").to_arrow_reader(BATCH):
        try:
            judge.validate(batch.to_pandas().astype("str"), lazy=True)
        except SchemaErrors as wrong:
            # Checks fail in their order: the first is the most telling.
            failed.append(wrong.failure_cases[["failure_case", "check_number"]].drop_duplicates("failure_case"))
    if not failed:
        return
    found = pd.concat(failed, ignore_index=True)
    number = found["check_number"].astype(int)
    verdicts = pd.DataFrame(
        {
            "value": found["failure_case"].astype("str"),
            "rule": number.map({n: r.rule for n, r in enumerate(rules)}),
            "says": number.map({n: r.says for n, r in enumerate(rules)}),
        }
    )
    con.register("verdicts", verdicts)
    con.execute("INSERT INTO failing SELECT value, rule, says FROM verdicts")
    con.unregister("verdicts")


def _note_rewritten(con: duckdb.DuckDBPyConnection, cells: _Cells) -> None:
    """Count the values that became another word, or an address without its port; a person may want to know."""
    field = cells.fill.field
    if is_list(field) or not (field.allowed or field.vocabulary or item_type(field) in ("ip", "ipv4")):
        return
    con.execute(f"""
        INSERT INTO rewritten
        SELECT {cells.feed.place}, {duck.text(field.name)}, {duck.text(cells.fill.source)}, raw, value, count(*)
        FROM {cells.rows} JOIN {cells.changed} ON raw = {cells.value}
        WHERE rule IS NULL AND value IS NOT NULL AND lower(raw) <> lower(value) GROUP BY raw, value
    """)


def _blanked(cells: _Cells) -> str:
    """Values that the field can't take."""
    one = _issue(cells, "c.value", "c.rule", "c.reason")
    return f"{one} FROM {cells.rows} JOIN {cells.changed} AS c ON c.raw = {cells.value} WHERE c.rule IS NOT NULL"


def _unread(cells: _Cells) -> str:
    """Values of which the transformation made nothing."""
    empty = stands_for_nothing(trimmed(cells.source))
    why = duck.text(f" isn't {cells.fill.reads}")
    one = _issue(
        cells,
        "CAST(NULL AS VARCHAR)",
        f"CASE WHEN {empty} THEN 'placeholder' ELSE 'conversion' END",
        f"{quoted(cells.source)} || CASE WHEN {empty} THEN ' stands for no value' ELSE {why} END",
    )
    return f"{one} FROM {cells.rows} WHERE {cells.value} IS NULL AND {trimmed(cells.source)} IS NOT NULL"


def _issue(cells: _Cells, after: str, rule: str, reason: str) -> str:
    """The columns of `issues` for these cells."""
    feed, fill = cells.feed, cells.fill
    named = duck.text(fill.field.name)
    fatal = f"{after} IS NULL" if fill.field.required else "false"
    return (
        f"SELECT {feed.number}, {feed.place}, __row, {cells.place}, {named}, {duck.text(fill.source)},"
        f" coalesce({cells.source}, {cells.value}), {after}, {rule}, {named} || ': ' || {reason}, {fatal}"
    )


def quoted(text: str) -> str:
    """A value in double quotes, cut short where it is long, as SQL; without "; ", which stands between reasons.

    Its own double quotes are doubled, so that a reason says where the value ends.
    """
    short = f"CASE WHEN length({text}) > 80 THEN {text}[:80] || '…' ELSE {text} END"
    return f"(chr(34) || replace(replace({short}, '; ', ';'), chr(34), chr(34) || chr(34)) || chr(34))"
