"""The code location: `defs` and nothing else."""
