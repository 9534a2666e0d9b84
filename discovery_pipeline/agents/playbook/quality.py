"""What will hurt: what keeps rows from a target before what only looks odd."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from discovery_pipeline.agents.outputs import (
    Answer,
    Dimension,
    DimensionView,
    Issue,
    MappingOpportunities,
    QualityAssessment,
    Severity,
)
from discovery_pipeline.agents.playbook.oddities import ODDITIES
from discovery_pipeline.agents.playbook.saying import SHOWN, Seen, cut, entries, listed, share
from discovery_pipeline.agents.playbook.wording import finding
from discovery_pipeline.engine.phrases import counted

_GOOD = 0.95  # score from which a dimension without an issue needs no word
_WEIGHT = {"error": 0, "warning": 1, "info": 2}
_MEASURED_BY: Mapping[Dimension, str] = {
    "completeness": "completeness",
    "accuracy": "validity",
    "consistency": "consistency",
    "timeliness": "timeliness",
    "uniqueness": "uniqueness",
}


def assessed(seen: Seen, context: Mapping[str, Answer]) -> Answer:
    """Quality by dimension, and the issues: errors first, then what touches required fields, then by how many."""
    needed = required(seen)
    issues = sorted(
        (*_missing(context), *_not_taken(seen), *_found(seen), *_structural(seen), *_odd(seen, needed)),
        key=lambda issue: (_WEIGHT[issue.severity], not needed.intersection(issue.about), -issue.count),
    )
    views = tuple(_view(dimension, seen, issues) for dimension in _MEASURED_BY)
    return QualityAssessment(summary=_summary(issues, views), dimensions=views, issues=tuple(issues)[:SHOWN])


def required(seen: Seen) -> set[str]:
    """Columns that fill what a target requires."""
    return set(seen["DataValidator"].get("required_columns", []))


def _summary(issues: list[Issue], views: tuple[DimensionView, ...]) -> str:
    if not issues:
        return "Nothing was found that would hurt."
    grave = sum(issue.severity == "error" for issue in issues)
    keep = f", {grave:,} of {'it' if len(issues) == 1 else 'them'} in the way of a delivery" if grave else ""
    scored = [(view.score, view.dimension) for view in views if view.score is not None]
    score, worst = min(scored, default=(1.0, ""))
    weak = f" The weakest side is {worst} ({share(score)})." if score < 1 else ""
    return cut(f"{counted(len(issues), 'issue')}{keep}.{weak} First: {issues[0].text}")


def _view(dimension: Dimension, seen: Seen, issues: list[Issue]) -> DimensionView:
    measured = {d["dimension"]: d.get("after") or d["before"] for d in entries(seen, "DataValidator", "dimensions")}
    scores = (c["scores"].get(_MEASURED_BY[dimension]) for c in entries(seen, "DataValidator", "scores"))
    scored = [score for score in scores if score is not None]
    score = measured.get(dimension, round(sum(scored) / len(scored), 4) if scored else None)
    mine = [issue for issue in issues if issue.dimension == dimension]
    if mine:
        return DimensionView(dimension=dimension, score=score, severity=mine[0].severity, text=mine[0].text)
    low: Severity = "warning" if score is not None and score < _GOOD else "info"
    text = "Nothing here measures it." if score is None else "No single fault stands out."
    return DimensionView(dimension=dimension, score=score, severity=low, text=text)


def _missing(context: Mapping[str, Answer]) -> Iterator[Issue]:
    compared = context.get("mapping_opportunities")
    for lack in compared.missing_required if isinstance(compared, MappingOpportunities) else ():
        yield Issue(about=(), dimension="completeness", severity="error", count=0, text=lack.text)


def _not_taken(seen: Seen) -> Iterator[Issue]:
    for one in entries(seen, "DataValidator", "verdicts"):
        if one["rejected"]:
            text = f"{one['target']} does not take {one['rejected']:,} of {counted(one['meant'], 'row')} meant for it."
            yield Issue(about=(), dimension="accuracy", severity="error", count=one["rejected"], text=text)


def _found(seen: Seen) -> Iterator[Issue]:
    for one in entries(seen, "DataValidator", "findings"):
        if one["severity"] != "info" and one["count"]:
            place = one.get("column") or one.get("table")
            where = f"{place}: " if place else ""
            yield Issue(
                about=(place,) if place else (),
                dimension=one["dimension"],
                severity=one["severity"],
                count=one["count"],
                text=f"{where}{finding(one['rule'], counted(one['count'], 'row'))}.",
            )


def _structural(seen: Seen) -> Iterator[Issue]:
    def warning(about: tuple[str, ...], dimension: Dimension, number: int, text: str) -> Issue:
        return Issue(about=about, dimension=dimension, severity="warning", count=number, text=text)

    for table in entries(seen, "DataValidator", "tables"):
        if twice := table["duplicates"]:
            text = f"{counted(twice, 'row')} of {table['id']} stand{'s' if twice == 1 else ''} more than once."
            yield warning((table["id"],), "uniqueness", twice, text)
    for one in entries(seen, "DataValidator", "orphans"):
        there = listed(one["ref_columns"])
        text = (
            f"{listed(one['columns'])} names something that {there} doesn't hold, in {counted(one['orphans'], 'row')}."
        )
        yield warning(tuple(one["columns"]), "accuracy", one["orphans"], text)
    for rule in entries(seen, "AnomalyDetector", "broken_rules"):
        kept = f"what {listed(rule['columns'])} keep{'s' if len(rule['columns']) == 1 else ''}"
        text = f"{counted(rule['violations'], 'row')} break {kept} in {counted(rule['support'], 'row')}."
        yield warning(tuple(rule["columns"]), "consistency", rule["violations"], text)


def _odd(seen: Seen, needed: set[str]) -> Iterator[Issue]:
    for column in entries(seen, "AnomalyDetector", "columns"):
        for anomaly in column["anomalies"]:
            oddity = ODDITIES[anomaly["kind"]]
            if oddity.grave or column["id"] in needed:
                yield Issue(
                    about=(column["id"],),
                    dimension=oddity.dimension,
                    severity="warning" if oddity.grave else "info",
                    count=anomaly["count"],
                    text=oddity.sentence(column["id"], anomaly["count"]),
                )
