"""What to mend first: what the target needs, then what rules can do alone, then what takes a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from discovery_pipeline.agents.outputs import Answer, CleansingStrategy, QualityAssessment, StrategyStep
from discovery_pipeline.agents.playbook.oddities import ODDITIES, Oddity
from discovery_pipeline.agents.playbook.quality import required
from discovery_pipeline.agents.playbook.saying import SHOWN, Seen, Told, cut, entries, listed
from discovery_pipeline.agents.playbook.wording import mending
from discovery_pipeline.engine.phrases import counted

_ORDER = {"automated": 0, "manual review": 1, "enrichment": 2}
_BY = {"automated": "by rules", "manual review": "by a person", "enrichment": "from another source"}


def strategy(seen: Seen, context: Mapping[str, Answer]) -> Answer:
    """Steps by priority."""
    needed = required(seen)
    steps = [*_planned(seen), *_unplanned(seen)]
    steps.sort(key=lambda step: (not needed.intersection(step.about), _ORDER[step.way], -step.cells))
    ordered = [*_lacking(context), *steps]
    numbered = tuple(s.model_copy(update={"priority": i}) for i, s in enumerate(ordered[:SHOWN], start=1))
    return CleansingStrategy(summary=_summary(ordered), steps=numbered)


def _summary(steps: Sequence[StrategyStep]) -> str:
    if not steps:
        return "Nothing needs mending."
    ways = [(sum(step.way == way for step in steps), words) for way, words in _BY.items()]
    said = listed([f"{number:,} {words}" for number, words in ways if number])
    return cut(f"{counted(len(steps), 'step')}: {said}. First: {steps[0].text}")


def _lacking(context: Mapping[str, Answer]) -> Iterator[StrategyStep]:
    """What no cleansing can make: fields that a target requires and no column fills."""
    assessed = context.get("quality_assessment")
    for issue in assessed.issues if isinstance(assessed, QualityAssessment) else ():
        if issue.severity == "error" and issue.dimension == "completeness" and not issue.count:
            yield StrategyStep(
                priority=1,
                way="enrichment",
                cells=0,
                risk="high",
                text=cut(f"Find a source for it: {issue.text}"),
                why="Without it no row can be delivered.",
            )


def _planned(seen: Seen) -> Iterator[StrategyStep]:
    """Rules of the cleansing plan, one step for each rule and tier."""
    groups: dict[tuple[str, str], list[Told]] = {}
    for rule in entries(seen, "DataCleanser", "plan"):
        groups.setdefault((rule["rule"], rule["tier"]), []).append(rule)
    for (rule, tier), parts in groups.items():
        cells = sum(part["cells"] for part in parts)
        places = tuple(dict.fromkeys(part["column"] for part in parts))
        alone = tier == "auto"
        yield StrategyStep(
            priority=1,
            way="automated" if alone else "manual review",
            about=places,
            cells=cells,
            risk="low" if alone else "medium",
            text=f"{mending(rule)}: {listed(places)}.",
            why=f"It changes {counted(cells, 'cell')}; each change is logged and can be undone.",
        )


def _unplanned(seen: Seen) -> Iterator[StrategyStep]:
    """What is odd and no rule of the plan mends, one step for each kind."""
    planned = {rule["column"] for rule in entries(seen, "DataCleanser", "plan")}
    groups: dict[str, list[tuple[str, int]]] = {}
    for column in entries(seen, "DataCleanser", "columns"):
        for anomaly in column["anomalies"]:
            if ODDITIES[anomaly["kind"]].way != "automated" or column["id"] not in planned:
                groups.setdefault(anomaly["kind"], []).append((column["id"], anomaly["count"]))
    for kind, places in groups.items():
        yield _step(ODDITIES[kind], places)


def _step(oddity: Oddity, places: Sequence[tuple[str, int]]) -> StrategyStep:
    columns = tuple(column for column, _ in places)
    cells = sum(number for _, number in places) if oddity.counted else 0
    width = counted(len(columns), "column")
    touched = f"It touches {counted(cells, 'cell')} in {width}" if cells else f"It concerns {width}"
    return StrategyStep(
        priority=1,
        way=oddity.way,
        about=columns,
        cells=cells,
        risk=oddity.risk,
        text=f"{oddity.mend.format(place=listed(columns))}.",
        why=f"{touched}, and counts against {oddity.dimension}.",
    )
