"""Mappings as YAML: what a run approved, to read, to correct, and to give to the next one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from discovery_pipeline.engine import yaml_text
from discovery_pipeline.engine.mapping.model import Mapping
from discovery_pipeline.errors import MappingError

_HEAD = "# What fills which field of each target. Correct it, and give it to `discovery validate --mapping`.\n"


def written(mappings: Sequence[Mapping]) -> str:
    """These mappings as YAML."""
    told = {"mappings": [m.model_dump(mode="json", exclude_none=True) for m in mappings]}
    return _HEAD + yaml.safe_dump(told, allow_unicode=True, sort_keys=False, width=120)


def read(path: Path) -> tuple[Mapping, ...]:
    """The mappings in a YAML file: a list under `mappings`, or one alone. A field without confidence counts as sure.

    Raises
    ------
    MappingError
        The file can't be read, or is no mapping.
    """
    try:
        said = yaml_text.read(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: the mapping can't be read ({error}).") from None
    except yaml.YAMLError as error:
        raise MappingError(f"{path}: not valid YAML ({' '.join(str(error).split())}).") from None
    each = said.get("mappings", [said]) if isinstance(said, dict) else said
    if not isinstance(each, list) or not each:
        raise MappingError(f"{path}: it holds no mapping. `discovery run` writes one as mapping.yaml.")
    try:
        return tuple(Mapping.model_validate(_with_confidence(one)) for one in each)
    except ValidationError as bad:
        wrong = yaml_text.wrong_with(bad, "mapping")
        raise MappingError(f"{path}: not a mapping. {wrong}. `discovery run` writes one as mapping.yaml.") from None


def _with_confidence(mapping: Any) -> Any:
    if not isinstance(mapping, dict) or not isinstance(mapping.get("fields"), list):
        return mapping
    sure = {"confidence": 1.0, "origin": "user"}
    return mapping | {
        "fields": [sure | f if isinstance(f, dict) and "confidence" not in f else f for f in mapping["fields"]]
    }
