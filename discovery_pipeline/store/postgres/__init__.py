"""PostgreSQL: the embedded server, databases and roles, sessions that see one tenant, and what goes wrong there."""
