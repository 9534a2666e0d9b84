"""Transformations: the mini-language in which a mapping says what becomes of a value.

`trim | upper`, `convert("GB","MB")`, `concat(first, " ", last)`: operations joined by `|`, each working on
what the one before made. A bare word is a column of the source table (in `backticks` where its name isn't
one word). What an operation does is in `operations`; this module reads, writes and compiles.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.mapping.transformations.operations import (
    ALSO_CALLED,
    OPERATIONS,
    OTHERS,
    Argument,
    Misfit,
    Pairs,
    Reference,
)
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.errors import TransformationError, UnknownOperationError

if TYPE_CHECKING:
    from discovery_pipeline.engine.mapping.model import MappedField

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
    | (?P<number>[+-]?\d+(?:\.\d+)?(?![\w.]))
    | (?P<quoted>`(?:[^`]|``)+`)
    | (?P<word>[^\W\d][\w.]*)
    | (?P<mark>[|(){},:])
    )""",
    re.VERBOSE | re.DOTALL,
)
_BLANK = re.compile(r"\s*")
_PLAIN_WORD = re.compile(r"[^\W\d][\w.]*")
_MADE = "__made"
NAMED = 5
"""Values or formats that are named of those a step reads."""
_ESCAPES = {'"': '"', "'": "'", "\\": "\\", "n": "\n", "t": "\t"}


@dataclass(frozen=True, slots=True)
class Step:
    """One operation with its arguments."""

    operation: str
    arguments: tuple[Argument, ...] = ()

    def __str__(self) -> str:
        return f"{self.operation}({', '.join(map(_written, self.arguments))})" if self.arguments else self.operation

    @property
    def replaces(self) -> bool:
        """Whether it replaces listed values."""
        return self.operation in ("map_values", "lookup")

    @property
    def pairs(self) -> Pairs:
        """The values that it replaces, each with what stands in its place."""
        return next((a for a in self.arguments if self.replaces and isinstance(a, tuple)), ())

    @property
    def reads(self) -> str:
        """What a value has to be for the step to make anything of it, in words; empty where it takes any."""
        said = [value for value, _ in self.pairs] or [str(argument) for argument in self.arguments]
        more = ", …" if len(said) > NAMED else ""
        return OPERATIONS[self.operation].reads.format(*said, all=", ".join(said[:NAMED]) + more)


@dataclass(frozen=True, slots=True)
class Transformation:
    """Operations in their order; as text, it is what `parse` reads."""

    steps: tuple[Step, ...]

    def __str__(self) -> str:
        return " | ".join(map(str, self.steps))

    @property
    def losses(self) -> tuple[str, ...]:
        """What the result can't give back, by operation; empty where the source can be restored."""
        told = ((step.operation, OPERATIONS[step.operation].loses) for step in self.steps)
        return tuple(f"{name}: {loses}" for name, loses in told if loses)

    @property
    def references(self) -> tuple[str, ...]:
        """Names of the columns that it reads besides the source field."""
        found = (a.field for step in self.steps for a in step.arguments if isinstance(a, Reference))
        return tuple(dict.fromkeys(found))


def parse(text: str) -> Transformation:
    """The transformation that a text says.

    Raises
    ------
    TransformationError
        Says at which character it stops making sense, and what would do.
    """
    return _Reader(text).transformation()


def read_by(field: MappedField) -> tuple[str, ...]:
    """The columns that a mapped field takes from: its own, and those that its transformation reads beside it."""
    beside = parse(field.transformation).references if field.transformation else ()
    return tuple(dict.fromkeys(filter(None, (field.source_field, *beside))))


def replaced(transformation: str | None) -> dict[str, str]:
    """Values that a transformation replaces one by one, and by what; empty too where it can't be read."""
    try:
        steps = parse(transformation).steps if transformation else ()
    except TransformationError:
        return {}
    return {old: new for step in steps for old, new in step.pairs if old != OTHERS}


def compile(transformation: Transformation, table: Table, source_field: str) -> str:
    """A DuckDB expression of type VARCHAR over the table's columns.

    It is NULL where the input is NULL or can't be converted, and raises on no value. `source_field` may be
    empty where the transformation needs no source, such as a constant.

    Raises
    ------
    TransformationError
        The table lacks a column, or an argument doesn't fit its operation.
    """
    source = sql = _column(table, source_field) if source_field else "CAST(NULL AS VARCHAR)"

    def after(step: Step, so_far: str) -> str:
        def resolve(reference: Reference) -> str:
            return so_far if reference.field == source_field else _column(table, reference.field)

        return OPERATIONS[step.operation].build(so_far, step.arguments, resolve)

    for step in transformation.steps:
        try:
            once = after(step, _MADE)
            # What names its value more than once has it worked out once, as the parameter of a lambda.
            bound = sql != source and once.count(_MADE) > 1
            sql = f"list_transform([{sql}], lambda {_MADE}: {once})[1]" if bound else after(step, sql)
        except Misfit as misfit:
            raise TransformationError(f"{step}: {step.operation} {misfit}.") from None
    return sql


def _column(table: Table, name: str) -> str:
    try:
        return duck.col(table.column(name))
    except KeyError:
        raise TransformationError(
            f"Table {table.name!r} has no column {name!r}{_nearest(name, [c.name for c in table.columns])}."
        ) from None


def _nearest(name: str, names: list[str]) -> str:
    plain = {known.casefold(): known for known in names}
    near = difflib.get_close_matches(name.casefold(), plain, n=1)
    return f"; did you mean {plain[near[0]]!r}?" if near else ""


def _written(argument: Argument) -> str:
    if isinstance(argument, Reference):
        return named(argument.field)
    if isinstance(argument, tuple):
        return "{" + ", ".join(f"{quoted(old)}: {quoted(new)}" for old, new in argument) + "}"
    return quoted(argument) if isinstance(argument, str) else str(argument)


def named(field: str) -> str:
    """A column as the mini-language writes it: in backticks where its name isn't one word."""
    return field if _PLAIN_WORD.fullmatch(field) else "`" + field.replace("`", "``") + "`"


def quoted(text: str) -> str:
    """A text as the mini-language writes it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _unquoted(token: str) -> str:
    # A backslash before any other letter stays: "\d+" is a pattern, and people write it so.
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), token[1:-1], flags=re.DOTALL)


class _Reader:
    """Reads one text, token by token."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def transformation(self) -> Transformation:
        if not self.text.strip():
            self.refuse("nothing is written; leave the transformation out to take values as they are")
        steps = [self.step()]
        while not self.ended:
            self.expect("|", "operations are joined by |")
            steps.append(self.step())
        return Transformation(tuple(steps))

    def step(self) -> Step:
        start = self.skipped
        kind, name = self.next("an operation such as trim")
        if kind != "word":
            self.refuse("an operation such as trim is expected", start)
        name = ALSO_CALLED.get(name, name)
        if name not in OPERATIONS:
            near = _nearest(name, list(OPERATIONS)) or f"; there are {', '.join(OPERATIONS)}"
            raise UnknownOperationError(self.said(f"there is no operation {name!r}{near}", start))
        step = Step(name, self.arguments() if self.peek() == "(" else ())
        try:  # building once on a stand-in checks the arguments while the text is at hand
            OPERATIONS[name].build("NULL", step.arguments, lambda _: "NULL")
        except Misfit as misfit:
            self.refuse(f"{name} {misfit}", start)
        return step

    def arguments(self) -> tuple[Argument, ...]:
        self.expect("(", "")
        arguments: list[Argument] = []
        while self.peek() != ")":
            if arguments:
                self.expect(",", "arguments are parted by commas")
            arguments.append(self.argument())
        self.expect(")", "")
        return tuple(arguments)

    def argument(self) -> Argument:
        start = self.skipped
        kind, token = self.next('an argument, or ")"')
        if kind == "text":
            return _unquoted(token)
        if kind == "number":
            return float(token) if "." in token else int(token)
        if kind == "quoted":
            return Reference(token[1:-1].replace("``", "`"))
        if kind == "word":
            return Reference(token)
        if token.startswith("{"):
            return self.pairs()
        return self.refuse('a text in quotes, a number, a field or {"old": "new"} is expected', start)

    def pairs(self) -> Pairs:
        pairs: list[tuple[str, str]] = []
        while self.peek() != "}":
            if pairs:
                self.expect(",", "pairs are parted by commas")
            old = self.plain_text()
            self.expect(":", "a pair is old: new")
            pairs.append((old, self.plain_text()))
        self.expect("}", "")
        return tuple(pairs)

    def plain_text(self) -> str:
        start = self.skipped
        kind, token = self.next("a text in quotes")
        if kind == "text":
            return _unquoted(token)
        if kind in ("number", "word"):
            return token
        return self.refuse("a text in quotes is expected", start)

    @property
    def skipped(self) -> int:
        """Where the next token begins."""
        blank = _BLANK.match(self.text, self.at)
        return blank.end() if blank else self.at

    @property
    def ended(self) -> bool:
        return self.skipped >= len(self.text)

    def peek(self) -> str:
        start = self.skipped
        return self.text[start : start + 1]

    def next(self, expected: str) -> tuple[str, str]:
        if self.ended:
            self.refuse(f"the text ends where {expected} is expected", len(self.text))
        token = _TOKEN.match(self.text, self.at)
        if token is None or token.lastgroup is None:
            hint = "a quote is never closed" if self.peek() in "\"'`" else f"{self.peek()!r} makes no sense here"
            self.refuse(hint, self.skipped)
        self.at = token.end()
        return token.lastgroup, token[token.lastgroup]

    def expect(self, mark: str, hint: str) -> None:
        start = self.skipped
        if self.peek() != mark:
            found = "the text ends" if self.ended else f"{self.peek()!r} stands"
            self.refuse(f"{found} where {mark!r} is expected" + (f": {hint}" if hint else ""), start)
        self.at = start + 1

    def refuse(self, why: str, at: int | None = None) -> NoReturn:
        raise TransformationError(self.said(why, self.skipped if at is None else at))

    def said(self, why: str, at: int) -> str:
        return f"In {self.text!r} at character {at + 1}: {why}{'' if why.endswith('?') else '.'}"
