"""Matching: two sides go in, and how surely each field of one is each field of the other comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from discovery_pipeline.engine.mapping import channels, scoring, subjects
from discovery_pipeline.engine.mapping.channels import Evidence
from discovery_pipeline.engine.mapping.fields import Side

_OTHER_SUBJECT = 0.55  # what is left of a confidence where the rows of both tables are about different things


@dataclass(frozen=True, slots=True)
class Matched:
    """Two sides, and what speaks for every pair of their fields."""

    source: Side
    target: Side
    evidence: Evidence
    confidence: np.ndarray  # source × target, 0..1
    context: str = ""  # what the tables as a whole say against the match; empty where nothing does


def match(source: Side, target: Side) -> Matched:
    """Compare two sides field by field."""
    evidence = channels.gather(source, target)
    confidence = scoring.confidences(evidence, source, target)
    about = subjects.of(source, evidence.names.source_concepts)
    wanted = subjects.of(target, evidence.names.target_concepts)
    if about is None or wanted is None or about == wanted:
        return Matched(source, target, evidence, confidence)
    context = f"the table is about {about}s, the target about {wanted}s"
    return Matched(source, target, evidence, confidence * _OTHER_SUBJECT, context)
