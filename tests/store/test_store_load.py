"""Many clients on the same flows: what they saw and wrote is one story, and the checker would notice if it weren't."""

from __future__ import annotations

from benchmarks.load import lives
from benchmarks.load.history import Link, Operation, Outcome, Seen, faults
from benchmarks.load.running import Load, run
from discovery_pipeline.settings import Settings

CHAINS = {flow: [Link(n, frozenset({f"{flow}{n}"})) for n in range(4)] for flow in "ab"}


def seen(*what: str) -> tuple[Seen, ...]:
    """Of flows as 'a2': flow a where number 2 was written, which made version 3."""
    return tuple(Seen(flow, int(number) + 1, f"{flow}{number}") for flow, number in what)


def did(
    began: float, ended: float, *, read: tuple[str, ...] = (), wrote: tuple[str, ...] = (), number: int = 0,
    outcome: Outcome = "done",
) -> Operation:  # fmt: skip
    return Operation(1, "act", began, ended, outcome, seen(*read), seen(*wrote), number)


def write(began: float, ended: float, number: int) -> Operation:
    return did(began, ended, wrote=(f"a{number}", f"b{number}"), number=number)


WRITES = [write(0, 1, 1), write(2, 3, 2), write(4, 5, 3)]


def test_a_history_that_one_order_explains_is_in_order():
    reads = [did(0.5, 2.5, read=("a1", "b1")), did(0, 0.9, read=("a0", "b0")), did(6, 7, read=("a3", "b3"))]
    refused = did(1, 2, number=9, outcome="refused")
    assert faults([*WRITES, *reads, refused], CHAINS) == []


def test_a_lost_write_is_noticed():
    assert any("stands in 0 flows" in fault for fault in faults([did(0, 1, wrote=("a1",), number=7)], CHAINS))


def test_half_of_a_transaction_is_noticed():
    half = did(0, 1, wrote=("a1",), number=1)
    assert any("stands in 2 flows" in fault for fault in faults([half], CHAINS))


def test_a_refused_write_that_is_there_is_noticed():
    assert any("was refused" in fault for fault in faults([did(0, 1, number=2, outcome="refused")], CHAINS))


def test_two_writes_of_one_version_are_noticed():
    again = did(0, 1, wrote=("a1", "b1"), number=0)
    assert any("the same version" in fault for fault in faults([*WRITES, again], CHAINS))


def test_a_read_of_what_nobody_wrote_is_noticed():
    torn = Operation(1, "read", 0, 1, "done", (Seen("a", 2, "half of it"),))
    early = Operation(1, "read", 0, 1, "done", (Seen("a", 9, "a9"),))
    assert len(faults([*WRITES, torn, early], CHAINS)) == 2


def test_a_stale_read_is_noticed():
    assert any("no order explains" in fault for fault in faults([*WRITES, did(6, 7, read=("a2",))], CHAINS))


def test_a_read_of_two_moments_is_noticed():
    skewed = did(0, 9, read=("a1", "b3"))
    assert any("no order explains" in fault for fault in faults([*WRITES, skewed], CHAINS))


def test_two_readers_who_saw_opposite_orders_are_noticed():
    chains = {"a": CHAINS["a"][:2], "b": [CHAINS["b"][0], Link(2, frozenset({"b2"}))]}
    writes = [did(0, 9, wrote=("a1",), number=1)]
    other = Operation(2, "act", 0, 9, "done", (), (Seen("b", 2, "b2"),), 2)
    one = Operation(3, "read", 0, 9, "done", (Seen("a", 2, "a1"), Seen("b", 1, "b0")))
    two = Operation(4, "read", 0, 9, "done", (Seen("a", 1, "a0"), Seen("b", 2, "b2")))
    assert faults([*writes, other, one], chains) == []
    assert any("no order explains" in fault for fault in faults([*writes, other, one, two], chains))


def test_what_many_clients_do_at_once_is_one_story(settings: Settings):
    told = run(settings, Load(clients=24, seconds=6, flows=30, processes=2, seed=5))
    assert told.faults == []
    assert {operation.outcome for operation in told.history} == {"done", "refused"}
    assert told.events > 100


def test_flows_that_live_at_once_keep_their_order(settings: Settings):
    lived = lives.run(settings, flows=40)
    assert lived.faults == []
    assert lived.events > 2 * lived.steps


def test_a_flow_whose_steps_are_told_out_of_order_is_noticed():
    whole = [("a", str(step)) for step in range(1 + len(lives.LIFE))]
    assert lives.disordered("a reader met", whole) == []
    for wrong in ([*whole[:2], whole[3], whole[2], *whole[4:]], whole[:-1], [*whole, whole[0]]):
        assert len(lives.disordered("a reader met", wrong)) == 1
