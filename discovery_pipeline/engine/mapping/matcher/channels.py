"""Channels: every kind of evidence for every pair of fields, as numbers a scorer can weigh.

A channel that has nothing to go by is NaN for that pair, and is not counted.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace

import numpy as np

from discovery_pipeline.engine import patterns
from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.matcher import aspects, dimensions, looks, meanings, names, values
from discovery_pipeline.engine.mapping.matcher.fields import Field, Side
from discovery_pipeline.engine.mapping.matcher.samples import KINDS, Sample
from discovery_pipeline.engine.mapping.matcher.words import singular, split
from discovery_pipeline.engine.profiling.tokens import is_null_token

CHANNELS = (
    "words", "covered", "trade", "path", "same", "spelling", "grams", "meaning", "path meaning", "concept", "contrast",
    "group", "meaning apart", "description", "told", "told apart", "values told",
    "type", "unit", "key", "allowed", "look", "unlike",
    "shared", "contained", "frequency", "value words", "value meaning", "masks", "kinds", "shape", "numbers",
    "uniqueness",
    "clash", "other concept", "kind of name", "undecided",
)  # fmt: skip

NO_FIT = 0.2
"""Share of values of the target's type below which they are of another."""

_SHOWS = 0.85  # how much its looks tell of a concept whose values give themselves away
_SURELY_NAMED = 0.9
_REPEATS = 0.5  # how unique a column is beside another one, below which it doesn't say what rows are called
_CALLED = ("host name", "vm name", "full domain name")  # of which each row has its own, if any
_SPOKEN = (
    "domain",
    "application",
    "location",
    "region",
    "rack",
    "owner",
    "technical owner",
    "support group",
    "department",
    "cost center",
    "operating system",
    "os publisher",
    "manufacturer",
    "model",
    "serial number",
    "asset tag",
    "cpu model",
    "vlan",
    "cluster",
    "datacenter",
    "account",
    "full name",
)  # what is called by a name, so that yes and no say nothing of it
_FITTED = ("cpu count", "core count", "logical core count", "network adapters", "disk count")  # to one machine
_MOST_FITTED = 10_000

_FAMILIES = ("number", "date", "boolean", "ip", "mac", "uuid", "email", "url", "pairs", "text")
_FAMILY_OF_KIND = {
    "boolean": "boolean", "integer": "number", "float": "number", "quantity": "number", "ip": "ip", "mac": "mac",
    "uuid": "uuid", "date": "date", "email": "email", "url": "url", "phone": "text", "hostname": "text",
    "pairs": "pairs", "code": "text", "word": "text", "words": "text", "text": "text",
}  # fmt: skip
_DECLARED = (
    ("pairs", re.compile(r"^map\b|hstore", re.IGNORECASE)),
    ("number", re.compile(r"int|num|dec|float|double|real|money|serial|currency", re.IGNORECASE)),
    ("date", re.compile(r"date|time|year", re.IGNORECASE)),
    ("boolean", re.compile(r"bool|^bit$", re.IGNORECASE)),
    ("ip", re.compile(r"\bip(v4)?\b|inet|cidr", re.IGNORECASE)),
    ("mac", re.compile(r"\bmac(addr)?\b", re.IGNORECASE)),
    ("uuid", re.compile(r"uuid|guid", re.IGNORECASE)),
)
_KINDS = tuple(KINDS)
_ADDRESSES = ("ip", "mac", "uuid", "email", "url")
_MEASURED = ("number", "date", "boolean")  # what no address is
_NEVER_LISTED = ("date", *_ADDRESSES)  # what no target has a list of
_NEARLY_ALL = 0.9
# What a source may hold for a target of another family: whole numbers say yes and no, keys are numbers or codes.
_TOLERANCE = {("boolean", "number"): 0.5, ("number", "boolean"): 0.3, ("number", "date"): 0.3, ("uuid", "text"): 0.7}


@dataclass(frozen=True, slots=True)
class Evidence:
    """All channels of all pairs, and the words of the names for those who explain."""

    channels: np.ndarray  # source × target × CHANNELS, NaN where a channel has nothing to go by
    names: names.Names

    def channel(self, name: str) -> np.ndarray:
        """One channel, source × target."""
        return self.channels[:, :, CHANNELS.index(name)]


def gather(source: Side, target: Side) -> Evidence:
    """Look at every pair of fields through every channel."""
    called = names.compare(_by_values(source), target.fields)
    told = meanings.compare(source, target, called.source_words, called.target_words)
    empty = np.full((len(source.fields), len(target.fields)), np.nan)
    seen = looks.of(source)
    data = values.compare(source.sample, target.sample) if source.sample and target.sample else None
    found = [
        called.words, called.covered, called.trade, called.path, called.same, called.spelling, called.grams,
        called.meaning, called.path_meaning, called.concept, called.contrast, called.group,
        told.names, told.descriptions, told.whole, told.apart, told.values,
        _typed(source, target),
        _units(source.fields, target.fields),
        _keys(source.sample, target.fields, _repeated(source, seen, called)),
        _allowed(source.sample, target.fields, empty),
        *_looking(source, target, seen, called),
    ]  # fmt: skip
    found += (
        [data.shared, data.contained, data.frequency, data.words, data.meaning, data.masks, data.kinds, data.shape,
         data.numbers, data.uniqueness]
        if data else [empty] * 10
    )  # fmt: skip
    misnamed = _misnamed(seen, called.source_concepts)
    found += [
        np.maximum.reduce(
            [
                _clashing(source, target, found[CHANNELS.index("type")]),
                _unanswered(source, target, called),
                _surely_other(seen, called),
                _never_so(source, seen, called),
                aspects.clashes(target, called),
                called.contrary,
            ]
        ),
        np.where(misnamed[:, None], 0.0, _other_concept(called)),
        _named_kinds(source, target),
        _undecided(source, called),
    ]
    return Evidence(np.stack(found, axis=2).astype(np.float32), called)


def _by_values(side: Side) -> tuple[Field, ...]:
    """Fields under the names, too, that their values give them.

    Memory of "40 %" is a percentage of it, and "Virtual Machine" with yes and no says whether there is one.
    """
    held = families(side)[:, _FAMILIES.index("boolean")] if side.sample else np.zeros(len(side.fields))
    shares = [dimensions.measured(side, i) == "share" and not field.unit for i, field in enumerate(side.fields)]
    kinds = ["percent" if share else "flag" if yes >= 1 else "" for share, yes in zip(shares, held, strict=True)]
    return tuple(
        replace(field, aliases=(*field.aliases, f"{field.own} {kind}")) if kind else field
        for field, kind in zip(side.fields, kinds, strict=True)
    )


def _clashing(source: Side, target: Side, fits: np.ndarray) -> np.ndarray:
    """1 where both can't be the same for what they measure or hold.

    A comment is no tag, which names its value, and no address becomes a number.
    """
    wants_pairs = np.array([field.type.startswith("map<") for field in target.fields])
    addresses, wanted = _share_of(source, _ADDRESSES), _share_of(target, _MEASURED)
    never = np.logical_and.outer(addresses >= _NEARLY_ALL, wanted >= _NEARLY_ALL)
    impossible = dimensions.clashes(source, target) | (wants_pairs[None, :] & (fits < NO_FIT)) | never
    return np.where(impossible, 1.0, 0.0)


def _unanswered(source: Side, target: Side, called: names.Names) -> np.ndarray:
    """1 where a source says yes or no, or numbers its rows, and the target says how many or what rows are called.

    Yes and no is no size, either, and no place, person or product; a number of things or
    a size is no label. No machine has ten thousand processors.
    """
    answers, asked = (_share_of(side, ("boolean",)) for side in (source, target))
    measured, counted = (
        np.array([bool(says(field)) for field in target.fields], dtype=bool)
        for says in (dimensions.stated, dimensions.counts)
    )
    spoken, fitted = _is_one(called, _SPOKEN), _is_one(called, _FITTED)
    labels = np.array([split(field.own)[-1:] in (("label",), ("name",)) for field in target.fields], dtype=bool)
    unsaid = np.logical_and.outer(answers >= _NEARLY_ALL, (measured | spoken | _is_name(called)) & (asked == 0))
    unnumbered = np.logical_and.outer(dimensions.row_numbers(source), counted | _is_name(called))
    unfitted = np.logical_and.outer(dimensions.least(source) > _MOST_FITTED, fitted)
    unlabelled = np.logical_and.outer(dimensions.numbers(source), labels)
    return np.where(unsaid | unnumbered | unfitted | unlabelled, 1.0, 0.0)


def _named_kinds(source: Side, target: Side) -> np.ndarray:
    """How much of a source's values are of the kind that the target's name leads one to expect.

    NaN where it leads to none, and where the target states or shows its types.
    """
    out = np.full((len(source.fields), len(target.fields)), np.nan)
    if source.sample is None:
        return out
    stated = np.asarray(families(target).any(axis=1))
    for j, field in enumerate(target.fields):
        if not stated[j] and (expected := _expected(field)):
            out[:, j] = np.where(source.sample.seen, _held(source.sample, expected), np.nan)
    return out


def _held(sample: Sample, wanted: AbstractSet[str]) -> np.ndarray:
    """How much of each column is of these kinds."""
    counted = sample.kinds[:, [kind in wanted for kind in _KINDS]].sum(axis=1)
    forms = [form for kind, form in knowledge.expected().forms.items() if kind in wanted]
    if not forms:
        return counted
    return np.array([_fitting(forms, values) for values in sample.examples])


def _fitting(forms: Sequence[re.Pattern[str]], values: Sequence[str]) -> float:
    """Share of values, but for those that stand for nothing, that are in one of these forms."""
    told = [value.casefold() for value in values if not is_null_token(value)]
    return sum(any(form.fullmatch(value) for form in forms) for value in told) / max(1, len(told))


def _undecided(source: Side, called: names.Names) -> np.ndarray:
    """1 where a source's name may mean what the target is, or something else, and its numbers don't tell which.

    Four CPUs may be sockets or cores; sixteen are cores.
    """
    places = {concept.name: place for place, concept in enumerate(knowledge.concepts())}
    named, wanted = called.source_concepts >= _SURELY_NAMED, called.target_own >= _SURELY_NAMED
    found = np.zeros((len(named), len(wanted)))
    for concept in knowledge.concepts():
        for other, most in concept.perhaps:
            this, that = places[concept.name], places[other]
            unsaid = named[:, this] & ~named[:, that]
            tells = np.array([_exceeds(source.sample, i, most) for i in range(len(unsaid))], dtype=bool)
            found[np.ix_(unsaid & ~tells, wanted[:, that] & ~wanted[:, this])] = 1.0
    return found


def _exceeds(sample: Sample | None, i: int, most: float) -> bool:
    """Whether some of a column's numbers are larger."""
    return sample is not None and bool(sample.numeric[i]) and float(sample.quantiles[i].max()) > most


def _expected(field: Field) -> frozenset[str]:
    """The kinds of value that a name leads one to expect; none where it doesn't."""
    spoken, says = tuple(map(singular, split(field.own))), knowledge.expected()
    if not spoken:
        return frozenset()
    return says.ends.get(" ".join(spoken[-2:])) or says.ends.get(spoken[-1]) or says.begins.get(spoken[0], frozenset())


def _share_of(side: Side, wanted: Sequence[str]) -> np.ndarray:
    """How much of each field is of these families of types."""
    return families(side)[:, [_FAMILIES.index(family) for family in wanted]].sum(axis=1)


def _other_concept(called: names.Names) -> np.ndarray:
    """How surely the two name concepts of an inventory that are not the same.

    Another name that a field goes by is for sources without a column that is called as the field itself.
    """
    source, own = called.source_concepts, called.target_own
    known = np.outer(source.max(axis=1), called.target_concepts.max(axis=1))
    other = np.clip(known - called.concept, 0.0, 1.0)
    surely, itself = source >= _SURELY_NAMED, own >= _SURELY_NAMED
    answered = (itself & surely.any(axis=0)).any(axis=1)
    stands_in = np.logical_and.outer(surely.any(axis=1), answered) & ~(surely @ itself.T)
    return np.where(stands_in, 1.0, other)


def _typed(source: Side, target: Side) -> np.ndarray:
    """How well what a source holds fits what a target takes; a target of plain text in no form takes everything."""
    left, right = families(source), families(target)
    fits = np.eye(len(_FAMILIES))
    for (held, taken), share in _TOLERANCE.items():
        fits[_FAMILIES.index(held), _FAMILIES.index(taken)] = share
    fit = left @ fits @ right.T
    known = np.logical_and.outer(left.any(axis=1), right.any(axis=1))
    fit = np.where(known, fit, np.nan)
    unlisted = _share_of(source, _NEVER_LISTED)
    for j, field in enumerate(target.fields):
        if field.form and source.sample is not None:
            fit[:, j] = _in_form(source.sample, field.form)
        if field.allowed:
            fit[unlisted > 0, j] = (1 - unlisted)[unlisted > 0]
    return fit


def _in_form(sample: Sample, form: str) -> list[float]:
    """Share of each column's frequent values that have a form; NaN where it has none."""
    whole = rf"\A(?:{form})\z"
    return [sum(patterns.fitting(whole, seen)) / len(seen) if seen else np.nan for seen in sample.examples]


def families(side: Side) -> np.ndarray:
    """Shares of the families of types in each field, fields × families; zeros where nobody knows."""
    out = np.zeros((len(side.fields), len(_FAMILIES)))
    for i, field in enumerate(side.fields):
        declared = next((family for family, pattern in _DECLARED if pattern.search(field.type)), None)
        if declared:
            out[i, _FAMILIES.index(declared)] = 1.0
    if side.sample is not None:
        to_family = np.zeros((len(KINDS), len(_FAMILIES)))
        for k, kind in enumerate(KINDS):
            to_family[k, _FAMILIES.index(_FAMILY_OF_KIND[kind])] = 1.0
        out = np.where(side.sample.seen[:, None], side.sample.kinds @ to_family, out)
    return out


def _units(source: Sequence[Field], target: Sequence[Field]) -> np.ndarray:
    """1 where both measure the same thing in some unit, or count, 0 where they don't; NaN where nothing tells."""
    left, right = [dimensions.stated(f) for f in source], [dimensions.taken(f) for f in target]
    alike = [[float(a in b) if a and b else np.nan for b in right] for a in left]
    return np.array(alike).reshape(len(source), len(target))


def _keys(sample: Sample | None, target: Sequence[Field], repeated: np.ndarray) -> np.ndarray:
    """How unique a source's values are, where the target field tells things apart, or they repeat under its name."""
    if sample is None:
        return np.full(repeated.shape, np.nan)
    telling = np.logical_and.outer(sample.seen, np.array([f.identifies for f in target]))
    return np.where(telling | repeated, sample.uniqueness[:, None], np.nan)


def _repeated(source: Side, seen: np.ndarray, called: names.Names) -> np.ndarray:
    """Where the target says what rows are called, and a column repeats beside one that looks so and hardly does."""
    own = _is_name(called)
    if source.sample is None:
        return np.zeros((len(seen), len(own)), dtype=bool)
    foremost = _foremost(source.sample.uniqueness, seen)[:, _names()]
    named = ((seen[:, _names()] > 0) & (foremost < _REPEATS)).any(axis=1)
    return np.logical_and.outer(named, own)


def _is_name(called: names.Names) -> np.ndarray:
    """Which target fields say what rows are called."""
    return _is_one(called, _CALLED)


def _is_one(called: names.Names, concepts: Sequence[str]) -> np.ndarray:
    """Which target fields are surely called one of these concepts."""
    places = [concept.name in concepts for concept in knowledge.concepts()]
    return called.target_own[:, places].max(axis=1, initial=0.0) >= _SURELY_NAMED


def _names() -> list[bool]:
    """Which concepts are what rows are called."""
    return [concept.name in _CALLED for concept in knowledge.concepts()]


def _looking(source: Side, target: Side, seen: np.ndarray, called: names.Names) -> tuple[np.ndarray, np.ndarray]:
    """How much a source's values look like what the target field names or holds, and like something else.

    NaN where the values look like nothing known, or the field names nothing known. For a field that tells things
    apart, values count less the more they repeat: a host that many rows name is not what the row is about.
    """
    wanted = np.maximum(called.target_concepts, looks.of(target))
    telling = np.array([f.identifies for f in target.fields]) | _is_name(called)
    foremost = seen * _foremost(source.sample.uniqueness, seen) if source.sample else seen
    alike = np.zeros((len(seen), len(wanted)))
    for concept in np.flatnonzero(seen.any(axis=0) & wanted.any(axis=0)):
        looking = np.where(telling, foremost[:, [concept]], seen[:, [concept]])
        np.maximum(alike, looking * wanted[:, concept], out=alike)
    known = np.logical_and.outer(seen.any(axis=1), wanted.any(axis=1))
    unlike = np.clip(seen.max(axis=1)[:, None] - alike, 0, 1)
    return np.where(known, alike, np.nan), np.where(known, unlike, np.nan)


def _surely_other(seen: np.ndarray, called: names.Names) -> np.ndarray:
    """1 where values surely look like one concept and the target names others whose values show themselves, too.

    What a field is called itself goes before the other names it goes by.
    """
    own = called.target_own >= _SURELY_NAMED
    named = np.where(own.any(axis=1, keepdims=True), own, called.target_concepts >= _SURELY_NAMED)
    sure = np.logical_and.outer(seen.max(axis=1) >= _SHOWS, _shown(named))
    other = sure & ~((seen > 0) @ (called.target_concepts > 0).T)
    return np.where(other | (_excluded(seen) @ own.T), 1.0, 0.0)


def _never_so(source: Side, seen: np.ndarray, called: names.Names) -> np.ndarray:
    """1 where all values of what the target is called look alike, and those of the source don't."""
    always = looks.always()
    wanted = (called.target_own >= _SURELY_NAMED) & always
    held = np.zeros(len(seen), dtype=bool) if source.sample is None else source.sample.seen
    return np.where(held[:, None] & wanted.any(axis=1) & ~((seen > 0) @ wanted.T), 1.0, 0.0)


def _misnamed(seen: np.ndarray, named: np.ndarray) -> np.ndarray:
    """Fields whose values surely look like one concept, and not like those they are called, which would show."""
    surely = named >= _SURELY_NAMED
    other = (seen.max(axis=1) >= _SHOWS) & _shown(surely) & ~((seen > 0) & (named > 0)).any(axis=1)
    return np.asarray(other | (_excluded(seen) & surely).any(axis=1))


def _excluded(seen: np.ndarray) -> np.ndarray:
    """Concepts that no field can be of whose values surely look so, fields × concepts."""
    tells = looks.tells()
    return ((seen >= _SHOWS * tells) & (tells > 0)) @ looks.never().T


def _shown(named: np.ndarray) -> np.ndarray:
    """Whether fields are called only what values show."""
    return np.asarray(named.any(axis=1) & ~named[:, looks.tells() < _SHOWS].any(axis=1))


def _foremost(uniqueness: np.ndarray, seen: np.ndarray) -> np.ndarray:
    """How unique each column is beside the most unique one that looks like the same concept, columns × concepts.

    What rows are called is one concept here, by whatever name.
    """
    most = np.where(seen > 0, uniqueness[:, None], 0.0).max(axis=0)
    most[_names()] = most[_names()].max(initial=0.0)
    return uniqueness[:, None] / np.where(most > 0, most, 1.0)


def _allowed(sample: Sample | None, target: Sequence[Field], empty: np.ndarray) -> np.ndarray:
    """Share of a source's frequent values that the target lists, where it lists any."""
    out = empty.copy()
    if sample is None:
        return out
    for j, field in enumerate(target):
        listed = {a.strip().lower() for a in field.allowed}
        if listed:
            out[:, j] = [
                sum(value.lower() in listed for value in seen) / len(seen) if seen else np.nan
                for seen in sample.examples
            ]
    return out
