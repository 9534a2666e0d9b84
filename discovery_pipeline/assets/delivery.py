"""Delivery as an asset."""
