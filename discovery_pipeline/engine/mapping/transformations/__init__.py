"""Transformations: what becomes of a value on its way into a field, and what gets lost on that way."""

from discovery_pipeline.engine.mapping.transformations.language import (
    Step,
    Transformation,
    compile,
    named,
    parse,
    quoted,
    read_by,
    replaced,
)

__all__ = ["Step", "Transformation", "compile", "named", "parse", "quoted", "read_by", "replaced"]
