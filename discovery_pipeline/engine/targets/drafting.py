"""Drafts: the contract of a target of the user's own, from a sample, a DDL or a JSON Schema.

A draft says what its source says. A sample says little for certain, so a person reads the draft before it is used.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

import duckdb

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.targets.contract import FieldType, Target, TargetField, TargetTable
from discovery_pipeline.engine.targets.forms import form
from discovery_pipeline.errors import TargetError

SAMPLE = 20_000
"""Rows of a sample that are looked at."""

_MOST_ALLOWED = 12
_TRIED: tuple[FieldType, ...] = (
    "boolean", "integer", "number", "ipv4", "ip", "mac", "uuid", "date", "datetime", "fqdn",
)  # fmt: skip
_OF_SQL = {
    "integer": "INT|INTEGER|BIGINT|SMALLINT|TINYINT|HUGEINT|UINT|UBIGINT|SERIAL|BIGSERIAL|MEDIUMINT",
    "number": "FLOAT|DOUBLE|DECIMAL|NUMERIC|REAL|MONEY",
    "boolean": "BOOLEAN|BOOL|BIT",
    "datetime": "TIMESTAMP\\w*|DATETIME\\w*",
    "date": "DATE",
    "uuid": "UUID|UNIQUEIDENTIFIER",
    "ip": "INET|IPADDRESS",
    "mac": "MACADDR\\w*",
}
_OF_JSON = {"integer": "integer", "number": "number", "boolean": "boolean"}
_OF_FORMAT = {"ipv4": "ipv4", "ipv6": "ip", "uuid": "uuid", "date": "date", "date-time": "datetime", "hostname": "fqdn"}


def draft(sample: Path, name: str | None = None) -> Target:
    """A contract drafted from a sample (CSV, TSV), a DDL (.sql) or a JSON Schema (.json).

    Raises
    ------
    TargetError
        The file can't be read as what its name says.
    """
    called = _plain(name or sample.stem)
    kind = sample.suffix.lower()
    if kind in (".sql", ".ddl"):
        tables = _of_ddl(_text(sample), sample)
    elif kind == ".json":
        tables = _of_json_schema(_text(sample), sample, called)
    else:
        tables = (_of_sample(sample, called),)
    return Target(
        name=called, title=name or sample.stem, source=f"drafted from {sample.name}", tables=tables,
        note="A draft: correct types, units, required fields and allowed values before you rely on it.",
    )  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "target"


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: can't be read ({error}).") from None


def _of_sample(path: Path, name: str) -> TargetTable:
    """Types from the values' forms; required where no cell is empty; identifying where each value stands once."""
    with duckdb.connect() as con:
        try:
            con.execute(
                f"CREATE TABLE sample AS FROM read_csv({duck.text(str(path))}, all_varchar=true, header=true,"
                f" strict_mode=false) LIMIT {SAMPLE}"
            )
        except duckdb.Error as error:
            raise TargetError(f"{path}: no table could be read from it ({str(error).splitlines()[0]}).") from None
        described = con.execute("DESCRIBE sample").fetchall()
        fields = tuple(_sampled(con, column) for column, *_ in described)
    first = next((i for i, f in enumerate(fields) if f.unique), None)
    # One identifier is enough for a draft: that others are unique, too, may be chance.
    fields = tuple(f.model_copy(update={"unique": i == first, "identity": i == first}) for i, f in enumerate(fields))
    return TargetTable(name=name, file=f"{name}.csv", fields=fields)


def _sampled(con: duckdb.DuckDBPyConnection, column: str) -> TargetField:
    own = f"nullif(trim({duck.name(column)}), '')"
    shapes = ", ".join(f"count(*) FILTER (NOT regexp_full_match(v, {duck.text(_shape(t))}))" for t in _TRIED)
    counted = con.execute(
        f"SELECT count(*), count(v), count(DISTINCT v), {shapes} FROM (SELECT {own} AS v FROM sample)"
    ).fetchone()
    rows, filled, distinct, *misfits = counted or (0, 0, 0)
    kind = _field_type(next((t for t, n in zip(_TRIED, misfits, strict=False) if filled and not n), "string"))
    allowed: tuple[str, ...] = ()
    if kind == "string" and distinct <= _MOST_ALLOWED and filled >= 10 * max(distinct, 1):
        found = con.execute(f"SELECT DISTINCT v FROM (SELECT {own} AS v FROM sample) WHERE v IS NOT NULL ORDER BY v")
        allowed = tuple(v for (v,) in found.fetchall())
    return TargetField(
        name=column, type=kind, required=bool(rows) and filled == rows, allowed=allowed,
        unique=rows > 1 and distinct == rows and kind not in ("number", "boolean", "date", "datetime"),
    )  # fmt: skip


def _shape(kind: FieldType) -> str:
    words = "true|false|TRUE|FALSE|True|False|yes|no|Yes|No"
    return words if kind == "boolean" else form(TargetField(name="", type=kind)) or ""


def _of_ddl(text: str, path: Path) -> tuple[TargetTable, ...]:
    import sqlglot
    from sqlglot import expressions as exp
    from sqlglot.errors import SqlglotError

    try:
        statements = sqlglot.parse(text)
    except SqlglotError as error:
        raise TargetError(f"{path}: no DDL that can be read ({str(error).splitlines()[0]}).") from None
    created = [s for s in statements if isinstance(s, exp.Create) and isinstance(s.this, exp.Schema)]
    tables = tuple(_created(statement.this) for statement in created)
    if not tables:
        raise TargetError(f"{path}: there is no CREATE TABLE in it.")
    return tables


def _created(schema: Any) -> TargetTable:
    from sqlglot import expressions as exp

    name = schema.this.name
    keys = [tuple(c.name for c in key.find_all(exp.Identifier)) for key in schema.find_all(exp.PrimaryKey)]
    single = {key[0] for key in keys if len(key) == 1}
    fields = tuple(_column(c, single) for c in schema.expressions if isinstance(c, exp.ColumnDef))
    return TargetTable(name=_plain(name), file=f"{name}.csv", fields=fields)


def _column(column: Any, keys: set[str]) -> TargetField:
    from sqlglot import expressions as exp

    def has(kind: type) -> bool:
        return any(isinstance(c.kind, kind) for c in column.constraints)

    kind = column.args["kind"].sql() if column.args.get("kind") else "TEXT"
    base = kind.split("(")[0].strip().upper()
    typed = next((t for t, names in _OF_SQL.items() if re.fullmatch(names, base)), "string")
    length = re.search(r"CHAR\w*\s*\((\d+)", kind.upper())
    key = has(exp.PrimaryKeyColumnConstraint) or column.name in keys
    comment = next(
        (c.kind.this.name for c in column.constraints if isinstance(c.kind, exp.CommentColumnConstraint)), ""
    )
    checks = [c.kind.this for c in column.constraints if isinstance(c.kind, exp.CheckColumnConstraint)]
    return TargetField(
        name=column.name,
        type=_field_type(typed),
        required=key or any(_refuses_null(c.kind) for c in column.constraints),
        identity=key,
        unique=key or has(exp.UniqueColumnConstraint),
        max_length=int(length[1]) if length else None,
        allowed=_listed(column, checks),
        minimum=_bound(checks, exp.GTE),
        maximum=_bound(checks, exp.LTE),
        references=_referred(column),
        description=comment,
    )


def _listed(column: Any, checks: Sequence[Any]) -> tuple[str, ...]:
    """The values of an ENUM, or of a CHECK … IN."""
    from sqlglot import expressions as exp

    kind = column.args.get("kind")
    of_kind = kind.expressions if kind is not None and kind.this == exp.DType.ENUM else []
    named = [value for check in checks if isinstance(check, exp.In) for value in check.expressions]
    return tuple(v.this for v in (*of_kind, *named) if isinstance(v, exp.Literal))


def _bound(checks: Sequence[Any], comparison: type) -> float | None:
    """The number that a column is held to by a CHECK of its own."""
    from sqlglot import expressions as exp

    found = (c.expression for c in checks if isinstance(c, comparison) and isinstance(c.this, exp.Column))
    return next((float(n.this) for n in found if isinstance(n, exp.Literal) and not n.is_string), None)


def _referred(column: Any) -> str | None:
    """The 'table.field' that a REFERENCES names."""
    from sqlglot import expressions as exp

    said = next((c.kind.this for c in column.constraints if isinstance(c.kind, exp.Reference)), None)
    if not isinstance(said, exp.Schema) or len(said.expressions) != 1:
        return None
    return f"{_plain(said.this.name)}.{said.expressions[0].name}"


def _refuses_null(constraint: Any) -> bool:
    from sqlglot import expressions as exp

    return isinstance(constraint, exp.NotNullColumnConstraint) and not constraint.args.get("allow_null")


def _of_json_schema(text: str, path: Path, name: str) -> tuple[TargetTable, ...]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TargetError(f"{path}: not JSON ({error}).") from None
    schema = said.get("items", said) if isinstance(said, dict) else {}
    properties = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(properties, dict) or not properties:
        raise TargetError(f"{path}: no JSON Schema of an object; it has no properties.")
    required = schema.get("required") or ()
    fields = tuple(_property(n, p if isinstance(p, dict) else {}, required) for n, p in properties.items())
    return (TargetTable(name=name, file=f"{name}.csv", fields=fields),)


def _property(name: str, said: Mapping[str, Any], required: Sequence[str]) -> TargetField:
    kinds = said.get("type", "string")
    kind = next((k for k in (kinds if isinstance(kinds, list) else [kinds]) if k != "null"), "string")
    if kind == "array":
        return TargetField(
            name=name,
            type="list<string>",
            separator=",",
            required=name in required,
            description=said.get("description", ""),
        )
    return TargetField(
        name=name,
        type=_field_type(_OF_JSON.get(str(kind)) or _OF_FORMAT.get(str(said.get("format")), "string")),
        required=name in required,
        allowed=tuple(str(v) for v in said.get("enum", ()) if v is not None),
        pattern=said.get("pattern"),
        minimum=said.get("minimum"),
        maximum=said.get("maximum"),
        max_length=said.get("maxLength"),
        description=said.get("description", ""),
    )


def _field_type(name: str) -> FieldType:
    return next((t for t in get_args(FieldType) if t == name), "string")
