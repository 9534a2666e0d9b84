"""Suggestions: which columns fill which fields of a target, all tables taken together."""
