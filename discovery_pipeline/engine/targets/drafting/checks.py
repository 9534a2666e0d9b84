"""What the conditions of a DDL demand of single columns: CHECK (cores >= 1 AND env IN ('prod', 'dev'))."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlglot import expressions as exp

from discovery_pipeline.engine import patterns


@dataclass(frozen=True, slots=True)
class Held:
    """What one column is held to by checks."""

    allowed: tuple[str, ...] = ()
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    below: float | None = None
    pattern: str | None = None
    max_length: int | None = None

    def and_(self, more: Held) -> Held:
        """What both ask; the other goes before."""
        said = {name: value for name in Held.__slots__ if (value := getattr(more, name)) not in (None, ())}
        return replace(self, **said)


def checks(said: Any) -> Iterator[tuple[str, Held]]:
    """What a condition asks of single columns; what it asks of several together is left out."""
    match bare(said):
        case exp.And() as both:
            yield from checks(both.this)
            yield from checks(both.expression)
        case exp.In() as listed if name := column_of(listed.this):
            yield name, Held(allowed=tuple(v for v in map(literal, listed.expressions) if v is not None))
        case exp.Or(this=exp.Is(), expression=other) | exp.Or(this=other, expression=exp.Is()):
            yield from checks(other)  # an empty cell is never asked
        case exp.Or() as either:
            sides = [*checks(either.this), *checks(either.expression)]
            if len({name for name, _ in sides}) == 1 and all(held.allowed for _, held in sides):
                yield sides[0][0], Held(allowed=tuple(v for _, held in sides for v in held.allowed))
        case exp.EQ() as equal if name := column_of(equal.this):
            other = bare(equal.expression)
            arrays = list(other.find_all(exp.Array)) if isinstance(other, exp.Any) else []
            values = [literal(v) for v in arrays[0].expressions] if arrays else [literal(other)]
            yield name, Held(allowed=tuple(v for v in values if v is not None))
        case exp.Between() as between if name := column_of(between.this):
            yield name, Held(minimum=number(between.args["low"]), maximum=number(between.args["high"]))
        case exp.RegexpLike() as like if (name := column_of(like.this)) and (text := literal(like.expression)):
            yield name, Held(pattern=text if not patterns.fault(text) else None)
        case exp.GTE() | exp.GT() | exp.LTE() | exp.LT() as limit:
            yield from _limits(limit)


def _limits(said: exp.Binary) -> Iterator[tuple[str, Held]]:
    kind, left, right = type(said), bare(said.this), bare(said.expression)
    if number(left) is not None:
        left, right = right, left
        kind = {exp.GTE: exp.LTE, exp.GT: exp.LT, exp.LTE: exp.GTE, exp.LT: exp.GT}[kind]
    limit = number(right)
    if limit is None:
        return
    if isinstance(left, exp.Length) and (name := column_of(left.this)) and kind in (exp.LTE, exp.LT):
        yield name, Held(max_length=int(limit) - (kind is exp.LT))
    elif name := column_of(left):
        yield name, {
            exp.GTE: Held(minimum=limit), exp.GT: Held(above=limit),
            exp.LTE: Held(maximum=limit), exp.LT: Held(below=limit),
        }[kind]  # fmt: skip


def bare(said: Any) -> Any:
    """What stands in brackets and casts."""
    while isinstance(said, exp.Paren | exp.Cast):
        said = said.this
    return said


def column_of(said: Any) -> str:
    """The column that an expression is, in small letters; empty where it is none."""
    found = bare(said)
    return found.name.lower() if isinstance(found, exp.Column) else ""


def literal(said: Any) -> str | None:
    """The value that an expression writes out; None where it is worked out."""
    found = bare(said)
    if isinstance(found, exp.National):
        return str(found.this)
    if isinstance(found, exp.Neg) and (inner := literal(found.this)):
        return f"-{inner}"
    return found.this if isinstance(found, exp.Literal) else None


def number(said: Any) -> float | None:
    """The number that an expression writes out; None where it is none."""
    found = bare(said)
    sign = -1 if isinstance(found, exp.Neg) else 1
    found = bare(found.this) if isinstance(found, exp.Neg) else found
    return sign * float(found.this) if isinstance(found, exp.Literal) and not found.is_string else None
