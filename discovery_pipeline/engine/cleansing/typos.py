"""Typos: rare values next to one frequent value of their column, and characters that overwrite others.

Both are guesses from counts, so both abstain easily: where frequent values lie as close to one another as the
rare ones do to them, closeness says nothing.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values

if TYPE_CHECKING:
    import numpy as np

ROWS = 50
"""Cells a column must hold before its counts say anything."""

FREQUENT = 5
"""Cells from which a value is taken for a word of the column."""

RATIO = 5
"""How many times more often the right spelling must stand than the typo."""

KNOWN = 0.5
"""Share of cells that frequent values must cover: else the column is no vocabulary."""

CLOSE = 0.05
"""Share of frequent values with a close neighbour from which closeness says nothing, unless typos are far more."""

LIMIT = 20_000
"""Distinct values a column; longer lists are looked at in part, the most frequent first."""

NOISE_VALUES = 5
"""Distinct rare values that one character must explain before it counts as noise."""

NOISE_SHARE = 0.6
"""Share of the near misses of a column that the character must explain for them to count."""

RIDDEN = 0.7
"""Share of the rare values that must lie next to a frequent one for any slip in the column to be believed."""

SLIPS = 5
"""Distinct slips that must have been seen in the column before that."""

APART = 3
"""Edits that every other frequent value must be away from a slip that is believed on such evidence."""

LOST = "\ufffd"
"""What decoders write for bytes they can't read: always noise."""


@dataclass(frozen=True)
class _Column:
    """The values of one column, most frequent first."""

    position: int
    cells: Mapping[str, int]

    @cached_property
    def frequent(self) -> list[str]:
        return [v for v, n in self.cells.items() if n >= FREQUENT]

    @cached_property
    def rare(self) -> list[str]:
        most = max(self.cells.values(), default=0)
        return [v for v, n in self.cells.items() if n * RATIO <= most]

    @property
    def known(self) -> float:
        return sum(self.cells[v] for v in self.frequent) / max(1, sum(self.cells.values()))

    @property
    def vocabulary(self) -> bool:
        return sum(self.cells.values()) >= ROWS and self.known >= KNOWN


def plan(values: Values, evidence: Evidence) -> None:
    """Plan the removal of noise characters, then of typos."""
    columns = [c for c in _columns(values, evidence) if c.vocabulary]
    noise = noise_characters(columns)
    for column in columns:
        mended = overwritten_words(column.cells, noise) | overwritten(column.cells, noise)
        values.offer_list("vocabulary.noise", column.position, mended)
        if evidence.kind(column.position) == "text":
            left = {v: n for v, n in column.cells.items() if v not in mended and not noise & set(v)}
            known = {v: n for v, n in column.cells.items() if v not in mended}
            values.offer_list("vocabulary.typo", column.position, misspelt(_Column(column.position, known), left))


def _columns(values: Values, evidence: Evidence) -> Iterable[_Column]:
    positions = [p for p, s in evidence.seen.items() if s.distinct >= 2 and s.distinct <= 0.8 * s.cells]
    for position in positions:
        found = values.ask(
            f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
            f"GROUP BY value ORDER BY 2 DESC, value LIMIT {LIMIT}"
        )
        yield _Column(position, dict(found))


def noise_characters(columns: Sequence[_Column]) -> frozenset[str]:
    """Characters that stand in the place of others in many rare values of the table.

    Evidence is a rare value that becomes a frequent one of its column by changing only this character, wherever it
    stands; against it, rare values of that column that differ from a frequent one in anything else. Noise falls on
    any character: one that always replaces the same is a spelling.
    """
    explained: Counter[str] = Counter()
    replaced: dict[str, set[str]] = defaultdict(set)
    for column in columns:
        here: Counter[str] = Counter()
        misses = list(_near_misses(column))
        for value, near in misses:
            wrong = [(a, b) for a, b in zip(value, near, strict=True) if a != b]
            # A digit for a digit is another number.
            if len({a for a, _ in wrong}) == 1 and not all(a.isdigit() and b.isdigit() for a, b in wrong):
                here[wrong[0][0]] += 1
                replaced[wrong[0][0]] |= {b for _, b in wrong}
        explained.update({c: n for c, n in here.items() if n >= NOISE_SHARE * len(misses)})
    found = {c for c, n in explained.items() if n >= NOISE_VALUES and len(replaced[c]) >= NOISE_VALUES}
    return frozenset(found | {LOST})


def _near_misses(column: _Column) -> Iterable[tuple[str, str]]:
    """Rare values with the frequent value of the same length from which they differ least, if little."""
    import numpy as np
    from rapidfuzz.distance import Hamming
    from rapidfuzz.process import cdist

    rare = [v for v in column.rare if v not in set(column.frequent)][:2000]
    frequent = column.frequent[:2000]
    if not rare or not frequent:
        return
    # pad=True counts missing characters as differences: lengths stay apart.
    apart = cdist(rare, frequent, scorer=Hamming.distance, score_cutoff=None, dtype=np.int32)
    lengths = np.array([len(v) for v in rare])
    best = apart.argmin(axis=1)
    for i, j in enumerate(best):
        value, near = rare[i], frequent[j]
        if len(value) == len(near) and 0 < apart[i, j] <= max(1, 0.3 * lengths[i]):
            yield value, near


def overwritten(cells: Mapping[str, int], noise: frozenset[str]) -> dict[str, str | None]:
    """Rare values with noise in them, with the only value of the column that fits the characters left."""
    import numpy as np

    suspects = [v for v in cells if noise & set(v)]
    if not suspects:
        return {}
    by_length: dict[int, list[str]] = defaultdict(list)
    for value in cells:
        by_length[len(value)].append(value)
    grids = {n: _grid(by_length[n], n) for n in {len(v) for v in suspects}}
    marks = np.array([ord(c) for c in noise], dtype=np.uint32)
    mended: dict[str, str | None] = {}
    for value in suspects:
        others, grid = by_length[len(value)], grids[len(value)]
        own = _grid([value], len(value))[0]
        lost = np.isin(own, marks)
        if lost.mean() > 0.5:
            continue
        fits = ((grid == own) | lost).all(axis=1)
        # Where noise stands in both, the other is no better; it must be clean where this one is not.
        candidates = [others[i] for i in np.flatnonzero(fits) if others[i] != value]
        cleaner = [c for c in candidates if _marks(c, noise) < _marks(value, noise) and cells[c] > cells[value]]
        leaders = sorted(cleaner, key=lambda c: -cells[c])[:2]
        if not leaders or cells[leaders[0]] < 2 * cells[value]:
            continue
        if len(leaders) == 2 and cells[leaders[1]] * 4 * RATIO > cells[leaders[0]]:
            continue
        mended[value] = leaders[0]
    return mended


def overwritten_words(cells: Mapping[str, int], noise: frozenset[str]) -> dict[str, str | None]:
    """Values whose words with noise in them are each the only word of the column that fits."""
    words: Counter[str] = Counter()
    for value, n in cells.items():
        words.update({w: n for w in value.split(" ") if not any(c.isdigit() for c in w)})
    known = overwritten(words, noise)
    mended: dict[str, str | None] = {}
    for value in cells:
        parts = [known.get(w) or w for w in value.split(" ")]
        # A word that is noisy still, and not a word of the column by itself, leaves the whole in doubt.
        if any(noise & set(w) and words[w] < FREQUENT for w in parts):
            continue
        if (whole := " ".join(parts)) != value:
            mended[value] = whole
    return mended


def _marks(value: str, noise: frozenset[str]) -> int:
    return sum(c in noise for c in value)


def _grid(values: Sequence[str], length: int) -> np.ndarray:
    """The code points of values of one length, a row each."""
    import numpy as np

    return np.array(values, dtype=f"<U{max(1, length)}").view(np.uint32).reshape(len(values), -1)


def misspelt(column: _Column, suspects: Mapping[str, int]) -> dict[str, str | None]:
    """Rare values with the one frequent value they are a slip away from."""
    import numpy as np
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    frequent = [v for v in column.frequent if len(v) >= 4]
    rare = [v for v in column.rare if v in suspects and len(v) >= 4]
    if not frequent or not rare:
        return {}
    mended: dict[str, str | None] = {}
    batch = max(1, 4_000_000 // len(frequent))
    for start in range(0, len(rare), batch):
        part = rare[start : start + batch]
        apart = cdist(part, frequent, scorer=OSA.distance, score_cutoff=6, dtype=np.int32)
        for i, value in enumerate(part):
            near = [j for j in np.argsort(apart[i], kind="stable")[:3] if _slip(value, frequent[j], int(apart[i, j]))]
            near = [j for j in near if column.cells[frequent[j]] >= RATIO * column.cells[value]]
            near = [j for j in near if not _plainer(frequent[j], value)]
            if len(near) == 1 or (len(near) > 1 and apart[i, near[0]] < apart[i, near[1]]):
                mended[value] = frequent[near[0]]
    natural = _close(frequent, column.cells)
    if natural > max(CLOSE, len(mended) / max(1, len(rare)) / 4):
        return {}
    return mended | _ridden(column, [v for v in column.rare if v in suspects and v not in mended], len(mended))


def _ridden(column: _Column, rare: Sequence[str], seen: int) -> dict[str, str | None]:
    """Slips of any kind, in a column whose rare values are slips, nearly all of them.

    Where many slips were seen already and little else is rare, short words and first letters are believed, too, if
    only one frequent value is near.
    """
    import numpy as np
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    frequent = column.frequent
    rare = [v for v in rare if len(v) >= 3 and column.cells[v] < FREQUENT]
    if seen < SLIPS or not rare or len(frequent) < 2:
        return {}
    apart = np.sort(distances := cdist(rare, frequent, scorer=OSA.distance, dtype=np.int32), axis=1)
    beside = (apart[:, 0] == 1) & (apart[:, 1] >= APART)
    if beside.sum() + seen < RIDDEN * (len(rare) + seen):
        return {}
    nearest = [frequent[j] for j in distances.argmin(axis=1)]
    return {
        value: near
        for value, near, alone in zip(rare, nearest, beside, strict=True)
        if alone and _any_slip(value, near) and column.cells[near] >= 4 * RATIO * column.cells[value]
    }


def _any_slip(value: str, other: str) -> bool:
    """Whether an edit between the two may be a slip: not of digits, and no ending or beginning more."""
    if len(other) < 4 or value.startswith(other) or value.endswith(other) or _plainer(other, value):
        return False
    return [c for c in value if c.isdigit()] == [c for c in other if c.isdigit()]


def _plainer(word: str, other: str) -> bool:
    """Whether the word is the other without its diacritics, or with other ones."""
    plain, written = _parted(word), _parted(other)
    return plain != written and _bare(plain) == _bare(written) and _bare(written) != written


def _parted(word: str) -> str:
    return unicodedata.normalize("NFD", word)


def _bare(word: str) -> str:
    return "".join(c for c in word if not unicodedata.combining(c))


def _close(frequent: Sequence[str], cells: Mapping[str, int]) -> float:
    """Share of frequent values that are a slip away from another about as frequent."""
    import numpy as np
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    some = frequent[:1500]
    apart = cdist(some, some, scorer=OSA.distance, score_cutoff=6, dtype=np.int32)
    np.fill_diagonal(apart, 99)
    nearest = apart.argmin(axis=1)
    alike = [
        _slip(value, some[j], int(apart[i, j])) and cells[some[j]] < RATIO * cells[value] < RATIO**3 * cells[some[j]]
        for i, (value, j) in enumerate(zip(some, map(int, nearest), strict=True))
    ]
    return sum(alike) / len(some)


def _slip(value: str, other: str, distance: int) -> bool:
    """Whether one is the other with a slip of the hand in a word.

    Short words and codes are too close to one another by nature; digits, first letters and endings carry meaning.
    """
    if not 0 < distance <= max(2, len(other) // 7):
        return False
    words, others = _WORD.findall(value), _WORD.findall(other)
    if len(words) != len(others):
        # A blank lost or won; nothing else may differ.
        return distance == 1 and "".join(value.split()) == "".join(other.split()) and len(other) >= 8
    wrong = [(a, b) for a, b in zip(words, others, strict=True) if a != b]
    return bool(wrong) and all(_misspelt(a, b) for a, b in wrong)


_WORD = re.compile(r"[^\W_]+|_+|[^\w\s]+")


def _misspelt(word: str, other: str) -> bool:
    from rapidfuzz.distance import OSA

    if len(other) < 5 or len(word) < 4 or any(c.isdigit() for c in word + other):
        return False
    if word[1:] == other and word[0].islower() and other[0].isupper():
        return True  # no word goes on with a capital after one small letter
    if word[0] != other[0]:
        return False
    # "managed" and "unmanaged", "server" and "servers" are words of their own.
    if len(word) > len(other) and word.startswith(other):
        return False
    return OSA.distance(word, other) <= (1 if len(other) < 8 else 2)


def one_slip(values: Sequence[str], known: Sequence[str]) -> dict[str, str | None]:
    """Values that are a slip away from exactly one known value, with that; or that differ from it in case only."""
    import numpy as np
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import cdist

    found: dict[str, str | None] = {}
    folded: dict[str, list[str]] = defaultdict(list)
    for word in known:
        folded["".join(word.split()).casefold()].append(word)
    batch = max(1, 4_000_000 // max(1, len(known)))
    for start in range(0, len(values), batch):
        part = values[start : start + batch]
        apart = cdist(part, known, scorer=OSA.distance, score_cutoff=3, dtype=np.int32)
        for value, distances in zip(part, apart, strict=True):
            alike = folded.get("".join(value.split()).casefold(), [])
            near = alike or [
                known[j] for j in map(int, np.flatnonzero(distances <= 2)) if _slip(value, known[j], int(distances[j]))
            ]
            if len(near) == 1:
                found[value] = near[0]
    return found
