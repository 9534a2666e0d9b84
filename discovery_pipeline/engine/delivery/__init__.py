"""Delivery: files that the target takes as they are, and the ones that people read."""

from discovery_pipeline.engine.delivery.bundle import Bundle, bundle
from discovery_pipeline.engine.delivery.delta import Against, Delta, TableDelta, delta
from discovery_pipeline.engine.delivery.files import deliver
from discovery_pipeline.engine.delivery.model import DeliveredFile, Delivery, Manifest
from discovery_pipeline.engine.delivery.publishing import publish, replaceable

__all__ = [
    "Against", "Bundle", "DeliveredFile", "Delivery", "Delta", "Manifest", "TableDelta", "bundle", "deliver", "delta",
    "publish", "replaceable",
]  # fmt: skip
