"""Canonical forms: values as a target writes them, as DuckDB expressions over text.

The expressions bring together what means the same ("AABB.CCDD.EEFF" and "aa:bb:cc:dd:ee:ff") and guess nothing: a
value that has no reading gives NULL. Whether a value is allowed is for the schema to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from discovery_pipeline.engine import duck, units
from discovery_pipeline.engine.targets.contract import TargetField
from discovery_pipeline.engine.targets.forms import IPV4, IPV6, NUMBER, form, is_list, item_type, separator
from discovery_pipeline.engine.targets.schema import value_rules

PLACEHOLDERS = (
    "n/a", "#n/a", "n.a.", "na", "n\\a", "not available", "not applicable", "null", "(null)", "<null>", "none", "nil",
    "nan", "unknown", "(unknown)", "undefined", "tbd", "tba", "tbc", "to be determined", "missing", "empty", "(blank)",
    "-", "--", "---", "?", "??", "???", ".", "*", "xxx",
)  # fmt: skip
"""Texts that people write where they have no value."""

_NOBODY = ("0.0.0.0", "255.255.255.255", "::", "00:00:00:00:00:00", "FF:FF:FF:FF:FF:FF")  # noqa: S104
"""Addresses that no host and no adapter has."""

_NUMBER = r"([+-]?(?:[0-9]{1,3}(?:[, '][0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|[+-]?\.[0-9]+)([eE][+-]?[0-9]{1,3})?"
_YES, _NO = ("true", "yes", "y", "t", "1", "on", "enabled"), ("false", "no", "n", "f", "0", "off", "disabled")
_DATES = ("%Y/%m/%d", "%Y/%m/%d %H:%M:%S", "%Y%m%d", "%d %b %Y", "%d-%b-%Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y")


def trimmed(text: str) -> str:
    """The text without white space at its ends; NULL where nothing is left."""
    return f"nullif({duck.stripped(text)}, '')"


def stands_for_nothing(text: str) -> str:
    """Whether a trimmed text is a placeholder."""
    return f"lower({text}) IN ({', '.join(map(duck.text, PLACEHOLDERS))})"


def canonical(field: TargetField, text: str) -> str:
    """A field's canonical form of a text, as a struct.

    Its `value` is the canonical text, NULL where there is none; `left_out` names the items of a list that have no
    canonical text. `text` is an SQL expression that is written out several times: pass a column.
    """
    value = trimmed(text)
    if is_list(field):
        return _items(field, value)
    placeholder = f"WHEN {stands_for_nothing(value)} THEN NULL" if never_placeholder(field) else ""
    known = _known(field, value)
    plain = _scalar(field, value)
    read = f"CASE {placeholder} {known} ELSE {plain} END" if known or placeholder else plain
    return f"{{'value': {read}, 'left_out': CAST(NULL AS VARCHAR)}}"


def settled(field: TargetField, text: str) -> str:
    """Whether a trimmed text is sure to be canonical and valid, so that there is nothing to read or to judge.

    Most values of an inventory are. It is asked of every row, and must cost less than telling values apart.
    """
    kind, judged = item_type(field), any(r.rule != "type" for r in value_rules(field))
    if judged or field.vocabulary or kind in ("pair", "boolean"):
        return "false"
    if kind in _READERS:
        shape = form(field.model_copy(update={"type": kind})) or ""
        nobody = f" AND {text} NOT IN ({', '.join(map(duck.text, _NOBODY))})" if kind in ("ip", "ipv4", "mac") else ""
        # "::" has many spellings.
        nobody += f" AND NOT regexp_full_match({text}, '[0:.]+')" if kind == "ip" else ""
        return f"(regexp_full_match({text}, {duck.text(shape)}){nobody})"
    single = f"NOT regexp_matches({text}, '[,;|\r\n]')" if is_list(field) else "true"
    return f"({single} AND NOT {stands_for_nothing(text)})" if never_placeholder(field) else f"({single})"


def never_placeholder(field: TargetField) -> bool:
    """Whether "N/A" can't be meant: all but free text, which may say "unknown" and mean it."""
    free = field.type == "string" and not field.allowed
    return not free or field.required or field.identity or field.unique


def _known(field: TargetField, value: str) -> str:
    """WHENs for the target's own words, their other spellings, and what stands for them."""
    if not (field.allowed or field.vocabulary or field.vocabulary_patterns):
        return ""
    whens = []
    if field.match == "contains":
        longest_first = sorted(field.allowed, key=len, reverse=True)
        whens += [f"WHEN contains({value}, {duck.text(a)}) THEN {value}" for a in longest_first]
        whens += [f"WHEN contains(lower({value}), {duck.text(a.lower())}) THEN {duck.text(a)}" for a in longest_first]
    words = {a.lower(): a for a in dict.fromkeys((*field.allowed, *field.vocabulary))}
    words |= {s.lower(): a for a, others in field.vocabulary.items() for s in others if s.lower() not in words}
    whens += [f"WHEN lower({value}) = {duck.text(word)} THEN {duck.text(a)}" for word, a in words.items()]
    whens += [
        f"WHEN regexp_matches({value}, {duck.text(p)}, 'i') THEN {duck.text(a)}"
        for a, patterns in field.vocabulary_patterns.items()
        for p in patterns
    ]
    return " ".join(whens)


def _scalar(field: TargetField, value: str) -> str:
    kind = item_type(field)
    return _READERS[kind](field, value) if kind in _READERS else value


def _items(field: TargetField, value: str) -> str:
    kind = item_type(field)
    addresses = kind in ("ip", "mac", "ipv4")
    cut = "[,;|\\s]+" if addresses else "[,;|\\r\\n]+" if separator(field) != "|" else "[|\\r\\n]+"
    bare = f"regexp_replace({value}, '[\\[\\]{{}}\"'']', '', 'g')" if addresses else value
    each = f"list_transform(string_split_regex({bare}, '{cut}'), lambda p: {duck.stripped('p')})"
    parts = f"list_filter({each}, lambda p: p <> '')"
    good = _pair("p") if kind == "pair" else _scalar(field.model_copy(update={"type": kind}), "p")
    hollow = f"lower(p) IN ({', '.join(map(duck.text, PLACEHOLDERS))})"
    read = f"list_transform({parts}, lambda p: {{'said': p, 'read': CASE WHEN {hollow} THEN NULL ELSE {good} END}})"

    def joined(items: str) -> str:
        # A list may name an item twice; the target needs it once.
        kept = f"list_transform(list_filter({items}, lambda p: p.read IS NOT NULL), lambda p: p.read)"
        once = _let(kept, lambda k: f"list_filter({k}, lambda p, i: list_position({k}, p) = i)")
        bad = f"list_transform(list_filter({items}, lambda p: p.read IS NULL), lambda p: p.said)"
        return (
            f"{{'value': nullif(array_to_string({once}, {duck.text(separator(field))}), ''),"
            f" 'left_out': nullif(array_to_string({bad}, ', '), '')}}"
        )

    return _let(read, joined)


def _let(expression: str, use: Callable[[str], str]) -> str:
    """An expression that uses another one several times and has it worked out once."""
    # The longer the expression, the further out it stands: names of nested ones differ.
    own = f"x{len(expression)}"
    return f"list_transform([{expression}], lambda {own}: {use(own)})[1]"


def _pair(item: str) -> str:
    name, text = (duck.stripped(f"regexp_extract({item}, '^([^:=]+)[:=](.+)$', {n})") for n in (1, 2))
    return f"CASE WHEN {name} <> '' AND {text} <> '' THEN {name} || ':' || {text} END"


def _number(field: TargetField, value: str) -> str:
    """Plain decimals stay digit by digit; units and exponents are worked out, to six decimals."""
    written = duck.text(rf"^{_NUMBER}\s*(\pL[\pL /]*|%|\pL+/s)?$")
    parts = f"regexp_extract({value}, {written}, ['digits', 'exponent', 'unit'])"

    def read(part: str) -> str:
        clean = f"regexp_replace({part}.digits, '[, '']', '', 'g')"
        double = f"TRY_CAST({clean} || {part}.exponent AS DOUBLE)"
        worked_out = f"printf('%.6f', {double} * ({_factor(field, f'{part}.unit')}))"
        return (
            f"CASE WHEN {part}.digits = '' THEN NULL WHEN {part}.exponent = '' AND {part}.unit = '' THEN {clean}"
            f" WHEN isfinite({double}) THEN {worked_out} END"
        )

    decimal_comma = f"regexp_full_match({value}, '[+-]?[0-9]+,([0-9]{{1,2}}|[0-9]{{4,}})')"
    number = f"CASE WHEN {decimal_comma} THEN replace({value}, ',', '.') ELSE {_let(parts, read)} END"
    # Most numbers are in their form already, and only need to be looked at.
    return (
        f"CASE WHEN regexp_full_match({value}, {duck.text(NUMBER)}) AND {value} <> '-0' THEN {value}"
        f" ELSE {_let(number, _tidy)} END"
    )


def _factor(field: TargetField, unit: str) -> str:
    own = {field.unit.lower(): 1.0} if field.unit else {}
    whens = [f"WHEN {duck.text(s)} THEN {f!r}" for s, f in (units.spellings(field.unit or "") | own).items()]
    return f"CASE lower(trim({unit})) WHEN '' THEN 1.0 {' '.join(whens)} END"


def _tidy(decimal: str) -> str:
    """A plain decimal without plus, leading zeros, or decimals that say nothing; zero has no sign."""
    point = f"CASE WHEN contains({decimal}, '.') THEN rtrim(rtrim({decimal}, '0'), '.') ELSE {decimal} END"

    def signed(bare: str) -> str:
        whole = f"CASE WHEN {bare} = '' OR {bare}[1] = '.' THEN '0' || {bare} ELSE {bare} END"
        return f"CASE WHEN {decimal}[1] = '-' AND {bare} <> '' THEN '-' ELSE '' END || {whole}"

    return _let(f"ltrim(ltrim({point}, '+-'), '0')", signed)


def _boolean(field: TargetField, value: str) -> str:
    def written(words: tuple[str, ...]) -> str:
        return next((a for a in field.allowed if a.lower() in words), words[0])

    yes, no = (", ".join(map(duck.text, words)) for words in (_YES, _NO))
    return (
        f"CASE WHEN lower({value}) IN ({yes}) THEN {duck.text(written(_YES))}"
        f" WHEN lower({value}) IN ({no}) THEN {duck.text(written(_NO))} END"
    )


def _moment(value: str, read_as: str) -> str:
    """ISO 8601, or a format in which day and month can't be taken for each other; with an offset, in UTC.

    Only what has a year is read: DuckDB also knows "infinity" and "epoch".
    """
    iso = f"WHEN regexp_matches({value}, '^[0-9]{{4}}-[0-9]') THEN CAST(TRY_CAST({value} AS {read_as}) AS TIMESTAMP)"
    spelt = (
        f"WHEN regexp_matches({value}, '[0-9]{{4}}') THEN try_strptime({value}, [{', '.join(map(duck.text, _DATES))}])"
    )
    return f"CASE {iso} {spelt} END"


def _address(kind: str, value: str) -> str:
    """An address of a host: a port is dropped, so is the length of a prefix unless the address is its network's own."""
    v4 = duck.text(rf"^({IPV4})(?::[0-9]{{1,5}}|/[0-9]{{1,2}})?$")
    host = f"regexp_extract({value}, {v4}, 1)"
    prefix = f"TRY_CAST(regexp_extract({value}, '^[^/]*/([0-9]+)$', 1) AS INTEGER)"
    octets = f"list_transform(string_split({host}, '.'), lambda o: CAST(o AS BIGINT))"
    number = f"list_reduce({octets}, lambda a, b: a * 256 + b)"
    hosts = f"(1::BIGINT << greatest(32 - {prefix}, 0))"
    network = f"coalesce({prefix} > 32 OR ({prefix} < 32 AND {number} % {hosts} = 0), false)"
    whens = f"WHEN {host} IN ('', {', '.join(map(duck.text, _NOBODY[:2]))}) OR {network} THEN NULL"
    if kind == "ipv4":
        return f"CASE {whens} ELSE {host} END"
    v6 = f"lower(regexp_extract({value}, '^\\[?([0-9A-Fa-f:.]+)(?:\\](?::[0-9]{{1,5}})?)?$', 1))"
    is_v6 = f"regexp_full_match({v6}, {duck.text(IPV6)}) AND NOT regexp_full_match({v6}, '[0:.]+')"
    return f"CASE WHEN {is_v6} THEN {v6} {whens} ELSE {host} END"


def _mac(value: str) -> str:
    hexes = f"upper(regexp_replace({value}, '[^0-9A-Fa-f]', '', 'g'))"
    written = "'[0-9A-Fa-f]{12}|([0-9A-Fa-f]{2}[:. -]){5}[0-9A-Fa-f]{2}|([0-9A-Fa-f]{4}[:.-]){2}[0-9A-Fa-f]{4}'"
    nobody = f"{hexes} IN ('000000000000', 'FFFFFFFFFFFF')"
    pairs = f"rtrim(regexp_replace({hexes}, '(..)', '\\1:', 'g'), ':')"
    return f"CASE WHEN regexp_full_match({value}, {written}) AND NOT {nobody} THEN {pairs} END"


def _integer(field: TargetField, value: str) -> str:
    return _let(
        _number(field, value), lambda number: f"CASE WHEN regexp_full_match({number}, '-?[0-9]+') THEN {number} END"
    )


def _fqdn(field: TargetField, value: str) -> str:
    name, shape = f"rtrim({value}, '.')", duck.text(form(field.model_copy(update={"type": "fqdn"})) or "")
    return f"CASE WHEN regexp_full_match({name}, {shape}) AND length({name}) <= 253 THEN {name} END"


_READERS: Mapping[str, Callable[[TargetField, str], str]] = {
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "date": lambda _, value: f"strftime({_moment(value, 'TIMESTAMP')}, '%Y-%m-%d')",
    "datetime": lambda _, value: f"strftime({_moment(value, 'TIMESTAMPTZ')}, '%Y-%m-%d %H:%M:%S')",
    "ip": lambda _, value: _address("ip", value),
    "ipv4": lambda _, value: _address("ipv4", value),
    "mac": lambda _, value: _mac(value),
    "fqdn": _fqdn,
    "uuid": lambda _, value: f"CAST(TRY_CAST(trim({value}, '{{}}') AS UUID) AS VARCHAR)",
}
"""How a value of each type is read; text is taken as it is."""
