"""Agents: specialists who read what the engines computed, explain it, and choose among what the engines offer.

Everything here works without CrewAI; only `agents/crew/` imports it, and only when a crew runs.
"""
