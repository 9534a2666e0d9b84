"""Profiling: what the columns look like."""
