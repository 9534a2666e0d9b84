"""Projections: readers of events beside transactions that stay open for long."""
