"""Mapping as assets: what is offered, and the gate that only a decision opens."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from discovery_pipeline.agents import running
from discovery_pipeline.agents.deciding import choices
from discovery_pipeline.agents.gathering import Results
from discovery_pipeline.agents.outputs import MappingRecommendations
from discovery_pipeline.assets import agents, charts, contract, lineage, links
from discovery_pipeline.assets.agents import ANSWERED, answered
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import flow_asset, flows, of_stage
from discovery_pipeline.assets.tags import WAITS_TAG
from discovery_pipeline.engine import mapping
from discovery_pipeline.engine.intake.model import Intake
from discovery_pipeline.engine.mapping.knowledge import own, using
from discovery_pipeline.engine.mapping.knowledge.model import Own
from discovery_pipeline.engine.mapping.model import Mapping, Suggestions
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.schema.model import SchemaAnalysis
from discovery_pipeline.flow.advice import Advice
from discovery_pipeline.flow.state import Flow, FlowStatus, Phase


@contextmanager
def taught(desk: Desk) -> Iterator[Own]:
    """Match with the user's own dictionaries, as they are now."""
    found = own.read(desk.settings.dictionaries)
    with using(found):
        yield found


@dg.op(out={"offered": dg.Out(io_manager_key="artifacts"), "brief": dg.Out(io_manager_key="artifacts")})
def match(
    context: dg.OpExecutionContext,
    desk: Desk,
    io_manager: dg.ResourceParam[Any],  # never used: Dagster asks for it where a graph is materialized alone
    source_tables: Intake,
    column_profile: Profile,
    schema_analysis: SchemaAnalysis,
) -> Iterator[dg.Output[Any]]:
    """Match columns to fields, and put together what agents may know."""
    with desk.stage(context) as stage, taught(desk) as own:
        offered = [
            mapping.suggest(
                stage.con,
                source_tables.tables,
                target,
                mapping.Known(
                    profile=column_profile,
                    analysis=schema_analysis,
                    memory=stage.store.remembered(stage.flow, target.name),
                    stated=source_tables.stated,
                ),
            )
            for target in stage.targets
        ]
        results = Results(
            profile=column_profile,
            analysis=schema_analysis,
            offered=tuple(offered),
            targets=stage.targets,
            findings=source_tables.findings,
        )
    told = agents.briefed(context, desk, results)
    about = {"offered": sum(len(s.assignment) for s in offered), "own_words": len(own)}
    yield dg.Output(offered, "offered", metadata=about)
    yield dg.Output(told, "brief", metadata={"facts": len(told.facts)})


@dg.op(
    out={
        "result": dg.Out(io_manager_key="artifacts"),
        "contract": dg.Out(io_manager_key="artifacts"),
        ANSWERED: dg.Out(io_manager_key="artifacts"),
    }
)
def arbitrate(
    context: dg.OpExecutionContext,
    desk: Desk,
    source_tables: Intake,
    column_profile: Profile,
    offered: list[Suggestions],
    advice: list[Advice],
) -> Iterator[dg.Output[Any] | dg.AssetCheckResult]:
    """Let agents' picks stand that are among the matcher's candidates, and offer the whole for review."""
    from discovery_pipeline.engine.mapping.arbitrating import arbitrated
    from discovery_pipeline.engine.mapping.contract import MappedFields, frame

    recommended = running.answers(advice).get("mapping_recommendations")
    with desk.stage(context) as stage, taught(desk):
        if isinstance(recommended, MappingRecommendations):
            chosen = choices(recommended, offered, stage.targets, column_profile)
            offered = [
                arbitrated(stage.con, source_tables.tables, column_profile, stage.target(s.target), s, chosen[s.target])
                for s in offered
            ]
        for suggestions in offered:
            stage.store.record_suggestions(stage.flow, suggestions)
    fields = [(s.target, field) for s in offered for field in s.assignment]
    yield dg.Output(
        offered,
        metadata={
            "dagster/column_schema": contract.column_schema(MappedFields),
            "offered": len(fields),
            "decided_by_agents": sum(field.origin == "agent" for _, field in fields),
            "unmapped_source": sum(len(s.unmapped_source) for s in offered),
            "unmapped_target": sum(len(s.unmapped_target) for s in offered),
            "confidence": charts.bars(
                {f"{f.source_field} → {f.target_field}": f.confidence for _, f in fields}, "Confidence", share=True
            ),
        },
    )
    yield contract.held(MappedFields, [frame(fields)])
    yield answered(advice)


@dg.graph_asset(
    partitions_def=flows,
    **of_stage("mapping"),
    kinds={"duckdb", "pandera"},
    check_specs=[contract.spec("mapping_suggestions"), agents.check("mapping_suggestions")],
)
def mapping_suggestions(source_tables: Any, column_profile: Any, schema_analysis: Any) -> dict[str, Any]:
    """Which source column is offered for which target field, with confidence, reasons and transformation."""
    offered, told = match(source_tables, column_profile, schema_analysis)
    schema = agents.schema_analysis_agent(told)
    relations = agents.relationship_agent(told)
    quality = agents.data_quality_agent(told, schema)
    fields = agents.field_mapping_agent(told, schema, quality)
    result, kept, heard = arbitrate(source_tables, column_profile, offered, [schema, relations, quality, fields])
    return {"result": result, "mapping_suggestions_contract": kept, "mapping_suggestions_agents_answered": heard}


@flow_asset(
    "mapping",
    kinds={"postgres", "pandera"},
    deps=[mapping_suggestions],
    check_specs=[contract.spec("approved_mapping")],
)
def approved_mapping(context: dg.AssetExecutionContext, desk: Desk) -> dg.MaterializeResult:
    """What was decided in the review, and when. Fails at once while the flow waits for it."""
    from discovery_pipeline.engine.mapping.contract import MappedFields, frame
    from discovery_pipeline.store.reviews import mappings

    with desk.stage(context) as stage:
        decided = list(stage.store.approved_mappings(stage.flow).values())
        reviewed = stage.store.wait_for(mappings.review(stage.store.flows, stage.flow))
        review = stage.flow.phases[Phase.FIELD_MAPPING]
        if stage.flow.status is FlowStatus.CANCELLED:
            raise dg.Failure(f"Flow '{stage.flow.slug}' is cancelled. Create a new flow.", allow_retries=False)
        if not decided or review.completed_at is None:
            context.instance.add_run_tags(context.run.run_id, {WAITS_TAG: "review"})
            raise _waiting(desk, stage.flow)
    fields = [(m.target, field) for m in decided for field in m.fields]
    return dg.MaterializeResult(
        value=decided,
        metadata={
            "dagster/column_schema": contract.column_schema(MappedFields),
            "dagster/row_count": len(fields),
            "decided_at": dg.MetadataValue.timestamp(review.completed_at),
            "decided_by": ", ".join(reviewed.by),
            "approved": reviewed.approved,
            "rejected": reviewed.rejected,
            "changed_by_people": reviewed.changed,
            "fields": charts.bars(
                Counter(f"{target}.{field.target_table}" for target, field in fields), "Mapped fields by table"
            ),
            "how": _how(decided),
        },
        check_results=[contract.held(MappedFields, [frame(fields)])],
    )


def _waiting(desk: Desk, flow: Flow) -> dg.Failure:
    """What the gate says while a review is open: nothing is wrong, and where somebody decides."""
    page = links.page(desk.settings, flow, links.REVIEW)
    return dg.Failure(
        f"Flow '{flow.slug}' is waiting for review: approve its mappings first. Nothing failed; the approval starts "
        "the run that delivers.",
        metadata={"review": dg.MetadataValue.url(page)} if page else None,
        allow_retries=False,
    )


def _how(decided: list[Mapping]) -> dg.TableMetadataValue:
    """Each field, what fills it, and by which operations."""
    rows = [
        dg.TableRecord(
            {
                "target": f"{mapping.target}.{field.target_table}.{field.target_field}",
                "source": f"{field.source_table}.{field.source_field}" if field.source_field else "",
                "transformation": lineage.transformed(field),
            }
        )
        for mapping in decided
        for field in mapping.fields
    ]
    columns = [dg.TableColumn(name) for name in ("target", "source", "transformation")]
    return dg.MetadataValue.table(rows, schema=dg.TableSchema(columns))
