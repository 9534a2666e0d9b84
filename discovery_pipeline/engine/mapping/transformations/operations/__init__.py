"""Operations: the registry of named transformations, each with its arguments, its SQL and what it may lose."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from discovery_pipeline.engine.mapping.transformations.operations import moments, numbers, texts
from discovery_pipeline.engine.mapping.transformations.operations.arguments import (
    Argument,
    Build,
    Misfit,
    Pairs,
    Reference,
    stripped,
    without,
)
from discovery_pipeline.engine.mapping.transformations.operations.texts import BOOLEANS, OTHERS

Exact = Callable[[str, Sequence[Argument]], str]
"""The SQL of the number that an operation makes, as a DOUBLE, before it leaves decimals out."""


@dataclass(frozen=True, slots=True)
class Operation:
    """One transformation of the mini-language."""

    name: str
    signature: str  # as a person writes it
    does: str
    build: Build
    loses: str = ""  # what the result can't give back; empty where nothing is lost
    makes: str = "any"  # type of the result: a data type, "same" as what goes in, or "any"
    exact: Exact | None = None  # None where no decimals are left out
    cuts: bool = False  # whether the result is a part of the value
    reads: str = ""  # what a value has to be for anything to come of it; {0} is the first argument, {all} are all


_ALL = (
    Operation("trim", "trim", "takes white space away at both ends", without(stripped), makes="same"),
    Operation("upper", "upper", "writes in capitals", without("upper({})".format), "the original case", "same"),
    Operation("lower", "lower", "writes in small letters", without("lower({})".format), "the original case", "same"),
    Operation("title", "title", "begins Each Word with a capital", without(texts.title), "the original case", "same"),
    Operation("to_integer", "to_integer", 'reads a whole number; "," where decimals stand after a comma',
              numbers.to_integer, "leading zeros; values with a fraction become empty", "integer",
              reads="a whole number"),
    Operation("to_number", "to_number", 'reads a number, or a sum; "," where decimals stand after a comma',
              numbers.to_number, "thousands separators, signs of currencies", "float", reads="a number"),
    Operation("to_boolean", "to_boolean", "reads yes and no", without(texts.to_boolean), "the original wording",
              "boolean", reads="yes or no"),
    Operation("round", "round(2)", "keeps so many decimals", numbers.round_, "precision beyond these decimals",
              "float", numbers.unrounded, reads="a number"),
    Operation("parse_date", 'parse_date("%d/%m/%Y")', "reads a date in these formats and writes it as ISO 8601",
              moments.parse_date, "the original format, fractions of a second; other formats become empty",
              "datetime", reads="a date as {all}"),
    Operation("convert", 'convert("GB","MB")', "converts units; a unit written beside a value wins", numbers.convert,
              "precision beyond six decimals; values with a unit of another kind become empty", "float",
              numbers.converted, reads="a number in {0}"),
    Operation("map_values", 'map_values({"prod": "Production"})', "replaces values, whatever their case",
              texts.map_values, 'the original wording; values not listed become empty, unless "*" is',
              reads="one of {all}"),
    Operation("lookup", 'lookup({"a": "b"})', "replaces the listed values and leaves others", texts.lookup,
              "the original wording of the listed values"),
    Operation("split", 'split(",", 0)', "keeps one part of a list", texts.split, "the other parts", cuts=True),
    Operation("regex_extract", 'regex_extract("([0-9.]+)")', "keeps what the pattern's group finds",
              texts.regex_extract, "everything outside the group", cuts=True),
    Operation("concat", 'concat(first, " ", last)', "joins fields; an empty one is left out", texts.concat),
    Operation("coalesce", 'coalesce(hostname, "unknown")', "takes the first that isn't empty", texts.coalesce),
    Operation("constant", 'constant("on-premises")', "writes the same value everywhere", texts.constant,
              "the source value"),
    Operation("replace", 'replace(";", ",")', "replaces one text by another", texts.replace),
    Operation("camelCase", "camelCase", "writes words likeThis", without(texts.camel_case), "case and punctuation",
              "string"),
    Operation("snake_case", "snake_case", "writes words like_this", without(texts.snake_case), "case and punctuation",
              "string"),
    Operation("mask", "mask(4)", "stars for all but the last characters", texts.mask,
              "the masked characters, for ever", "string"),
    Operation("hash", "hash", "writes the SHA-256 instead", texts.hash_, "the value, for ever", "string"),
)  # fmt: skip

OPERATIONS: Mapping[str, Operation] = {operation.name: operation for operation in _ALL}
"""Every operation of the mini-language by its name."""
ALSO_CALLED: Mapping[str, str] = {"to_float": "to_number", "to_decimal": "to_number", "to_datetime": "parse_date"}
"""Names under which an operation is read, too."""

__all__ = ["ALSO_CALLED", "BOOLEANS", "OPERATIONS", "OTHERS", "Argument", "Misfit", "Operation", "Pairs", "Reference"]
