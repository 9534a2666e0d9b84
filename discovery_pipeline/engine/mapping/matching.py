"""Matching: two sides go in, and how surely each field of one is each field of the other comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from discovery_pipeline.engine.mapping import agreeing, channels, dimensions, scoring, subjects
from discovery_pipeline.engine.mapping.channels import Evidence
from discovery_pipeline.engine.mapping.fields import Side
from discovery_pipeline.engine.mapping.recognising import recognised

OTHER_SUBJECT = 0.55
"""What is left of a confidence where the rows of both tables are about different things."""
OBJECTION = "the table is about"
"""How the reason begins that says so."""
_NO_FIT = 0.2  # share of values of the target's type below which names alone speak for a pair
_REPEATED = 0.5  # share of distinct values below which a column hardly tells rows apart
_NO_LOOK = 0.3  # and how little it must look like what tells them apart, for a field that does
DOUBTFUL = 0.7  # such a pair is for a person to look at, however alike the names
_BEND = 0.8  # share of a cap from which confidences are pressed together
_IMPOSSIBLE = 0.3  # and one that measures something else is not offered by itself


@dataclass(frozen=True, slots=True)
class Matched:
    """Two sides, and what speaks for every pair of their fields."""

    source: Side
    target: Side
    evidence: Evidence
    confidence: np.ndarray  # source × target, 0..1
    clashes: np.ndarray  # source × target, where the two can't be the same for what they measure or hold
    context: str = ""  # what the tables as a whole say against the match; empty where nothing does


def match(source: Side, target: Side) -> Matched:
    """Compare two sides field by field; a target that is a vendor's template is known by its contract."""
    return compared(source, recognised(target))


def compared(source: Side, target: Side) -> Matched:
    """Compare two sides field by field, going by what they say themselves."""
    evidence = channels.gather(source, target)
    about = subjects.of(source, evidence.names.source_concepts)
    wanted = subjects.of(target, evidence.names.target_concepts)
    elsewhere = about is not None and wanted is not None and about != wanted
    clashes = dimensions.clashes(source, target) | _unpaired(target, evidence)
    said = scoring.confidences(evidence, source, target)
    confidence = tempered(said, evidence.channels, clashes, elsewhere=elsewhere)
    context = f"{OBJECTION} {about}s, the target about {wanted}s" if elsewhere else ""
    return Matched(source, target, evidence, confidence, clashes, context)


def _unpaired(target: Side, evidence: Evidence) -> np.ndarray:
    """Pairs whose target takes names with values, as tags do, and whose source holds none: a comment is no tag."""
    wants_pairs = [field.type.startswith("map<") for field in target.fields]
    return np.array(wants_pairs)[None, :] & (evidence.channel("type") < _NO_FIT)


def tempered(confidence: np.ndarray, found: np.ndarray, clashes: np.ndarray, *, elsewhere: bool) -> np.ndarray:
    """Confidence within what types, measures, agreement and the tables as a whole allow."""
    fits, measures, unique, looks = (found[:, :, channels.CHANNELS.index(c)] for c in ("type", "unit", "key", "look"))
    misfit = (fits < _NO_FIT) | (measures == 0) | ((unique < _REPEATED) & (looks < _NO_LOOK))
    within = np.where(misfit, _capped(confidence, DOUBTFUL), confidence)
    within = np.where(clashes, _capped(within, _IMPOSSIBLE), within)
    within = within * OTHER_SUBJECT if elsewhere else within
    return agreeing.held_back(within, found)


def _capped(confidence: np.ndarray, most: float) -> np.ndarray:
    """Confidences below a cap; what would be above it keeps its order."""
    bent = most * _BEND
    return np.where(confidence <= bent, confidence, bent + (confidence - bent) * (most - bent) / (1 - bent))
