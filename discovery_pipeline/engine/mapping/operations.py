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


_GAPS = "'\u00a0\u202f "  # what parts thousands in any country, and decimals in none
_NUMBER = rf"[+-]?(?:\d+|\d{{1,3}}(?:,\d{{3}})+|\d{{1,3}}(?:[{_GAPS}]\d{{3}})+)"
_NUMBER_WITH_COMMA = rf"[+-]?(?:\d+|\d{{1,3}}(?:\.\d{{3}})+|\d{{1,3}}(?:[{_GAPS}]\d{{3}})+)"
_MONEY = r"(?:USD|EUR|GBP|CHF|JPY|INR|[$€£¥₹])"
BOOLEANS: dict[str, str] = {
    **dict.fromkeys(("true", "yes", "y", "t", "1", "on", "enabled", "x", "✓", "✔"), "true"),
    **dict.fromkeys(("false", "no", "n", "f", "0", "off", "disabled", "✗", "✘"), "false"),
    **dict.fromkeys(("ja", "j", "wahr", "oui", "vrai", "sí", "si", "sì", "sim", "vero", "verdadero", "tak"), "true"),
    **dict.fromkeys(("nein", "falsch", "non", "faux", "não", "nao", "nee", "falso", "nie"), "false"),
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


def _to_integer(value: str, arguments: Sequence[Argument] = (), _: Resolve | None = None) -> str:
    # A fraction is not rounded away: "16.0" is 16, "16.5" can't be converted.
    mark, number = _numeral(arguments)
    digits = _found(value, rf"^\s*({number})(?:{re.escape(mark)}0*)?\s*$")
    return f"CAST(TRY_CAST({_ungrouped(digits, mark)} AS HUGEINT) AS VARCHAR)"


def _to_number(value: str, arguments: Sequence[Argument] = (), _: Resolve | None = None) -> str:
    # The digits stay text: nothing is rounded. A sum in brackets is owed.
    mark, number = _numeral(arguments)
    decimal = rf"{number}(?:{re.escape(mark)}\d+)?(?:[eE][+-]?\d+)?"
    written = duck.text(rf"^\s*(-?){_MONEY}?\s*({decimal})\s*{_MONEY}?\s*$")
    owed = rf"regexp_replace({value}, '^\s*\(\s*([^-+()]+?)\s*\)\s*$', '-\1')"
    parts = f"regexp_extract({owed}, {written}, ['sign', 'number'])"
    whole = f"list_transform([{parts}], lambda __is: __is.sign || __is.number)[1]"
    return f"replace({_ungrouped(_filled(whole), mark)}, ',', '.')"


def _numeral(arguments: Sequence[Argument]) -> tuple[str, str]:
    """The mark before decimals, and the pattern of what stands before it."""
    if len(arguments) > 1 or (arguments and arguments[0] not in (".", ",")):
        raise Misfit('takes what stands before decimals, "." or ","')
    return (",", _NUMBER_WITH_COMMA) if arguments and arguments[0] == "," else (".", _NUMBER)


def _ungrouped(number: str, mark: str) -> str:
    """A number without what parts its thousands."""
    return f"translate({number}, {duck.text(('.' if mark == ',' else ',') + _GAPS)}, '')"


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
    written = [one for one in formats if one not in COUNTED]
    for one in written:
        if not re.search(r"%[A-Za-z-]", one):
            named = ", ".join(f'"{name}"' for name in COUNTED)
            raise Misfit(f'{one!r} is no format: it needs parts such as "%Y-%m-%d", or is one of {named}')
        _must_run("SELECT try_strptime('', ?)", one, "no format")
    timed = len(written) < len(formats) or any(re.search(r"%-?[HIMSfgnpcX]", one) for one in written)
    shown = "%Y-%m-%d %H:%M:%S" if timed else "%Y-%m-%d"
    reads = [_counted_since(value, COUNTED[one]) for one in formats if one in COUNTED]
    zoned = [one for one in written if "%z" in one]
    if plain := ", ".join(duck.text(one) for one in written if one not in zoned):
        reads.append(f"try_strptime(trim({value}), [{plain}])")
    # What states its zone comes to UTC; tried each by itself, since in a list DuckDB shifts what states none.
    reads += [f"CAST(try_strptime(trim({value}), {duck.text(one)}) AS TIMESTAMP)" for one in zoned]
    moment = f"coalesce({', '.join(reads)})" if len(reads) > 1 else reads[0]
    return f"strftime({moment}, {duck.text(shown)})"


COUNTED: dict[str, tuple[str, float, float, float]] = {
    "epoch": ("1970-01-01", 86_400, 1e8, 1e10),
    "epoch ms": ("1970-01-01", 86_400_000, 1e11, 1e13),
    "excel": ("1899-12-30", 1, 1, 100_000),
}
"""Moments as numbers: since when, how many make a day, and the least and most that is taken for one."""


def _counted_since(value: str, counted: tuple[str, float, float, float]) -> str:
    since, a_day, least, most = counted
    number = f"TRY_CAST({_to_number(value)} AS DOUBLE)"
    within = f"list_filter([{number}], lambda __n: __n BETWEEN {least!r} AND {most!r})[1]"
    micros = f"CAST(round({within} / {float(a_day)!r} * 86400.0) AS BIGINT)"
    return f"TIMESTAMP '{since}' + to_seconds({micros})"


def _convert(value: str, arguments: Sequence[Argument], _: Resolve) -> str:
    source, target = _texts(arguments, 2, 2, 'two units such as "GB", "MB"')
    stated = units.factor(source, target)
    if stated is None:
        known = ", ".join(unit for unit in ("B", "KB", "MB", "GB", "TB", "MB/s", "MHz", "GHz", "percent", "s"))
        raise Misfit(f"{source!r} can't become {target!r}; units of one kind are needed, e.g. {known}")
    number = rf"({_NUMBER}(?:\.\d+)?(?:[eE][+-]?\d+)?)|([+-]?\d{{1,3}}(?:\.\d{{3}})+,\d+)"
    written = duck.text(rf"^\s*(?:{number})\s*(%|[A-Za-z]+(?:/s)?)?\s*$")
    parts = f"regexp_extract({_with_point(value)}, {written}, ['number', 'grouped', 'unit'])"
    factors = {"": stated} | units.spellings(target)
    spelt, factor = ", ".join(map(duck.text, factors)), ", ".join(f"{f!r}::DOUBLE" for f in factors.values())
    plain = f"{_ungrouped('__is.number', '.')} || replace({_ungrouped('__is.grouped', ',')}, ',', '.')"
    each = f"MAP([{spelt}], [{factor}])[lower(__is.unit)]"
    return _plain(f"list_transform([{parts}], lambda __is: TRY_CAST({plain} AS DOUBLE) * {each})[1]")


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
    Operation("to_integer", "to_integer", "reads a whole number; \",\" where decimals stand after a comma",
              _to_integer,
              "leading zeros; values with a fraction become empty", "integer"),
    Operation("to_number", "to_number", "reads a number, or a sum; \",\" where decimals stand after a comma",
              _to_number, "thousands separators, signs of currencies",
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
