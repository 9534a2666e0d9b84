"""Validation: which rows a target takes, and why it does not take the others."""
