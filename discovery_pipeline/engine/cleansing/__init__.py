"""Cleansing: cells mended by rules, each change logged and reversible."""
