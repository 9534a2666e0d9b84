"""Null tokens and boolean words: texts that stand for nothing, for yes and for no.

A null token is counted apart from an empty cell: someone wrote it, and another system will take it for a value.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NULL_TOKENS = _words(
    "n/a na n.a. n.a #n/a #na n\\a <na> - -- --- _ . .. ... ? ?? ??? null (null) <null> [null] #null! nil none (none) "
    "<none> nan undefined undef unknown unk unkn (unknown) <unknown> unspecified missing tbd tba t.b.d. t.b.a. tbc "
    "(blank) <blank> blank empty (empty) <empty> \\n \\\\n void #ref! #value! #div/0! #name? not_available "
    "not_applicable unbekannt inconnu desconocido keine xxx"
) | {
    "",
    "not available",
    "not applicable",
    "not specified",
    "not set",
    "not known",
    "not provided",
    "no data",
    "no value",
    "to be determined",
    "to be defined",
    "to be confirmed",
    "to be announced",
    "k.a.",
    "k. a.",
    "n. a.",
    "n / a",
}
"""Null tokens, trimmed and in lower case. The empty one is a cell of nothing but white space."""

LONGEST_TOKEN = max(len(t) for t in NULL_TOKENS)

TRUE_WORDS = _words("true yes y t on ja oui si sí sim wahr vrai enabled 1")
FALSE_WORDS = _words("false no n f off nein non não falsch faux disabled 0")
BOOLEAN_WORDS = TRUE_WORDS | FALSE_WORDS


def is_null_token(value: str) -> bool:
    """Whether the value stands for nothing."""
    return len(value) <= 2 * LONGEST_TOKEN and value.strip().lower() in NULL_TOKENS


__all__ = ["BOOLEAN_WORDS", "FALSE_WORDS", "LONGEST_TOKEN", "NULL_TOKENS", "TRUE_WORDS", "is_null_token"]
