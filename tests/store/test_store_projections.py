"""Events that commit late: a naive reader skips them, ours don't, and what they make of them is what a replay makes."""

from __future__ import annotations

from benchmarks.projections.readers import Reader, Written
from benchmarks.projections.trial import Strain, run
from discovery_pipeline.settings import Settings
from discovery_pipeline.store.blocking import Store
from discovery_pipeline.store.events.follow import Wanted
from discovery_pipeline.store.events.outbox import Cursor


def test_no_reader_skips_or_doubles_an_event_that_commits_late(settings: Settings):
    outcome = run(settings, Strain(hold=1.5, events=700, slow=10, quick=2))
    assert outcome.faults == []
    assert outcome.skipped_naively > 20
    assert outcome.told.held > 5 and outcome.told.longest > 0.5


def test_a_reader_that_skips_doubles_or_disorders_is_found_out(store: Store):
    store.create_flow(store.default_tenant(), "estate", "csv", "aws")
    posted = store.wait_for(store.flows.events_after(Cursor()))
    table = [Written(each.cursor.id, (1, 1), each.event) for each in posted]
    skipping, doubling, disordering = (Reader(name, Wanted()) for name in ("a", "b", "c"))
    for reader, order in ((skipping, (0, 2)), (doubling, (0, 1, 2, 2)), (disordering, (0, 2, 1))):
        for n in order:
            reader.take(posted[n])
    assert "skipped 1 events" in " ".join(skipping.faults(table))
    assert "got 1 events twice" in " ".join(doubling.faults(table))
    assert "before earlier ones" in " ".join(disordering.faults(table))
