"""The store: what decides and what happened, in PostgreSQL; artifacts in files."""
