"""Fields: both sides of a match in one shape, whether they come from data, a contract or a bare schema."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from discovery_pipeline.engine import units
from discovery_pipeline.engine.mapping.matcher import words
from discovery_pipeline.engine.mapping.matcher.samples import KINDS, Sample
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import TargetField, TargetTable
from discovery_pipeline.engine.targets.contract import FieldType
from discovery_pipeline.errors import InputRefused

_MOSTLY = 0.9  # share of values of one kind that makes it the column's
# Steps of a path that say how a value is written and not what it is, as JSON and XML have them: {"display_value": …}.
_WRITTEN = ("display_value", "displayvalue", "value", "#text", "_text", "$")
_TAKEN_APART = ("key", "name", "code", "type")  # beside which a value is that of one of many things
SHARED = 0.8
"""Share of a side's names that begin or end alike, from which that says nothing."""
FEWEST = 5
"""Names of which that can be said."""
_MARK = re.compile(r"(?<=[^\W\d_])(?:[\d_-]+|_+[^\W\d_])$")  # that a tool puts after names: "Name0", "Name__c"
_IN_BRACKETS = re.compile(r"\([^()]*\)")
_CLAUSE = re.compile(r"[.,;:!?](?:\s|$)|\n|\s[-–—]\s")
_SENTENCE = re.compile(r"[.;!?](?:\s|$)|\n")
_NUMBERS = ("number", "numeric", "decimal", "float", "double", "real")


@dataclass(frozen=True, slots=True)
class Field:
    """A column of a source, or a field of a target, with all that is stated about it."""

    name: str
    type: str = ""  # as declared; empty where nobody says
    description: str = ""
    unit: units.Unit | None = None
    aliases: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    form: str = ""  # a regular expression that every value fits; empty where any will do
    identifies: bool = False  # tells which thing a row is about

    group: str = ""  # the table a column says it is of: "orders" in "orders.id"
    wrapping: str = ""  # how its name ends where the end says nothing, or how the value is written: ".display_value"
    called: str = ""  # what its description calls it, where the name says nothing: "fld_017"

    @property
    def own(self) -> str:
        """The name without its group and wrapping, or what the field is called instead."""
        if self.called:
            return self.called
        plain = self.name.removesuffix(self.wrapping)
        return plain[len(self.group) + 1 :] if self.group else plain


@dataclass(frozen=True, slots=True)
class Side:
    """The fields of one table, and a sample of their values where there are any."""

    table: str
    fields: tuple[Field, ...]
    sample: Sample | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """The fields' names in their order."""
        return tuple(f.name for f in self.fields)


@dataclass(frozen=True, slots=True)
class Stated:
    """What a schema file says of one field."""

    name: str
    type: str = ""
    description: str = ""


def of_table(table: Table, sample: Sample | None, schema: Iterable[Stated] = ()) -> Side:
    """The columns of a table, with what a schema file says of them."""
    said = {s.name: s for s in schema}
    stated = [said.get(c.name, Stated(c.name, c.declared_type or "")) for c in table.columns]
    return Side(table.name, _of_stated(stated), sample)


def of_target(table: TargetTable) -> Side:
    """The fields of one table of a target contract."""
    together = {name for group in table.identity if len(group) > 1 for name in group}
    return Side(table.name, tuple(_of_contract(field, alone=field.name not in together) for field in table.fields))


def of_schema(name: str, schema: Iterable[Stated]) -> Side:
    """The fields that a schema file names."""
    return Side(name, _of_stated(tuple(schema)))


def _of_stated(stated: Sequence[Stated]) -> tuple[Field, ...]:
    """Fields with all that is stated of them."""
    around = _around([s.name for s in stated])
    return tuple(_of_one(s, group, wrapping) for s, (group, wrapping) in zip(stated, around, strict=True))


def _of_one(said: Stated, group: str, wrapping: str) -> Field:
    field = Field(said.name, said.type, said.description, group=group, wrapping=wrapping)
    telling = words.telling(field.own)
    called = "" if telling else _called(said.description)
    told = _SENTENCE.split(said.description, maxsplit=1)[0] if called else ""
    return replace(
        field,
        unit=units.in_header(said.name) or units.in_header(told),
        called=called,
        aliases=(field.own,) if called and telling is None else (),
    )


def _called(description: str) -> str:
    """What a description says first, without what stands in brackets: the name that its author would give."""
    return _CLAUSE.split(_IN_BRACKETS.sub(" ", description).strip(), maxsplit=1)[0].strip()


def of_name(name: str) -> Field:
    """A column of which no more is known than how it is called."""
    return Field(name, wrapping=_wrappings([name])[0])


def _around(names: Sequence[str]) -> list[tuple[str, str]]:
    """Of each name what stands before and after its own: its table, and how the value is written."""
    mark = _mark(names)
    wrappings = [
        wrapping or (mark if name.removesuffix(mark) not in names else "")
        for name, wrapping in zip(names, _wrappings(names), strict=True)
    ]
    groups = _groups([name.removesuffix(wrapping) for name, wrapping in zip(names, wrappings, strict=True)])
    return list(zip(groups, wrappings, strict=True))


def _wrappings(names: Sequence[str]) -> list[str]:
    """Endings that only say how a value is written, unless it is that of one of many things: "tag.key", "tag.value"."""
    steps = defaultdict(set)
    for name in names:
        path, _, last = name.rpartition(".")
        steps[path].add(last.lower())
    return [
        f".{last}" if path and last.lower() in _WRITTEN and steps[path].isdisjoint(_TAKEN_APART) else ""
        for path, _, last in (name.rpartition(".") for name in names)
    ]


def _mark(names: Sequence[str]) -> str:
    """The mark, and no word, that nearly all of these names end in; empty where there is none."""
    marks = Counter(found.group() for name in names if (found := _MARK.search(name)))
    mark, count = max(marks.items(), key=lambda told: told[1], default=("", 0))
    return mark if len(names) >= FEWEST and count >= SHARED * len(names) else ""


def _groups(names: Sequence[str]) -> list[str]:
    """What stands before the last dot, if it does so in every name: several tables in one.

    Where only some names have dots ("CPU.Usage", "HostName"), these part words, not tables.
    """
    parted = [name.rpartition(".") for name in names]
    if not all(table and column for table, _, column in parted):
        return [""] * len(names)
    return [table for table, _, _ in parted]


def _of_contract(field: TargetField, *, alone: bool) -> Field:
    """A contract's field. What tells things apart only together with another is the same for many of them."""
    return Field(
        name=field.name,
        type=field.type,
        description=field.description,
        unit=units.unit(field.unit) if field.unit else units.in_header(field.name),
        aliases=field.aliases,
        allowed=(*field.allowed, *(word for words in field.vocabulary.values() for word in words)),
        form=field.pattern or "",
        identifies=field.unique or field.type == "fqdn" or (field.identity and alone),
    )


def read_schema(path: Path) -> tuple[Stated, ...]:
    """The fields a schema file states: CSV with name, type, description, or YAML with a list of such fields.

    Raises
    ------
    InputRefused
        The file can't be read, or states no names.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as wrong:
        raise InputRefused(path.name, f"the schema can't be read ({wrong}).") from None
    rows = _yaml_rows(path, text) if path.suffix.lower() in (".yaml", ".yml") else _csv_rows(text)
    stated = tuple(
        Stated(str(row["name"]), str(row.get("type") or ""), str(row.get("description") or ""))
        for row in rows
        if row.get("name")
    )
    if not stated:
        raise InputRefused(path.name, "it names no fields.", "A schema is CSV or YAML with name, type, description.")
    return stated


def _csv_rows(text: str) -> list[dict[str, str]]:
    import csv
    import io

    return [{str(k).strip().lower(): v for k, v in row.items()} for row in csv.DictReader(io.StringIO(text))]


def _yaml_rows(path: Path, text: str) -> list[dict[str, object]]:
    import yaml

    from discovery_pipeline.engine import yaml_text

    try:
        content = yaml_text.read(text)
    except yaml.YAMLError as wrong:
        raise InputRefused(path.name, f"the schema is not valid YAML ({' '.join(str(wrong).split())}).") from None
    listed = content.get("fields", content.get("columns")) if isinstance(content, dict) else content
    if not isinstance(listed, list):
        return []
    return [row if isinstance(row, dict) else {"name": row} for row in listed]


def as_target(side: Side) -> TargetTable:
    """A side that is no contract as one: its fields with the types its values or its schema show."""
    return TargetTable(name=side.table, file="", fields=tuple(_as_target(side, i) for i in range(len(side.fields))))


def _as_target(side: Side, i: int) -> TargetField:
    field, kinds = side.fields[i], {}
    if side.sample is not None:
        kinds = dict(zip(KINDS, side.sample.kinds[i], strict=True))
    declared = field.type.lower()
    kind: FieldType = "string"
    if kinds.get("integer", 0) >= _MOSTLY or (not kinds and declared.startswith("int")):
        kind = "integer"
    elif kinds.get("integer", 0) + kinds.get("float", 0) >= _MOSTLY or (not kinds and declared in _NUMBERS):
        kind = "number"
    elif kinds.get("date", 0) >= _MOSTLY or (not kinds and declared.startswith("date")):
        kind = "date"
    unit = field.unit.name if field.unit else None
    return TargetField(name=field.name, type=kind, unit=unit, description=field.description)
