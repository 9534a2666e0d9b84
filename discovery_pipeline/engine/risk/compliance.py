"""Compliance: personal data by class and place, where it goes, and who decided it."""

from __future__ import annotations

from collections.abc import Iterable

from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.model import ColumnProfile, TableProfile
from discovery_pipeline.engine.risk.model import Assumptions, Facts, Risk
from discovery_pipeline.engine.risk.scale import worst

_IRREVERSIBLE = ("mask", "hash")


def risks(facts: Facts, assumptions: Assumptions) -> Iterable[Risk]:
    """What the law, or an auditor, would ask about."""
    yield from _personal_data(facts, assumptions)
    yield from _residency(facts, assumptions)
    yield from _decisions(facts)


def _personal_data(facts: Facts, assumptions: Assumptions) -> Iterable[Risk]:
    """One risk a class of personal data, with each place it stands in and each place it goes to."""
    classes: dict[str, list[tuple[TableProfile, ColumnProfile]]] = {}
    for table in facts.profile.tables:
        for column in table.columns:
            if column.pii and column.null_count < table.row_count:
                classes.setdefault(column.pii.kind, []).append((table, column))
    for kind, places in classes.items():
        moving = [goal for table, column in places for goal in _goals(facts, table.name, column.name)]
        yield Risk(
            category="compliance",
            title=f"Personal data: {kind.replace('_', ' ')}",
            likelihood="high" if moving else "medium" if facts.mappings else "low",
            impact=worst(c.pii.risk for _, c in places if c.pii),
            evidence=(
                *(
                    f"{table.name}.{column.name}: {counted(table.row_count - column.null_count, 'value')}"
                    for table, column in places
                ),
                *moving,
                *([] if moving or not facts.mappings else ["delivered to no target"]),
            ),
            mitigation=_advice(bool(moving), assumptions),
        )


def _goals(facts: Facts, table: str, column: str) -> list[str]:
    return [
        f"{table}.{column} goes to {mapping.target} {field.target_field}"
        + (" (masked or hashed)" if any(word in (field.transformation or "") for word in _IRREVERSIBLE) else "")
        for mapping in facts.mappings
        for field in mapping.fields
        if (field.source_table, field.source_field) == (table, column)
    ]


def _advice(moving: bool, assumptions: Assumptions) -> str:
    if not moving:
        return "Keep the source files and this report where the source itself may be kept; delete them after the move."
    where = f" in {assumptions.region}" if assumptions.region else ""
    return (
        f"Name the legal basis and the retention for keeping it{where}; leave the column out, mask or hash it "
        "where the target works without."
    )


def _residency(facts: Facts, assumptions: Assumptions) -> Iterable[Risk]:
    """Data that is said to be from several countries, while personal data moves."""
    moving = any(
        column.pii and _goals(facts, table.name, column.name)
        for table in facts.profile.tables
        for column in table.columns
    )
    countries = [
        (table, column)
        for table in facts.profile.tables
        for column in table.columns
        if column.semantic_type in {"country", "country_code"} and column.distinct_count > 1
    ]
    if moving and countries:
        yield Risk(
            category="compliance",
            title="Data of several countries goes to one place",
            likelihood="medium",
            impact="high",
            evidence=(
                *(
                    f"{table.name}.{column.name}: {counted(column.distinct_count, 'country', 'countries')}"
                    for table, column in countries
                ),
                f"the target keeps it in {assumptions.region}"
                if assumptions.region
                else "the target's region is not stated",
            ),
            mitigation="Check for each country whether its data may leave it, and choose the target's region by that.",
        )


def _decisions(facts: Facts) -> Iterable[Risk]:
    if facts.signed_by:
        return
    fields = [field for mapping in facts.mappings for field in mapping.fields]
    unattended = [field for field in fields if field.origin != "user"]
    if unattended:
        weakest = min(unattended, key=lambda field: field.confidence)
        yield Risk(
            category="compliance",
            title="Nobody has signed the mapping",
            likelihood="medium" if len(unattended) * 2 > len(fields) else "low",
            impact="medium",
            evidence=(
                f"{counted(len(unattended), 'field')} of {len(fields)} taken without a person",
                f"the least sure of them: {weakest.source_table}.{weakest.source_field} → {weakest.target_field} at "
                f"{weakest.confidence:.2f}",
            ),
            mitigation="Let the owner of the data read mapping.yaml and approve it before the upload.",
        )
