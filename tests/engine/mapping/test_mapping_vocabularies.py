"""Value vocabularies: a source's values as the target calls them, and those that nobody has named."""

from __future__ import annotations

import pytest

from discovery_pipeline.engine import targets
from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.matcher.fields import Field
from discovery_pipeline.engine.mapping.transformations import vocabularies
from discovery_pipeline.engine.mapping.transformations.proposing import propose
from discovery_pipeline.engine.targets import TargetField

ENVIRONMENT = TargetField(
    name="Environment", allowed=("Production", "Test", "Development"), vocabulary={"Development": ("sandbox",)}
)


@pytest.mark.parametrize(
    ("value", "expected", "reason"),
    [
        ("Production", "Production", "the target's own word"),
        ("production", "Production", "the target's own word, written otherwise"),
        ("Sandbox", "Development", "another word for it"),
        ("Prod", "Production", "another word for it"),
        ("Produ", "Production", "short for it"),
        ("Devel.", "Development", "short for it"),
        ("Produciton", "Production", "a slip of the pen"),
        ("Quarantine", None, "nothing that the target lists is like it"),
    ],
)
def test_each_value_has_a_name_and_a_reason(value: str, expected: str | None, reason: str):
    (match,) = vocabularies.matched(ENVIRONMENT, [(value, 3)])
    assert (match.target, match.reason, match.count) == (expected, reason, 3)


def test_what_nobody_named_counts_with_its_rows_and_blanks_do_not():
    matches = vocabularies.matched(ENVIRONMENT, [("Test", 100), ("Quarantine", 7), ("Lab", 5), (" ", 9)])
    assert [(m.value, m.count) for m in matches if m.target is None] == [("Quarantine", 7), ("Lab", 5)]


def test_only_what_delivery_does_not_read_by_itself_is_rewritten():
    matches = vocabularies.matched(ENVIRONMENT, [("production", 1), ("sandbox", 1), ("Prod", 1)])
    assert vocabularies.rewriting(matches) == 'lookup({"Prod": "Production"})'
    assert vocabularies.rewriting(matches[:2]) is None


def test_versions_that_differ_are_no_slip_of_the_pen():
    field = TargetField(name="os", allowed=("Windows Server 2016", "Windows Server 2019"))
    (match,) = vocabularies.matched(field, [("Windows Server 2012", 1)])
    assert match.target is None


def test_yes_is_the_one_listed_value_that_says_yes():
    field = TargetField(name="encrypted", allowed=("TRUE", "FALSE"))
    assert [m.target for m in vocabularies.matched(field, [("yes", 1), ("N", 1)])] == ["TRUE", "FALSE"]


def test_a_field_without_a_list_has_no_vocabulary():
    assert vocabularies.matched(TargetField(name="f"), [("a", 1)]) == ()


def test_an_operating_system_that_the_target_lists_is_found_within_a_longer_name():
    field = targets.load("azure").tables[0].field("*OS name")
    (match,) = vocabularies.matched(field, [("CentOS Linux release 7.9", 1)])
    assert (match.target, match.read) == ("CentOS", True)


def test_the_suggestion_brings_the_transformation_and_a_reason():
    proposal = propose(Field(name="env"), ("Prod", "Test"), None, ENVIRONMENT)
    assert proposal.transformation == 'lookup({"Prod": "Production"})'
    assert str(transformations.parse(proposal.transformation))
    assert proposal.reasons == ("'Prod' is 'Production' there: another word for it",)
