"""What kind of data this is: for each table what one row of it stands for, by its structure alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from discovery_pipeline.agents.outputs import Answer, Kind, SchemaAnalysis, TableKind
from discovery_pipeline.agents.playbook.saying import Seen, Told, entries, listed, of, spoken
from discovery_pipeline.engine.phrases import counted

_A_PERSON = frozenset({"email", "name", "person_name", "phone", "birth_date", "gender", "national_id"})
_PEOPLE = 0.3  # share of columns that hold a person's data, from which a table is about people
_NUMBERS = 0.6
_SHORT, _NARROW = 200, 6  # rows and columns that a reference list may have
_EVENT_COLUMNS = 15
_PLAIN = frozenset({"enumeration", "identifier", "free_text"})  # meanings that say nothing about the subject

Found = tuple[Kind, str] | None
"""A kind of table with its sentence, where a rule applies."""


def analysis(seen: Seen, context: object) -> Answer:
    """Every table's kind, and all together in a sentence."""
    tables = entries(seen, "SchemaInspector", "tables")
    kinds = tuple(_kind(_table(table, seen)) for table in tables)
    return SchemaAnalysis(summary=_summary(tables, kinds, seen), tables=kinds)


@dataclass(frozen=True, slots=True)
class _Table:
    """One table, and what the others have to do with it."""

    id: str
    rows: int
    columns: Sequence[Told]
    key: tuple[str, ...]
    away: tuple[str, ...]  # tables it refers to
    referred: bool
    bridge: Told | None
    tree: Told | None

    @property
    def dates(self) -> list[str]:
        return [c["id"] for c in self.columns if c["type"] in ("date", "datetime")]

    @property
    def numbers(self) -> int:
        return sum(c["type"] in ("integer", "float") and c.get("meaning") != "identifier" for c in self.columns)

    @property
    def personal(self) -> list[str]:
        return [c["id"] for c in self.columns if c.get("personal") in _A_PERSON]


def _table(table: Told, seen: Seen) -> _Table:
    id = table["id"]
    keys = entries(seen, "SchemaInspector", "keys")
    references = entries(seen, "RelationshipAnalyzer", "references")
    bridges, trees = (entries(seen, "RelationshipAnalyzer", key) for key in ("bridges", "hierarchies"))
    return _Table(
        id=id,
        rows=table["rows"],
        columns=of(entries(seen, "SchemaInspector", "columns"), id),
        key=next((tuple(k["columns"]) for k in keys if k["table"] == id and k["rank"] == 1), ()),
        away=tuple(sorted({r["ref_table"] for r in references if r["table"] == id and r["ref_table"] != id})),
        referred=any(r["ref_table"] == id and r["table"] != id for r in references),
        bridge=next((b for b in bridges if b["bridge"] == id), None),
        tree=next((h for h in trees if h["table"] == id), None),
    )


def _kind(table: _Table) -> TableKind:
    kind, text = next(found for rule in _RULES if (found := rule(table)))
    return TableKind(table=table.id, kind=kind, key=table.key, text=text)


def _links(table: _Table) -> Found:
    if not table.bridge:
        return None
    sides = f"one row of {table.bridge['left']} to one of {table.bridge['right']}"
    return "links", f"Links: each of {counted(table.rows, 'row')} joins {sides}."


def _people(table: _Table) -> Found:
    personal, width = table.personal, len(table.columns)
    if len(personal) < 2 or len(personal) < _PEOPLE * width:
        return None
    return "people", f"People: {len(personal)} of {counted(width, 'column')} hold personal data ({listed(personal)})."


def _reference_list(table: _Table) -> Found:
    if not table.referred or table.rows > _SHORT or len(table.columns) > _NARROW:
        return None
    return "reference list", f"A reference list: {counted(table.rows, 'row')} that other tables refer to."


def _events(table: _Table) -> Found:
    width = len(table.columns)
    if not table.dates or not table.away or table.referred or width > _EVENT_COLUMNS:
        return None
    if table.numbers + len(table.away) < width / 2:
        return None
    dated = f"has a date in {table.dates[0]} and refers to {listed(table.away)}"
    return "events", f"Events: each of {counted(table.rows, 'row')} {dated}."


def _measurements(table: _Table) -> Found:
    width = len(table.columns)
    if not width or table.numbers < _NUMBERS * width:
        return None
    dated = f", dated by {table.dates[0]}" if table.dates else ""
    return "measurements", f"Measurements: {table.numbers} of {counted(width, 'column')} are numbers{dated}."


def _hierarchy(table: _Table) -> Found:
    if not table.tree or len(table.columns) > _NARROW:
        return None
    depth = counted(table.tree["depth"], "level")
    return "hierarchy", f"A hierarchy: {counted(table.rows, 'row')} below each other, {depth} deep."


def _register(table: _Table) -> Found:
    if not table.key:
        return None
    return (
        "register",
        f"A register: {counted(table.rows, 'row')}, one for each thing, told apart by {listed(table.key)}.",
    )


def _mixture(table: _Table) -> Found:
    rows = counted(table.rows, "row")
    return "mixture", f"Nothing tells its {rows} apart, so what one row stands for is for a person to say."


_RULES: tuple[Callable[[_Table], Found], ...] = (
    _links, _people, _reference_list, _events, _measurements, _hierarchy, _register, _mixture,
)  # fmt: skip
"""From the most particular kind to the one that fits anything."""


def _summary(tables: list[Told], kinds: tuple[TableKind, ...], seen: Seen) -> str:
    rows, columns = sum(t["rows"] for t in tables), sum(t["columns"] for t in tables)
    size = f"{counted(rows, 'row')} and {counted(columns, 'column')}"
    known = Counter(c["meaning"] for c in entries(seen, "SchemaInspector", "columns") if c.get("meaning"))
    telling = [spoken(name) for name, _ in known.most_common() if name not in _PLAIN]
    about = f" Its values are recognised as {listed(telling, 5)}." if telling else ""
    if len(kinds) == 1:
        return f"One table with {size}. {kinds[0].text}{about}"
    groups = Counter(kind.kind for kind in kinds)
    parts = [f"{number} {_plural(kind, number)}" for kind, number in groups.most_common()]
    return f"{counted(len(tables), 'table')} with {size}: {listed(parts, 6)}.{about}"


def _plural(kind: str, number: int) -> str:
    if kind in ("links", "events", "measurements", "people"):
        return f"{'tables' if number > 1 else 'table'} of {kind}"
    return kind if number == 1 else "hierarchies" if kind == "hierarchy" else f"{kind}s"
