"""The rules: what each one is for, where it may act, and how far it may be trusted.

A rule is a record. Where it is a DuckDB expression, `$v` stands for the cell; where it depends on what the
column holds, the module of its stage composes the expression from evidence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

from discovery_pipeline.engine.cleansing.model import PlannedRule, Tier


class Stage(IntEnum):
    """The fixed order: a later rule sees what the earlier ones left."""

    TEXT = 1
    NULLS = 2
    FORMATS = 3
    VOCABULARY = 4
    DOMAINS = 5
    REFERENCES = 6
    DEPENDENCIES = 7
    DUPLICATES = 8
    ENRICHMENT = 9


@dataclass(frozen=True, slots=True)
class Rule:
    """One way to mend a cell."""

    id: str
    stage: Stage
    tier: Tier
    scope: str  # which columns it may touch
    reason: str  # what a person reads beside each patch
    risk: str  # what could be lost
    confidence: float  # 0..1
    expression: str = ""
    version: int = 1


# Zero-width space, soft hyphen, word joiner and byte-order mark are noise; zero-width joiners are part of words.
_INVISIBLE = r"[\x00-\x08\x0B\x0C\x0E-\x1F\x7F\x{0085}\x{00AD}\x{200B}\x{2060}\x{FEFF}]"
_SPACES = r"[\x{00A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}]"

_WIDTHS = f"translate($v, '{''.join(map(chr, range(0xFF01, 0xFF5F)))}', '{''.join(map(chr, range(0x21, 0x7F)))}')"
_WIDTHS = _WIDTHS.replace("&'(", "&''(")

LOOKALIKES = ("АВЕЅІЈКМНОРСТУХаеѕіјорсухΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABESIJKMHOPCTYXaesijopcyxABEZHIKMNOPTYXo")
"""Cyrillic and Greek letters, and the Latin ones that nobody can tell from them."""

_ALL = "every text column but secrets, patterns and code"

RULES: dict[str, Rule] = {
    rule.id: rule
    for rule in (
        Rule(
            "text.mojibake", Stage.TEXT, "auto", _ALL,
            "UTF-8 that was read as Windows-1252; read again as UTF-8", "none: the bytes are the same", 0.995,
        ),
        Rule(
            "text.entities", Stage.TEXT, "auto", "text columns without tags of HTML or XML",
            "HTML entities written as the characters they stand for", "a text about HTML loses its escapes", 0.99,
            "replace(replace(replace(replace(replace(regexp_replace($v, '&(amp;)+', '&', 'g'), '&lt;', '<'), "
            "'&gt;', '>'), '&quot;', '\"'), '&#39;', ''''), '&nbsp;', ' ')",
        ),
        Rule(
            "text.invisible", Stage.TEXT, "auto", _ALL,
            "control and zero-width characters removed", "none that can be seen", 0.999,
            f"regexp_replace($v, '{_INVISIBLE}', '', 'g')",
        ),
        Rule(
            "text.spaces", Stage.TEXT, "auto", _ALL,
            "no-break and other wide spaces written as plain spaces", "typesetting", 0.999,
            f"regexp_replace($v, '{_SPACES}', ' ', 'g')",
        ),
        Rule(
            "text.width", Stage.TEXT, "auto", "columns of which less than half is written so",
            "full-width letters and digits written as plain ones", "typesetting", 0.995, _WIDTHS,
        ),
        Rule(
            "text.lookalike", Stage.TEXT, "suggest", _ALL,
            "Cyrillic or Greek letters amid Latin ones, whose look they have, made Latin", "a word of two scripts",
            0.95, f"translate($v, '{LOOKALIKES[0]}', '{LOOKALIKES[1]}')",
        ),
        Rule(
            "text.trim", Stage.TEXT, "auto", _ALL,
            "white space around the value removed", "none", 0.999,
            r"regexp_replace($v, '^\s+|\s+$', '', 'g')",
        ),
        Rule(
            "text.runs", Stage.TEXT, "auto", _ALL,
            "runs of spaces and tabs made one space; line breaks stay", "alignment of preformatted text", 0.995,
            r"regexp_replace($v, '[ \t]{2,}|\t', ' ', 'g')",
        ),
        Rule(
            "text.quotes", Stage.TEXT, "auto", _ALL,
            "an apostrophe doubled inside a word, as SQL escapes it, made one", "none in natural text", 0.99,
            r"regexp_replace($v, '(\pL)''''(\pL)', '\1''\2', 'g')",
        ),
        Rule(
            "null.token", Stage.NULLS, "auto", "columns where the token is no value of its own",
            "a word for 'no value' made an empty cell", "why the value is missing", 0.99,
        ),
        Rule(
            "null.word", Stage.NULLS, "suggest", "text columns",
            "a word that often means 'no value' made an empty cell", "the word may be a value here", 0.85,
        ),
        Rule(
            "number.separators", Stage.FORMATS, "auto", "columns of numbers, with a unit or without",
            "thousands separators and decimals written as in the rest of the column", "none", 0.99, version=3,
        ),
        Rule(
            "number.sign", Stage.FORMATS, "auto", "columns of numbers",
            "the minus sign written as a hyphen, before the number", "typesetting", 0.99,
        ),
        Rule(
            "number.ambiguous", Stage.FORMATS, "review", "columns of numbers with commas and points before decimals",
            "thousands and decimals can't be told apart", "a number a thousand times too large", 0.5,
        ),
        Rule(
            "time.clock", Stage.FORMATS, "auto", "columns of times, most by twenty-four hours",
            "a time with AM or PM, or with seconds of zero, as most times of the column are", "none", 0.99,
        ),
        Rule(
            "date.iso", Stage.FORMATS, "auto", "columns of dates in several formats or with foreign months",
            "a date written as ISO 8601, its format decided by the column", "none", 0.99, version=2,
        ),
        Rule(
            "date.ambiguous", Stage.FORMATS, "review", "columns of dates in several formats",
            "day and month can't be told apart", "a wrong date", 0.5,
        ),
        Rule(
            "date.impossible", Stage.FORMATS, "review", "columns of dates",
            "a day that no calendar has", "", 0.99,
        ),
        Rule(
            "date.column", Stage.FORMATS, "auto", "columns of dates, most in one format",
            "a date written as most dates of the column are", "none", 0.99,
        ),
        Rule(
            "date.zone", Stage.FORMATS, "suggest", "columns of moments, nearly all with the same time zone",
            "a moment without a time zone in the one that nearly all others name", "a moment of another zone", 0.9,
        ),
        Rule(
            "spreadsheet.date", Stage.FORMATS, "review", "columns of codes with digits, and no dates",
            "a code that a spreadsheet took for a date", "what the code was", 0.9,
        ),
        Rule(
            "spreadsheet.rounded", Stage.FORMATS, "review", "columns of whole numbers and of names made of digits",
            "a long number whose last digits a spreadsheet dropped", "the last digits", 0.9,
        ),
        Rule(
            "code.mask", Stage.FORMATS, "suggest", "columns of codes, nearly all written with one mask",
            "the same letters and digits, with the separators and leading zeros that nearly all of the column has",
            "another kind of code", 0.95,
        ),
        Rule(
            "quantity.mark", Stage.FORMATS, "suggest", "columns of numbers, nearly all with the same unit or with none",
            "the number with or without its unit or currency, as in nearly all of the column", "another unit", 0.9,
        ),
        Rule(
            "duration.unit", Stage.FORMATS, "suggest", "columns of numbers of one unit of time",
            "hours, minutes and seconds as one number in the column's own unit", "how the parts were written", 0.95,
        ),
        Rule(
            "temperature.unit", Stage.FORMATS, "suggest", "columns of degrees Celsius or of degrees Fahrenheit",
            "the temperature in the column's own unit", "decimals that the column doesn't have", 0.95,
        ),
        Rule(
            "number.decimals", Stage.FORMATS, "suggest", "columns of numbers, most with as many decimals or none",
            "the same number with as many decimals as nearly all of the column", "how precise a number is", 0.95,
        ),
        Rule(
            "number.multiple", Stage.FORMATS, "suggest", "columns of plain numbers whose header names no unit",
            "thousands and millions written out, as in the rest of the column", "a unit that is written like them", 0.9,
        ),
        Rule(
            "null.number", Stage.NULLS, "suggest", "columns of numbers",
            "nines far away from all other numbers, or the only one below zero, as programs write what wasn't "
            "measured; made an empty cell", "a number that is meant", 0.9, version=2,
        ),
        Rule(
            "vocabulary.initial", Stage.VOCABULARY, "suggest", "columns of few words or few letters",
            "a word for its first letters or the other way round, as in nearly all of the column",
            "a word of its own", 0.9,
        ),
        Rule(
            "boolean.words", Stage.FORMATS, "auto", "columns of yes and no in several vocabularies",
            "yes and no written as in most of the column", "none", 0.99,
        ),
        Rule(
            "quantity.unit", Stage.FORMATS, "auto", "columns of numbers with units",
            "the number in the column's own unit", "the unit's spelling", 0.99,
        ),
        Rule(
            "quantity.note", Stage.FORMATS, "suggest", "columns of numbers whose header names the unit",
            "the number in the header's unit, without the words after it", "the words after the unit", 0.9,
        ),
        Rule(
            "vocabulary.spelling", Stage.VOCABULARY, "auto", "columns of repeated words",
            "case, spacing and punctuation as in the column's dominant spelling", "a distinction made by case only",
            0.99,
        ),
        Rule(
            "vocabulary.variant", Stage.VOCABULARY, "suggest", "columns of repeated words",
            "the same words in other order, case or accents; the column's more frequent spelling taken",
            "a distinction made by order or accents", 0.9,
        ),
        Rule(
            "vocabulary.abbreviation", Stage.VOCABULARY, "auto", "columns where the long form stands, too",
            "a usual abbreviation written out as elsewhere in the column", "none", 0.99,
        ),
        Rule(
            "vocabulary.noise", Stage.VOCABULARY, "suggest", "columns of repeated values",
            "a character that overwrites others; only one frequent value fits the rest", "a rare value of its own",
            0.95,
        ),
        Rule(
            "vocabulary.coded", Stage.VOCABULARY, "suggest", "columns of countries, languages or currencies",
            "the code or the name of the same country, language or currency, as in nearly all of the column", "none",
            0.95,
        ),
        Rule(
            "vocabulary.truncated", Stage.VOCABULARY, "suggest", "columns of repeated values",
            "a value cut off after as many characters as others were; only one frequent value begins so",
            "a shorter value of its own", 0.9,
        ),
        Rule(
            "vocabulary.typo", Stage.VOCABULARY, "suggest", "columns of repeated words",
            "a rare spelling next to one frequent value", "a rare value of its own", 0.9,
        ),
        Rule(
            "mac.canonical", Stage.DOMAINS, "auto", "columns of MAC addresses",
            "a MAC address written as nearly all of the column are, or else AA:BB:CC:DD:EE:FF", "none", 0.999,
            version=2,
        ),
        Rule(
            "ip.canonical", Stage.DOMAINS, "auto", "columns of IPv4 addresses",
            "an IPv4 address without spaces, leading zeros or a prefix length", "the prefix length", 0.99,
        ),
        Rule(
            "ip.impossible", Stage.DOMAINS, "review", "columns of IPv4 addresses",
            "no address that can be", "", 0.99,
        ),
        Rule(
            "mac.impossible", Stage.DOMAINS, "review", "columns of MAC addresses",
            "not twelve hexadecimal digits", "", 0.99,
        ),
        Rule(
            "email.canonical", Stage.DOMAINS, "auto", "columns of e-mail addresses",
            "an e-mail address without spaces in it, and without what stood before or after it", "none", 0.99,
        ),
        Rule(
            "email.impossible", Stage.DOMAINS, "review", "columns of e-mail addresses",
            "no address that mail could reach", "", 0.99,
        ),
        Rule(
            "name.case", Stage.DOMAINS, "auto", "columns of host names and e-mail addresses, most in lower case",
            "a host name or e-mail address in lower case as in the rest of the column", "none: case has no meaning",
            0.995,
        ),
        Rule(
            "reference.typo", Stage.REFERENCES, "suggest", "columns that refer to another table",
            "a reference to nothing, next to one key that exists", "a key that is missing there", 0.9,
        ),
        Rule(
            "cell.spilled", Stage.DEPENDENCIES, "suggest", "two columns of which the second is empty",
            "the end of the value belongs into the empty column beside it", "a name that ends in such a word", 0.9,
        ),
        Rule(
            "cells.swapped", Stage.DEPENDENCIES, "suggest", "two columns whose values are not each other's",
            "each of two cells holds what belongs into the other", "rare values of their own", 0.95,
        ),
        Rule(
            "dependency.flag", Stage.DEPENDENCIES, "suggest", "yes-or-no columns beside an amount of the same thing",
            "there is an amount, so the flag is set as in nearly all such rows", "an amount that is wrong itself", 0.95,
        ),
        Rule(
            "dependency.majority", Stage.DEPENDENCIES, "suggest", "columns that other columns decide",
            "rows that agree in what decides this column agree on this value", "a true exception", 0.9,
        ),
        Rule(
            "reports.majority", Stage.DEPENDENCIES, "suggest",
            "columns on which several sources tell of the same things",
            "the sources that are mostly right tell something else of the same thing",
            "what one source knows better than all others", 0.9,
        ),
        Rule(
            "duplicate.rows", Stage.DUPLICATES, "review", "tables",
            "rows that agree in every column", "a row that is there twice on purpose", 0.9,
        ),
    )
}  # fmt: skip


def planned(rule: str, table: str, column: str, given: tuple[str, ...]) -> PlannedRule:
    """A rule over rows for one column, reading others."""
    known = RULES[rule]
    return PlannedRule(
        rule=known.id,
        version=known.version,
        table=table,
        column=column,
        tier=known.tier,
        confidence=known.confidence,
        reason=known.reason,
        given=given,
    )
