r"""Patterns: regular expressions that others wrote, in a contract, a rule or a transformation.

All of them are RE2's, as DuckDB takes them: a value then costs time by its length only. Python's `re` may look at
forty characters for years, where somebody asks for `(a+)+$`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache


@lru_cache(maxsize=4096)
def fault(pattern: str) -> str:
    """What is wrong with a pattern; empty where it can be used."""
    try:
        fitting(pattern, ("",))
    except ValueError as wrong:  # Arrow's error is one, and that of text which is no Unicode
        return str(wrong).removeprefix("Invalid regular expression: ")
    return ""


def fitting(pattern: str, values: Iterable[str | None]) -> list[bool]:
    """Whether the pattern is found in each of the values; None holds nothing.

    Raises
    ------
    ValueError
        It is no pattern; `fault` says why.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    found = pc.call_function(
        "match_substring_regex", [pa.array(values, pa.string())], pc.MatchSubstringOptions(pattern)
    )
    return pc.fill_null(found, fill_value=False).to_pylist()
