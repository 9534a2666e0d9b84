"""What the values look like: scores, patterns, anomalies in numbers, and the charts that show them."""

from __future__ import annotations

from collections.abc import Iterator

from discovery_pipeline.agents.outputs import Answer, ProfilingReport, Statement, TableScore, Visualization
from discovery_pipeline.agents.playbook.saying import SHOWN, Seen, entries, listed, share, spoken
from discovery_pipeline.engine.phrases import counted

_POOR = 0.9
_CHARTS = frozenset({"histogram", "box", "bar", "line", "patterns"})


def report(seen: Seen, context: object) -> Answer:
    """Scores by table, and what is worth a word."""
    scores = entries(seen, "DataProfiler", "tables")
    columns = entries(seen, "DataProfiler", "columns")
    poor = [c["id"] for c in columns if c["scores"]["score"] < _POOR]
    anomalies = list(_anomalies(seen))
    said = [f"{share(s['score'])} for {s['table']}" for s in sorted(scores, key=lambda s: s["score"])]
    weak = f" {counted(len(poor), 'column')} score under 90%: {listed(poor)}." if poor else ""
    return ProfilingReport(
        summary=f"Quality of the values as they came: {listed(said)}.{weak}" if said else "There are no columns.",
        quality_scores=tuple(TableScore(table=s["table"], score=s["score"]) for s in scores),
        patterns=tuple(_patterns(seen))[:SHOWN],
        anomalies=tuple(anomalies)[:SHOWN],
        visualizations=tuple(
            Visualization(column=c["id"], chart=chart)
            for c in columns
            for chart in c.get("charts", [])[:1]
            if chart in _CHARTS
        )[:SHOWN],
    )


def _patterns(seen: Seen) -> Iterator[Statement]:
    for pair in entries(seen, "StatisticalAnalyzer", "correlations"):
        left, right = pair["columns"]
        way = "together" if pair["strength"] > 0 else "against each other"
        yield Statement(
            about=(left, right), text=f"{left} and {right} move {way} (rank correlation {pair['strength']})."
        )
    for column in entries(seen, "StatisticalAnalyzer", "columns"):
        if series := column.get("series"):
            season = f", with a season of {spoken(series['seasonality'])}" if series.get("seasonality") else ""
            gaps = f" and {counted(series['gaps'], 'gap')}" if series["gaps"] else ""
            text = f"{column['id']} runs by {spoken(series['granularity'])}{season}{gaps}."
            yield Statement(about=(column["id"],), text=text)
    for column in entries(seen, "PatternDetector", "columns"):
        if column.get("date_formats", 0) > 1:
            yield Statement(
                about=(column["id"],), text=f"{column['id']} is written in {column['date_formats']} date formats."
            )
        elif (masks := column.get("masks")) and len(masks) == 1:
            yield Statement(
                about=(column["id"],), text=f"Values of {column['id']} have the one shape {masks[0]['mask']}."
            )


def _anomalies(seen: Seen) -> Iterator[Statement]:
    for pattern in entries(seen, "StatisticalAnalyzer", "null_patterns"):
        if len(pattern["columns"]) > 1:
            text = f"{listed(pattern['columns'])} are empty in the same {counted(pattern['count'], 'row')}."
            yield Statement(about=tuple(pattern["columns"]), text=text)
    numbers = [c for c in entries(seen, "StatisticalAnalyzer", "columns") if c.get("numbers")]
    for column in sorted(numbers, key=lambda c: -c["numbers"].get("beyond_z", 0)):
        far, out = column["numbers"].get("beyond_z", 0), column["numbers"].get("beyond_iqr", 0)
        if far:
            text = (
                f"{counted(far, 'value')} of {column['id']} {'lies' if far == 1 else 'lie'} beyond three standard "
                f"deviations, {out:,} outside 1.5 times the interquartile range."
            )
            yield Statement(about=(column["id"],), text=text)
