"""Targets by name: the contracts that ship with the product, and those a user wrote."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from discovery_pipeline.engine import yaml_text
from discovery_pipeline.engine.targets.checking import faults
from discovery_pipeline.engine.targets.contract import Target, plain
from discovery_pipeline.errors import TargetError

MOST_SAID = 5
CONTRACTS = files("discovery_pipeline.engine.targets") / "contracts"


def names() -> tuple[str, ...]:
    """The built-in targets, in alphabetical order."""
    return tuple(sorted(f.name.removesuffix(".yaml") for f in CONTRACTS.iterdir() if f.name.endswith(".yaml")))


def load(name_or_path: str | Path) -> Target:
    """A built-in target by its name, title or an alias in any case ("AWS" = aws), or a contract file (.yaml, .yml).

    Raises
    ------
    TargetError
        There is no such target (the message lists those there are), or the file is no contract.
    """
    said = str(name_or_path)
    if said.lower().endswith((".yaml", ".yml")):
        return read(Path(said))
    for name in names():
        target = _built_in(name)
        if target.called(said):
            return target
    raise TargetError(_unknown(said))


def read(path: Path) -> Target:
    """The contract in that file.

    Raises
    ------
    TargetError
        The file can't be read, or says something that a contract can't say.
    """
    try:
        content = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise TargetError(f"{path}: the contract can't be read ({error}).") from None
    return parsed(content, str(path))


def parsed(content: str, where: str) -> Target:
    """The contract that a text in YAML is. Raises TargetError as `read` does, with what is wrong and `where`."""
    target = _valid(content, where)
    if wrong := faults(target):
        raise TargetError(f"{where}: not a contract that can be kept. {' '.join(wrong[:MOST_SAID])}")
    return target


@lru_cache(maxsize=32)
def _built_in(name: str) -> Target:
    return _valid((CONTRACTS / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def _valid(content: str, where: str) -> Target:
    try:
        return Target.model_validate(yaml_text.read(content))
    except yaml.YAMLError as error:
        raise TargetError(f"{where}: not valid YAML ({' '.join(str(error).split())}).") from None
    except ValidationError as bad:
        wrong = yaml_text.wrong_with(bad, "contract")
        raise TargetError(
            f"{where}: not a target contract. {wrong}. `discovery target show aws --yaml` prints one."
        ) from None


def _unknown(said: str) -> str:
    from rapidfuzz import fuzz, process

    known = names()
    close = process.extractOne(said, known, scorer=fuzz.ratio, processor=plain, score_cutoff=50)
    nearest = f" Did you mean '{close[0]}'?" if close else ""
    there = f"There are: {', '.join(known)}; or give a contract file (.yaml)."
    return f"There is no target '{said}'.{nearest} {there} The page Targets hands out those of an engagement."
