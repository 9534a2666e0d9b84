"""Gathering: what the engines found of a flow, as the facts that agents may know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from discovery_pipeline.agents import facts as f
from discovery_pipeline.agents.asking import asked
from discovery_pipeline.agents.facts import code, word
from discovery_pipeline.agents.looks import column_facts, rounded
from discovery_pipeline.agents.names import Names, speakable
from discovery_pipeline.engine.cleansing.model import CleansingPlan
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.mapping.model import MappedField, Suggestions
from discovery_pipeline.engine.profiling.model import Profile, TableProfile
from discovery_pipeline.engine.risk.model import Risk, RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.targets import Target, TargetField
from discovery_pipeline.engine.validation.feeds import NOT_MAPPED
from discovery_pipeline.engine.validation.model import QualityReport, Verdict
from discovery_pipeline.flow.advice import Brief

_STRONG = 0.8  # correlation from which two columns are worth a word


@dataclass(frozen=True, slots=True)
class Results:
    """What the engines have found of one flow so far."""

    profile: Profile
    analysis: SchemaAnalysis = field(default_factory=SchemaAnalysis)
    offered: tuple[Suggestions, ...] = ()
    targets: tuple[Target, ...] = ()
    findings: tuple[Finding, ...] = ()
    plan: CleansingPlan | None = None
    verdicts: tuple[Verdict, ...] = ()
    quality: QualityReport | None = None
    risk: RiskAssessment | None = None


def brief(results: Results, *, samples: bool = False) -> Brief:
    """The facts of these results. With `samples`, frequent values of columns that hold nothing personal, too."""
    names = named(results.profile)
    ids = {place: id for id, place in names.columns.items()}
    gathering = _Gathering({name: id for id, name in names.tables.items()}, ids, samples)
    facts = f.Facts(
        tables=tuple(gathering.table(table) for table in results.profile.tables),
        keys=tuple(gathering.keys(results.analysis)),
        references=tuple(gathering.references(results.analysis)),
        hierarchies=tuple(gathering.hierarchies(results.analysis)),
        bridges=tuple(gathering.bridges(results.analysis)),
        rules=tuple(gathering.rules(results.analysis)),
        fields=tuple(gathering.fields(results.offered, results.targets)),
        questions=tuple(each.fact for each in asked(results.offered, results.targets, results.profile, ids)),
        findings=tuple(gathering.findings(results.findings)),
        plan=tuple(gathering.plan(results.plan)),
        verdicts=tuple(map(_verdict, results.verdicts)),
        dimensions=tuple(_dimensions(results.quality)),
        risks=tuple(_risk(i, risk) for i, risk in enumerate(results.risk.risks if results.risk else (), start=1)),
    )
    return Brief(facts=facts.model_dump(mode="json", exclude_defaults=True), tables=names.tables, columns=names.columns)


def named(profile: Profile) -> Names:
    """The names behind the ids of a profile's places."""
    return Names.of((table.name, [column.name for column in table.columns]) for table in profile.tables)


class _Gathering:
    """Turns results into facts under the ids of their places; what has no place among them is left out."""

    def __init__(self, tables: dict[str, str], columns: dict[tuple[str, str], str], samples: bool) -> None:
        self._tables, self._columns, self._samples = tables, columns, samples

    def table(self, table: TableProfile) -> f.TableFacts:
        pairs = [(c, c.spearman if c.spearman is not None else c.pearson) for c in table.correlations]
        strong = [(c, strength) for c, strength in pairs if strength is not None and abs(strength) >= _STRONG]
        return f.TableFacts(
            id=self._tables[table.name],
            name=speakable(table.name),
            rows=table.row_count,
            duplicates=table.duplicate_row_count,
            columns=tuple(
                column_facts(self._columns[table.name, c.name], table, c, samples=self._samples) for c in table.columns
            ),
            correlations=tuple(
                f.Together(columns=ids, strength=round(strength, 3))
                for c, strength in strong
                if (ids := self._many(table.name, (c.left, c.right)))
            ),
            null_patterns=tuple(
                f.Together(columns=ids, count=p.count)
                for p in table.null_patterns
                if (ids := self._many(table.name, p.columns))
            ),
        )

    def keys(self, found: SchemaAnalysis) -> Iterator[f.KeyFacts]:
        for key in found.primary_keys:
            if ids := self._many(key.table, key.columns):
                confidence = rounded(key.confidence)
                yield f.KeyFacts(table=self._tables[key.table], columns=ids, rank=key.rank, confidence=confidence)

    def references(self, found: SchemaAnalysis) -> Iterator[f.ReferenceFacts]:
        for one in found.foreign_keys:
            left, right = self._many(one.table, one.columns), self._many(one.ref_table, one.ref_columns)
            if left and right:
                yield f.ReferenceFacts(
                    table=self._tables[one.table],
                    columns=left,
                    ref_table=self._tables[one.ref_table],
                    ref_columns=right,
                    cardinality="1:1" if one.cardinality == "1:1" else "n:1",
                    coverage=rounded(one.coverage),
                    orphans=one.orphans,
                    confidence=rounded(one.confidence),
                )

    def hierarchies(self, found: SchemaAnalysis) -> Iterator[f.HierarchyFacts]:
        for tree in found.hierarchies:
            if ids := self._many(tree.table, (tree.child_column, tree.parent_column)):
                yield f.HierarchyFacts(
                    table=self._tables[tree.table],
                    child=ids[0],
                    parent=ids[1],
                    depth=tree.depth,
                    roots=tree.roots,
                    cycles=tree.cycles,
                    orphans=tree.orphans,
                )

    def bridges(self, found: SchemaAnalysis) -> Iterator[f.BridgeFacts]:
        for one in found.many_to_many:
            bridge, left, right = map(self._tables.get, (one.bridge, one.left_table, one.right_table))
            if bridge and left and right:
                yield f.BridgeFacts(bridge=bridge, left=left, right=right)

    def rules(self, found: SchemaAnalysis) -> Iterator[f.RuleFacts]:
        for o in found.temporal:
            yield from self._rule("order", o.table, (o.before, o.after), (o.support, o.exceptions, o.confidence))
        for d in found.functional_dependencies:
            columns = (*d.determinant, d.dependent)
            yield from self._rule("dependency", d.table, columns, (d.support, d.violations, d.confidence))
        for r in found.business_rules:
            yield from self._rule(r.kind, r.table, r.columns, (r.support, r.violations, r.confidence))

    def _rule(
        self, kind: f.RuleKind, table: str, columns: Iterable[str], held: tuple[int, int, float]
    ) -> Iterator[f.RuleFacts]:
        support, violations, confidence = held
        if ids := self._many(table, columns):
            yield f.RuleFacts(
                table=self._tables[table],
                kind=kind,
                columns=ids,
                support=support,
                violations=violations,
                confidence=rounded(confidence),
            )

    def fields(self, offered: Iterable[Suggestions], targets: Iterable[Target]) -> Iterator[f.FieldFacts]:
        """What is offered to fill a field, the surest first; and required fields for which nothing is.

        A field that only says whose row it is takes what the row it refers to has.
        """
        suggestions = {each.target: each for each in offered}
        for target in targets:
            if target.name not in suggestions:
                continue
            fills = suggestions[target.name].assignment
            for mapped in sorted(fills, key=lambda mapped: -mapped.confidence):
                if place := _field(target, mapped.target_table, mapped.target_field):
                    yield self._filled(target, mapped, place)
            filled = {(mapped.target_table, mapped.target_field) for mapped in fills}
            for table in target.tables:
                for place in table.fields:
                    if place.required and not place.references and (table.name, place.name) not in filled:
                        yield _wanted(target, table.name, place)

    def _filled(self, target: Target, mapped: MappedField, place: TargetField) -> f.FieldFacts:
        return _wanted(target, mapped.target_table, place).model_copy(
            update={
                "filled_by": self._columns.get((mapped.source_table, mapped.source_field)),
                "confidence": rounded(mapped.confidence),
                "converted": mapped.transformation is not None,
                "converts_with": _function(mapped.transformation),
            }
        )

    def findings(self, found: Iterable[Finding]) -> Iterator[f.FindingFacts]:
        for one in found:
            if rule := code(one.rule):
                yield f.FindingFacts(
                    table=self._tables.get(one.table),
                    column=self._columns.get((one.table, one.column)) if one.column else None,
                    rule=rule,
                    severity=one.severity.value,
                    dimension=one.dimension.value,
                    count=one.count,
                )

    def plan(self, plan: CleansingPlan | None) -> Iterator[f.PlanFacts]:
        for rule in plan.rules if plan else ():
            id, said = self._columns.get((rule.table, rule.column)), code(rule.rule)
            if id and said:
                yield f.PlanFacts(
                    column=id, rule=said, tier=rule.tier, cells=rule.cells, confidence=rounded(rule.confidence)
                )

    def _many(self, table: str, columns: Iterable[str]) -> tuple[str, ...]:
        """The ids of these columns; none if one of them is unknown."""
        ids = tuple(self._columns.get((table, column), "") for column in columns)
        return ids if all(ids) else ()


def _function(transformation: str | None) -> str | None:
    return code(re.split(r"[(| ]", transformation, maxsplit=1)[0]) if transformation else None


def _field(target: Target, table: str, name: str) -> TargetField | None:
    try:
        return target.table(table).field(name)
    except KeyError:
        return None


def _wanted(target: Target, table: str, place: TargetField) -> f.FieldFacts:
    return f.FieldFacts(
        target=word(target.name, "target"),
        table=word(table, "table"),
        field=word(place.name, "a field"),
        type=word(place.type, "text"),
        required=place.required,
        identity=place.identity,
    )


def _verdict(verdict: Verdict) -> f.VerdictFacts:
    elsewhere = sum(one.count for one in verdict.findings if one.rule == NOT_MAPPED) if verdict.rows_delivered else 0
    return f.VerdictFacts(
        target=word(verdict.target, "target"),
        meant=verdict.rows_in - elsewhere,
        delivered=verdict.rows_delivered,
        rejected=verdict.rows_rejected - elsewhere,
        blanked=verdict.blanked,
    )


def _dimensions(quality: QualityReport | None) -> Iterator[f.DimensionFacts]:
    for one in quality.dimensions if quality else ():
        if dimension := code(one.dimension):
            yield f.DimensionFacts(dimension=dimension, before=rounded(one.before), after=rounded(one.after))


def _risk(number: int, risk: Risk) -> f.RiskFacts:
    title = risk.title
    if title.endswith("depends on itself in circles"):
        title = "A table depends on itself in circles"
    if title.endswith("takes only so many rows a file"):
        title = "A target takes only so many rows a file"
    safe = re.fullmatch(r"[A-Za-z][A-Za-z ,:'-]{0,79}", title)
    return f.RiskFacts(
        id=f"r{number}",
        category=risk.category,
        title=title if safe else risk.category.replace("_", " ").capitalize(),
        likelihood=risk.likelihood,
        impact=risk.impact,
    )
