"""Oddities: what is known of each kind of anomaly: its wording, the dimension it counts against, how it is mended."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from discovery_pipeline.agents.outputs import Dimension, Level
from discovery_pipeline.engine.phrases import counted

Way = Literal["automated", "manual review", "enrichment"]


@dataclass(frozen=True, slots=True)
class Oddity:
    """One kind of anomaly."""

    says: str  # {n}: so many values, {place}: of that column
    dimension: Dimension
    way: Way
    risk: Level
    mend: str
    grave: bool = True  # worth an issue wherever it stands; else only where the target needs the column
    counted: bool = True  # its count is one of values; else of formats, units or the like

    def sentence(self, place: str, number: int) -> str:
        """It, as a sentence about a column."""
        return f"{self.says.format(n=counted(number, 'value'), place=place)}."


ODDITIES: Mapping[str, Oddity] = {
    "empty": Oddity(
        "{place} holds no value", "completeness", "enrichment", "low",
        "Bring values for {place} from another source, or leave it out",
    ),
    "mostly_empty": Oddity(
        "{place} lacks {n}, most of them", "completeness", "enrichment", "low",
        "Ask who keeps {place} whether it is needed; fill it at the source",
    ),
    "null_tokens": Oddity(
        "{n} of {place} only say that nothing is known", "completeness", "automated", "low",
        "Empty the cells of {place} that only say that nothing is known", grave=False,
    ),
    "type_exceptions": Oddity(
        "{n} of {place} are not of its type", "accuracy", "manual review", "medium",
        "Correct the values of {place} that are not of its type",
    ),
    "invalid_values": Oddity(
        "{n} of {place} can't be what the column holds", "accuracy", "manual review", "medium",
        "Correct or confirm the values of {place} that can't be what the column holds",
    ),
    "repeated_key": Oddity(
        "{n} of {place} repeat one that should stand once", "uniqueness", "manual review", "high",
        "Decide which rows with the same {place} are the same thing",
    ),
    "date_formats": Oddity(
        "Dates of {place} are written in several formats", "consistency", "automated", "low",
        "Write the dates of {place} in one format", grave=False, counted=False,
    ),
    "ambiguous_dates": Oddity(
        "Nothing says whether day or month comes first in {place}", "accuracy", "manual review", "high",
        "Say whether day or month comes first in {place}", counted=False,
    ),
    "future_dates": Oddity(
        "{n} of {place} lie ahead", "timeliness", "manual review", "medium",
        "Confirm the dates of {place} that lie ahead",
    ),
    "placeholder_dates": Oddity(
        "{n} of {place} are placeholders for a date", "timeliness", "manual review", "low",
        "Empty the placeholder dates of {place}",
    ),
    "mixed_units": Oddity(
        "Values of {place} are in several units", "consistency", "automated", "medium",
        "Bring {place} to one unit", counted=False,
    ),
    "spellings": Oddity(
        "{n} of {place} are spelt in several ways", "consistency", "automated", "low",
        "Write the values of {place} one way", grave=False,
    ),
    "padding": Oddity(
        "White space stands around {n} of {place}", "consistency", "automated", "low",
        "Trim the values of {place}", grave=False,
    ),
    "encoding": Oddity(
        "{n} of {place} were garbled by a wrong encoding", "accuracy", "manual review", "medium",
        "Read {place} again in the right encoding",
    ),
    "constant": Oddity(
        "Every value of {place} is the same", "accuracy", "manual review", "low",
        "Ask whether {place} was ever kept", grave=False,
    ),
    "outliers": Oddity(
        "{n} of {place} lie far from all others", "accuracy", "manual review", "low",
        "Look at the values of {place} that lie far from all others", grave=False,
    ),
}  # fmt: skip
