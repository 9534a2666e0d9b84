"""Words: a column's name taken apart, written out and put into the words that other names use.

"u_jrnlNm" becomes ("journal", "name"); "zip" and "codice postale" both become ("postal code",).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from discovery_pipeline.engine import scripts, units
from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import embedding

_PARTS = re.compile(r"[A-Z]{2,}s(?![a-zA-Z])|[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[^\W\d_a-zA-Z]+|\d+|[#%]")
_ACCENTED = re.compile(r"[^\W\d_]+|\d+|[#%]")
_LATIN = re.compile(r"[a-z0-9\u00df-\u017f]+")
_EMPTY = frozenset(
    (
        "of",
        "the",
        "a",
        "an",
        "in",
        "on",
        "at",
        "to",
        "for",
        "and",
        "or",
        "is",
        "was",
        "by",
        "with",
        "per",
        "this",
        "that",
        "u",
    )
)
# That say at the end what the word before them means: what something is used for, or who by.
_PARTICLES = frozenset({"by", "for"})
# Articles and the like of other languages: nothing between other words, but perhaps a short form at either end.
_ARTICLES = frozenset(
    ("de", "del", "du", "des", "la", "le", "les", "el", "l", "d", "der", "die", "das", "von", "di", "van")
)
# Beside which "in" is a direction, and not what stands before a unit: "network in", and not "network in MB".
_FLOWS = frozenset(("network", "throughput", "packet", "byte", "octet"))
_UNITS = frozenset((
    "kb", "mb", "gb", "tb", "kib", "mib", "gib", "tib", "kio", "mio", "gio", "tio", "mhz", "ghz", "kilobyte",
    "megabyte", "gigabyte", "terabyte", "kibibyte", "mebibyte", "gibibyte", "tebibyte", "megahertz", "gigahertz",
))  # fmt: skip
# That say of a column only that it is one: "field 17", "attr_3".
_PLACEHOLDERS = frozenset((
    "col", "column", "fld", "field", "attr", "attribute", "var", "variable", "param", "parameter", "feature", "prop",
    "property", "custom", "extra", "udf", "char", "num", "str", "txt", "feld", "spalte", "campo", "champ", "colonne",
))  # fmt: skip
_MARKS = frozenset(("optional", "required"))  # that a template puts after a name
_LONGEST = 4  # words in a phrase of the synonyms
_SHORTEST_PIECE = 3
_LONG_PIECE = 4  # letters of a piece that is likely no accident
_COMMON_PIECE = 5  # letters from which any common word may be a piece of another
_JOINTS = ("", "s", "n", "en", "es", "er")  # letters between the parts of a German or Dutch compound


def split(name: str) -> tuple[str, ...]:
    """The words as written, in small letters: at case changes, digits, punctuation, and where the script changes."""
    words = []
    for chunk in _ACCENTED.findall(units.in_bytes(name.replace("_", " ")).replace("’s", "").replace("'s", "")):
        for run in scripts.runs(chunk):
            words += _PARTS.findall(run) if run.isascii() else [run]
    return tuple(map(scripts.small, words))


@dataclass(frozen=True)
class Reader:
    """Reads names with what the names around them show: words that stand alone there help part words that don't."""

    around: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, names: Iterable[str]) -> Reader:
        """A reader for these names."""
        return cls(frozenset(w for name in names for w in split(name) if len(w) >= _SHORTEST_PIECE))

    def words(self, name: str) -> tuple[str, ...]:
        """The words of a name, written out and in their usual form; the words as written if none is left."""
        return _words(name, self.around)

    def spelt(self, name: str) -> tuple[str, ...]:
        """The words of a name with short forms written out, each in the singular, and no synonyms."""
        return _spelt(name, self.around)

    def literal(self, name: str) -> tuple[str, ...]:
        """The words of a name as they stand there, each in the singular: what is usual elsewhere may mislead here."""
        return _literal(name, self.around)


def _written(name: str, around: frozenset[str]) -> list[str]:
    return [piece for word in _rejoined(split(name)) for piece in _parted(word, around)]


@knowledge.remembered(65536)
def _literal(name: str, around: frozenset[str]) -> tuple[str, ...]:
    written = tuple(map(singular, _written(name, around)))
    return _without_units(_telling(_unmarked(written))) or written


@knowledge.remembered(65536)
def _spelt(name: str, around: frozenset[str]) -> tuple[str, ...]:
    return tuple(map(singular, _full(name, around)))


def _full(name: str, around: frozenset[str]) -> list[str]:
    """The words of a name with short forms written out."""
    written = _written(name, around)
    inner = range(1, len(written) - 1)
    return [
        full
        for at, word in enumerate(written)
        if not (word in _ARTICLES and at in inner)
        for full in knowledge.abbreviations().get(word, word).split()
    ]


@knowledge.remembered(65536)
def _words(name: str, around: frozenset[str]) -> tuple[str, ...]:
    usual = tuple(_directed(_usual(tuple(_full(name, around))), parted="out" in around))
    telling = _telling(_unmarked(usual))
    return _without_units(telling) or telling or usual or ((name,) if name.strip() else ())


def _without_units(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words without units, and without the second that one of them is of: "KB/s"."""
    before = (None, *words)
    return tuple(
        w for w, last in zip(words, before, strict=False) if w not in _UNITS and (w != "s" or last not in _UNITS)
    )


def _telling(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words without those that say nothing; a particle stays with the one word that is left before it."""
    found = tuple(w for w in words if w not in _EMPTY)
    return (*found, words[-1]) if len(found) == 1 and words[-1] in _PARTICLES else found


def _directed(words: list[str], *, parted: bool) -> list[str]:
    """Words where "in" stands as "inbound" if it says which way something flows.

    Before a unit it does where the names around say "out" as well (`parted`): "net in KB/s", "net out KB/s".
    """
    return ["inbound" if word == "in" and _flows_in(words, at, parted) else word for at, word in enumerate(words)]


def _flows_in(words: list[str], at: int, parted: bool) -> bool:
    before, after = words[:at][-1:], words[at + 1 : at + 2]
    measured = bool(after) and (after[0] in _UNITS or after[0] in ("byte", "bit", "percent"))
    return (parted or not measured) and not _FLOWS.isdisjoint((*before, *after))


def _unmarked(words: tuple[str, ...]) -> tuple[str, ...]:
    """Words without a template's mark after them; "required version" has none."""
    return words[:-1] if len(words) > 1 and words[-1] in _MARKS else words


def _rejoined(words: tuple[str, ...]) -> list[str]:
    """Words that a capital parted too early put together again: "V", "Center" is a vCenter, "O", "Sname" an OS name."""
    out: list[str] = []
    for word in words:
        if out and (len(out[-1]) <= 2 or len(word) <= 2) and word != "in" and out[-1] + word in _known():
            out[-1] += word
        elif out and _shifted(out[-1], word):
            out[-1:] = [out[-1] + word[0], word[1:]]
        else:
            out.append(word)
    return out


def _shifted(short: str, word: str) -> bool:
    """Whether the first letter of a word that nobody knows is the last one of the short form before it."""
    known = _known()
    parted = short + word[0] in known and word[1:] in known and len(word) > _SHORTEST_PIECE
    return parted and len(short) <= 2 and short not in known and not {word, singular(word)} & (known | _common())


def telling(name: str) -> bool | None:
    """Whether a name says something; None where it may, in words that nobody knows: "kunnr", but not "fld_017"."""
    written = [piece for word in split(name) for piece in _parted(word, frozenset())]
    said = [w for w in written if len(w) > 1 and not w.isdecimal() and singular(w) not in _PLACEHOLDERS]
    known = (_known(), embedding.whole_words())
    if any(not w.isascii() or any(w in words or singular(w) in words for words in known) for w in said):
        return True
    return None if any(len(w) >= _SHORTEST_PIECE for w in said) else False


@knowledge.remembered(65536)
def _parted(word: str, around: frozenset[str]) -> tuple[str, ...]:
    """A word that is two or three known ones written together, parted; else as it is."""
    known = _known()
    if not word.isascii() and not _LATIN.fullmatch(word):
        return scripts.parted(word, _unspaced()) or (word,)
    if len(word) < 5 or word in known or singular(word) in known:
        return (word,)
    best = _cut(word, _vocabulary(around), 3)
    common = embedding.whole_words()
    # "present" is not "pre" and "sent".
    if best and _likely(best) and (min(map(len, best)) >= _LONG_PIECE or not {word, singular(word)} & common):
        return best
    return (word,) if word in common else _cut(word, _wide_vocabulary(around), 3) or (word,)


@knowledge.remembered(1)
def _unspaced() -> frozenset[str]:
    """Known words of scripts without spaces."""
    return frozenset(filter(scripts.unspaced, knowledge.synonyms()))


@knowledge.remembered(16)
def _vocabulary(around: frozenset[str]) -> frozenset[str]:
    """What a word may be made of: known words, and those around it."""
    return _known() | around


@knowledge.remembered(16)
def _wide_vocabulary(around: frozenset[str]) -> frozenset[str]:
    """These, and what else may be a part of a word or stand between parts."""
    return _common() | around


@knowledge.remembered(1)
def _common() -> frozenset[str]:
    """Known words, and common ones that are long enough to be parts of others."""
    return _known() | {w for w in embedding.whole_words() if len(w) >= _COMMON_PIECE} | {"is", "in", "of", "by"}


def _likely(pieces: tuple[str, ...]) -> bool:
    """Whether pieces are no accident: one is long, or all are forms in which words are shortened."""
    return max(map(len, pieces)) >= _LONG_PIECE or all(p in knowledge.abbreviations() or len(p) < 3 for p in pieces)


def _cover(word: str, vocabulary: frozenset[str], pieces: int) -> tuple[str, ...]:
    """The fewest known pieces that make up the word; empty where none do."""
    return (word,) if word in vocabulary else _cut(word, vocabulary, pieces)


def _cut(word: str, vocabulary: frozenset[str], pieces: int) -> tuple[str, ...]:
    """The same, of two pieces at least."""
    if pieces == 1:
        return ()
    found: tuple[str, ...] = ()
    for cut in range(len(word) - 2, 1, -1):
        head, tail = word[:cut], word[cut:]
        if head in vocabulary and _whole(head):
            rest = _joined(head, tail, vocabulary, pieces - 1)
            if rest and all(map(_whole, rest)) and (not found or len(rest) + 1 < len(found)):
                found = (head, *rest)
    return found


def _joined(head: str, tail: str, vocabulary: frozenset[str], pieces: int) -> tuple[str, ...]:
    """The pieces after the first one, with or without letters that merely join them to it."""
    joints = _JOINTS if len(head) > _LONG_PIECE else ("",)
    covers = (
        _cover(tail[len(j) :], vocabulary, pieces) for j in joints if tail.startswith(j) and len(tail) > len(j) + 1
    )
    return next(filter(None, covers), ())


def _whole(piece: str) -> bool:
    return len(piece) >= _SHORTEST_PIECE or piece in (
        "id",
        "nm",
        "no",
        "cd",
        "dt",
        "ip",
        "os",
        "vm",
        "db",
        "pk",
        "fk",
        "is",
        "in",
        "of",
        "by",
    )


@knowledge.remembered(1)
def _known() -> frozenset[str]:
    phrases = [*knowledge.synonyms(), *knowledge.abbreviations(), *knowledge.abbreviations().values()]
    phrases += [name for concept in knowledge.concepts() for name in concept.names]
    return frozenset(w for phrase in phrases for w in split(phrase) if _LATIN.fullmatch(w) and len(w) > 1)


def _usual(words: tuple[str, ...]) -> list[str]:
    """Phrases and words replaced by the form their synonyms share, the longest phrase first."""
    synonyms, out, at = _synonyms(), [], 0
    while at < len(words):
        for length in range(min(_LONGEST, len(words) - at), 0, -1):
            phrase = " ".join(words[at : at + length])
            usual = synonyms.get(phrase) or synonyms.get(singular(phrase))
            if usual:
                out.append(usual)
                at += length
                break
        else:
            out.append(singular(words[at]))
            at += 1
    return out


@knowledge.remembered(1)
def _synonyms() -> dict[str, str]:
    """Synonyms by their words as names are split, without articles: "système d'exploitation" has an apostrophe."""
    spoken = {" ".join(w for w in split(p) if w not in _ARTICLES): one for p, one in knowledge.synonyms().items()}
    return {**spoken, **knowledge.synonyms()}


def singular(word: str) -> str:
    """A word without the ending of an English plural."""
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word
