"""Embedding: texts as vectors, so that names that mean alike lie close.

The weights ship in wordllama's wheel and are read from there: importing that package would set up the root
logger and an HTTP client, and neither is needed to average token vectors.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from discovery_pipeline.errors import MappingError

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_WEIGHTS = Path("weights", "l2_supercat_256.safetensors")
_TOKENS = Path("tokenizers", "l2_supercat_tokenizer_config.json")
_STARTS = "\u2581"  # what stands before a token that begins a word
_LONGEST = 512  # characters of a text that count
_KEPT = 50_000  # vectors in the cache: 50 MB

_cache: dict[str, np.ndarray] = {}
_lock = threading.Lock()


def vectors(texts: Sequence[str]) -> np.ndarray:
    """Unit vectors, one row a text; a text without words gives zeros."""
    if not texts:
        return np.zeros((0, _model()[1].shape[1]), dtype=np.float32)
    cut = [text[:_LONGEST] for text in texts]
    with _lock:
        new = [text for text in dict.fromkeys(cut) if text not in _cache]
        if len(_cache) + len(new) > _KEPT:
            _cache.clear()
            new = list(dict.fromkeys(cut))
        if new:
            _cache.update(zip(new, _embedded(new), strict=True))
        return np.stack([_cache[text] for text in cut])


def likeness(left: Sequence[str], right: Sequence[str]) -> np.ndarray:
    """Cosines 0..1 of every left text with every right one; opposite counts as unlike."""
    return np.clip(vectors(left) @ vectors(right).T, 0.0, 1.0)


@lru_cache(maxsize=1)
def whole_words() -> frozenset[str]:
    """English words so common that the encoder has a vector for each, in small letters."""
    tokens = _model()[0].get_vocab()
    return frozenset(t[1:] for t in tokens if t.startswith(_STARTS) and _plain(t[1:]))


def _plain(word: str) -> bool:
    return word.isascii() and word.isalpha() and word.islower()


def _embedded(texts: list[str]) -> np.ndarray:
    tokenizer, table = _model()
    encoded = tokenizer.encode_batch(texts, add_special_tokens=False)
    lengths = np.array([len(e.ids) for e in encoded])
    tokens = np.fromiter((t for e in encoded for t in e.ids), dtype=np.int64, count=int(lengths.sum()))
    sums = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
    spoken = np.flatnonzero(lengths)
    if len(spoken):
        found = table[np.clip(tokens, 0, len(table) - 1)].astype(np.float32)
        sums[spoken] = np.add.reduceat(found, (np.cumsum(lengths) - lengths)[spoken], axis=0)
    norms = np.linalg.norm(sums, axis=1, keepdims=True)
    return np.divide(sums, norms, out=np.zeros_like(sums), where=norms > 0)


@lru_cache(maxsize=1)
def _model() -> tuple[Tokenizer, np.ndarray]:
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    package = find_spec("wordllama")
    if package is None or package.origin is None:
        raise MappingError("The package wordllama, which holds the word vectors, is not installed. Run `make setup`.")
    home = Path(package.origin).parent
    (table,) = load_file(home / _WEIGHTS).values()
    return Tokenizer.from_file(str(home / _TOKENS)), table
