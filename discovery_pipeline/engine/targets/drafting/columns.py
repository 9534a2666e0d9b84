"""What the statements of a DDL say of tables: columns with their types, keys, checks, references and comments."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from sqlglot import expressions as exp

from discovery_pipeline.engine.targets.contract import FieldType, TargetField, TargetTable
from discovery_pipeline.engine.targets.drafting.parts import fits_python, plain, unit_of

_TYPES: tuple[tuple[str, FieldType], ...] = (
    (r"U?(TINY|SMALL|MEDIUM|BIG|HUGE)?INT\d*|INTEGER|(SMALL|BIG)?SERIAL|YEAR", "integer"),
    (r"FLOAT\d*|DOUBLE|U?DECIMAL\d*|BIGDECIMAL|NUMERIC|REAL|(SMALL)?MONEY", "number"),
    (r"BOOLEAN|BIT", "boolean"),
    (r"(SMALL)?TIMESTAMP\w*|(SMALL)?DATETIME\w*", "datetime"),
    (r"DATE|DATE32", "date"),
    (r"UUID|UNIQUEIDENTIFIER", "uuid"),
    (r"INET|IPADDRESS|IPV[46]", "ip"),
    (r"MACADDR\w*", "mac"),
)
_TEXT = re.compile(r"N?(VAR)?(CHAR|CHARACTER|BPCHAR|BINARY)\w*")
_MADE = (exp.AutoIncrementColumnConstraint, exp.GeneratedAsIdentityColumnConstraint, exp.ComputedColumnConstraint)


@dataclass(frozen=True, slots=True)
class _Held:
    """What one column is held to by checks."""

    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    pattern: str | None = None
    max_length: int | None = None


@dataclass
class _Table:
    """One table as a script leaves it."""

    schema: str
    name: str
    columns: list[exp.ColumnDef]
    keys: tuple[str, ...] = ()
    unique: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)
    references: dict[str, tuple[str, str]] = field(default_factory=dict)  # column → table, column
    held: dict[str, _Held] = field(default_factory=lambda: defaultdict(_Held))
    comments: dict[str, str] = field(default_factory=dict)


class Script:
    """The tables that a script's statements make, one after the other."""

    def __init__(self) -> None:
        self._tables: dict[str, _Table] = {}
        self._enums: dict[str, tuple[str, ...]] = {}

    def take(self, statement: Any) -> None:
        """Take in what one statement says."""
        if isinstance(statement, exp.Create) and statement.kind == "TYPE":
            values = statement.expression.expressions if statement.expression is not None else ()
            self._enums[statement.this.name.lower()] = tuple(v.this for v in values if isinstance(v, exp.Literal))
        elif isinstance(statement, exp.Create) and isinstance(statement.this, exp.Schema):
            self._create(statement.this)
        elif isinstance(statement, exp.Alter) and (table := self._tables.get(statement.this.name.lower())):
            for said in statement.args.get("actions") or ():
                if isinstance(said, exp.ColumnDef):
                    table.columns.append(said)
                for constraint in said.expressions if isinstance(said, exp.AddConstraint) else ():
                    _constrain(table, constraint)
        elif isinstance(statement, exp.Comment) and isinstance(statement.this, exp.Column):
            about = self._tables.get(statement.this.table.lower())
            if about is not None:
                about.comments[statement.this.name.lower()] = statement.expression.name

    def tables(self) -> tuple[TargetTable, ...]:
        """The tables as a contract has them."""
        names = {key: plain(table.name) for key, table in self._tables.items()}
        found = []
        for key, table in self._tables.items():
            fields = tuple(self._field(table, column, names) for column in table.columns)
            if fields:
                found.append(TargetTable(name=names[key], file=f"{table.name}.csv", fields=fields))
        return tuple(found)

    def _create(self, schema: exp.Schema) -> None:
        columns = [c for c in schema.expressions if isinstance(c, exp.ColumnDef)]
        table = _Table(schema.this.db, schema.this.name, columns)
        self._tables[table.name.lower()] = table
        for said in schema.expressions:
            if not isinstance(said, exp.ColumnDef):
                _constrain(table, said)

    def _field(self, table: _Table, column: exp.ColumnDef, names: dict[str, str]) -> TargetField:
        own = column.name.lower()
        for constraint in column.constraints:
            _constrain(table, constraint.kind, column.name)
        kind, listed = self._type(column)
        held = table.held[own]
        key, alone = own in table.keys, table.keys == (own,)
        made = any(isinstance(c.kind, _MADE) for c in column.constraints) or "SERIAL" in _name_of(column)
        whole = 1 if kind == "integer" else 0
        return TargetField(
            name=column.name,
            type=kind,
            required=(key or own in table.required) and not made,
            identity=key,
            unique=alone or own in table.unique,
            unit=unit_of(column.name, kind),
            default=_default(column),
            allowed=(listed or held.allowed) if kind != "boolean" else (),
            pattern=held.pattern,
            minimum=held.minimum if held.above is None else held.above + whole,
            maximum=held.maximum if held.below is None else held.below - whole,
            max_length=_length(column) or held.max_length,
            references=self._reference(table.references.get(own), names),
            separator="," if kind == "list<string>" else None,
            description=table.comments.get(own, ""),
        )

    def _type(self, column: exp.ColumnDef) -> tuple[FieldType, tuple[str, ...]]:
        """The type of a column, and the values that its type lists."""
        kind, name = column.args.get("kind"), _name_of(column)
        given = _parameters(kind) if kind is not None else []
        listed: tuple[str, ...] = ()
        fitting: list[FieldType] = [t for pattern, t in _TYPES if re.fullmatch(pattern, name)]
        found: FieldType = fitting[0] if fitting else "string"
        if name == "SET":
            found = "list<string>"
        elif name == "ENUM" and kind is not None:
            listed = tuple(v.this for v in kind.expressions if isinstance(v, exp.Literal))
        elif name == "USER-DEFINED" and kind is not None:
            listed = self._enums.get(kind.args["kind"].name.lower(), ()) if kind.args.get("kind") else ()
        elif name == "TINYINT" and given == [1]:
            found = "boolean"
        elif name in ("DECIMAL", "NUMERIC") and given and given[1:] in ([], [0]):
            found = "integer"
        return found, listed

    def _reference(self, said: tuple[str, str] | None, names: dict[str, str]) -> str | None:
        """The 'table.field' that a reference names; the key of its table where it names no field."""
        if said is None:
            return None
        table, column = said
        other = self._tables.get(table.lower())
        if not column and other is not None and len(other.keys) == 1:
            column = next(c.name for c in other.columns if c.name.lower() == other.keys[0])
        return f"{names.get(table.lower(), plain(table))}.{column}" if column else None


def _constrain(table: _Table, said: Any, column: str = "") -> None:
    """Take in a constraint of a table, or of one of its columns."""
    own = column.lower()
    match said:
        case exp.Constraint():
            _named(table, said)
        case exp.PrimaryKey():
            _keyed(table, _names(said), primary=True)
        case exp.PrimaryKeyColumnConstraint():
            _keyed(table, (own,), primary=True)
        case exp.UniqueColumnConstraint():
            of = said.this.expressions if isinstance(said.this, exp.Schema) else ()
            _keyed(table, tuple(c.name.lower() for c in of) or (own,), primary=False)
        case exp.NotNullColumnConstraint() if not said.args.get("allow_null"):
            table.required.add(own)
        case exp.CommentColumnConstraint():
            table.comments[own] = said.this.name
        case exp.CheckColumnConstraint():
            for name, more in _checks(said.this):
                table.held[name] = _both(table.held[name], more)
        case exp.Reference():
            table.references[own] = _referred(said)
        case exp.ForeignKey() if len(said.expressions) == 1 and said.args.get("reference"):
            table.references[said.expressions[0].name.lower()] = _referred(said.args["reference"])


def _named(table: _Table, said: exp.Constraint) -> None:
    """Take in what stands after CONSTRAINT and a name."""
    kinds = [type(part) for part in said.expressions]
    primary = exp.PrimaryKeyColumnConstraint in kinds
    # As SQL Server writes a key: its columns stand apart from the word, each with its order.
    columns = tuple(c.name.lower() for c in said.find_all(exp.Column))
    if (primary or exp.UniqueColumnConstraint in kinds) and columns:
        _keyed(table, columns, primary=primary)
        return
    for part in said.expressions:
        _constrain(table, part)


def _names(said: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(i.name.lower() for i in said.find_all(exp.Identifier) if i is not said.this))


def _keyed(table: _Table, names: tuple[str, ...], *, primary: bool) -> None:
    if primary:
        table.keys = names
    elif len(names) == 1:
        table.unique.add(names[0])


def _referred(said: exp.Reference) -> tuple[str, str]:
    if isinstance(said.this, exp.Schema):
        columns = said.this.expressions
        return said.this.this.name, columns[0].name if len(columns) == 1 else ""
    return said.this.name, ""


def _checks(said: Any) -> Iterator[tuple[str, _Held]]:
    """What a condition asks of single columns; what it asks of several together is left out."""
    match _bare(said):
        case exp.And() as both:
            yield from _checks(both.this)
            yield from _checks(both.expression)
        case exp.In() as listed if name := _column(listed.this):
            yield name, _Held(allowed=tuple(v for v in map(_literal, listed.expressions) if v is not None))
        case exp.Or() as either:
            sides = [*_checks(either.this), *_checks(either.expression)]
            if len({name for name, _ in sides}) == 1 and all(held.allowed for _, held in sides):
                yield sides[0][0], _Held(allowed=tuple(v for _, held in sides for v in held.allowed))
        case exp.EQ() as equal if name := _column(equal.this):
            other = _bare(equal.expression)
            arrays = list(other.find_all(exp.Array)) if isinstance(other, exp.Any) else []
            values = [_literal(v) for v in arrays[0].expressions] if arrays else [_literal(other)]
            yield name, _Held(allowed=tuple(v for v in values if v is not None))
        case exp.Between() as between if name := _column(between.this):
            yield name, _Held(minimum=_number(between.args["low"]), maximum=_number(between.args["high"]))
        case exp.RegexpLike() as like if (name := _column(like.this)) and (text := _literal(like.expression)):
            yield name, _Held(pattern=text if fits_python(text) else None)
        case exp.GTE() | exp.GT() | exp.LTE() | exp.LT() as limit:
            yield from _limits(limit)


def _limits(said: exp.Binary) -> Iterator[tuple[str, _Held]]:
    kind, left, right = type(said), _bare(said.this), _bare(said.expression)
    if _number(left) is not None:
        left, right = right, left
        kind = {exp.GTE: exp.LTE, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.LT: exp.GT}[kind]
    number = _number(right)
    if number is None:
        return
    if isinstance(left, exp.Length) and (name := _column(left.this)) and kind in (exp.LTE, exp.LT):
        yield name, _Held(max_length=int(number) - (kind is exp.LT))
    elif name := _column(left):
        yield name, {
            exp.GTE: _Held(minimum=number), exp.GT: _Held(above=number),
            exp.LTE: _Held(maximum=number), exp.LT: _Held(below=number),
        }[kind]  # fmt: skip


def _both(one: _Held, more: _Held) -> _Held:
    said = {name: value for name in _Held.__slots__ if (value := getattr(more, name)) not in (None, ())}
    return replace(one, **said)


def _bare(said: Any) -> Any:
    while isinstance(said, exp.Paren | exp.Cast):
        said = said.this
    return said


def _column(said: Any) -> str:
    found = _bare(said)
    return found.name.lower() if isinstance(found, exp.Column) else ""


def _literal(said: Any) -> str | None:
    found = _bare(said)
    if isinstance(found, exp.National):
        return str(found.this)
    if isinstance(found, exp.Neg) and (inner := _literal(found.this)):
        return f"-{inner}"
    return found.this if isinstance(found, exp.Literal) else None


def _number(said: Any) -> float | None:
    found = _bare(said)
    sign = -1 if isinstance(found, exp.Neg) else 1
    found = _bare(found.this) if isinstance(found, exp.Neg) else found
    return sign * float(found.this) if isinstance(found, exp.Literal) and not found.is_string else None


def _default(column: exp.ColumnDef) -> str | None:
    """A default that is a plain value; what the database works out says nothing here."""
    said = next((c.kind.this for c in column.constraints if isinstance(c.kind, exp.DefaultColumnConstraint)), None)
    if isinstance(found := _bare(said), exp.Boolean):
        return str(found.this).lower()
    return _literal(found) if found is not None else None


def _name_of(column: exp.ColumnDef) -> str:
    kind = column.args.get("kind")
    said = kind.this if kind is not None else "TEXT"
    return str(getattr(said, "value", said)).upper()


def _parameters(kind: exp.DataType) -> list[int]:
    given = (p.this for p in kind.expressions if isinstance(p, exp.DataTypeParam))
    return [int(p.this) for p in given if isinstance(p, exp.Literal) and not p.is_string]


def _length(column: exp.ColumnDef) -> int | None:
    kind = column.args.get("kind")
    given = _parameters(kind) if kind is not None and _TEXT.fullmatch(_name_of(column)) else []
    return given[0] if given and given[0] > 0 else None
