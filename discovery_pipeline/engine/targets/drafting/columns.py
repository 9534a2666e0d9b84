"""What the columns of a DDL take: types, listed values, lengths and defaults."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlglot import expressions as exp

from discovery_pipeline.engine.targets.contract import FieldType
from discovery_pipeline.engine.targets.drafting.checks import bare, literal

_TYPES: tuple[tuple[str, FieldType], ...] = (
    (r"U?(TINY|SMALL|MEDIUM|BIG|HUGE)?INT\d*|INTEGER|(SMALL|BIG)?SERIAL|YEAR", "integer"),
    (r"U?FLOAT\d*|U?DOUBLE|U?DECIMAL\d*|BIGDECIMAL|NUMERIC|REAL|(SMALL)?MONEY", "number"),
    (r"BOOLEAN|BIT", "boolean"),
    (r"(SMALL)?TIMESTAMP\w*|(SMALL)?DATETIME\w*", "datetime"),
    (r"DATE|DATE32", "date"),
    (r"UUID|UNIQUEIDENTIFIER", "uuid"),
    (r"INET|IPADDRESS|IPV[46]", "ip"),
    (r"MACADDR\w*", "mac"),
    (r"MAP", "map<string,string>"),
)
_LISTS: dict[FieldType, FieldType] = {"ip": "list<ip>", "mac": "list<mac>"}
_SEPARATORS = {"list": ",", "map": ";"}
_BOOLEANS = {"1": "true", "0": "false", "y": "true", "n": "false"}
_MADE = (exp.AutoIncrementColumnConstraint, exp.GeneratedAsIdentityColumnConstraint, exp.ComputedColumnConstraint)
_TEXT = re.compile(r"N?(VAR)?(CHAR|CHARACTER|BPCHAR|BINARY)\w*")
_EXACT = re.compile(r"U?DECIMAL\d*|BIGDECIMAL|NUMERIC")
_MOST_DIGITS = 38  # of a number whose length is left open
_TOLD_DIGITS = 15  # of limits that a float tells exactly


@dataclass(frozen=True, slots=True)
class Kind:
    """What a column takes by its type alone."""

    type: FieldType = "string"
    allowed: tuple[str, ...] = ()
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None

    @property
    def separator(self) -> str | None:
        """What stands between the items of a list or map."""
        return _SEPARATORS.get(self.type.partition("<")[0]) if "<" in self.type else None


def kind_of(said: exp.DataType | None, named: Mapping[str, Kind]) -> Kind:
    """What a data type takes; `named` are the types that the script itself makes."""
    if said is None:
        return Kind()
    name, given = type_name(said), _parameters(said)
    if name == "USER-DEFINED":
        return named.get(said.args["kind"].name.lower(), Kind()) if said.args.get("kind") else Kind()
    if name in ("ARRAY", "LIST", "SET") or (name == "LOWCARDINALITY" and said.expressions):
        inner = said.expressions[0] if said.expressions else None
        item = kind_of(inner, named) if isinstance(inner, exp.DataType) else Kind()
        return item if name == "LOWCARDINALITY" else Kind(_LISTS.get(item.type, "list<string>"))
    if name.startswith("ENUM"):
        return Kind(allowed=values_of(said))
    fitting: list[FieldType] = [t for pattern, t in _TYPES if re.fullmatch(pattern, name)]
    found: FieldType = fitting[0] if fitting else "string"
    if name in ("TINYINT", "UTINYINT") and given == [1]:
        found = "boolean"
    elif _EXACT.fullmatch(name) and given and given[1:] in ([], [0]):
        found = "integer"
    length = given[0] if given and given[0] > 0 and _TEXT.fullmatch(name) else None
    if found not in ("integer", "number"):
        return Kind(found, max_length=length)
    most = _most(given) if _EXACT.fullmatch(name) else None
    least = 0.0 if name.startswith("U") else None if most is None else -most
    return Kind(found, minimum=least, maximum=most)


def _most(given: Sequence[int]) -> float | None:
    """The largest number of so many digits, of which so many are decimals; None where nothing is said of it."""
    if not given or given[0] > _TOLD_DIGITS:
        return None
    digits, decimals = (*given, 0)[:2]
    return round(10.0 ** (digits - decimals) - 10.0**-decimals, decimals)


def values_of(listed: Any) -> tuple[str, ...]:
    """The values that an enumeration lists; ClickHouse writes a number beside each."""
    values = (v.this if isinstance(v, exp.EQ) else v for v in listed.expressions)
    return tuple(v.this for v in values if isinstance(v, exp.Literal))


def type_name(said: exp.DataType | None) -> str:
    """A data type's own name, in capitals; a column without one takes text."""
    kind = said.this if said is not None else "TEXT"
    return str(getattr(kind, "value", kind)).upper()


def default_of(column: exp.ColumnDef, kind: FieldType) -> str | None:
    """A default that is a plain value; what the database works out says nothing here."""
    found = _default(column)
    said = str(found.this) if isinstance(found, exp.Boolean | exp.BitString) else literal(found)
    return _BOOLEANS.get(said.lower(), said) if said is not None and kind == "boolean" else said


def is_filled(column: exp.ColumnDef) -> bool:
    """Whether the database works out what stands in a column by itself, where nothing is said."""
    worked_out = (found := _default(column)) is not None and literal(found) is None
    made = any(isinstance(c.kind, _MADE) for c in column.constraints) or "SERIAL" in type_name(column.args.get("kind"))
    return made or (worked_out and not isinstance(found, exp.Null | exp.Boolean | exp.BitString))


def _default(column: exp.ColumnDef) -> Any:
    said = next((c.kind.this for c in column.constraints if isinstance(c.kind, exp.DefaultColumnConstraint)), None)
    return bare(said)


def _parameters(kind: exp.DataType) -> list[int]:
    given: list[Any] = [p.this for p in kind.expressions if isinstance(p, exp.DataTypeParam)]
    return [
        _MOST_DIGITS if isinstance(p, exp.Star) else int(p.name) for p in given if isinstance(p, exp.Star) or p.is_int
    ]
