"""Data loss: values that would not arrive, or not as they were."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine.phrases import counted, percent
from discovery_pipeline.engine.risk.losses import FieldLoss
from discovery_pipeline.engine.risk.model import Facts, Level, Risk
from discovery_pipeline.engine.risk.outcomes import Outcome
from discovery_pipeline.engine.risk.scale import level, worst

NOT_TAKEN = "Rows are not taken"
SHOWN = 5
"""Fields named in one risk's evidence; the rest is a number."""
_FELT = 0.001
"""Share of a number from which rounding it may be felt."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """One way in which fields lose values."""

    title: str
    count: Callable[[FieldLoss], int]
    tell: Callable[[FieldLoss], str]
    mitigation: str
    impact: Level | None = None  # None: by the share that is lost, and high for identities
    slight: Callable[[FieldLoss], bool] = lambda _: False  # whether it hardly matters, however many there are


_KINDS = (
    _Kind(
        title="Values become empty in their transformation",
        count=lambda loss: loss.emptied,
        tell=lambda loss: f"{counted(loss.emptied, 'value')} of {loss.filled:,}{_such_as(loss.examples)}",
        mitigation="Extend the transformation to these values, or mend them at the source.",
    ),
    _Kind(
        title="Numbers are read in a unit that they don't state",
        count=lambda loss: loss.unitless,
        tell=lambda loss: f"{counted(loss.unitless, 'number')} of {loss.filled:,} by {loss.field.transformation}",
        mitigation="Ask the source's owner for the unit; correct the transformation if it is another one.",
        impact="high",  # a wrong unit is wrong a thousandfold
    ),
    _Kind(
        title="Numbers lose precision",
        count=lambda loss: loss.rounded,
        tell=lambda loss: (
            f"{counted(loss.rounded, 'value')} of {loss.filled:,} by {loss.field.transformation}, "
            f"the furthest by {percent(loss.furthest or 0, 1)}"
        ),
        mitigation="Map to a field that takes fractions, or convert to a smaller unit before rounding.",
        slight=lambda loss: (loss.furthest or 0) < _FELT,
    ),
    _Kind(
        title="Parts of values are left out",
        count=lambda loss: loss.cut,
        tell=lambda loss: f"{counted(loss.cut, 'value')} of {loss.filled:,} by {loss.field.transformation}",
        mitigation="Look at what is left out; map it to a field of its own where it says something.",
        slight=lambda loss: loss.field.data_type != "string",  # what stood around a number or a day
    ),
    _Kind(
        title="Values become the same word as others",
        count=lambda loss: loss.reworded,
        tell=lambda loss: f"{counted(loss.reworded, 'distinct value')} fewer by {loss.field.transformation}",
        mitigation="Keep what tells them apart in a field of its own, or in a tag.",
        impact="low",  # the target's list has no more words
    ),
    _Kind(
        title="Texts are longer than the target takes",
        count=lambda loss: loss.too_long,
        tell=lambda loss: (
            f"{counted(loss.too_long, 'value')} over {loss.max_length:,} characters; the longest has {loss.longest:,}"
        ),
        mitigation="Shorten these values at the source, or map the column to a longer field.",
    ),
    _Kind(
        title="Different identities fall together",
        count=lambda loss: loss.merged,
        tell=lambda loss: f"{counted(loss.merged, 'distinct value')} fewer after {loss.field.transformation}",
        mitigation="Take a transformation that keeps identities apart, or another column as identity.",
        impact="high",
    ),
    _Kind(
        title="Text was garbled before it came here",
        count=lambda loss: loss.garbled,
        tell=lambda loss: f"{counted(loss.garbled, 'value')} of {loss.filled:,} hold signs of a wrong decoding",
        mitigation="Export the source again as UTF-8; what was decoded wrongly twice can't always be restored.",
    ),
)


def risks(facts: Facts, losses: Sequence[FieldLoss], ends: Sequence[Outcome]) -> Iterable[Risk]:
    """What of the data would be lost."""
    yield from _rejected(facts, ends)
    for kind in _KINDS:
        yield from _by_field(kind, losses)
    yield from _blanked(facts, ends)
    yield from _unmapped(facts)
    yield from _in_other_hands(losses)


def _rejected(facts: Facts, ends: Sequence[Outcome]) -> Iterable[Risk]:
    refused = [end for end in ends if end.to_correct]
    if refused:
        yield Risk(
            category="data_loss",
            title=NOT_TAKEN,
            likelihood="high",  # counted, not feared
            impact=worst(level(end.to_correct, end.meant) for end in refused),
            evidence=tuple(
                f"{_title(facts, end)}: {counted(end.to_correct, 'row')} of "
                f"{end.meant:,} rejected ({percent(end.to_correct, end.meant)}), {end.delivered:,} delivered"
                + (f", {counted(end.repeated, 'duplicate')}" if end.repeated else "")
                for end in refused
            ),
            mitigation="Correct the rejected rows in rejected_rows.csv by their reasons and run them again.",
        )


def _blanked(facts: Facts, ends: Sequence[Outcome]) -> Iterable[Risk]:
    blanked = [end for end in ends if end.verdict.blanked]
    if blanked:
        yield Risk(
            category="data_loss",
            title="Values that would be refused are left out",
            likelihood="high",
            impact=worst(level(end.verdict.blanked, end.meant) for end in blanked),
            evidence=tuple(
                f"{_title(facts, end)}: {counted(end.verdict.blanked, 'value')} "
                "blanked in optional fields; the rows are delivered"
                for end in blanked
            ),
            mitigation="Look at the findings of these targets; correct the values at the source where they matter.",
        )


def _title(facts: Facts, end: Outcome) -> str:
    target = facts.targets.get(end.verdict.target)
    return target.title if target else end.verdict.target


def _unmapped(facts: Facts) -> Iterable[Risk]:
    """Columns with values that no target takes. Only tables that are mapped at all: the others stay by decision."""
    if not facts.mappings:
        return
    taken = {(f.source_table, f.source_field) for m in facts.mappings for f in m.fields}
    mapped_tables = {table for table, _ in taken}
    left = [
        (table.name, column.name, table.row_count - column.null_count)
        for table in facts.profile.tables
        if table.name in mapped_tables
        for column in table.columns
        if (table.name, column.name) not in taken and column.null_count < table.row_count
    ]
    if not left:
        return
    left.sort(key=lambda column: -column[2])
    cells = sum(filled for *_, filled in left)
    of = sum(t.row_count * len(t.columns) for t in facts.profile.tables if t.name in mapped_tables)
    named = tuple(f"{table}.{column}: {counted(filled, 'value')}" for table, column, filled in left[:SHOWN])
    yield Risk(
        category="data_loss",
        title="Columns that go nowhere",
        likelihood="high",
        impact="medium" if level(cells, of) == "high" else "low",
        evidence=(f"{counted(len(left), 'column')} with {counted(cells, 'value')} in no mapping", *named),
        mitigation="Map what is needed (tags take most things), or archive the source file with the delivery.",
    )


def _by_field(kind: _Kind, losses: Sequence[FieldLoss]) -> Iterable[Risk]:
    hit = sorted((loss for loss in losses if kind.count(loss)), key=kind.count, reverse=True)
    if not hit:
        return
    yield Risk(
        category="data_loss",
        title=kind.title,
        likelihood="high",
        impact=worst(_impact(kind, loss) for loss in hit),
        evidence=(*(f"{loss.place}: {kind.tell(loss)}" for loss in hit[:SHOWN]), *_more(len(hit))),
        mitigation=kind.mitigation,
    )


def _impact(kind: _Kind, loss: FieldLoss) -> Level:
    if kind.impact or kind.slight(loss):
        return kind.impact or "low"
    return "high" if loss.identity or loss.field.is_required else level(kind.count(loss), loss.filled)


def _in_other_hands(losses: Sequence[FieldLoss]) -> Iterable[Risk]:
    """What a spreadsheet, or a reader with another encoding, does to a file that is right as delivered."""
    fragile = [loss for loss in losses if loss.leading_zeros or loss.long_numbers]
    accented = [loss for loss in losses if loss.not_ascii]
    evidence = [
        f"{loss.place}: {counted(loss.leading_zeros, 'value')} with leading zeros, "
        f"{loss.long_numbers:,} of more than 15 digits"
        for loss in fragile[:SHOWN]
    ]
    if accented:
        evidence.append(
            f"{counted(sum(loss.not_ascii for loss in accented), 'value')} in "
            f"{counted(len(accented), 'field')} hold characters beyond ASCII"
        )
    if evidence:
        yield Risk(
            category="data_loss",
            title="Opening a delivered file in a spreadsheet changes it",
            likelihood="medium",
            impact="high" if any(loss.identity for loss in fragile) else "low",
            evidence=tuple(evidence),
            mitigation="Upload the files as they were written (UTF-8). To look at them, import as text instead of "
            "opening, and don't save.",
        )


def _such_as(examples: Sequence[str]) -> str:
    return f", such as {' and '.join(repr(e[:40]) for e in examples)}" if examples else ""


def _more(fields: int) -> tuple[str, ...]:
    return (f"and {counted(fields - SHOWN, 'more field')}",) if fields > SHOWN else ()
