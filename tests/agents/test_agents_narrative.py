"""The narrative: what a reader of the report is told, by whom, and that nothing in it can become more than text."""

from __future__ import annotations

import duckdb

from discovery_pipeline.agents import running
from discovery_pipeline.agents.gathering import Results, named
from discovery_pipeline.agents.names import Names
from discovery_pipeline.agents.narrative import narrative
from discovery_pipeline.agents.running import Means
from discovery_pipeline.engine.delivery import report
from discovery_pipeline.flow.advice import Advice, Brief
from discovery_pipeline.settings import AgentSettings


def advised(told: Brief) -> list[Advice]:
    return running.advise_all(told, Means(AgentSettings(engine="expert")))


def test_three_sections_in_the_order_in_which_they_are_read(told: Brief, results: Results):
    said = narrative(advised(told), named(results.profile))
    assert said is not None
    assert [s.title for s in said.sections] == ["What kind of data this is", "What will hurt", "What to do first"]
    assert said.told_by == "the playbook"


def test_places_stand_by_their_names(told: Brief, results: Results):
    said = narrative(advised(told), named(results.profile))
    assert said is not None
    lines = " ".join(line for section in said.sections for line in section.lines)
    assert "servers." in lines
    assert "t3.c" not in lines


def test_who_failed_is_said(told: Brief, results: Results):
    first, *others = advised(told)
    failed = first.model_copy(update={"source": "fallback", "model": "vllm/m", "reason": "away"})
    said = narrative([failed, *others], named(results.profile))
    assert said is not None
    assert said.told_by == f"the playbook (in place of {first.agent}, which failed)"


def test_where_nobody_answered_nothing_is_told(results: Results):
    assert narrative([], named(results.profile)) is None


def test_a_claim_is_text_in_the_report(results: Results):
    order = "<script>alert(1)</script> {{ 7*7 }} javascript:alert(1)"
    told = report.Narrative((report.Section("What will hurt", (order,)),), told_by="<b>a model</b>")
    with duckdb.connect() as con:
        page = report.render(con, report.Contents(title="x", profile=results.profile, narrative=told))
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }}" in page
    assert "<script" not in page
    assert "<b>a model</b>" not in page


def test_ids_become_names_whole_where_they_stand_alone_and_short_in_a_sentence():
    long = "a" * 90
    names = Names.of([("apps", ["id", long]), ("servers", ["na\nme"])])
    assert names.put_into({"column": "t1.c2", "many": ["t2.c1", "t1"]}) == {
        "column": f"apps.{long}",
        "many": ["servers.na\nme", "apps"],
    }
    assert names.put_into("t2.c1 and t1.c2 of t1") == f"servers.na·me and apps.{'a' * 47}… of apps"
    assert names.put_into("t9.c9 stays, at10.c1 too") == "t9.c9 stays, at10.c1 too"
    assert Names.of([("apps", ["id"])]).put_into("t1.c1 is the key") == "id is the key"
