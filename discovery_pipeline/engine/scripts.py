"""Scripts: the words of a name that is written in Chinese, Japanese or Korean, where no space need part them.

What the words mean is knowledge of who asks.
"""

from __future__ import annotations

import re
from collections.abc import Set as AbstractSet

_UNSPACED = "\u3005\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff"
_RUNS = re.compile(rf"[{_UNSPACED}]+|[^{_UNSPACED}]+")
_DOTTED = "i\u0307"  # what a Turkish capital İ becomes in small letters


def runs(word: str) -> list[str]:
    """A word parted where its script changes: "CPU数" is "CPU" and "数"."""
    return _RUNS.findall(word)


def small(word: str) -> str:
    """A word in small letters, a Turkish one as it is written in them."""
    return word.lower().replace(_DOTTED, "i")


def unspaced(word: str) -> bool:
    """Whether a word, of one script, is of a script whose words need no spaces between them."""
    return bool(re.fullmatch(f"[{_UNSPACED}]+", word))


def parted(word: str, known: AbstractSet[str]) -> tuple[str, ...]:
    """The known words that a word is made of, the longest first one that fits; empty where there is more to it.

    A single character is a part of too many other words: it is one only where it ends the word.
    """
    if word in known:
        return (word,)
    for cut in range(len(word) - 1, 1, -1):
        if word[:cut] in known and (rest := parted(word[cut:], known)):
            return (word[:cut], *rest)
    return ()
