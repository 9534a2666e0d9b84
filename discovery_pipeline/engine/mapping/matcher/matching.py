"""Matching: two sides go in, and how surely each field of one is each field of the other comes out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from discovery_pipeline.engine.mapping.matcher import agreement, channels, scoring, subjects
from discovery_pipeline.engine.mapping.matcher.channels import Evidence
from discovery_pipeline.engine.mapping.matcher.fields import Side
from discovery_pipeline.engine.mapping.matcher.templates import recognised

OTHER_SUBJECT = 0.55
"""What is left of a confidence where the rows of both tables are about different things."""
OBJECTION = "the table is about"
"""How the reason begins that says so."""
_REPEATED = 0.5  # share of distinct values below which a column hardly tells rows apart
_NO_LOOK = 0.3  # and how little it must look like what tells them apart, for a field that does
DOUBTFUL = 0.7  # such a pair is for a person to look at, however alike the names
_AT_ODDS = 0.2  # what is left of its odds; measured on benchmarks left out
_BEND = 0.8  # share of a cap from which confidences are pressed together
_IMPOSSIBLE = 0.3  # and one that measures or is called something else is not offered by itself
_SURELY_OTHER = 0.96  # how surely two names name different things; of such pairs that seemed likely a quarter was right


@dataclass(frozen=True, slots=True)
class Matched:
    """Two sides, and what speaks for every pair of their fields."""

    source: Side
    target: Side
    evidence: Evidence
    confidence: np.ndarray  # source × target, 0..1
    context: str = ""  # what the tables as a whole say against the match; empty where nothing does

    @property
    def clashes(self) -> np.ndarray:
        """Where the two can't be the same for what they measure or hold, source × target."""
        return self.evidence.channel("clash") > 0


def match(source: Side, target: Side) -> Matched:
    """Compare two sides field by field; a target that is a vendor's template is known by its contract."""
    return compared(source, recognised(target))


def compared(source: Side, target: Side) -> Matched:
    """Compare two sides field by field, going by what they say themselves."""
    evidence = channels.gather(source, target)
    about = subjects.of(source, evidence.names.source_concepts)
    wanted = subjects.of(target, evidence.names.target_concepts)
    elsewhere = about is not None and wanted is not None and about != wanted
    said = scoring.confidences(evidence, source, target)
    confidence = tempered(said, evidence.channels, elsewhere=elsewhere)
    context = f"{OBJECTION} {about}s, the target about {wanted}s" if elsewhere else ""
    return Matched(source, target, evidence, confidence, context)


def tempered(confidence: np.ndarray, found: np.ndarray, *, elsewhere: bool) -> np.ndarray:
    """Confidence within what types, measures, agreement and the tables as a whole allow."""
    fits, measures, unique, looks, clashes, other = (
        found[:, :, channels.CHANNELS.index(c)] for c in ("type", "unit", "key", "look", "clash", "other concept")
    )
    misfit = (fits < channels.NO_FIT) | (measures == 0) | ((unique < _REPEATED) & (looks < _NO_LOOK))
    within = np.where(misfit, _doubted(confidence), confidence)
    within = np.where((clashes > 0) | (other >= _SURELY_OTHER), _capped(within, _IMPOSSIBLE), within)
    within = within * OTHER_SUBJECT if elsewhere else within
    return agreement.said(within, found)


def _doubted(confidence: np.ndarray) -> np.ndarray:
    """Confidences at worse odds and below DOUBTFUL: only what nearly all else speaks for stays likely."""
    return _capped(_AT_ODDS * confidence / (_AT_ODDS * confidence + 1 - confidence), DOUBTFUL)


def _capped(confidence: np.ndarray, most: float) -> np.ndarray:
    """Confidences below a cap; what would be above it keeps its order."""
    bent = most * _BEND
    return np.where(confidence <= bent, confidence, bent + (confidence - bent) * (most - bent) / (1 - bent))
