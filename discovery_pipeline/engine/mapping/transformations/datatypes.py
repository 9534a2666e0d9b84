"""Data types: which may pass for another as they are, and what a transformation makes of one.

A file holds text, so every value may pass for a string, whole numbers for decimals and dates for moments. Anything
else needs a transformation that says how.
"""

from __future__ import annotations

from discovery_pipeline.engine.mapping import transformations
from discovery_pipeline.engine.mapping.model import DataType
from discovery_pipeline.engine.mapping.transformations import Step
from discovery_pipeline.engine.mapping.transformations.operations import OPERATIONS
from discovery_pipeline.engine.targets.contract import FieldType

ANY = "any"
"""What is known of a result whose type depends on the values."""

_OF_FIELD: dict[FieldType, DataType] = {
    "integer": "integer", "number": "float", "boolean": "boolean", "date": "datetime", "datetime": "datetime",
}  # fmt: skip
_WIDENS = {("integer", "float"), ("date", "datetime")}
_CALLED: dict[str, str] = {
    **dict.fromkeys(("int", "int32", "int64", "bigint", "smallint", "tinyint", "long", "serial"), "integer"),
    **dict.fromkeys(("number", "numeric", "decimal", "double", "real", "money", "float64"), "float"),
    **dict.fromkeys(("timestamp", "timestamptz", "datetime64", "date-time"), "datetime"),
    **dict.fromkeys(("text", "str", "varchar", "char", "object", "uuid"), "string"),
    "bool": "boolean", "jsonb": "json",
}  # fmt: skip
_READS: dict[DataType, str] = {
    "integer": "to_integer", "float": "to_number", "boolean": "to_boolean",
    "datetime": 'parse_date("%Y-%m-%d %H:%M:%S", "%Y-%m-%d")',
}  # fmt: skip


def called(said: str) -> str:
    """A type by its own name here, however databases and programs call it: VARCHAR(20) is a string."""
    plain = said.partition("(")[0].strip().lower() if isinstance(said, str) else said
    return _CALLED.get(plain, plain)


def of_field(kind: FieldType) -> DataType:
    """The data type of what a target field takes; addresses, lists and maps are text."""
    return _OF_FIELD.get(kind, "string")


def passes(source: str, data_type: str) -> bool:
    """Whether values of a source's type are of this data type as they are."""
    return source in (data_type, ANY) or data_type == "string" or (source, data_type) in _WIDENS


def made(transformation: str | None, source: str) -> str:
    """The type of what a transformation makes of values of the source's type; `ANY` where the values decide.

    Raises
    ------
    TransformationError
        It can't be parsed.
    """
    kind = source
    for step in transformations.parse(transformation).steps if transformation else ():
        makes = _whole(step) or OPERATIONS[step.operation].makes
        kind = kind if makes == "same" else makes
    return kind


def mismatch(source: str, data_type: str, transformation: str | None) -> str | None:
    """Why values of the source's type don't become this data type; None where they do."""
    kind = made(transformation, source)
    if passes(kind, data_type):
        return None
    return f"Type mismatch: transformation required for {kind} to {data_type} conversion"


def reading(source: str, data_type: DataType) -> str | None:
    """The plainest transformation from a type to another; None where none is needed, or none is plain."""
    if passes(source, data_type):
        return None
    if (source, data_type) == ("float", "integer"):
        return "round(0)"
    return _READS.get(data_type)


def _whole(step: Step) -> str:
    """Rounding to no decimals makes whole numbers."""
    return "integer" if step.operation == "round" and step.arguments in ((), (0,)) else ""
