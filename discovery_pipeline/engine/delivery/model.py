"""Deliveries: the files that came of a verdict, and what a folder of results holds."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from discovery_pipeline.engine.findings import Finding


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class DeliveredFile(_Value):
    """One file for a target's importer."""

    target_table: str
    path: str = Field(description="below the folder of results, with forward slashes")
    row_count: int
    byte_size: int
    sha256: str


class Delivery(_Value):
    """Everything that one target is to be given."""

    target: str
    files: tuple[DeliveredFile, ...] = Field(description="in the order in which the target takes them")
    findings: tuple[Finding, ...] = ()


class ManifestFile(_Value):
    """A file of a folder of results."""

    path: str
    byte_size: int
    sha256: str


class Manifest(_Value):
    """What a folder of results holds, by which a later delivery knows that the folder is its own to replace."""

    made_by: Literal["discovery_pipeline"] = Field(description="no other program's manifest says so")
    files: tuple[ManifestFile, ...]
