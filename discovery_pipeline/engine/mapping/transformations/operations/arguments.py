"""Arguments: what operations are given, how it is checked, and the SQL that all of them share.

Each operation takes an SQL expression of type VARCHAR and gives one. The rule for all: NULL stays NULL, what can't
be converted becomes NULL, and no value in the data makes the query fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import duckdb

from discovery_pipeline.engine import duck

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of the source table, named as in its header."""

    field: str


Argument = str | int | float | Pairs | Reference
Resolve = Callable[[Reference], str]
Build = Callable[[str, Sequence[Argument], Resolve], str]
"""The SQL of an operation over the SQL of a value."""
LARGEST = 1_000_000
"""Of whole numbers that count parts, decimals or characters: no value has more."""


class Misfit(Exception):
    """An argument doesn't fit its operation; the message says which and what would."""


def without(sql: Callable[[str], str]) -> Build:
    """An operation that takes no arguments."""

    def build(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
        if arguments:
            raise Misfit("takes no arguments")
        return sql(value)

    return build


def texts(arguments: Sequence[Argument], least: int, most: int, what: str) -> list[str]:
    """So many arguments, all of them texts."""
    if not least <= len(arguments) <= most or not all(isinstance(a, str) for a in arguments):
        raise Misfit(f"takes {what}, each in quotes")
    return [str(a) for a in arguments]


def pairs(arguments: Sequence[Argument]) -> Pairs:
    """The only argument: what stands for what."""
    if len(arguments) != 1 or not isinstance(arguments[0], tuple) or not arguments[0]:
        raise Misfit('takes values to replace, as {"old": "new"}')
    return arguments[0]


def whole(argument: Argument, what: str) -> int:
    """An argument as a whole number."""
    if not isinstance(argument, int) or abs(argument) > LARGEST:
        raise Misfit(f"takes {what}, a whole number of at most {LARGEST:,}")
    return argument


def must_run(query: str, argument: str, otherwise: str) -> None:
    """Hold a format or pattern to what DuckDB takes."""
    fault = _fault(query, argument)
    if fault:
        raise Misfit(f"can't use {argument!r}, which is {otherwise}: {fault}")


@lru_cache(maxsize=1024)
def _fault(query: str, argument: str) -> str:
    """What DuckDB itself has against a format or pattern; empty where it takes it."""
    try:
        with duckdb.connect() as judge:
            judge.execute(query, [argument])
    except duckdb.Error as wrong:
        return str(wrong).splitlines()[0]
    return ""


def found(value: str, pattern: str, group: int = 1) -> str:
    """What a pattern's group finds first; NULL where it finds nothing."""
    return filled(f"regexp_extract({value}, {duck.text(pattern)}, {group})")


def filled(text: str) -> str:
    """A text that may be empty; NULL where it is.

    DuckDB writes the argument of a `nullif` out twice, and so on for every one inside: it would plan a pipe of five
    for seconds. No operation names its value twice within a lambda of its own, since lambdas in lambdas are slow.
    """
    return f"list_filter([{text}], lambda __text: __text <> '')[1]"


def stripped(text: str) -> str:
    """A text without white space at its ends; NULL where nothing is left."""
    return filled(duck.stripped(text))


def present(*texts: str) -> str:
    """The first of some texts that is more than white space; NULL where none is."""
    return f"list_filter([{', '.join(texts)}], lambda __text: {duck.stripped('__text')} <> '')[1]"


def replaced(value: str, replacements: Mapping[str, str]) -> str:
    """What stands for a value; NULL where nothing does."""
    if not replacements:
        return "CAST(NULL AS VARCHAR)"
    old, new = (", ".join(map(duck.text, words)) for words in (replacements, replacements.values()))
    return f"MAP([{old}], [{new}])[{value}]"
