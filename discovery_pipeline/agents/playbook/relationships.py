"""What belongs to what, which rules the data keeps, and what has to be loaded first."""

from __future__ import annotations

from collections.abc import Iterator

from discovery_pipeline.agents.outputs import Answer, RelationshipMap, Statement
from discovery_pipeline.agents.playbook.saying import SHOWN, Seen, Told, entries, listed, share
from discovery_pipeline.engine.phrases import counted

_KINDS = {
    "order": "come in this order",
    "implication": "go together value by value",
    "range": "stay within a range of each other",
    "format": "keep a format of each other",
    "arithmetic": "add up",
    "comparison": "keep an order of size",
}


def drawn(seen: Seen, context: object) -> Answer:
    """Relations, rules, and an order of loading in which nothing refers to what isn't there yet."""
    relations = tuple(_relations(seen))
    references = entries(seen, "RelationshipAnalyzer", "references")
    tables = [t["id"] for t in entries(seen, "RelationshipAnalyzer", "tables")]
    orphans = sum(r["orphans"] for r in references)
    return RelationshipMap(
        summary=_summary(len(tables), len(references), orphans),
        relations=relations[:SHOWN],
        rules=tuple(_rules(seen))[:SHOWN],
        load_order=tuple(_order(tables, references)),
    )


def _summary(tables: int, references: int, orphans: int) -> str:
    if not references:
        return "No table refers to another." if tables > 1 else "There is one table, and nothing it refers to."
    lost = f"; {counted(orphans, 'row')} refer to something that isn't there" if orphans else "; none leads nowhere"
    return f"{counted(references, 'reference')} between {counted(tables, 'table')}{lost}."


def _relations(seen: Seen) -> Iterator[Statement]:
    for one in sorted(entries(seen, "RelationshipAnalyzer", "references"), key=lambda r: -r["orphans"]):
        from_, to = listed(one["columns"]), listed(one["ref_columns"])
        lost = f"; {counted(one['orphans'], 'row')} find nothing there" if one["orphans"] else ""
        text = f"{from_} refers to {to} ({one['cardinality']}, {share(one['coverage'])} found){lost}."
        yield Statement(about=(*one["columns"], *one["ref_columns"]), text=text)
    for tree in entries(seen, "RelationshipAnalyzer", "hierarchies"):
        circles = f", {counted(tree['cycles'], 'circle')}" if tree["cycles"] else ""
        size = f"{counted(tree['depth'], 'level')} under {counted(tree['roots'], 'root')}"
        text = f"{tree['parent']} makes {tree['table']} a tree of {size}{circles}."
        yield Statement(about=(tree["child"], tree["parent"]), text=text)
    for bridge in entries(seen, "RelationshipAnalyzer", "bridges"):
        text = f"{bridge['bridge']} joins many rows of {bridge['left']} to many of {bridge['right']}."
        yield Statement(about=(bridge["bridge"], bridge["left"], bridge["right"]), text=text)


def _rules(seen: Seen) -> Iterator[Statement]:
    """One sentence for all rules of a kind between the same columns, those with exceptions first."""
    groups: dict[tuple[str, tuple[str, ...]], list[Told]] = {}
    for rule in entries(seen, "BusinessRuleDetector", "rules"):
        groups.setdefault((rule["kind"], tuple(rule["columns"])), []).append(rule)
    for (kind, columns), rules in groups.items():
        held = max(rule["support"] for rule in rules)
        broken = max(rule["violations"] for rule in rules)
        but = f", but not in {counted(broken, 'row')}" if broken else ""
        if kind == "dependency":
            *by, decided = columns
            text = f"{listed(by)} decides {decided} in {counted(held, 'row')}{but}."
        else:
            text = f"{listed(columns)} {_KINDS[kind]} in {counted(held, 'row')}{but}."
        yield Statement(about=columns, text=text)


def _order(tables: list[str], references: list[Told]) -> list[str]:
    """Tables after those they refer to; in a circle, the one that comes first in the files goes first."""
    needs = {t: {r["ref_table"] for r in references if r["table"] == t and r["ref_table"] != t} for t in tables}
    ordered: list[str] = []
    while len(ordered) < len(tables):
        left = [t for t in tables if t not in ordered]
        ready = [t for t in left if needs[t] <= set(ordered)]
        ordered += ready or left[:1]
    return ordered
