"""Tools: what an agent may look up. Each answers from the facts of one flow, reads nothing else and changes nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from discovery_pipeline.agents.facts import ColumnFacts, Fact, Facts

EVERYTHING = 1_000_000
FOR_A_MODEL = 40
"""Entries of a list that a model is told; what is left out is counted."""

Told = dict[str, Any]
Look = Callable[[Facts], Told]

_SHAPE = {"id", "name", "type", "meaning", "unit", "null_ratio", "distinct", "personal"}
_STATISTICS = {"id", "numbers", "series", "null_ratio"}
_PATTERNS = {"id", "masks", "date_formats", "written_units", "samples"}


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool, as a model is told of it."""

    name: str
    description: str
    look: Look


@dataclass(slots=True)
class Toolbox:
    """The tools of one flow. It remembers what it answered, so that nothing else passes for an answer of its."""

    facts: Facts
    most: int = EVERYTHING
    _answered: set[str] = field(default_factory=set)

    def answer(self, name: str) -> str:
        """What the tool of that name says, as JSON. Raises KeyError where there is none."""
        answer = {key: self._bounded(value) for key, value in TOOLS[name].look(self.facts).items()}
        text = json.dumps(answer, ensure_ascii=True, separators=(",", ":"))
        self._answered.add(_hash(text))
        return text

    def answered(self, text: str) -> bool:
        """Whether one of the tools said exactly this."""
        return _hash(text) in self._answered

    def _bounded(self, value: Any) -> Any:
        if isinstance(value, list) and len(value) > self.most:
            return [*value[: self.most], {"left_out": len(value) - self.most}]
        return value


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _dumped(items: Iterable[Fact], only: set[str] | None = None) -> list[Told]:
    return [item.model_dump(mode="json", include=only, exclude_defaults=True) for item in items]


def _worst_first(columns: Sequence[ColumnFacts]) -> list[ColumnFacts]:
    return sorted(columns, key=lambda column: column.scores.score)


def _schema(facts: Facts) -> Told:
    return {
        "tables": [{"id": t.id, "name": t.name, "rows": t.rows, "duplicates": t.duplicates, "columns": len(t.columns)}
                   for t in facts.tables],
        "columns": _dumped(facts.columns, _SHAPE),
        "keys": _dumped(facts.keys),
    }  # fmt: skip


def _profile(facts: Facts) -> Told:
    scored = [
        {"table": t.id, "rows": t.rows, "score": round(sum(c.scores.score for c in t.columns) / len(t.columns), 4)}
        for t in facts.tables
        if t.columns
    ]
    return {"tables": scored, "columns": _dumped(_worst_first(facts.columns), {"id", "type", "scores", "charts"})}


def _statistics(facts: Facts) -> Told:
    telling = [c for c in facts.columns if c.numbers or c.series]
    return {
        "columns": _dumped(telling, _STATISTICS),
        "correlations": [pair for t in facts.tables for pair in _dumped(t.correlations)],
        "null_patterns": [pattern for t in facts.tables for pattern in _dumped(t.null_patterns)],
    }


def _patterns(facts: Facts) -> Told:
    return {"columns": _dumped([c for c in facts.columns if c.masks or c.date_formats], _PATTERNS)}


def _relationships(facts: Facts) -> Told:
    return {
        "tables": [{"id": t.id, "rows": t.rows} for t in facts.tables],
        "keys": _dumped(facts.keys),
        "references": _dumped(facts.references),
        "hierarchies": _dumped(facts.hierarchies),
        "bridges": _dumped(facts.bridges),
    }


def _rules(facts: Facts) -> Told:
    telling = sorted(facts.rules, key=lambda rule: (rule.violations == 0, -rule.support))
    return {"rules": _dumped(telling)}


def _fields(facts: Facts) -> Told:
    used = {f.filled_by for f in facts.fields}
    return {"fields": _dumped(facts.fields), "unused": [c.id for c in facts.columns if c.id not in used]}


def _validation(facts: Facts) -> Told:
    used = sorted({f.filled_by for f in facts.fields if f.filled_by and f.required})
    return {
        "tables": [{"id": t.id, "rows": t.rows, "duplicates": t.duplicates} for t in facts.tables],
        "scores": _dumped(facts.columns, {"id", "scores"}),
        "orphans": [r for r in _dumped(facts.references) if r["orphans"]],
        "findings": _dumped(facts.findings),
        "required_columns": used,
        "verdicts": _dumped(facts.verdicts),
        "dimensions": _dumped(facts.dimensions),
    }


def _anomalies(facts: Facts) -> Told:
    odd = [c for c in facts.columns if c.anomalies]
    broken = [r for r in facts.rules if r.violations]
    return {"columns": _dumped(odd, {"id", "anomalies", "personal"}), "broken_rules": _dumped(broken)}


def _cleansing(facts: Facts) -> Told:
    cleanable = [c for c in facts.columns if c.anomalies]
    return {"plan": _dumped(facts.plan), "columns": _dumped(cleanable, {"id", "anomalies"})}


def _candidates(facts: Facts) -> Told:
    return {"questions": _dumped(facts.questions)}


def _values(facts: Facts) -> Told:
    asked = {c.column for q in facts.questions for c in q.candidates}
    return {"columns": _dumped([c for c in facts.columns if c.id in asked], _SHAPE | {"type_fit", "masks", "samples"})}


def _transformations(facts: Facts) -> Told:
    return {"fields": _dumped([f for f in facts.fields if f.converted])}


def _risks(facts: Facts) -> Told:
    return {"risks": _dumped(facts.risks), "verdicts": _dumped(facts.verdicts)}


def _compliance(facts: Facts) -> Told:
    personal = [c for c in facts.columns if c.personal]
    moving = {f.filled_by for f in facts.fields if f.filled_by}
    return {
        "personal": [
            {"id": c.id, "kind": c.personal, "risk": c.personal_risk, "moves": c.id in moving} for c in personal
        ]
    }


def _performance(facts: Facts) -> Told:
    return {"tables": [{"id": t.id, "rows": t.rows, "columns": len(t.columns)} for t in facts.tables]}


TOOLS = {
    tool.name: tool
    for tool in (
        Tool("SchemaInspector", "Tables with rows and keys; columns with type, meaning, unit, nulls.", _schema),
        Tool("DataProfiler", "Quality scores by table and column, the worst first, and charts that suit.", _profile),
        Tool("StatisticalAnalyzer", "Numbers, outliers, time series, correlations, null patterns.", _statistics),
        Tool("PatternDetector", "Shapes of values, date formats and written units by column.", _patterns),
        Tool("RelationshipAnalyzer", "Keys, references with orphans, hierarchies and bridges.", _relationships),
        Tool("BusinessRuleDetector", "Rules that the data keeps, with their exceptions, broken ones first.", _rules),
        Tool("PatternMatcher", "Target fields: what fills them, how surely, how converted; unused columns.", _fields),
        Tool("DataValidator", "Duplicates, orphans, findings of all stages, and what the target took.", _validation),
        Tool("AnomalyDetector", "What is odd, by column with counts, and rules that are broken.", _anomalies),
        Tool("DataCleanser", "What rules would mend, and what is odd. It proposes; nothing changes.", _cleansing),
        Tool("MappingCandidates", "Open questions, each with its closed list of candidates.", _candidates),
        Tool("ValueMatcher", "Columns that compete in the open questions, side by side.", _values),
        Tool("TransformationTester", "Fields whose values are converted, and by which function.", _transformations),
        Tool("RiskAnalyzer", "Risks by category with likelihood and impact; what the target took.", _risks),
        Tool("ComplianceChecker", "Columns with personal data, and whether they move.", _compliance),
        Tool("PerformanceEstimator", "Rows and columns to move, by table.", _performance),
    )
}
