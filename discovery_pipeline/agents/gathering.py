"""Gathering: what the engines found of a flow, as the facts that agents may know."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from discovery_pipeline.agents import facts as f
from discovery_pipeline.agents.asking import asked
from discovery_pipeline.agents.facts import code, word
from discovery_pipeline.agents.names import Names, speakable
from discovery_pipeline.engine.cleansing.model import CleansingPlan
from discovery_pipeline.engine.findings import Finding
from discovery_pipeline.engine.mapping.model import MappedField, Suggestions
from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile, TableProfile
from discovery_pipeline.engine.risk.model import Risk, RiskAssessment
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.engine.targets import Target, TargetField
from discovery_pipeline.engine.validation.feeds import NOT_MAPPED
from discovery_pipeline.engine.validation.model import QualityReport, Verdict
from discovery_pipeline.flow.advice import Brief

MASKS, SAMPLES = 3, 5
_STRONG = 0.8  # correlation from which two columns are worth a word
_COUNTED = re.compile(r"\d[\d,]*")
_SAID: tuple[tuple[str, f.AnomalyKind], ...] = (
    ("are spelt in several ways", "spellings"),
    ("White space stands around", "padding"),
    ("show signs of a wrong encoding", "encoding"),
    ("dates lie ahead.", "future_dates"),
    ("dates are placeholders such as", "placeholder_dates"),
    ("Nothing says whether day or month comes first.", "ambiguous_dates"),
    ("values repeat one that should stand once.", "repeated_key"),
)
"""Sentences of the profile that no number of it says; only the count in them is taken."""


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
        questions=tuple(each.told for each in asked(results.offered, results.targets, results.profile, ids)),
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
            columns=tuple(self.column(table, column) for column in table.columns),
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

    def column(self, table: TableProfile, column: ColumnProfile) -> f.ColumnFacts:
        quality, series = column.quality, column.time_series
        return f.ColumnFacts(
            id=self._columns[table.name, column.name],
            name=speakable(column.name),
            type=column.inferred_type,
            type_fit=_rounded(column.type_fit),
            exceptions=sum(e.count for e in column.exceptions),
            meaning=code(column.semantic_type),
            meaning_fit=None if column.semantic_fit is None else _rounded(column.semantic_fit),
            unit=code(column.unit),
            written_units=len({unit.value.lower() for unit in column.units}),
            personal=code(column.pii.kind) if column.pii else None,
            personal_risk=column.pii.risk if column.pii else None,
            nulls=column.null_count,
            null_ratio=_rounded(column.null_ratio),
            null_tokens=sum(token.count for token in column.null_tokens),
            distinct=column.distinct_count,
            date_formats=len(column.date_formats),
            longest=column.lengths.max if column.lengths else None,
            masks=tuple(f.MaskCount(mask=p.mask, count=p.count) for p in column.patterns[:MASKS] if f.shape(p.mask)),
            numbers=_numbers(column),
            series=f.Series(
                granularity=code(series.granularity) or "irregular",
                gaps=series.gaps,
                trend=series.trend,
                seasonality=code(series.seasonality),
            )
            if series
            else None,
            scores=f.Scores(
                score=_rounded(quality.score),
                completeness=_rounded(quality.completeness),
                validity=_rounded(quality.validity),
                uniqueness=_rounded(quality.uniqueness),
                consistency=_rounded(quality.consistency),
                timeliness=None if quality.timeliness is None else _rounded(quality.timeliness),
            ),
            anomalies=tuple(_anomalies(table, column)),
            charts=tuple(chart for chart in map(code, column.suggested_charts) if chart),
            samples=self._sampled(column),
        )

    def keys(self, found: SchemaAnalysis) -> Iterator[f.KeyFacts]:
        for key in found.primary_keys:
            if ids := self._many(key.table, key.columns):
                confidence = _rounded(key.confidence)
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
                    coverage=_rounded(one.coverage),
                    orphans=one.orphans,
                    confidence=_rounded(one.confidence),
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
                confidence=_rounded(confidence),
            )

    def fields(self, offered: Iterable[Suggestions], targets: Iterable[Target]) -> Iterator[f.FieldFacts]:
        """What is offered to fill a field, the surest first; and required fields for which nothing is."""
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
                    if place.required and (table.name, place.name) not in filled:
                        yield _wanted(target, table.name, place)

    def _filled(self, target: Target, mapped: MappedField, place: TargetField) -> f.FieldFacts:
        return _wanted(target, mapped.target_table, place).model_copy(
            update={
                "filled_by": self._columns.get((mapped.source_table, mapped.source_field)),
                "confidence": _rounded(mapped.confidence),
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
                    column=id, rule=said, tier=rule.tier, cells=rule.cells, confidence=_rounded(rule.confidence)
                )

    def _many(self, table: str, columns: Iterable[str]) -> tuple[str, ...]:
        """The ids of these columns; none if one of them is unknown."""
        ids = tuple(self._columns.get((table, column), "") for column in columns)
        return ids if all(ids) else ()

    def _sampled(self, column: ColumnProfile) -> tuple[str, ...]:
        if not self._samples or column.pii:
            return ()
        return tuple(top.value for top in column.top_values[:SAMPLES] if len(top.value) <= 60)


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


def _numbers(column: ColumnProfile) -> f.Numbers | None:
    if column.inferred_type not in ("integer", "float") or column.mean is None:
        return None
    low, high = (None, None) if column.pii else (column.min, column.max)
    statistics = {
        "mean": column.mean,
        "median": column.median,
        "std": column.std,
        "q1": column.q1,
        "q3": column.q3,
        "skew": column.skew,
        "kurtosis": column.kurtosis,
        "min": low,
        "max": high,
    }
    return f.Numbers(
        **{name: _vague(value) for name, value in statistics.items() if isinstance(value, float | int)},
        beyond_iqr=column.outliers.iqr if column.outliers else 0,
        beyond_z=column.outliers.zscore if column.outliers else 0,
    )


def _vague(number: float) -> float:
    """Four digits of it: a statistic of few values is a value, and a card's number is none with four digits."""
    return float(f"{number:.4g}")


def _anomalies(table: TableProfile, column: ColumnProfile) -> Iterator[f.Anomaly]:
    rows, told = table.row_count, table.row_count - column.null_count
    tokens, odd = sum(t.count for t in column.null_tokens), sum(e.count for e in column.exceptions)
    if rows and not told:
        yield f.Anomaly(kind="empty", count=rows)
        return
    if column.null_ratio >= 0.5:
        yield f.Anomaly(kind="mostly_empty", count=column.null_count)
    if tokens:
        yield f.Anomaly(kind="null_tokens", count=tokens)
    if odd:
        yield f.Anomaly(kind="type_exceptions", count=odd)
    if column.semantic_fit is not None and column.semantic_fit < 1:
        yield f.Anomaly(kind="invalid_values", count=round((1 - column.semantic_fit) * (told - tokens)))
    if len(column.date_formats) > 1:
        yield f.Anomaly(kind="date_formats", count=len(column.date_formats))
    if len({unit.value.lower() for unit in column.units}) > 1:
        yield f.Anomaly(kind="mixed_units", count=len(column.units))
    if told > 1 and column.distinct_count == 1:
        yield f.Anomaly(kind="constant", count=told)
    if column.outliers and column.outliers.zscore:
        yield f.Anomaly(kind="outliers", count=column.outliers.zscore)
    for sentence in column.anomalies:
        for said, kind in _SAID:
            if said in sentence:
                number = _COUNTED.search(sentence)
                yield f.Anomaly(kind=kind, count=int(number[0].replace(",", "")) if number else told)


def _dimensions(quality: QualityReport | None) -> Iterator[f.DimensionFacts]:
    for one in quality.dimensions if quality else ():
        if dimension := code(one.dimension):
            yield f.DimensionFacts(dimension=dimension, before=_rounded(one.before), after=_rounded(one.after))


def _risk(number: int, risk: Risk) -> f.RiskFacts:
    told = risk.title
    if told.endswith("depends on itself in circles"):
        told = "A table depends on itself in circles"
    if told.endswith("takes only so many rows a file"):
        told = "A target takes only so many rows a file"
    safe = re.fullmatch(r"[A-Za-z][A-Za-z ,:'-]{0,79}", told)
    return f.RiskFacts(
        id=f"r{number}",
        category=risk.category,
        title=told if safe else risk.category.replace("_", " ").capitalize(),
        likelihood=risk.likelihood,
        impact=risk.impact,
    )


def _rounded(share: float) -> float:
    return round(share, 4)
