"""The code location: `defs` and nothing else."""

from discovery_pipeline.assets.build import build
from discovery_pipeline.settings import read

defs = build(read())
