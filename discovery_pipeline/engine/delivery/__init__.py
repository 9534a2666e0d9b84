"""Delivery: files that the target takes as they are, and the ones that people read."""
