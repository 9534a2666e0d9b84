"""Anomalies: what a person should look at in a column, in words, the gravest first; and charts that would show it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from discovery_pipeline.engine.phrases import counted
from discovery_pipeline.engine.profiling.inference import Typed
from discovery_pipeline.engine.profiling.meaning import Meaning
from discovery_pipeline.engine.profiling.model import ColumnProfile

NAMED = 3
"""Examples that a sentence names."""

_PLACEHOLDER_DATES = ("1900-01-01", "1970-01-01", "0001-01-01", "9999-12-31", "2099-12-31", "1899-12-30")


@dataclass(frozen=True, slots=True)
class Noticed:
    """What was seen of a column beyond its profile."""

    padded: int  # values with white space around them
    spellings: tuple[str, ...]  # values spelt in several ways
    ahead: int  # dates after today
    broken: int  # values with signs of a wrong encoding
    estimated: bool  # whether these are counts of a sample


def of_column(profile: ColumnProfile, typed: Typed, meaning: Meaning, noticed: Noticed, rows: int) -> tuple[str, ...]:
    """Sentences about a column; none where nothing is odd."""
    return tuple(_sentences(profile, typed, meaning, noticed, rows))


def _sentences(profile: ColumnProfile, typed: Typed, meaning: Meaning, noticed: Noticed, rows: int) -> Iterator[str]:
    yield from _of_presence(profile, rows)
    told = rows - profile.null_count - sum(t.count for t in profile.null_tokens)
    if not told:
        return
    about = "about " if noticed.estimated else ""
    if profile.exceptions:
        odd = sum(e.count for e in profile.exceptions)
        shown = ", ".join(repr(e.value) for e in profile.exceptions[:NAMED])
        yield f"{counted(odd, 'value is', 'values are')} not of type {profile.inferred_type}: {shown}."
    if meaning.fit is not None and meaning.fit < 1 and meaning.name:
        yield f"{1 - meaning.fit:.1%} of the values are no valid {meaning.name}."
    if meaning.keylike and profile.quality.uniqueness < 1:
        repeated = counted(told - profile.distinct_count, "value repeats", "values repeat")
        yield f"{repeated} one that should stand once."
    yield from _of_dates(profile, typed, noticed)
    if len({u.value.lower() for u in profile.units}) > 1:
        yield f"Units are mixed: {', '.join(u.value for u in profile.units[:4])}."
    if noticed.spellings:
        spelt = counted(len(noticed.spellings), "value is", "values are")
        yield f"{spelt} spelt in several ways: {'; '.join(noticed.spellings[:NAMED])}."
    if noticed.padded:
        yield f"White space stands around {about}{counted(noticed.padded, 'value')}."
    if noticed.broken:
        yield f"{about.capitalize()}{counted(noticed.broken, 'value shows', 'values show')} signs of a wrong encoding."
    if told > 1 and profile.distinct_count == 1:
        yield "Every value is the same."
    yield from _of_numbers(profile, meaning, told)


def _of_presence(profile: ColumnProfile, rows: int) -> Iterator[str]:
    if rows and profile.null_count == rows:
        yield "The column is empty."
    elif profile.null_ratio >= 0.5:
        yield f"{profile.null_ratio:.0%} of the cells are empty."
    if profile.null_tokens:
        shown = ", ".join(repr(t.value) for t in profile.null_tokens[:NAMED])
        standing = counted(sum(t.count for t in profile.null_tokens), "value stands", "values stand")
        yield f"{standing} for nothing: {shown}."


def _of_dates(profile: ColumnProfile, typed: Typed, noticed: Noticed) -> Iterator[str]:
    if len(profile.date_formats) > 1:
        yield f"Dates are written in {len(profile.date_formats)} formats."
    if typed.formats and typed.formats.undecided:
        yield "Nothing says whether day or month comes first."
    if noticed.ahead:
        yield f"{counted(noticed.ahead, 'date lies', 'dates lie')} ahead."
    placeholders = [v for v in profile.top_values if typed.is_date and v.value.startswith(_PLACEHOLDER_DATES)]
    if placeholders:
        many = placeholders[0].count
        yield f"{counted(many, 'date is a placeholder', 'dates are placeholders')} such as {placeholders[0].value}."


def _of_numbers(profile: ColumnProfile, meaning: Meaning, told: int) -> Iterator[str]:
    measured = meaning.name in ("ram", "disk", "cpu", "percent", "data_size", "frequency", "port")
    if measured and isinstance(profile.min, float) and profile.min < 0:
        yield f"A {meaning.name} is negative: {profile.min:g}."
    if meaning.name == "percent" and isinstance(profile.max, float) and profile.max > 100:
        yield f"A percentage is above 100: {profile.max:g}."
    outliers = profile.outliers
    if outliers and 0 < outliers.zscore <= 0.01 * told and isinstance(profile.max, float):
        reach = 3 * (profile.std or 0.0)
        far = [e for e in outliers.examples if abs(float(e) - (profile.mean or 0.0)) > reach]
        shown = ", ".join(far[:NAMED])
        yield f"{counted(outliers.zscore, 'value lies', 'values lie')} beyond three standard deviations: {shown}."


def charts(profile: ColumnProfile) -> tuple[str, ...]:
    """Charts that show a column best; none for what only names things."""
    if profile.inferred_type in ("date", "datetime"):
        return ("line", "histogram")
    if profile.inferred_type in ("integer", "float") and profile.semantic_type != "identifier":
        return ("histogram", "box") if profile.distinct_count > 12 else ("bar",)
    if profile.inferred_type == "boolean":
        return ("bar",)
    if profile.semantic_type in ("enumeration", "os_name", "country", "currency_code", "version"):
        return ("bar",)
    if len(profile.patterns) > 1 and profile.semantic_type != "free_text":
        return ("patterns",)
    return ()
