"""What the statements of a DDL say of tables, one after the other: columns, keys, references and comments."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from sqlglot import expressions as exp

from discovery_pipeline.engine.targets.contract import TargetField, TargetTable
from discovery_pipeline.engine.targets.drafting.checks import Held, checks, literal
from discovery_pipeline.engine.targets.drafting.columns import Kind, default_of, is_filled, kind_of, values_of
from discovery_pipeline.engine.targets.drafting.parts import free, plain, unit_of

Place = tuple[str, str]
"""A table: its schema, which may be empty, and its name, both in small letters."""


@dataclass
class _Table:
    """One table as a script leaves it."""

    schema: str
    name: str
    columns: list[exp.ColumnDef]
    keys: tuple[str, ...] = ()
    unique: set[str] = field(default_factory=set)
    required: set[str] = field(default_factory=set)
    references: dict[str, tuple[Place, str]] = field(default_factory=dict)  # column → table, column
    together: dict[str, str] = field(default_factory=dict)  # column → what it refers to with others, in words
    held: dict[str, Held] = field(default_factory=lambda: defaultdict(Held))
    comments: dict[str, str] = field(default_factory=dict)


class Script:
    """The tables that a script's statements make."""

    def __init__(self) -> None:
        self._tables: dict[Place, _Table] = {}
        self._types: dict[str, Kind] = {}
        self._domains: dict[str, Held] = {}
        self.left_out: list[str] = []  # what a contract doesn't take over, a sentence each

    def take(self, statement: Any) -> None:
        """Take in what one statement says."""
        match statement:
            case exp.Create(kind="TYPE"):
                listed = statement.expression
                self._types[statement.this.name.lower()] = Kind(allowed=values_of(listed) if listed else ())
            case exp.Create(kind="TABLE", this=made):
                self._create(made if isinstance(made, exp.Schema) else exp.Schema(this=made), statement)
            case exp.Create(this=exp.Index() as index) if table := self._table(_place(index.args["table"])):
                _indexed(table, index)
            case exp.Alter() if table := self._table(_place(statement.this)):
                _alter(table, statement)
            case exp.Comment(this=exp.Column() as column, expression=said):
                parts = [part.name.lower() for part in column.parts]
                self._comment(("", *parts)[-3:], said.name)
            case exp.Execute():
                said = {e.this.name.lower(): literal(e.expression) or "" for e in statement.find_all(exp.EQ)}
                place = tuple(said.get(f"level{n}name", "").lower() for n in range(3))
                self._comment(place, said.get("value", ""))

    def inherit(self, heir: exp.Table, model: exp.Table) -> None:
        """Give a table the columns of another one before its own."""
        table, other = self._tables[_place(heir)], self._table(_place(model))
        if other is None:
            self.left_out.append(f"{table.name} is like {model.name}, which the script doesn't hold.")
            return
        table.columns[:0] = other.columns
        table.keys = table.keys or other.keys
        table.unique |= other.unique
        table.required |= other.required
        table.comments = other.comments | table.comments
        for column, held in other.held.items():
            table.held[column] = table.held[column].and_(held)

    def define(self, domain: Any) -> None:
        """Take in a DOMAIN, as the table of its values that it is read as."""
        (column,) = (c for c in domain.this.expressions if isinstance(c, exp.ColumnDef))
        name = domain.this.this.name.lower()
        self._types[name] = kind_of(column.args.get("kind"), self._types)
        table = _Table("", name, [column])
        for constraint in column.constraints:
            _constrain(table, constraint.kind, column.name)
        self._domains[name] = table.held[column.name.lower()]

    def tables(self) -> tuple[TargetTable, ...]:
        """The tables as a contract has them; of two of a name, each is called after its schema, too."""
        several = [name for _, name in self._tables]
        names: dict[Place, str] = {}
        for place, table in self._tables.items():
            called = table.name if several.count(place[1]) == 1 else f"{table.schema} {table.name}"
            names[place] = free(plain(called), names.values())
        found = []
        for place, table in self._tables.items():
            fields = tuple(f for column in table.columns for f in self._fields(table, column, names))
            file = table.name if several.count(place[1]) == 1 else names[place]
            if fields:
                found.append(TargetTable(name=names[place], file=f"{file}.csv", fields=fields))
        return tuple(found)

    def _create(self, schema: exp.Schema, statement: exp.Create) -> None:
        # SQLite's columns need no type, and are bare names then.
        columns = [_untyped(c) if isinstance(c, exp.Identifier) else c for c in schema.expressions]
        table = _Table(schema.this.db, schema.this.name, [c for c in columns if isinstance(c, exp.ColumnDef)])
        self._tables[_place(schema.this)] = table
        for said in schema.expressions:
            if not isinstance(said, exp.ColumnDef):
                _constrain(table, said)
        for model in statement.find_all(exp.LikeProperty, exp.Clone):
            self.inherit(schema.this, model.this)
        if statement.args.get("expression"):
            self.left_out.append(f"{table.name} is made by a query, which doesn't say what its columns are.")

    def _table(self, place: Place) -> _Table | None:
        """The table of that place; where no schema is said, the only one of that name."""
        named = [table for (_, name), table in self._tables.items() if name == place[1]]
        return self._tables.get(place) or (named[0] if len(named) == 1 else None)

    def _comment(self, place: tuple[str, ...], said: str) -> None:
        schema, name, column = place
        about = self._table((schema, name))
        if about is not None and column:
            about.comments[column] = said

    def _fields(self, table: _Table, column: exp.ColumnDef, names: dict[Place, str]) -> Iterator[TargetField]:
        """A column as a field; one that holds columns of its own as a field for each of them."""
        inner = column.args.get("kind")
        parts = [c for c in inner.expressions if isinstance(c, exp.ColumnDef)] if inner is not None else []
        if not parts:
            yield self._field(table, column, names)
        for part in parts:
            for each in self._fields(_Table("", "", []), part, names):
                yield each.model_copy(update={"name": f"{column.name}.{each.name}"})

    def _field(self, table: _Table, column: exp.ColumnDef, names: dict[Place, str]) -> TargetField:
        own, said = column.name.lower(), column.args.get("kind")
        for constraint in column.constraints:
            _constrain(table, constraint.kind, column.name)
        kind = kind_of(said, self._types)
        held = Held(minimum=kind.minimum, maximum=kind.maximum).and_(self._held(said)).and_(table.held[own])
        key, alone = own in table.keys, table.keys == (own,)
        reference, elsewhere = self._reference(table.references.get(own), names)
        whole = 1 if kind.type == "integer" else 0
        return TargetField(
            name=column.name,
            type=kind.type,
            required=(key or own in table.required) and not is_filled(column),
            identity=key,
            unique=alone or own in table.unique,
            unit=unit_of(column.name, kind.type),
            default=default_of(column, kind.type),
            allowed=(kind.allowed or held.allowed) if kind.type != "boolean" else (),
            pattern=held.pattern,
            minimum=held.minimum if held.above is None else held.above + whole,
            maximum=held.maximum if held.below is None else held.below - whole,
            max_length=min(filter(None, (kind.max_length, held.max_length)), default=None),
            references=reference,
            separator=kind.separator,
            description="; ".join(filter(None, (table.comments.get(own), elsewhere, table.together.get(own)))),
        )

    def _held(self, said: exp.DataType | None) -> Held:
        """What a DOMAIN holds its values to."""
        named = said.args.get("kind") if said is not None else None
        return self._domains.get(named.name.lower(), Held()) if named else Held()

    def _reference(self, said: tuple[Place, str] | None, names: dict[Place, str]) -> tuple[str | None, str]:
        """The 'table.field' that a reference names, or, of a table that isn't in the script, words about it."""
        if said is None:
            return None, ""
        place, column = said
        other = self._table(place)
        if other is None:
            return None, f"refers to {'.'.join(filter(None, (*place, column)))}"
        if not column and len(other.keys) == 1:
            column = other.keys[0]
        own = next((c.name for c in other.columns if c.name.lower() == column.lower()), "")
        called = next(names[p] for p, table in self._tables.items() if table is other)
        return (f"{called}.{own}" if own else None), ""


def _place(table: Any) -> Place:
    return table.db.lower(), table.name.lower()


def _untyped(name: exp.Identifier) -> exp.ColumnDef:
    return exp.ColumnDef(this=name)


def _alter(table: _Table, statement: exp.Alter) -> None:
    for action in statement.args.get("actions") or ():
        for said in action.expressions if isinstance(action, exp.Schema) else (action,):
            if isinstance(said, exp.ColumnDef):
                table.columns.append(said)
            for constraint in said.expressions if isinstance(said, exp.AddConstraint) else ():
                _constrain(table, constraint)


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
        case exp.Properties():  # as BigQuery comments on a column
            options = {p.this.name.lower(): p.args["value"] for p in said.expressions if isinstance(p, exp.Property)}
            table.comments[own] = literal(options.get("description")) or ""
        case exp.CheckColumnConstraint():
            for name, more in checks(said.this):
                table.held[name] = table.held[name].and_(more)
        case exp.Reference():
            table.references[own] = _referred(said)
        case exp.ForeignKey() if said.args.get("reference"):
            _refer(table, [column.name for column in said.expressions], said.args["reference"])


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


def _refer(table: _Table, columns: list[str], said: exp.Reference) -> None:
    """Take in a reference; a contract holds a field to one other field, so of several columns words tell."""
    if len(columns) == 1:
        table.references[columns[0].lower()] = _referred(said)
        return
    to = said.this.sql(identify=False, comments=False).replace('"', "").replace("`", "")
    for column in columns:
        others = " and ".join(other for other in columns if other != column)
        table.together[column.lower()] = f"refers to {to} with {others}"


def _indexed(table: _Table, index: exp.Index) -> None:
    """Take in a unique index of one column and all rows."""
    params = index.args["params"]
    columns = [ordered.this for ordered in params.args.get("columns") or ()]
    if len(columns) == 1 and isinstance(columns[0], exp.Column) and not params.args.get("where"):
        table.unique.add(columns[0].name.lower())


def _referred(said: exp.Reference) -> tuple[Place, str]:
    if isinstance(said.this, exp.Schema):
        columns = said.this.expressions
        return _place(said.this.this), columns[0].name if len(columns) == 1 else ""
    return _place(said.this), ""
