"""The load: many clients work on the same flows at once, and what each saw is held against what was written."""
