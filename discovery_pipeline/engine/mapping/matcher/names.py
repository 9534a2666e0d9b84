"""Names: how alike fields are called, word by word, as a whole, and by the concepts they name.

All results are matrices of source fields × target fields with values 0..1.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import JaroWinkler
from scipy import sparse

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.knowledge.model import Contrary
from discovery_pipeline.engine.mapping.matcher import embedding, readings
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.mapping.matcher.readings import Readings
from discovery_pipeline.engine.mapping.matcher.words import Reader, split

_SPELLED_ALIKE = 0.9  # Jaro-Winkler from which two words are one with a slip of the pen
_SHORTENED = 0.85  # what a likely abbreviation is worth
_LONG_WORD = 5  # letters from which a common word stands for itself
_KEYS = frozenset({"identifier", "number", "code", "uuid", "guid", "reference"})  # words a key goes by
_BOTH_KEYS = 0.7
_UNSAID = 0.4  # agreement of "peak usage" with a name that says neither peak nor average
_SUBJECTS = frozenset(
    {"server", "node", "virtual machine", "device", "instance", "asset", "system", "component", "configuration item"}
)
_BARE = 0.97  # what a name without its subject is worth
_SURELY_NAMED = 0.9
_NAMED = 0.6  # share of words in common from which a name names a concept


@dataclass(frozen=True, slots=True)
class Names:
    """What the names on both sides say."""

    words: np.ndarray  # words in common, weighed by how much they tell, of all words
    covered: np.ndarray  # the same, of the side with fewer words
    trade: np.ndarray  # words in common where what a name says may be called as in any trade
    path: np.ndarray  # words in common where groups count as well
    same: np.ndarray  # 1 where the words are the same
    spelling: np.ndarray  # of the names as written
    grams: np.ndarray  # letter triples (or single characters, where a script has no spaces) in common
    meaning: np.ndarray  # of embedded names
    path_meaning: np.ndarray  # of embedded names with their groups
    concept: np.ndarray  # how surely both name the same concept of an inventory
    contrast: (
        np.ndarray
    )  # 0 where words part them, more where one is silent, 1 where they agree; NaN without such words
    contrary: np.ndarray  # where one says "begin" and the other "end", or the like
    group: np.ndarray  # of the groups alone; 1 where neither has one
    source_words: tuple[tuple[str, ...], ...]
    target_words: tuple[tuple[str, ...], ...]
    source_concepts: np.ndarray  # how well each field names each concept of the knowledge, fields × concepts
    target_concepts: np.ndarray
    target_own: np.ndarray  # the same, of what each field is called itself
    source_said: tuple[frozenset[str], ...]  # the words of all readings of each field
    target_said: tuple[frozenset[str], ...]


def compare(source: Sequence[Field], target: Sequence[Field]) -> Names:
    """Compare all source names with all target names."""
    reader = Reader.of([f.name for f in (*source, *target)])
    left, right = readings.of(source, reader, target), readings.of(target, reader, source)
    words, covered = _by_word(left.phrases, right.phrases)
    trade = readings.best(words, left, right)
    left, right = left.anywhere, right.anywhere
    groups = [[reader.words(f.group) if f.group else () for f in side] for side in (source, target)]
    paths = [_paths(side, group) for side, group in zip((left, right), groups, strict=True)]
    long = [[side[i] for i in read.first] for side, read in zip(paths, (left, right), strict=True)]
    same = np.equal.outer(*_numbered(left.phrases, right.phrases)).astype(float)
    concepts_left, concepts_right = _named(left, source), _named(right, target)
    meaning = embedding.likeness([*map(" ".join, left.phrases)], [*map(" ".join, right.phrases)])
    contrary = _contrary(_spoken(left.usual, source), _spoken(right.usual, target))
    parted = np.fmin(_contrasts(left.usual, right.usual), _numbers(left.usual, right.usual))
    return Names(
        words=readings.best(words, left, right),
        trade=trade,
        covered=readings.best(covered, left, right),
        path=readings.best(_by_word(*paths)[0] if any(map(any, groups)) else words, left, right),
        same=readings.best(same, left, right),
        spelling=process.cdist(
            [f.own.lower() for f in source], [f.own.lower() for f in target], scorer=JaroWinkler.normalized_similarity
        ),
        grams=_grams([f.own for f in source], [f.own for f in target]),
        meaning=readings.best(meaning, left, right),
        path_meaning=embedding.likeness([*map(" ".join, long[0])], [*map(" ".join, long[1])]),
        concept=_concepts(concepts_left, concepts_right),
        contrast=np.where(contrary, 0.0, parted),
        contrary=contrary,
        group=_groups(source, target, reader),
        source_words=tuple(left.usual),
        target_words=tuple(right.usual),
        source_concepts=concepts_left,
        target_concepts=concepts_right,
        target_own=_named(right.alone(), target),
        source_said=left.said,
        target_said=right.said,
    )


def _paths(read: Readings, groups: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Every reading with the words of its field's group before it."""
    return [(*groups[i], *phrase) for i, phrase in zip(read.of, read.phrases, strict=True)]


def _numbered(*sides: Sequence[tuple[str, ...]]) -> list[list[int]]:
    """A number for each phrase, the same for those of the same words."""
    numbers: dict[frozenset[str], int] = {}
    return [[numbers.setdefault(frozenset(phrase), len(numbers)) for phrase in side] for side in sides]


def _by_word(left: Sequence[tuple[str, ...]], right: Sequence[tuple[str, ...]]) -> tuple[np.ndarray, np.ndarray]:
    """Words in common of each pair of phrases: of all words, and of the shorter phrase.

    Each word finds its best partner on the other side; words that many names hold count little.
    """
    left_words, left_of = _vocabulary(left)
    right_words, right_of = _vocabulary(right)
    likeness = _word_likeness(left_words, right_words)
    told_left, told_right = _tell(left_words, left, right), _tell(right_words, left, right)
    found_left = _found(likeness, left_of, right_of, told_left)
    found_right = _found(likeness.T, right_of, left_of, told_right).T
    weight_left = np.array([sum(told_left[i] for i in words) for words in left_of])[:, None]
    weight_right = np.array([sum(told_right[i] for i in words) for words in right_of])[None, :]
    of_all = (found_left * weight_left + found_right * weight_right) / (weight_left + weight_right)
    of_fewer = np.where(weight_left <= weight_right, found_left, found_right)
    return of_all, of_fewer


def _vocabulary(phrases: Sequence[tuple[str, ...]]) -> tuple[list[str], list[list[int]]]:
    index: dict[str, int] = {}
    of = [[index.setdefault(word, len(index)) for word in phrase or ("",)] for phrase in phrases]
    return list(index), of


def _tell(words: Sequence[str], *sides: Sequence[tuple[str, ...]]) -> np.ndarray:
    """How much each word tells: less, the more names hold it; numbers and units little."""
    counts: dict[str, int] = {}
    for side in sides:
        for phrase in side:
            for word in set(phrase):
                counts[word] = counts.get(word, 0) + 1
    total = sum(map(len, sides))
    told = np.array([np.log1p(total / counts.get(word, 1)) for word in words])
    return told * np.array([0.3 if word.isdigit() or len(word) < 2 else 1.0 for word in words])


def _found(likeness: np.ndarray, left: list[list[int]], right: list[list[int]], told: np.ndarray) -> np.ndarray:
    """For each pair of phrases, the share of the left one's words that are found in the right one."""
    starts = np.cumsum([0] + [len(words) for words in right[:-1]])
    best = np.maximum.reduceat(likeness[:, np.concatenate(right)], starts, axis=1)
    rows = np.concatenate([np.full(len(words), i) for i, words in enumerate(left)])
    columns = np.concatenate(left)
    share = sparse.csr_matrix((told[columns], (rows, columns)), shape=(len(left), len(told)))
    total = np.asarray(share.sum(axis=1)).clip(min=1e-9)
    return (share @ best) / total


def _word_likeness(left: list[str], right: list[str]) -> np.ndarray:
    spelled = process.cdist(left, right, scorer=JaroWinkler.normalized_similarity)
    # Short words differ by more than spelling tells: "day" is no "may".
    short = np.minimum.outer([len(w) for w in left], [len(w) for w in right]) < 5
    alike = np.where((spelled >= _SPELLED_ALIKE) & ~short, spelled, 0.0)
    meant = np.clip(embedding.likeness(left, right) * 1.1 - 0.2, 0.0, 0.9)
    likeness = np.maximum(alike, meant)
    by_letter: dict[str, list[int]] = defaultdict(list)
    for j, other in enumerate(right):
        by_letter[other[:1]].append(j)
    for i, word in enumerate(left):
        for j in by_letter[word[:1]]:
            other = right[j]
            if word == other:
                likeness[i, j] = 1.0
            elif likeness[i, j] < _SHORTENED and (_shortens(word, other) or _shortens(other, word)):
                likeness[i, j] = _SHORTENED
    keys = np.logical_and.outer([w in _KEYS for w in left], [w in _KEYS for w in right])
    likeness[keys] = np.maximum(likeness[keys], _BOTH_KEYS)
    return likeness


def _shortens(short: str, full: str) -> bool:
    """Whether a word is likely an abbreviation of the other: same first letter, its letters in order, vowels gone."""
    if len(short) < 3 or short[0] != full[0] or len(full) <= len(short) or not short.isascii():
        return False
    if len(full) == len(short) + 1:
        return short == full[0] + "".join(c for c in full[1:] if c not in "aeiou")
    if full.startswith(short):
        return True
    if len(short) >= _LONG_WORD and short in embedding.whole_words():
        return False  # "phase" is no purchase
    letters = iter(full)
    if not all(letter in letters for letter in short):
        return False
    kept = [c for c in full[1:] if c not in "aeiou "]
    return all(c in kept for c in short[1:] if c not in "aeiou") and len(short) * 2.5 >= len(full)


def _grams(left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    texts = [_pieces(t) for t in (*left, *right)]
    index: dict[str, int] = {}
    rows = [i for i, pieces in enumerate(texts) for _ in pieces]
    columns = [index.setdefault(p, len(index)) for pieces in texts for p in pieces]
    held = sparse.csr_matrix((np.ones(len(rows)), (rows, columns)), shape=(len(texts), max(1, len(index))))
    sizes = np.asarray(held.sum(axis=1)).ravel()
    shared = (held[: len(left)] @ held[len(left) :].T).toarray()
    return 2 * shared / np.add.outer(sizes[: len(left)], sizes[len(left) :]).clip(min=1)


def _pieces(text: str) -> set[str]:
    plain = "".join(c for c in text.lower() if c.isalnum())
    if not plain.isascii():
        return set(plain)
    padded = f"  {plain} "
    return {padded[i : i + 3] for i in range(len(padded) - 2)}


def _concepts(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """How surely both fields name one concept: the product of how well each names it, at its best."""
    best = np.zeros((len(left), len(right)))
    for concept in np.flatnonzero(left.any(axis=0) & right.any(axis=0)):
        np.maximum(best, np.outer(left[:, concept], right[:, concept]), out=best)
    return best


def naming(fields: Sequence[Field]) -> np.ndarray:
    """How well each field names each concept of the knowledge, fields × concepts."""
    return _named(readings.of(fields, Reader.of([f.name for f in fields])), fields)


def _named(read: Readings, fields: Sequence[Field]) -> np.ndarray:
    full = _naming(read.phrases)
    bare = _naming([_without_subject(phrase) for phrase in read.phrases])
    # What is one term as a whole is no other with a subject before it: an "asset tag" is no tag of an asset.
    whole = [len(read.phrases[i]) == 1 and full[i].max(initial=0.0) == 1 for i in read.first]
    bare[np.array(whole, dtype=bool)[read.of]] = 0.0
    naming = np.maximum(full, _BARE * bare)
    return _besides(np.maximum.reduceat(naming * read.worth[:, None], read.first, axis=0), fields)


def _besides(naming: np.ndarray, fields: Sequence[Field]) -> np.ndarray:
    """With names that mean something else beside others: in a list of virtual machines, a host is what one runs on."""
    spoken = [" ".join(split(field.own)) for field in fields]
    places = {concept.name: place for place, concept in enumerate(knowledge.concepts())}
    for concept in knowledge.concepts():
        for other, called in concept.beside:
            if naming[:, places[other]].max(initial=0.0) >= _SURELY_NAMED:
                naming[[name in called for name in spoken]] = np.eye(len(places))[places[concept.name]]
    return naming


def _without_subject(phrase: tuple[str, ...]) -> tuple[str, ...]:
    """A name without words for the thing that every row is about: "server platform" is a platform."""
    return tuple(word for word in phrase if word not in _SUBJECTS) or phrase


def _naming(phrases: Sequence[tuple[str, ...]]) -> np.ndarray:
    known, starts, index = _concept_names()
    fields = _incidence([frozenset(p) for p in phrases], index)
    sizes = np.array([len(set(p)) for p in phrases])
    shared = (fields @ known.T).toarray()
    known_sizes = np.asarray(known.sum(axis=1)).ravel()
    jaccard = shared / (sizes[:, None] + known_sizes[None, :] - shared).clip(min=1)
    found = np.maximum.reduceat(np.where(jaccard >= _NAMED, jaccard, 0.0), starts, axis=1)
    # What names one concept in full is no half of another's name.
    return np.where((found.max(axis=1, keepdims=True) == 1) & (found < 1), 0.0, found)


@knowledge.remembered(1)
def _concept_names() -> tuple[sparse.csr_matrix, np.ndarray, dict[str, int]]:
    """All names of all concepts as names × words, where each concept's names start, and the words' columns."""
    concepts, reader = knowledge.concepts(), Reader()
    phrases = [frozenset(reader.words(name)) for concept in concepts for name in concept.names]
    starts = np.cumsum([0] + [len(concept.names) for concept in concepts[:-1]])
    index: dict[str, int] = {}
    for phrase in phrases:
        for word in phrase:
            index.setdefault(word, len(index))
    return _incidence(phrases, index), starts, index


def _incidence(phrases: Sequence[frozenset[str]], index: dict[str, int]) -> sparse.csr_matrix:
    cells = [(i, index[word]) for i, phrase in enumerate(phrases) for word in phrase if word in index]
    rows, columns = zip(*cells, strict=True) if cells else ((), ())
    return sparse.csr_matrix((np.ones(len(cells)), (rows, columns)), shape=(len(phrases), len(index)))


def _contrasts(left: Sequence[tuple[str, ...]], right: Sequence[tuple[str, ...]]) -> np.ndarray:
    """Whether words part two names: the least agreement over all contrasts that at least one name speaks of."""
    least = np.full((len(left), len(right)), np.nan)
    spoken = frozenset(word for words in (*left, *right) for word in words)
    for contrast in knowledge.contrasts():
        if spoken.isdisjoint(contrast.words):
            continue
        places = {word: place for place, word in enumerate(contrast.words, start=1)}
        said = [
            np.array([max((places.get(w, 0) for w in words), default=0) for words in side]) for side in (left, right)
        ]
        rows, columns = np.broadcast_arrays(said[0][:, None], said[1][None, :])
        agreed = np.where(rows == columns, 1.0, 0.0)
        unsaid = (rows == 0) | (columns == 0)
        agreed[unsaid] = (
            np.where(np.maximum(rows, columns)[unsaid] == 1, np.nan, _UNSAID) if contrast.silent else np.nan
        )
        agreed[(rows == 0) & (columns == 0)] = np.nan
        least = np.fmin(least, agreed)
    return least


def _contrary(left: Sequence[AbstractSet[str]], right: Sequence[AbstractSet[str]]) -> np.ndarray:
    """Where two names say contrary words, one each; who says both is for neither."""
    found = np.zeros((len(left), len(right)), dtype=bool)
    for words in knowledge.contraries():
        sides = ([_side(said, words) for said in names] for names in (left, right))
        found |= np.multiply.outer(*sides) < 0
    return found


def _side(said: AbstractSet[str], words: Contrary) -> int:
    """1 for a name that says the one, -1 for one that says the other, 0 where it says neither or both."""
    return int(not words.one.isdisjoint(said)) - int(not words.other.isdisjoint(said))


def _spoken(usual: Sequence[tuple[str, ...]], fields: Sequence[Field]) -> list[frozenset[str]]:
    """The words of each name in their usual form, and as they are written; "in" is a direction only at the end."""
    written = [split(field.own) for field in fields]
    return [
        frozenset((*words, *(word for word in said if word != "in"), *said[-1:]))
        for words, said in zip(usual, written, strict=True)
    ]


def _numbers(left: Sequence[tuple[str, ...]], right: Sequence[tuple[str, ...]]) -> np.ndarray:
    """Whether numbers part names that differ in nothing else: "disk size" is "disk 1 size", not "disk 2 size"."""
    return np.fmin(_numbered_apart(left, right), _numbered_apart(right, left).T)


def _numbered_apart(names: Sequence[tuple[str, ...]], siblings: Sequence[tuple[str, ...]]) -> np.ndarray:
    """Agreement of names with those that have siblings of other numbers; NaN elsewhere."""
    numbers = [_number(phrase) for phrase in names]
    series: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for j, phrase in enumerate(siblings):
        series[tuple(w for w in phrase if not w.isdigit())].append(j)
    agreed = np.full((len(names), len(siblings)), np.nan)
    for members in series.values():
        counted = {j: _number(siblings[j]) for j in members}
        if len(set(counted.values())) < 2:
            continue
        first = min(counted.values())
        for j, number in counted.items():
            unsaid = np.nan if number == first else _UNSAID
            agreed[:, j] = [unsaid if n < 0 else float(n == number) for n in numbers]
    return agreed


def _number(phrase: tuple[str, ...]) -> int:
    """The first number in a name; -1 where there is none."""
    return next((int(word) for word in phrase if word.isdecimal()), -1)


def _groups(source: Sequence[Field], target: Sequence[Field], reader: Reader) -> np.ndarray:
    """How alike the groups of fields are called; 1 where a side has none."""
    called = [[field.group for field in side] for side in (source, target)]
    if not all(map(any, called)):
        return np.ones((len(source), len(target)))
    distinct = [[*dict.fromkeys(side)] for side in called]
    one, other = ([Field(name) for name in side] for side in distinct)
    left, right = readings.of(one, reader, other), readings.of(other, reader, one)
    alike = readings.best(_by_word(left.phrases, right.phrases)[0], left, right)
    rows, columns = ([names.index(g) for g in side] for names, side in zip(distinct, called, strict=True))
    return alike[np.ix_(rows, columns)]
