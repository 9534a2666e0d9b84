"""`discovery agents`: what agents say of a flow, what they would send to a model, and why a mapping is as it is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from discovery_pipeline.agents.models.choice import Choice
    from discovery_pipeline.agents.previewing import Preview
    from discovery_pipeline.settings import AgentSettings

agents = typer.Typer(no_args_is_help=True, help="Ask the agents, and see what they would send to a model.")

FlowName = Annotated[str, typer.Argument(help="Slug or id.", metavar="FLOW")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@agents.command()
def run(flow: FlowName, as_json: AsJson = False) -> None:
    """Let all agents answer on a flow, as one crew. Nothing of the flow is changed."""
    from rich.console import Console

    from discovery_pipeline import settings
    from discovery_pipeline.agents import reading
    from discovery_pipeline.agents.gathering import brief
    from discovery_pipeline.agents.running import DiscoveryCrewOrchestrator, Means, crewed
    from discovery_pipeline.store.blocking import open_store
    from discovery_pipeline.store.model_requests import RequestLog

    chosen = settings.read()
    with open_store(chosen) as store:
        found = store.flow(None, flow)
        told = brief(reading.results(store.artifacts, found), samples=chosen.agents.allow_samples)
        log = RequestLog(store, found)
        with Console(stderr=True).status("Asking the agents"):
            answer = DiscoveryCrewOrchestrator(told, Means(crewed(chosen.agents), log, log.spent())).run()
    if as_json:
        print(json.dumps(answer, ensure_ascii=False, indent=2))
        return
    _print_answers(answer)


@agents.command()
def check(
    flow: Annotated[str | None, typer.Argument(help="Show what would be sent of this flow.", metavar="[FLOW]")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that each agent's model answers, and show exactly what would be sent to it. Nothing of a flow is sent.

    Exit code 0: every model answers, or none is needed; 1: one doesn't.
    """
    from discovery_pipeline import settings
    from discovery_pipeline.agents.models.choice import chosen

    asked = settings.read().agents
    models = chosen(asked)
    faults = _unreachable(list(models.values()), asked)
    previews = _previews(flow) if flow else ()
    if as_json:
        print(json.dumps(_checked(models, faults, previews), ensure_ascii=False, indent=2))
    else:
        _print_check(models, faults, previews)
    raise typer.Exit(1 if any(faults.values()) else 0)


@agents.command()
def explain(
    flow: FlowName,
    mapping: Annotated[str, typer.Option(help="The target's field, e.g. HostName.")],
    as_json: AsJson = False,
) -> None:
    """Explain why a target field is filled as it is: the matcher's evidence, its candidates, and the agent's answer."""
    from discovery_pipeline import settings
    from discovery_pipeline.agents import explaining, reading
    from discovery_pipeline.store.blocking import open_store

    with open_store(settings.read()) as store:
        found = store.flow(None, flow)
        told = explaining.explained(
            mapping, reading.results(store.artifacts, found), reading.advice(store.artifacts, found)
        )
    if as_json:
        print(json.dumps([each.model_dump(mode="json") for each in told], ensure_ascii=False, indent=2))
        return
    for each in told:
        print(f"{each.target} {each.table}.{each.field}")
        filled = f"  filled by {each.source} ({each.confidence:.0%})" if each.source else "  filled by nothing"
        print(f"{filled}, {each.transformation}" if each.transformation else filled)
        for reason in each.evidence:
            print(f"    {reason}")
        for candidate in each.candidates:
            print(f"  candidate {candidate.source} ({candidate.confidence:.0%}): {'; '.join(candidate.evidence)}")
        if each.said:
            print(f"  {each.said_by}: {each.said}")


def _unreachable(models: list[Choice | None], asked: AgentSettings) -> dict[str, str | None]:
    """By model, why its server doesn't answer; None where it does."""
    from discovery_pipeline.agents.models.exchange import reachable

    return {model.title: reachable(model, asked.request_seconds) for model in models if model}


def _previews(flow: str) -> tuple[Preview, ...]:
    from discovery_pipeline import settings
    from discovery_pipeline.agents import reading
    from discovery_pipeline.agents.gathering import brief
    from discovery_pipeline.agents.previewing import preview
    from discovery_pipeline.store.blocking import open_store

    chosen = settings.read()
    with open_store(chosen) as store:
        results = reading.results(store.artifacts, store.flow(None, flow))
    return preview(brief(results, samples=chosen.agents.allow_samples), chosen.agents)


def _checked(
    models: dict[str, Choice | None], faults: dict[str, str | None], previews: tuple[Preview, ...]
) -> dict[str, Any]:
    return {
        "agents": {
            agent: {
                "model": model.title if model else "expert",
                "address": model.address if model else None,
                "reachable": faults[model.title] is None if model else None,
                "fault": faults[model.title] if model else None,
            }
            for agent, model in models.items()
        },
        "would_send": [
            {
                "agent": each.agent,
                "task": each.task,
                "model": each.model,
                "url": each.url,
                "bytes": len(each.body),
                "sha256": each.sha256,
                "refused": each.refused,
                "request": json.loads(each.body),
            }
            for each in previews
        ],
    }


def _print_check(
    models: dict[str, Choice | None], faults: dict[str, str | None], previews: tuple[Preview, ...]
) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(emoji=False)
    shown = Table("agent", "model", "address", "answers")
    for agent, model in models.items():
        cells = (
            (agent, model.title, model.address, faults[model.title] or "yes") if model else (agent, "expert", "", "")
        )
        shown.add_row(*(Text(cell) for cell in cells))
    console.print(shown)
    if not any(models.values()):
        console.print("No model is set: the playbook answers, and nothing is sent anywhere.")
    for each in previews:
        to = each.url if each.model else "nowhere; with a model, it would be"
        console.print(Text(f"\n{each.task} ({each.agent}) sends {len(each.body):,} bytes to {to}", style="bold"))
        if each.refused:
            console.print(Text(f"The gate would stop it: {each.refused}", style="red"))
        for message in each.messages:
            said = message["content"] or f"calls {', '.join(message['tool_calls'].values())}"
            console.print(Text(f"{message['role']:>9}  {said}"))
    if not previews:
        console.print("`discovery agents check FLOW` shows what would be sent of a flow, to the byte.")


def _print_answers(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    from discovery_pipeline.agents.narrative import sections

    console = Console(emoji=False)
    for section in sections(answer):
        console.print(Text(f"\n{section.title}", style="bold"))
        for line in section.lines:
            console.print(Text(f"  {line}"))
    failed = [f"{name}: {a['reason']}" for name, a in answer["agents"].items() if a["source"] == "fallback"]
    by = {"expert": "the playbook", "model": "models", "fallback": "the playbook, in place of a model that failed"}
    console.print(Text(f"\nAnswered by {by[answer['source']]} in {answer['execution_time']:.1f} s.", style="dim"))
    for reason in failed:
        console.print(Text(reason, style="yellow"))
