"""Masks: values that hold what their column's one mask asks for, and depart from it in how it is written.

A telephone number with other separators, a code whose leading zeros a spreadsheet took, an O amid digits. A mask is
believed where nearly all of the column has it, and only if its digits and letters say where each separator belongs.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace

from discovery_pipeline.engine import duck
from discovery_pipeline.engine.cleansing.evidence import Evidence
from discovery_pipeline.engine.cleansing.values import Values

RULE = "code.mask"

MAIN = 0.85
"""Share of a column's cells that must have the mask."""

CELLS = 50
"""Cells a column must hold before its mask is believed."""

CAPITALS = 0.9
"""Share of a mask's cells whose letters are all capitals, from which the others' should be."""

FIXED = 0.98
"""Share of a mask's cells in which a part is of one length, for it to be of fixed length."""

FULL = 0.6
"""Share of the cells in which a number is of full length, from which shorter ones have lost leading zeros."""

SHORTEST = 4
"""Letters and digits a mask must have: shorter ones are alike by chance."""

LETTERS = 4
"""Letters of a part up to which it belongs to a code and is no word."""

SAMPLE = 2_000
"""Distinct values of a column from which the parts of its mask are told, the most frequent first."""

_LOOSE = r"[\s._/:,()\x{2013}\x{2014}-]"  # separators that stand for each other
_DIALLED, _TRUNK = r"(?:\+|00)", r"(?:\(0\)\s?)?"  # before a country's code, and behind it
_CROSS = r"\s*[xX*\x{00D7}]\s*"
_PARTS = re.compile(r"[^\W\d_]+|\d+")


@dataclass(frozen=True, slots=True)
class _Part:
    """A run of digits or letters: how long, what stands before it, and whether digits may begin with zeros."""

    before: str
    digits: bool
    shortest: int
    longest: int
    zeros: bool = False
    upper: bool = False  # written in capitals

    @property
    def fixed(self) -> bool:
        return self.shortest == self.longest


def plan(values: Values, evidence: Evidence) -> None:
    """Plan to write values with the mask of their column."""
    for position in _columns(values, evidence):
        found = values.ask(
            f"SELECT value, sum(cells)::BIGINT FROM {{values}} WHERE position = {position} AND value IS NOT NULL "
            f"GROUP BY value ORDER BY 2 DESC, hash(value) LIMIT {SAMPLE}"
        )
        if parts := _parts(found):
            end, parts = parts[-1].before, parts[:-1]
            values.offer(RULE, {position: _written(parts, end)}, f"NOT regexp_full_match($v, '{_own(parts, end)}')")


def _columns(values: Values, evidence: Evidence) -> list[int]:
    """Columns of codes of which nearly all cells have one mask."""
    positions = [p for p in evidence.of("text", "integer") if evidence.seen[p].cells >= CELLS]
    positions = [p for p in positions if evidence.seen[p].digits >= MAIN and evidence.seen[p].length <= 40]
    if not positions:
        return []
    every = [
        1 + (evidence.seen[p].distinct // SAMPLE if p in evidence.seen else 0) for p in range(len(values.table.columns))
    ]
    mask = r"regexp_replace(regexp_replace(value, '\pL+', 'A', 'g'), '[0-9]+', '9', 'g')"
    found = values.ask(
        f"WITH masks AS (SELECT position, {mask} AS mask, sum(cells) AS n FROM {{values}} "
        f"WHERE position IN ({', '.join(map(str, positions))}) AND value IS NOT NULL "
        f"AND hash(value) % CAST({every} AS UBIGINT[])[position + 1] = 0 GROUP BY ALL) "
        f"SELECT position FROM masks GROUP BY position HAVING max(n) >= {MAIN} * sum(n) ORDER BY position"
    )
    return [p for (p,) in found]


def _parts(found: Sequence[tuple[str, int]]) -> tuple[_Part, ...]:
    """The parts of the most frequent mask, and one more for what ends it; none where they aren't a code's."""
    cells: Counter[tuple[str, ...]] = Counter()
    split: dict[tuple[str, ...], list[tuple[list[str], int]]] = defaultdict(list)
    for value, n in found:
        runs = _PARTS.findall(value)
        key = (*_PARTS.split(value), *("9" if r.isdigit() else "A" for r in runs))
        cells[key] += n
        split[key].append((runs, n))
    (key, most), total = cells.most_common(1)[0], cells.total()
    size = len(key) // 2
    between, kinds = key[: size + 1], key[size + 1 :]
    if most < MAIN * total or "9" not in kinds or "$" in "".join(between) or not "".join(between).isascii():
        return ()
    parts: list[_Part] = []
    before = between[0]
    capitals = sum(n for runs, n in split[key] if all(r == r.upper() for r in runs)) >= CAPITALS * most
    for i, kind in enumerate(kinds):
        runs = [(r[i].upper() if capitals else r[i], n) for r, n in split[key]]
        if kind == "A" and len({r for r, _ in runs}) == 1:
            before += runs[0][0] + between[i + 1]
            continue
        part = replace(_part(before, kind == "9", runs, first=not parts), upper=capitals)
        if kind == "A" and not (part.fixed and part.longest <= LETTERS):
            return ()
        parts.append(part)
        before = between[i + 1]
    if not parts or sum(p.longest for p in parts) < SHORTEST or not any(p.digits for p in parts):
        return ()
    return (*parts, _Part(before, digits=False, shortest=0, longest=0))


def _part(before: str, digits: bool, runs: Sequence[tuple[str, int]], *, first: bool) -> _Part:
    lengths: Counter[int] = Counter()
    for run, n in runs:
        lengths[len(run)] += n
    (length, cells), total, longest = lengths.most_common(1)[0], lengths.total(), max(lengths)
    zeros = sum(n for run, n in runs if len(run) == length and run.startswith("0"))
    # What takes one leading zero takes all of them: shorter runs that have one are as long as they should be.
    taken = not any(len(run) < length and run.startswith("0") for run, _ in runs)
    if digits and first and taken and zeros >= 2 and longest == length > 1 and FULL * total <= cells:
        return _Part(before, digits, length, length, zeros=True)
    if cells >= FIXED * total:
        return _Part(before, digits, length, length)
    return _Part(before, digits, min(lengths), longest)


def _own(parts: Sequence[_Part], end: str) -> str:
    """A pattern of values that have the mask."""
    letters = r"\p{Lu}" if parts[0].upper else r"\pL"
    runs = "".join(re.escape(p.before) + _run(p, "0-9" if p.digits else letters, p.shortest) for p in parts)
    return duck.text(f"{runs}{re.escape(end)}")[1:-1]


def _written(parts: Sequence[_Part], end: str) -> str:
    """An expression that writes a value with the mask, if its parts are told apart without doubt."""
    certain = all(p.fixed for p in parts)
    dialled = parts[0].before == "+" and parts[0].digits
    loose, pieces = r"^\(?" if not parts[0].before else "^", []
    if parts[0].upper:
        loose = f"(?i){loose}"
    for number, part in enumerate(parts, 1):
        # Between numbers of changing length only a separator tells where one ends.
        needed = number > 1 and part.digits and parts[number - 2].digits and not certain
        loose += (
            _DIALLED if dialled and number == 1 else _loose(part.before, needed) + _TRUNK * (dialled and number == 2)
        )
        loose += _run(part, "0-9OoIl" if part.digits else r"\pL", 1 if part.zeros else part.shortest)
        pieces.append((part, number))
    pattern = duck.text(f"{loose}{_loose(end, needed=False)}$")
    written = " || ".join(f"{duck.text(part.before)} || {_piece(part, pattern, number)}" for part, number in pieces)
    half = sum(p.shortest for p in parts if p.digits) // 2
    legible = f"length(regexp_replace($v, '[^0-9]', '', 'g')) >= {max(1, half)}"
    return f"CASE WHEN regexp_matches($v, {pattern}) AND {legible} THEN {written} || {duck.text(end)} ELSE $v END"


def _run(part: _Part, characters: str, shortest: int) -> str:
    return f"([{characters}]{{{shortest},{part.longest}}})"


def _loose(written: str, needed: bool) -> str:
    """A pattern of what may stand in the place of a separator."""
    if not written:
        return ""
    if written.strip() in {"x", "X"}:
        return _CROSS
    runs = re.split(r"([\s._/:,()-]+)", written)
    return "".join(_LOOSE + ("+" if needed else "*") if n % 2 else re.escape(run) for n, run in enumerate(runs))


def _piece(part: _Part, pattern: str, number: int) -> str:
    found = f"regexp_extract($v, {pattern}, {number})"
    if not part.digits:
        return f"upper({found})" if part.upper else found
    legible = f"translate({found}, 'OoIl', '0011')"
    return f"lpad({legible}, {part.longest}, '0')" if part.zeros else legible
