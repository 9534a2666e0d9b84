"""discovery_pipeline: finds out what the data really is, before it moves."""

__version__ = "0.1.0"
