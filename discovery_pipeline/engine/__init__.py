"""Pure computation: tables in, tables and findings out. No clock, no network, no Dagster, no session."""
