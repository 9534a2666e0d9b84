"""Deltas: what a flow's delivery changes of an earlier one, where somebody asked for it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from discovery_pipeline.assets.desk import Stage
from discovery_pipeline.engine import delivery
from discovery_pipeline.engine.delivery import Delta
from discovery_pipeline.engine.validation.model import Verdict

SINCE = "since"
"""Under which is kept with the flow's state what its delivery is held against: LAST, or a folder of results."""
LAST = "last"
DOCUMENT = "delta.json"
RESULTS = "results"
"""Folder of the asset's files: what `--out` becomes a copy of."""


def deltas(stage: Stage, verdicts: Sequence[Verdict], into: Path) -> dict[str, Delta]:
    """What these verdicts change of earlier deliveries, as a document by its name; none where nobody asked."""
    said = asked(stage)
    if said is None:
        return {}
    held = [
        delivery.Against(verdict, stage.target(verdict.target), folder, since)
        for verdict in verdicts
        for since, folder in _before(stage, said, verdict.target).items()
    ]
    return {DOCUMENT: delivery.delta(stage.con, held, into)}


def asked(stage: Stage) -> str | None:
    """What a flow's delivery is held against, by its starter or by the settings; None where nobody asked."""
    return stage.flow.data.get(SINCE) or (LAST if stage.store.settings.deltas else None)


def counted(documents: Mapping[str, Delta]) -> dict[str, int]:
    """How many rows are new, changed and gone, by target, for people to see."""
    found: dict[str, int] = {}
    for table in (t for document in documents.values() for t in document.tables):
        for kind in ("new", "changed", "gone"):
            name = f"{table.target}_{kind}"
            found[name] = found.get(name, 0) + getattr(table, kind)
    return found


def _before(stage: Stage, said: str, target: str) -> dict[str, Path]:
    """The delivery to hold against, by its name: that of the engagement's last flow before this one, or a folder."""
    if said != LAST:
        return {said: Path(said)}
    artifacts = stage.store.artifacts
    for flow in stage.store.list_flows(stage.flow.tenant):  # newest first
        earlier = flow.created_at < stage.flow.created_at and target in flow.targets
        if earlier and artifacts.digest(flow, "target_files") is not None:
            return {flow.slug: artifacts.reading(flow, "target_files") / RESULTS}
    return {}
