"""The risks of the move in the order in which to look at them, and what to do first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from discovery_pipeline.agents.outputs import Answer, QualityAssessment, RiskAssessment, RiskView, Statement
from discovery_pipeline.agents.playbook.saying import SHOWN, Seen, Told, cut, entries, listed, share, spoken
from discovery_pipeline.agents.playbook.wording import preventing
from discovery_pipeline.engine.phrases import counted

_LEVELS = {"low": 1, "medium": 2, "high": 3}
_FIRST = {"data_loss": 0, "compliance": 1, "continuity": 2, "performance": 3}
_WHY = {
    "data_loss": "what is lost in the move is not found again",
    "compliance": "it has to be settled before anything moves",
    "continuity": "work stops where a reference leads nowhere",
    "performance": "it decides how long the move takes",
}
GRAVE = 6
"""Likelihood times impact from which a risk comes before the move."""


def assessed(seen: Seen, context: Mapping[str, Answer]) -> Answer:
    """Risks, gravest first; between equals, what can't be taken back before what can."""
    found = sorted(entries(seen, "RiskAnalyzer", "risks"), key=lambda r: (-_gravity(r), _FIRST[r["category"]]))
    first_of = {r["category"]: r["id"] for r in reversed(found)}
    return RiskAssessment(
        summary=_summary(found, seen),
        risks=tuple(RiskView(risk=r["id"], text=_view(r, first_of[r["category"]] == r["id"])) for r in found)[:SHOWN],
        first=tuple(_steps(found, seen, context))[:SHOWN],
    )


def _gravity(risk: Told) -> int:
    return _LEVELS[risk["likelihood"]] * _LEVELS[risk["impact"]]


def _view(risk: Told, first: bool) -> str:
    """A risk with its levels; the first of its category says why the category counts."""
    levels = f"{risk['title']}: likelihood {risk['likelihood']}, impact {risk['impact']}"
    return f"{levels}; {_WHY[risk['category']]}." if first else f"{levels}."


def _summary(found: list[Told], seen: Seen) -> str:
    grave = [r for r in found if _gravity(r) >= GRAVE]
    taken = [f"{v['target']} takes {share(v['delivered'] / v['meant'])} of its rows"
             for v in entries(seen, "RiskAnalyzer", "verdicts") if v["meant"]]  # fmt: skip
    said = f"{counted(len(found), 'risk')}, {len(grave):,} of them grave." if found else "No risk was found."
    worst = f" The gravest: {found[0]['title']}." if grave else ""
    return f"{said}{worst}" + (f" {listed(taken)}." if taken else "")


def _steps(found: list[Told], seen: Seen, context: Mapping[str, Answer]) -> Iterator[Statement]:
    quality = context.get("quality_assessment")
    for issue in quality.issues if isinstance(quality, QualityAssessment) else ():
        if issue.severity == "error" and issue.count:
            yield Statement(about=issue.about, text=cut(f"Settle before the move: {issue.text}"))
    moving = [p for p in entries(seen, "ComplianceChecker", "personal") if p["moves"]]
    if moving:
        ids = [p["id"] for p in moving]
        kinds = sorted({spoken(p["kind"]) for p in moving})
        text = f"Have the move of personal data signed off: {listed(ids)} ({listed(kinds)})."
        yield Statement(about=tuple(ids), text=text)
    for risk in found:
        if _gravity(risk) >= GRAVE:
            yield Statement(text=f"{preventing(risk['title'])}.")
    tables = entries(seen, "PerformanceEstimator", "tables")
    if len(tables) > 1:
        largest = max(tables, key=lambda t: t["rows"] * t["columns"])
        size = f"{counted(largest['rows'], 'row')}, {counted(largest['columns'], 'column')}"
        text = f"Rehearse with {largest['id']}, the largest table ({size})."
        yield Statement(about=(largest["id"],), text=text)
