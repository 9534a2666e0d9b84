"""Agents as ops within graph assets: the only steps of a flow that wait for a model, cost money and are tried again.

Whatever becomes of an agent, its flow goes on: with the model's answer, the playbook's, or the engines' alone.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import dagster as dg

from discovery_pipeline.agents import running
from discovery_pipeline.agents.gathering import Results, brief
from discovery_pipeline.agents.outputs import Answer
from discovery_pipeline.agents.running import Means
from discovery_pipeline.assets import contract
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.retrying import Retries
from discovery_pipeline.errors import AgentUnavailable, SettingsError
from discovery_pipeline.flow.advice import Advice, Brief
from discovery_pipeline.flow.state import Flow

POOL = "llm"
TRIES = Retries(max_retries=1, delay=2)
"""The only retry that a model gets, and only where it can't be reached; CrewAI's and the vendors' are switched off."""
ANSWERED = "agents_answered"


def _agent(answers: Any) -> Any:
    """An op of an agent's, whose advice is kept with the flow."""
    return dg.op(pool=POOL, retry_policy=TRIES, out=dg.Out(io_manager_key="artifacts"))(answers)


@_agent
def schema_analysis_agent(context: dg.OpExecutionContext, desk: Desk, brief: Brief) -> Advice:
    """Say what kind of data this is, what its values look like, and how it compares with the targets."""
    return _advised(context, desk, brief)


@_agent
def relationship_agent(context: dg.OpExecutionContext, desk: Desk, brief: Brief) -> Advice:
    """Say what belongs to what, and what to load first."""
    return _advised(context, desk, brief)


@_agent
def data_quality_agent(context: dg.OpExecutionContext, desk: Desk, brief: Brief, schema: Advice) -> Advice:
    """Say what will hurt, and what to mend first."""
    return _advised(context, desk, brief, schema)


@_agent
def field_mapping_agent(
    context: dg.OpExecutionContext, desk: Desk, brief: Brief, schema: Advice, quality: Advice
) -> Advice:
    """Decide, among the matcher's candidates, the mappings that it leaves open."""
    return _advised(context, desk, brief, schema, quality)


@_agent
def risk_agent(context: dg.OpExecutionContext, desk: Desk, brief: Brief) -> Advice:
    """Put the risks in order, and say what to do first."""
    quality = given(desk, desk.begun(context.partition_key), data_quality_agent.name)
    return _advised(context, desk, brief, *quality)


def briefed(context: dg.OpExecutionContext, desk: Desk, results: Results) -> Brief:
    """What agents may know of these results."""
    try:
        return brief(results, samples=desk.settings.agents.allow_samples)
    except Exception:
        # As below: what agents are told is words about results, and no reason to lose them.
        context.log.exception("The facts for agents could not be put together.")
        return Brief(facts={"tables": []}, tables={}, columns={})


def given(desk: Desk, flow: Flow, *agents: str) -> list[Advice]:
    """What these agents have said of a flow before, as far as they have."""
    found = (desk.value(flow, agent) for agent in agents)
    return [advice for advice in found if isinstance(advice, Advice)]


def answered(advice: Sequence[Advice]) -> dg.AssetCheckResult:
    """Warns where a model was to answer and didn't: the playbook's answer stands then."""
    failed = [each for each in advice if each.source == "fallback"]
    return dg.AssetCheckResult(
        passed=not failed,
        check_name=ANSWERED,
        severity=dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{each.agent}: {each.reason}" for each in failed) or None,
        metadata={"answers": contract.table([{"agent": each.agent, "source": each.source} for each in advice])},
    )


def check(asset: str) -> dg.AssetCheckSpec:
    """The check that `answered` answers."""
    return contract.watch(ANSWERED, asset, "Each agent answered by the model it was given.")


def _advised(context: dg.OpExecutionContext, desk: Desk, brief: Brief, *before: Advice) -> Advice:
    agent = context.op.name
    steps: list[str] = []
    try:
        known = running.answers(before)
        try:
            advice = _asked(context, desk, agent, brief, known, steps.append)
        except SettingsError as error:
            advice = running.instead(agent, brief, known, str(error))
    except AgentUnavailable:
        raise
    except Exception as error:
        # Agents only add words to what engines computed: not even a fault of ours in them may end a flow.
        context.log.exception("The agent failed.")
        advice = Advice(agent=agent, engine="expert", source="fallback", reason=type(error).__name__, answers={})
    context.log.info("\n".join([*steps, _answered_by(advice)]))  # one event: each is a transaction
    context.add_output_metadata(_metadata(advice))
    return advice


def _asked(
    context: dg.OpExecutionContext,
    desk: Desk,
    agent: str,
    brief: Brief,
    before: Mapping[str, Answer],
    step: running.Step,
) -> Advice:
    from discovery_pipeline.store.model_requests import RequestLog

    log = RequestLog(desk.store, desk.begun(context.partition_key))
    settings = desk.settings.agents
    asks = running.asks(agent, settings)
    means = Means(settings, log if asks else None, log.spent() if asks else (0, 0.0), step)
    return running.advise(agent, brief, before, means, patient=context.retry_number < TRIES.max_retries)


def _answered_by(advice: Advice) -> str:
    if advice.source == "model":
        return f"{advice.model} answered in {advice.requests} requests."
    if advice.source == "fallback":
        return f"{advice.reason} The playbook answered instead."
    return "The playbook answered."


def _metadata(advice: Advice) -> dict[str, Any]:
    return {
        "source": advice.source,
        "engine": advice.engine,
        "model": advice.model,
        "requests": advice.requests,
        "prompt_tokens": advice.prompt_tokens,
        "completion_tokens": advice.completion_tokens,
        "cost": advice.cost,
    } | ({"reason": advice.reason} if advice.reason else {})
