"""Upkeep: backup and restore, maintenance, and counts for those who watch over a service."""
