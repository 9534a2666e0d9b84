"""Targets: contracts of the systems that take the data."""
