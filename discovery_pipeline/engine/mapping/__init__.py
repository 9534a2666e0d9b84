"""Mapping: which source column becomes which target field."""
