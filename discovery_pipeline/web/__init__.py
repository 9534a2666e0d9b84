"""The HTTP API and the pages: who asks, for what, and the answer. What is done stands in `services`."""
