"""Events: the outbox, and readers that follow it."""
