"""Operations: the registry of named transformations, each with its arguments, its SQL and what it may lose.

Each takes an SQL expression of type VARCHAR and gives one. The rule for all: NULL stays NULL, what can't
be converted becomes NULL, and no value in the data makes the query fail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import duckdb

from discovery_pipeline.engine import duck, units

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Reference:
    """A column of the source table, named as in its header."""

    field: str


Argument = str | int | float | Pairs | Reference
Resolve = Callable[[Reference], str]


class Misfit(Exception):
    """An argument doesn't fit its operation; the message says which and what would."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One transformation of the mini-language."""

    name: str
    signature: str  # as a person writes it
    does: str
    build: Callable[[str, Sequence[Argument], Resolve], str]
    loses: str = ""  # what the result can't give back; empty where nothing is lost
    makes: str = "any"  # type of the result: a data type, "same" as what goes in, or "any"


_NUMBER = r"[+-]?(?:\d+|\d{1,3}(?:,\d{3})+)"
BOOLEANS: dict[str, str] = {
    **{yes: "true" for yes in ("true", "yes", "y", "t", "1", "on", "enabled")},
    **{no: "false" for no in ("false", "no", "n", "f", "0", "off", "disabled")},
}
_OTHERS = "*"  # key of map_values for every value that isn't listed


def _no_arguments(sql: Callable[[str], str]) -> Callable[[str, Sequence[Argument], Resolve], str]:
    def build(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
        if arguments:
            raise Misfit("takes no arguments")
        return sql(value)

    return build


def _texts(arguments: Sequence[Argument], least: int, most: int, what: str) -> list[str]:
    if not least <= len(arguments) <= most or not all(isinstance(a, str) for a in arguments):
        raise Misfit(f"takes {what}, each in quotes")
    return [str(a) for a in arguments]


def _pairs(arguments: Sequence[Argument]) -> Pairs:
    if len(arguments) != 1 or not isinstance(arguments[0], tuple) or not arguments[0]:
        raise Misfit('takes values to replace, as {"old": "new"}')
    return arguments[0]


def _whole(argument: Argument, what: str) -> int:
    if not isinstance(argument, int):
        raise Misfit(f"takes {what}, a whole number")
    return argument


def _must_run(query: str, argument: str, otherwise: str) -> None:
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


def _to_integer(value: str) -> str:
    # A fraction is not rounded away: "16.0" is 16, "16.5" can't be converted.
    digits = _found(value, rf"^\s*({_NUMBER})(?:\.0*)?\s*$")
    return f"CAST(TRY_CAST(replace({digits}, ',', '') AS HUGEINT) AS VARCHAR)"


def _to_number(value: str) -> str:
    # The digits stay text: nothing is rounded.
    digits = _found(value, rf"^\s*({_NUMBER}(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*$")
    return f"replace({digits}, ',', '')"


def _found(value: str, pattern: str, group: int = 1) -> str:
    """What a pattern's group finds first; NULL where it finds nothing."""
    return _filled(f"regexp_extract({value}, {duck.text(pattern)}, {group})")


def _filled(text: str) -> str:
    """A text that may be empty; NULL where it is.

    DuckDB writes the argument of a `nullif` out twice, and so on for every one inside: it would plan a pipe of five
    for seconds. No operation names its value twice within a lambda of its own, since lambdas in lambdas are slow.
    """
    return f"list_filter([{text}], lambda __text: __text <> '')[1]"


def _replaced(value: str, replacements: Mapping[str, str]) -> str:
    """What stands for a value; NULL where nothing does."""
    if not replacements:
        return "CAST(NULL AS VARCHAR)"
    old, new = (", ".join(map(duck.text, words)) for words in (replacements, replacements.values()))
    return f"MAP([{old}], [{new}])[{value}]"


def _to_boolean(value: str) -> str:
    return _replaced(f"lower(trim({value}))", BOOLEANS)


def _parse_date(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    formats = _texts(arguments, 1, 20, 'one or more formats such as "%d/%m/%Y"')
    for one in formats:
        if not re.search(r"%[A-Za-z-]", one):
            raise Misfit(f'{one!r} is no format: it needs parts such as "%Y-%m-%d"')
        _must_run("SELECT try_strptime('', ?)", one, "no format")
    timed = any(re.search(r"%-?[HIMSfgnpcX]", one) for one in formats)
    shown = "%Y-%m-%d %H:%M:%S" if timed else "%Y-%m-%d"
    tried = ", ".join(duck.text(one) for one in formats)
    return f"strftime(try_strptime(trim({value}), [{tried}]), {duck.text(shown)})"


def _convert(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    source, target = _texts(arguments, 2, 2, 'two units such as "GB", "MB"')
    stated = units.factor(source, target)
    if stated is None:
        known = ", ".join(unit for unit in ("B", "KB", "MB", "GB", "TB", "MB/s", "MHz", "GHz", "percent", "s"))
        raise Misfit(f"{source!r} can't become {target!r}; units of one kind are needed, e.g. {known}")
    written = rf"^\s*({_NUMBER}(?:\.\d+)?(?:[eE][+-]?\d+)?)\s*(%|[A-Za-z]+(?:/s)?)?\s*$"
    parts = f"regexp_extract({_with_point(value)}, {duck.text(written)}, ['number', 'unit'])"
    factors = {"": stated} | units.spellings(target)
    spelt, factor = ", ".join(map(duck.text, factors)), ", ".join(f"{f!r}::DOUBLE" for f in factors.values())
    number = "TRY_CAST(replace(__is.number, ',', '') AS DOUBLE)"
    each = f"MAP([{spelt}], [{factor}])[lower(__is.unit)]"
    return _plain(f"list_transform([{parts}], lambda __is: {number} * {each})[1]")


def _with_point(value: str) -> str:
    """A decimal comma as a point, where it parts no thousands: "1,5 TB" is one and a half, "1,500" may be either."""
    comma = r"^(\s*[+-]?)(?:(0),(\d+)|(\d+),(\d{1,2}|\d{4,}))(\D*)$"
    return f"regexp_replace({value}, '{comma}', '\\1\\2\\4.\\3\\5\\6')"


def _plain(double: str) -> str:
    """A DOUBLE as text: at most six decimals, none that say nothing, and no exponent; NULL where it isn't finite."""
    finite = "nullif(nullif(__double, 'inf'::DOUBLE), '-inf'::DOUBLE)"
    shown = f"regexp_replace(printf('%.6f', {finite}), '\\.?0+$', '')"
    return f"list_transform([{double}], lambda __double: {shown})[1]"


def _round(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    if len(arguments) > 1:
        raise Misfit("takes how many decimals to keep")
    decimals = _whole(arguments[0], "how many decimals to keep") if arguments else 0
    if not 0 <= decimals <= 6:
        raise Misfit("keeps 0 to 6 decimals")
    return _plain(f"round(TRY_CAST({_to_number(value)} AS DOUBLE), {decimals})")


def _map_values(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    pairs = _pairs(arguments)
    others = next((duck.text(new) for old, new in pairs if old == _OTHERS), None)
    listed = _replaced(f"lower(trim({value}))", {old.strip().lower(): new for old, new in pairs if old != _OTHERS})
    return f"CASE WHEN {value} IS NOT NULL THEN coalesce({listed}, {others}) END" if others else listed


def _lookup(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    return f"coalesce({_replaced(value, dict(_pairs(arguments)))}, {value})"


def _split(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    if len(arguments) != 2 or not isinstance(arguments[0], str) or not arguments[0]:
        raise Misfit("takes a separator in quotes and which part to keep, counted from 0 (-1 is the last)")
    part = _whole(arguments[1], "which part to keep")
    index = part + 1 if part >= 0 else part
    return _filled(f"trim(str_split({value}, {duck.text(arguments[0])})[{index}])")


def _regex_extract(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    if not 1 <= len(arguments) <= 2 or not isinstance(arguments[0], str):
        raise Misfit("takes a pattern in quotes and, if wanted, the number of its group")
    pattern = arguments[0]
    _must_run("SELECT regexp_extract('', ?)", pattern, "no pattern (RE2)")
    groups = len(re.findall(r"(?<!\\)\((?!\?(?!P?<))", pattern))
    group = _whole(arguments[1], "the number of a group") if len(arguments) == 2 else min(groups, 1)
    if not 0 <= group <= groups:
        raise Misfit(f"{pattern!r} has {groups} groups, not {group}")
    return _found(value, pattern, group)


def _concat(value: str, arguments: Sequence[Argument], resolve: Resolve) -> str:
    """Fields with the texts between them; an empty field takes the text before it away with it."""
    if not any(isinstance(a, Reference) for a in arguments):
        raise Misfit('takes fields and texts between them, e.g. concat(first, " ", last)')
    prefix, between, built = "", "", ""
    for argument in arguments:
        if not isinstance(argument, Reference | str):
            raise Misfit("takes fields and texts in quotes only")
        if isinstance(argument, Reference):
            field = resolve(argument)
            built = _filled(f"concat_ws({duck.text(between)}, {built}, {field})") if built else field
            between = ""
        elif built:
            between += argument
        else:
            prefix += argument
    before = f"{duck.text(prefix)} || " if prefix else ""
    after = f" || {duck.text(between)}" if between else ""
    return f"({before}{built}{after})"


def _coalesce(value: str, arguments: Sequence[Argument], resolve: Resolve) -> str:
    if not arguments or not all(isinstance(a, Reference | str) for a in arguments):
        raise Misfit('takes what to use where the value is empty: fields or texts, e.g. coalesce(hostname, "unknown")')
    others = [resolve(a) if isinstance(a, Reference) else duck.text(str(a)) for a in arguments]
    return f"coalesce({', '.join(dict.fromkeys([value, *others]))})"


def _constant(_: str, arguments: Sequence[Argument], __: Resolve) -> str:
    if len(arguments) != 1 or isinstance(arguments[0], tuple | Reference):
        raise Misfit("takes one value")
    return f"CAST({duck.text(str(arguments[0]))} AS VARCHAR)"


def _replace(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    old, new = _texts(arguments, 2, 2, "what to replace and by what")
    if not old:
        raise Misfit("can't replace an empty text")
    return f"replace({value}, {duck.text(old)}, {duck.text(new)})"


def _words(value: str) -> str:
    parted = f"regexp_replace({value}, '([a-z0-9])([A-Z])', '\\1 \\2', 'g')"
    return f"list_filter(string_split_regex({parted}, '[^\\pL\\pN]+'), lambda w: w <> '')"


def _camel_case(value: str) -> str:
    each = "CASE WHEN i = 1 THEN lower(w) ELSE upper(w[1]) || lower(w[2:]) END"
    return _filled(f"array_to_string(list_transform({_words(value)}, lambda w, i: {each}), '')")


def _snake_case(value: str) -> str:
    return _filled(f"lower(array_to_string({_words(value)}, '_'))")


def _mask(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    if len(arguments) > 1:
        raise Misfit("takes how many characters to leave at the end")
    keep = _whole(arguments[0], "how many characters to leave at the end") if arguments else 4
    if keep < 0:
        raise Misfit("can't leave fewer than 0 characters")
    # A value no longer than twice what would stay is masked whole: its end would give it away.
    shown = f"CASE WHEN length({value}) > {2 * keep} THEN right({value}, {keep}) ELSE '' END" if keep else "''"
    return f"repeat('*', length({value}) - length({shown})) || {shown}"


def _hash(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    salt = _texts(arguments, 0, 1, "at most a salt")
    return f"sha256({duck.text(salt[0])} || {value})" if salt else f"sha256({value})"


_ALL = (
    Operation("trim", "trim", "takes white space away at both ends", _no_arguments(lambda v: _filled(f"trim({v})")),
              makes="same"),
    Operation("upper", "upper", "writes in capitals", _no_arguments("upper({})".format), "the original case",
              "same"),
    Operation("lower", "lower", "writes in small letters", _no_arguments("lower({})".format), "the original case",
              "same"),
    Operation("to_integer", "to_integer", "reads a whole number", _no_arguments(_to_integer),
              "leading zeros; values with a fraction become empty", "integer"),
    Operation("to_number", "to_number", "reads a number", _no_arguments(_to_number), "thousands separators",
              "float"),
    Operation("to_boolean", "to_boolean", "reads yes and no", _no_arguments(_to_boolean), "the original wording",
              "boolean"),
    Operation("round", "round(2)", "keeps so many decimals", _round, "precision beyond these decimals", "float"),
    Operation("parse_date", 'parse_date("%d/%m/%Y")', "reads a date in these formats and writes it as ISO 8601",
              _parse_date, "the original format, fractions of a second; other formats become empty", "datetime"),
    Operation("convert", 'convert("GB","MB")', "converts units; a unit written beside a value wins", _convert,
              "precision beyond six decimals; values with a unit of another kind become empty", "float"),
    Operation("map_values", 'map_values({"prod": "Production"})', "replaces values, whatever their case", _map_values,
              "the original wording; values not listed become empty, unless \"*\" is"),
    Operation("lookup", 'lookup({"a": "b"})', "replaces the listed values and leaves others", _lookup,
              "the original wording of the listed values"),
    Operation("split", 'split(",", 0)', "keeps one part of a list", _split, "the other parts"),
    Operation("regex_extract", 'regex_extract("([0-9.]+)")', "keeps what the pattern's group finds", _regex_extract,
              "everything outside the group"),
    Operation("concat", 'concat(first, " ", last)', "joins fields; an empty one is left out", _concat),
    Operation("coalesce", 'coalesce(hostname, "unknown")', "takes the first that isn't empty", _coalesce),
    Operation("constant", 'constant("on-premises")', "writes the same value everywhere", _constant, "the source value"),
    Operation("replace", 'replace(";", ",")', "replaces one text by another", _replace),
    Operation("camelCase", "camelCase", "writes words likeThis", _no_arguments(_camel_case), "case and punctuation",
              "string"),
    Operation("snake_case", "snake_case", "writes words like_this", _no_arguments(_snake_case), "case and punctuation",
              "string"),
    Operation("mask", "mask(4)", "stars for all but the last characters", _mask, "the masked characters, for ever",
              "string"),
    Operation("hash", "hash", "writes the SHA-256 instead", _hash, "the value, for ever", "string"),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _ALL}
"""Every operation of the mini-language by its name."""
