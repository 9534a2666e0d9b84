"""Intake: files of any shape become tables of text, and nothing is lost on the way."""
