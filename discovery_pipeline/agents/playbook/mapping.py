"""Open mappings: the matcher's offer stands unless a rule finds better evidence for one of its other candidates.

Each rule compares what can be counted: values that are there, values of the target's type, values that tell rows apart,
things that are measured. None looks at names again: the matcher has done that.
"""

from __future__ import annotations

from discovery_pipeline.agents.outputs import Answer, MappingRecommendations, Pick
from discovery_pipeline.agents.playbook.saying import Seen, Told, entries, share, spoken
from discovery_pipeline.engine.phrases import counted

_NEAR = 0.7  # share of the assigned candidate's confidence that a better one must have
_EMPTY = 0.02
_FILLED = 0.5
_TELLS_APART, _REPEATS = 0.99, 0.9
_AGAINST = ("wrong_type", "other_measure")


def recommended(seen: Seen, context: object) -> Answer:
    """A pick for every question, and why."""
    picks = tuple(_pick(question) for question in entries(seen, "MappingCandidates", "questions"))
    changed = sum(not pick.choice.endswith(".a") for pick in picks)
    return MappingRecommendations(summary=_summary(len(picks), changed), picks=picks)


def _summary(asked: int, changed: int) -> str:
    if not asked:
        return "The matcher leaves nothing open."
    kept = asked - changed
    moved = f" in {changed:,} another column has the better evidence" if changed else ""
    return f"{counted(asked, 'mapping')} {'is' if asked == 1 else 'are'} open: {kept:,} stay as offered" + (
        f",{moved}." if changed else "."
    )


def _pick(question: Told) -> Pick:
    offered, *rivals = question["candidates"]
    for rival in rivals:
        if rival["confidence"] >= _NEAR * offered["confidence"] and (why := _better(rival, offered, question)):
            return Pick(question=question["id"], choice=rival["id"], text=why)
    return Pick(question=question["id"], choice=offered["id"], text=_kept(offered, rivals, question))


def _better(rival: Told, offered: Told, question: Told) -> str:
    """Why the rival is the better candidate; empty where no rule says so."""
    there, here = rival["column"], offered["column"]
    if offered["fill"] <= _EMPTY and rival["fill"] >= _FILLED:
        return f"{here} holds hardly a value ({share(offered['fill'])}); {there} is filled to {share(rival['fill'])}."
    against, for_ = _against(offered), _against(rival)
    if against and not for_:
        return f"{here} hardly fills {question['field']}: {against}; that is not so for {there}."
    tells, repeats = rival["distinct_ratio"], offered["distinct_ratio"]
    if question.get("unique") and repeats < _REPEATS and tells >= _TELLS_APART and rival["fill"] >= _FILLED:
        return (
            f"{question['field']} tells rows apart: values of {there} do ({share(tells)} distinct), "
            f"those of {here} repeat ({share(repeats)})."
        )
    return ""


def _against(candidate: Told) -> str:
    return next((_SAID[reason] for reason in _AGAINST if reason in candidate.get("reasons", [])), "")


_SAID = {
    "wrong_type": "its values are of another type",
    "other_measure": "it measures something else",
    "other_subject": "its table is about something else",
}
_DOUBTS = tuple(_SAID)


def _kept(offered: Told, rivals: list[Told], question: Told) -> str:
    here = offered["column"]
    if rivals:
        next_best = f"; {rivals[0]['column']} is next ({share(rivals[0]['confidence'])})"
    else:
        next_best = "; nothing else comes near"
    said = offered.get("reasons", [])
    why = ", ".join(spoken(reason) for reason in said[:2] if reason not in _DOUBTS)
    doubt = next((f", but {_SAID[reason]}" for reason in _DOUBTS if reason in said), "")
    ground = (f", by {why}" if why else "") + doubt
    return f"{here} stays for {question['field']} ({share(offered['confidence'])} sure{ground}){next_best}."
