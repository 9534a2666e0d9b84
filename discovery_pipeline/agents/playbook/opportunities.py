"""Source and target compared: what fits as it is, what must change, what is missing, what goes nowhere."""

from __future__ import annotations

from discovery_pipeline.agents.outputs import Answer, MappingOpportunities, Opportunity
from discovery_pipeline.agents.playbook.saying import Seen, Told, cut, entries, listed, share, spoken
from discovery_pipeline.engine.phrases import counted

_SIMPLE = frozenset(
    {"trim", "upper", "lower", "title", "to_integer", "to_number", "to_boolean", "parse_date", "convert", "round"}
)
"""Functions that change how a value is written; any other changes what it says."""
_MOST = 60


def compared(seen: Seen, context: object) -> Answer:
    """Every field that is filled or has to be, and every column that is not used."""
    fields = entries(seen, "PatternMatcher", "fields")
    filled = [f for f in fields if f.get("filled_by")]
    as_is = [f for f in filled if not f.get("converted")]
    changed = [f for f in filled if f.get("converted")]
    simple = [f for f in changed if f.get("converts_with") in _SIMPLE]
    missing = [f for f in fields if f.get("required") and f.get("confidence") is None]
    unused = [id for id in seen["PatternMatcher"].get("unused", []) if isinstance(id, str)]
    return MappingOpportunities(
        summary=_summary(len(as_is), len(changed), missing, len(unused), bool(fields)),
        direct=tuple(_opportunity(f, f"{f['filled_by']} fits {f['field']} as it is{_surely(f)}.") for f in as_is)[
            :_MOST
        ],
        complex=tuple(
            _opportunity(f, f"{f['filled_by']} becomes {f['field']} by {_function(f)}{_surely(f)}.")
            for f in changed
            if f not in simple
        )[:_MOST],
        missing_required=tuple(
            _opportunity(f, f"{f['target']} requires {f['field']}, and no column fills it.") for f in missing
        )[:_MOST],
        extra=tuple(Opportunity(column=id, text=f"{id} goes nowhere.") for id in unused)[:_MOST],
        conversions=tuple(
            _opportunity(f, f"{f['filled_by']} is rewritten for {f['field']} by {_function(f)}{_surely(f)}.")
            for f in simple
        )[:_MOST],
    )


def _opportunity(field: Told, text: str) -> Opportunity:
    return Opportunity(column=field.get("filled_by"), target=field["target"], field=field["field"], text=text)


def _function(field: Told) -> str:
    return spoken(field.get("converts_with") or "a formula")


def _surely(field: Told) -> str:
    return f" ({share(field['confidence'])} sure)" if field.get("confidence") is not None else ""


def _summary(as_is: int, changed: int, missing: list[Told], unused: int, compared: bool) -> str:
    if not compared:
        return "There is no target yet to compare with."
    lacks = f" Required and without a column: {listed([f['field'] for f in missing])}." if missing else ""
    goes = f" {counted(unused, 'column')} {'goes' if unused == 1 else 'go'} nowhere." if unused else ""
    fits = f"{counted(as_is, 'field')} can be filled as the values are, {counted(changed, 'field')} after a change."
    return cut(f"{fits}{lacks}{goes}")
