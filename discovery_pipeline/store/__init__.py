"""The store: flows with their state, audit and events in PostgreSQL; artifacts in files."""
