"""Orchestration: every stage as a Dagster asset."""
