"""Delivery as an asset."""

from __future__ import annotations
