"""Findings of the risks: the same facts by table and column, in the shape that all stages share."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from discovery_pipeline.engine.findings import Dimension, Finding, Severity
from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.risk.continuity import unowned
from discovery_pipeline.engine.risk.losses import FieldLoss
from discovery_pipeline.engine.risk.model import Facts


def findings(facts: Facts, losses: Sequence[FieldLoss]) -> Iterable[Finding]:
    """What a person can mend, and where."""
    yield from _losses(losses)
    yield from _orphans(facts)
    yield from _unowned(facts)
    yield from _personal(facts)


def _losses(losses: Sequence[FieldLoss]) -> Iterable[Finding]:
    for loss in losses:
        for rule, count, what, action in (
            ("loss.emptied", loss.emptied, "become empty", "Extend the transformation, or mend the values."),
            (
                "loss.unit",
                loss.unitless,
                "are read in a unit that they don't state",
                "Ask the source's owner for the unit.",
            ),
            ("loss.rounded", loss.rounded, "are rounded", "Keep the fraction, or convert to a smaller unit."),
            ("loss.cut", loss.cut, "lose a part", "Map what is left out to a field of its own, if it says something."),
            ("loss.truncated", loss.too_long, "are longer than the field takes", "Shorten the values at the source."),
            ("loss.merged", loss.merged, "fall together with another", "Keep identities apart."),
            ("loss.garbled", loss.garbled, "are garbled", "Export the source again as UTF-8."),
        ):
            if count:
                yield Finding(
                    table=loss.field.source_table,
                    column=loss.field.source_field,
                    rule=rule,
                    severity=Severity.ERROR if loss.identity or loss.field.is_required else Severity.WARNING,
                    dimension=Dimension.ACCURACY,
                    count=count,
                    examples=tuple(loss.examples) if rule == "loss.emptied" else (),
                    evidence=f"{count:,} of {loss.filled:,} values {what} in {loss.target} {loss.field.target_field}",
                    action=action,
                )


def _orphans(facts: Facts) -> Iterable[Finding]:
    for key in facts.analysis.foreign_keys:
        if key.orphans:
            referring = counted(key.orphans, "row refers", "rows refer")
            yield Finding(
                table=key.table,
                column=key.columns[0] if len(key.columns) == 1 else None,
                rule="relation.orphans",
                severity=Severity.WARNING,
                dimension=Dimension.CONSISTENCY,
                count=key.orphans,
                evidence=f"{referring} to nothing in {key.ref_table}.{', '.join(key.ref_columns)}",
                action="Look for the missing rows in the source.",
            )


def _unowned(facts: Facts) -> Iterable[Finding]:
    for table, column, empty in unowned(facts):
        yield Finding(
            table=table.name,
            column=column.name,
            rule="owner.missing",
            severity=Severity.WARNING,
            dimension=Dimension.COMPLETENESS,
            count=empty,
            evidence=f"{empty:,} of {table.row_count:,} rows name nobody",
            action="Name an owner before the wave is planned.",
        )


def _personal(facts: Facts) -> Iterable[Finding]:
    for table in facts.profile.tables:
        for column in table.columns:
            held = table.row_count - column.null_count
            if column.pii and held:
                kind = column.pii.kind.replace("_", " ")
                yield Finding(
                    table=table.name,
                    column=column.name,
                    rule=f"personal.{column.pii.kind}",
                    severity=Severity.INFO if column.pii.risk == "low" else Severity.WARNING,
                    count=held,
                    evidence=f"{counted(held, 'value is', 'values are')} personal data ({kind})",
                    action="Name the legal basis for moving it, or leave it out, mask or hash it.",
                )
