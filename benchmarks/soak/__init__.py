"""The soak: workers are killed at named points and at any moment, and what they leave is judged."""
