"""Slugs."""

from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from discovery_pipeline.flow.naming import slug

DAY = date(2026, 3, 1)
ID = UUID("9f3c01ab-0000-4000-8000-000000000000")


def test_a_slug_is_readable():
    assert slug("Q3 Éstate / Köln", DAY, ID) == "q3-estate-koln-2026-03-01-9f3c01ab"


def test_a_name_without_plain_letters_is_a_flow():
    assert slug("数据", DAY, ID) == "flow-2026-03-01-9f3c01ab"


@given(st.text())
def test_a_slug_is_always_a_plain_short_word(name: str):
    made = slug(name, DAY, ID)
    assert len(made) <= 60
    assert made.replace("-", "").isalnum() and made.isascii() and made == made.lower()
