"""Null tokens and boolean words: texts that stand for nothing, for yes and for no.

A null token is counted apart from an empty cell: someone wrote it, and another system will take it for a value.
"""

from __future__ import annotations

from collections.abc import Iterable


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


NULL_TOKENS = _words(
    "n/a na n.a. n.a #n/a #na n\\a <na> - -- --- _ . .. ... ? ?? ??? null (null) <null> [null] #null! nil none (none) "
    "<none> nan undefined undef unknown unk unkn (unknown) <unknown> unspecified missing tbd tba t.b.d. t.b.a. tbc "
    "(blank) <blank> blank empty (empty) <empty> \\n \\\\n void #ref! #value! #div/0! #name? #num! #nv #n/d #wert! "
    "#bezug! #zahl! #valeur! #nombre! not_available "
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

TRUE_WORDS = _words(
    "true yes y t on enabled 1 ja j wahr oui vrai si sí sì sim verdadero verdadeiro vero waar tak prawda ano pravda "
    "kyllä kylla evet はい 是 예 네"
)
FALSE_WORDS = _words(
    "false no n f off disabled 0 nein falsch non faux não nao nee falso onwaar nie fałsz ne nepravda nej nei ei hayır "
    "hayir いいえ 否 아니오 아니요"
)
BOOLEAN_WORDS = TRUE_WORDS | FALSE_WORDS
SPOKEN = BOOLEAN_WORDS - {"0", "1"}
"""Boolean words that are no numbers."""


_TWO_FACED = ("na", "none", "nil")
"""Tokens that are a value as often: Namibia, North America; no encryption, no backup."""

VOCABULARY = 50
"""Values up to which a column is a vocabulary, of which a token may be a word."""


def null_tokens(values: Iterable[tuple[str, int]]) -> frozenset[str]:
    """The null tokens of a column with such values.

    Among codes in capitals NA is one of them; and in a vocabulary a token that stands as often as its words is a word.
    """
    told = [(v.strip(), n) for v, n in values]
    if not any(v.lower() in _TWO_FACED for v, _ in told):
        return NULL_TOKENS
    others = [(v, n) for v, n in told if v.lower() not in NULL_TOKENS]
    codes = sum(n for v, n in others if 2 <= len(v) <= 5 and v.isalpha() and v.isupper())
    spared = {"na"} if others and codes >= 0.8 * sum(n for _, n in others) else set[str]()
    return NULL_TOKENS - spared - as_often_as_words(told, _TWO_FACED)


def as_often_as_words(values: Iterable[tuple[str, int]], tokens: Iterable[str]) -> frozenset[str]:
    """Those of these tokens that stand as often in a column as the words of its vocabulary; none where it has none."""
    told = [(v.strip().lower(), n) for v, n in values]
    peers = sorted(n for v, n in told if v not in NULL_TOKENS)
    if not 0 < len(peers) <= VOCABULARY or sum(peers) < 10 * len(peers):
        return frozenset()
    common = peers[len(peers) // 2]
    counts = {token: sum(n for v, n in told if v == token) for token in tokens}
    return frozenset(t for t, n in counts.items() if common / 2 <= n <= 1.5 * peers[-1])


def is_null_token(value: str, tokens: frozenset[str] = NULL_TOKENS) -> bool:
    """Whether the value stands for nothing."""
    return len(value) <= 2 * LONGEST_TOKEN and value.strip().lower() in tokens
