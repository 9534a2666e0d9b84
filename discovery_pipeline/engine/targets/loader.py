"""Targets by name: the contracts that ship with the product, and those a user wrote."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from pathlib import Path

import yaml
from pydantic import ValidationError

from discovery_pipeline.engine.targets.contract import Target
from discovery_pipeline.errors import TargetError

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
        if _plain(said) in {_plain(n) for n in (target.name, target.title, *target.aliases)}:
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
    return _parsed(content, str(path))


@lru_cache(maxsize=32)
def _built_in(name: str) -> Target:
    return _parsed((CONTRACTS / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml")


def _parsed(content: str, where: str) -> Target:
    try:
        return Target.model_validate(yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))  # noqa: S506
    except yaml.YAMLError as error:
        raise TargetError(f"{where}: not valid YAML ({' '.join(str(error).split())}).") from None
    except ValidationError as bad:
        wrong = "; ".join(f"{'.'.join(str(p) for p in e['loc']) or 'contract'}: {e['msg']}" for e in bad.errors()[:5])
        raise TargetError(
            f"{where}: not a target contract. {wrong}. `discovery target show aws --yaml` prints one."
        ) from None


def _plain(name: str) -> str:
    return "".join(c for c in name.casefold() if c.isalnum())


def _unknown(said: str) -> str:
    from rapidfuzz import fuzz, process

    known = names()
    close = process.extractOne(_plain(said), known, scorer=fuzz.ratio, processor=_plain, score_cutoff=50)
    nearest = f" Did you mean '{close[0]}'?" if close else ""
    return f"There is no target '{said}'.{nearest} There are: {', '.join(known)}; or give a contract file (.yaml)."
