"""Reviews: what was suggested, decided and approved, and what is remembered of it."""
