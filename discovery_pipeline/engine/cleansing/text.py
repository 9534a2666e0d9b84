"""Encoding and white space: what a program broke, mended without knowing what the column means."""

from __future__ import annotations

from discovery_pipeline.engine.cleansing.catalogue import LOOKALIKES, RULES
from discovery_pipeline.engine.cleansing.values import Values

SUSPECTS = 20_000
"""Distinct values of a column that are repaired one by one; more garbled ones are another encoding, not dirt."""

_WIDE = "strlen($v) <> length($v)"  # more bytes than characters: something is not ASCII

# Printable ASCII in words with a space between, no ampersand and no apostrophe: nothing here would change it.
_PLAIN = "[!-%(-~]+( [!-%(-~]+)*"

_ENTITIES = "contains($v, '&') AND contains($v, ';')"

# In order; each with a cheap look that spares the regular expression on most values.
_EXPRESSIONS = (
    ("text.invisible", rf"{_WIDE} OR regexp_matches($v, '[\x00-\x08\x0B\x0C\x0E-\x1F\x7F]')"),
    ("text.spaces", _WIDE),
    ("text.trim", "$v < '!' OR suffix($v, ' ') OR suffix($v, chr(9)) OR suffix($v, chr(10)) OR suffix($v, chr(13))"),
    ("text.runs", "contains($v, '  ') OR contains($v, chr(9))"),
    ("text.quotes", "contains($v, '''''')"),
)

# Not any word in angle brackets: "<unknown>" is none, and nor is "<b" in a comparison.
_TAG = r"</[A-Za-z][\w:-]*\s*>|<[A-Za-z][\w:-]*(\s[^<>]*)?/>|<[A-Za-z][\w:-]*\s+[\w:-]+\s*=[^<>]*>|<(?i:br|hr|p|li)>"
_TAG += r"|<!--|<!\[CDATA\[|<!(?i:doctype)\s|<\?xml\s"

# Full-width forms of what ASCII can say, without a character of the scripts that they are set among.
_FULL = r"\x{FF01}-\x{FF5E}"
_FULL_WIDTH = rf"{_WIDE} AND regexp_matches($v, '[{_FULL}]') AND regexp_full_match($v, '[ -~\x{{3000}}{_FULL}]+')"

# Letters of ASCII and look-alikes of them, and no other letter.
_TWO_SCRIPTS = rf"{_WIDE} AND regexp_matches($v, '[A-Za-z]') AND regexp_matches($v, '[{LOOKALIKES[0]}]') AND "
_TWO_SCRIPTS += rf"NOT regexp_matches($v, '[^\PLA-Za-z{LOOKALIKES[0]}]')"


def plan(values: Values) -> None:
    """Plan the repairs of encoding, then of white space."""
    wide = values.ask(
        "SELECT position FROM {values} WHERE value IS NOT NULL GROUP BY position "
        f"HAVING 2 * sum(cells) FILTER ({_FULL_WIDTH.replace('$v', 'value')}) < sum(cells)"
    )
    escaped = values.ask(
        f"SELECT position FROM {{values}} WHERE value IS NOT NULL GROUP BY position "
        f"HAVING bool_or({_ENTITIES.replace('$v', 'value')}) AND "
        f"NOT bool_or(contains(value, '<') AND regexp_matches(value, '{_TAG}'))"
    )
    entities = RULES["text.entities"].expression
    with values.fresh(f"NOT regexp_full_match($v, '{_PLAIN}')"):
        _mojibake(values)
        values.offer("text.width", {p: RULES["text.width"].expression for (p,) in sorted(wide)}, _FULL_WIDTH)
        values.offer("text.entities", {p: entities for (p,) in sorted(escaped)}, _ENTITIES)
        for rule, where in _EXPRESSIONS:
            values.offer(rule, RULES[rule].expression, where)


def plan_lookalikes(values: Values) -> None:
    """Plan the letters that only look like the Latin ones around them."""
    values.offer("text.lookalike", RULES["text.lookalike"].expression, _TWO_SCRIPTS)


def _mojibake(values: Values) -> None:
    suspects = values.ask(
        "SELECT position, list(DISTINCT value) FROM {values} WHERE strlen(value) <> length(value) AND "
        r"regexp_matches(value, '[\x{00C2}-\x{00F4}][^\x00-\x7F]') GROUP BY position"
    )
    for position, garbled in suspects:
        if len(garbled) <= SUSPECTS:
            listed = {value: reread(value) for value in garbled}
            values.offer_list("text.mojibake", position, {k: v for k, v in listed.items() if v != k})


def reread(value: str) -> str:
    """The text read again as UTF-8 if all of its bytes, taken as Windows-1252, are; else the text as it is.

    Repeated, for text that went wrong more than once.

    >>> reread("MÃ¼nchen")
    'München'
    """
    for _ in range(3):
        try:
            mended = bytes(_BYTES[c] for c in value).decode("utf-8")
        except (KeyError, UnicodeDecodeError):
            return value
        if mended == value or not mended.isprintable() or "\ufffd" in mended:
            return value
        value = mended
    return value


# Windows-1252 leaves five bytes unassigned; programs pass them through as the C1 controls of Latin-1.
_BYTES = {chr(b): b for b in range(256)} | {
    bytes([b]).decode("cp1252"): b for b in range(0x80, 0xA0) if b not in (0x81, 0x8D, 0x8F, 0x90, 0x9D)
}
