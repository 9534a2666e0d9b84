"""The soak: processes that work on flows are killed at named points and at any moment, and what they leave is judged."""
