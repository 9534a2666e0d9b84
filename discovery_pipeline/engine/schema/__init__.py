"""Schema analysis: the schema that the data really has."""

from discovery_pipeline.engine.schema.analysis import analyse
from discovery_pipeline.engine.schema.model import SchemaAnalysis

__all__ = ["SchemaAnalysis", "analyse"]
