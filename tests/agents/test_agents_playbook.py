"""The playbook: what it says of small tables, and that whatever it says holds against the facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from discovery_pipeline.agents import asking, expert, outputs
from discovery_pipeline.agents.checking import checked
from discovery_pipeline.agents.facts import Facts
from discovery_pipeline.agents.gathering import Results, brief
from discovery_pipeline.agents.playbook import mapping, relationships
from discovery_pipeline.agents.tasks import TASKS
from discovery_pipeline.agents.toolbox import Toolbox
from discovery_pipeline.engine import targets
from discovery_pipeline.engine.mapping.model import MappedField, Suggestions
from discovery_pipeline.engine.profiling import Profile, TableProfile
from discovery_pipeline.errors import AgentAnswerInvalid
from discovery_pipeline.flow.advice import Brief

SCORES = {"score": 1.0, "completeness": 1.0, "validity": 1.0, "uniqueness": 1.0, "consistency": 1.0}


def column(id: str, **more: Any) -> dict[str, Any]:
    looks = {"type": "string", "type_fit": 1.0, "nulls": 0, "null_ratio": 0.0, "distinct": 10, "scores": SCORES}
    return {"id": id, **looks, **more}


def table(id: str, rows: int, *columns: dict[str, Any]) -> dict[str, Any]:
    return {"id": id, "rows": rows, "duplicates": 0, "columns": list(columns)}


def kinds(*tables: dict[str, Any], **more: Any) -> list[str]:
    answer = expert.answer(TASKS["schema_analysis"], Toolbox(Facts(tables=tables, **more)), {})  # pyright: ignore
    assert isinstance(answer, outputs.SchemaAnalysis)
    return [kind.kind for kind in answer.tables]


def reference(of: str, to: str) -> dict[str, Any]:
    places = {"table": of.partition(".")[0], "columns": [of], "ref_table": to.partition(".")[0], "ref_columns": [to]}
    return {**places, "cardinality": "n:1", "coverage": 1.0, "orphans": 0, "confidence": 1.0}


def test_a_table_told_apart_by_a_key_is_a_register():
    key = {"table": "t1", "columns": ["t1.c1"], "rank": 1, "confidence": 1.0}
    assert kinds(table("t1", 9, column("t1.c1"), column("t1.c2")), keys=[key]) == ["register"]


def test_dated_rows_that_refer_to_others_are_events():
    orders = table("t1", 900, column("t1.c1", type="datetime"), column("t1.c2"), column("t1.c3", type="float"))
    clients = table("t2", 300, *(column(f"t2.c{i}") for i in range(1, 9)))
    assert kinds(orders, clients, references=[reference("t1.c2", "t2.c1")])[0] == "events"


def test_a_short_table_that_others_refer_to_is_a_reference_list():
    found = kinds(table("t1", 900, column("t1.c1")), table("t2", 5, column("t2.c1")),
                  references=[reference("t1.c1", "t2.c1")])  # fmt: skip
    assert found[1] == "reference list"


def test_a_table_of_numbers_holds_measurements():
    assert kinds(table("t1", 9, column("t1.c1", type="float"), column("t1.c2", type="integer"))) == ["measurements"]


def test_a_table_of_personal_columns_is_about_people():
    personal = [column("t1.c1", personal="email"), column("t1.c2", personal="phone"), column("t1.c3")]
    assert kinds(table("t1", 9, *personal)) == ["people"]


def test_where_nothing_tells_rows_apart_the_playbook_says_that_it_does_not_know():
    assert kinds(table("t1", 9, column("t1.c1"), column("t1.c2"))) == ["mixture"]


def question(*candidates: dict[str, Any], **more: Any) -> dict[str, Any]:
    same = {"rank": 1, "assigned": False, "fill": 1.0, "type_fit": 1.0, "distinct_ratio": 1.0}
    asked = [
        {**same, "id": f"q1.{letter}", "column": f"t1.c{i}", "confidence": 0.6, **c}
        for i, (letter, c) in enumerate(zip("abc", candidates, strict=False), start=1)
    ]
    return {"id": "q1", "target": "aws", "table": "server", "field": "HostName", "unique": False, **more,
            "candidates": asked}  # fmt: skip


def pick(*candidates: dict[str, Any], **more: Any) -> str:
    answer = mapping.recommended({"MappingCandidates": {"questions": [question(*candidates, **more)]}}, None)
    assert isinstance(answer, outputs.MappingRecommendations)
    return answer.picks[0].choice


@pytest.mark.parametrize(
    ("offered", "rival", "more", "choice"),
    [
        ({}, {}, {}, "q1.a"),
        ({"fill": 0.0}, {}, {}, "q1.b"),
        ({"fill": 0.0}, {"fill": 0.3}, {}, "q1.a"),
        ({"fill": 0.0}, {"confidence": 0.3}, {}, "q1.a"),
        ({"reasons": ["wrong_type"]}, {}, {}, "q1.b"),
        ({"reasons": ["wrong_type"]}, {"reasons": ["other_measure"]}, {}, "q1.a"),
        ({"distinct_ratio": 0.2}, {}, {"unique": True}, "q1.b"),
        ({"distinct_ratio": 0.2}, {}, {"unique": False}, "q1.a"),
        ({"distinct_ratio": 0.2}, {"distinct_ratio": 0.9}, {"unique": True}, "q1.a"),
    ],
)
def test_an_offer_stands_unless_counted_evidence_is_better(offered: dict, rival: dict, more: dict, choice: str):
    assert pick(offered, rival, **more) == choice


def test_many_tables_and_many_questions_are_answered():
    asked = [{**question({}), "id": f"q{i}", "candidates": [{**question({})["candidates"][0], "id": f"q{i}.a"}]}
             for i in range(1, 20_001)]  # fmt: skip
    known = Facts.model_validate(
        {"tables": [table(f"t{i}", 1, column(f"t{i}.c1")) for i in range(1, 1201)],
         "questions": [{**q, "type": "string", "required": False} for q in asked]}
    )  # fmt: skip
    answers: dict[str, outputs.Answer] = {}
    for name, task in TASKS.items():
        answers[name] = expert.answer(task, Toolbox(known), answers)
    said = answers["mapping_recommendations"]
    assert isinstance(said, outputs.MappingRecommendations)
    assert len(said.picks) == 20_000


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(1, 6)), max_size=12))
def test_tables_are_loaded_after_those_they_refer_to_unless_in_a_circle(pairs: list[tuple[int, int]]):
    tables = [{"id": f"t{i}", "rows": 1} for i in range(1, 7)]
    references = [reference(f"t{a}.c1", f"t{b}.c1") for a, b in pairs]
    told = {"tables": tables, "references": references}
    order = relationships.drawn({"RelationshipAnalyzer": told, "BusinessRuleDetector": {}}, None).load_order  # pyright: ignore
    assert sorted(order) == [t["id"] for t in tables]
    forward = [(a, b) for a, b in pairs if a > b]
    if len(forward) == len(pairs):  # no circle
        assert all(order.index(f"t{b}") < order.index(f"t{a}") for a, b in pairs)


COUNTS = st.integers(0, 5000)
SHARES = st.floats(0, 1).map(lambda share: round(share, 4))
ANOMALIES = st.sampled_from(["empty", "mostly_empty", "null_tokens", "type_exceptions", "mixed_units", "padding",
                             "repeated_key", "ambiguous_dates", "outliers", "constant"])  # fmt: skip


@st.composite
def facts(draw: Callable[..., Any]) -> Facts:
    """Facts of up to three tables, whatever they are."""
    tables, references = [], []
    for t in range(1, draw(st.integers(1, 3)) + 1):
        columns = [
            column(
                f"t{t}.c{c}",
                type=draw(st.sampled_from(["string", "integer", "date", "boolean"])),
                null_ratio=draw(SHARES),
                nulls=draw(COUNTS),
                scores={key: draw(SHARES) for key in SCORES},
                anomalies=[{"kind": draw(ANOMALIES), "count": draw(COUNTS)} for _ in range(draw(st.integers(0, 2)))],
            )
            for c in range(1, draw(st.integers(1, 4)) + 1)
        ]
        tables.append({**table(f"t{t}", draw(COUNTS), *columns), "duplicates": draw(COUNTS)})
        if t > 1:
            references.append({**reference(f"t{t}.c1", "t1.c1"), "orphans": draw(COUNTS), "coverage": draw(SHARES)})
    verdict = {
        "target": "aws",
        "meant": draw(COUNTS),
        "delivered": draw(COUNTS),
        "rejected": draw(COUNTS),
        "blanked": 0,
    }
    risk = {"id": "r1", "category": "data_loss", "title": "Rows are not taken", "likelihood": "high", "impact": "high"}
    return Facts.model_validate(
        {"tables": tables, "references": references, "verdicts": [verdict], "risks": [risk],
         "findings": [{"table": "t1", "rule": "type", "severity": "error", "dimension": "accuracy", "count": 3}]}
    )  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(facts())
def test_whatever_the_facts_each_answer_has_its_type_and_names_only_what_is_there(known: Facts):
    box, answers = Toolbox(known), {}
    for name, task in TASKS.items():
        answers[name] = expert.answer(task, box, answers)
        assert checked(task, answers[name].model_dump_json(), known, counted=False) == answers[name]


def test_a_tool_tells_a_model_the_beginning_of_a_long_list_and_how_much_is_left_out(told: Brief):
    known = Facts.model_validate(told.facts)
    assert '{"left_out":' in Toolbox(known, most=3).answer("SchemaInspector")
    assert "left_out" not in Toolbox(known).answer("SchemaInspector")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ('{"summary": "t9.c1 is odd."}', "places"),
        ('{"summary": "r7 is grave."}', "places"),
        ('{"summary": "There are 987654 rows."}', "number"),
        ('{"summary": "99.7% of all."}', "number"),
        ('{"summary": ""}', "shape"),
        ('{"summary": "fine", "more": 1}', "shape"),
        ("no JSON at all", "shape"),
        ("x" * 300_000, "longer"),
    ],
)
def test_an_answer_that_contradicts_the_facts_is_refused_without_being_quoted(told: Brief, text: str, fault: str):
    with pytest.raises(AgentAnswerInvalid, match=fault) as refused:
        checked(TASKS["risk_assessment"], text, Facts.model_validate(told.facts))
    assert "odd" not in str(refused.value)


def test_an_answer_in_a_fence_is_read(told: Brief):
    text = 'Here it is:\n```json\n{"summary": "t3 holds 200 rows."}\n```'
    answer = checked(TASKS["risk_assessment"], text, Facts.model_validate(told.facts))
    assert answer == outputs.RiskAssessment(summary="t3 holds 200 rows.")


@pytest.mark.parametrize(
    "picks",
    [
        [{"question": "q1", "choice": "q2.a", "text": "so"}],
        [{"question": "q999", "choice": "none", "text": "so"}],
        [{"question": "q1", "choice": "none", "text": "so"}, {"question": "q1", "choice": "q1.a", "text": "so"}],
    ],
)
def test_only_what_the_matcher_offered_can_be_picked(told: Brief, picks: list[dict]):
    answer = outputs.MappingRecommendations.model_validate({"summary": "so", "picks": picks})
    with pytest.raises(AgentAnswerInvalid):
        checked(TASKS["mapping_recommendations"], answer.model_dump_json(), Facts.model_validate(told.facts))


def wanting(**field: Any) -> tuple[str, ...]:
    wanted = {"target": "cloud", "table": "vm", "field": "IsPhysical", "type": "boolean", "required": True}
    facts = Facts(tables=[table("t1", 9, column("t1.c1"))], fields=[wanted | field])  # pyright: ignore
    answer = expert.answer(TASKS["mapping_opportunities"], Toolbox(facts), {})
    assert isinstance(answer, outputs.MappingOpportunities)
    return tuple(lack.text for lack in answer.missing_required)


def test_a_required_field_that_nothing_fills_is_missing_and_one_that_a_constant_fills_is_not():
    assert wanting() == ("cloud requires IsPhysical, and no column fills it.",)
    assert wanting(confidence=0.6, converted=True, converts_with="constant") == ()


def test_a_field_that_says_whose_row_it_is_is_not_missing():
    google = targets.load("google")
    size = MappedField(
        source_table="servers", source_field="disk", target_table="disk", target_field="SizeInGib", confidence=0.95
    )
    profile = Profile(tables=(TableProfile(name="servers", row_count=9, duplicate_row_count=0, columns=()),))
    offered = (Suggestions(target="google", matches=(), assignment=(size,)),)
    facts = brief(Results(profile, offered=offered, targets=(google,))).facts
    missing = {(f["table"], f["field"]) for f in facts["fields"] if f.get("required") and "confidence" not in f}
    assert ("vm", "MachineId") in missing
    assert ("disk", "MachineId") not in missing


def test_what_was_read_by_a_description_and_what_no_such_field_holds_are_facts():
    said = asking.reasons(["names share 'memory', by the description of 'F01'", "but no such field holds such values"])
    assert said == ("alike_descriptions", "shared_words", "wrong_type")
