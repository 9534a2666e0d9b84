"""The user's own dictionaries: a folder of YAML files, read and checked before anything is matched with them.

Every fault of every file is said at once, with its line. Keys and words are text as written: `no` and `on` are words
here, not answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import yaml
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from discovery_pipeline.engine.mapping import knowledge
from discovery_pipeline.engine.mapping.knowledge.model import Concept, Own
from discovery_pipeline.engine.mapping.matcher.words import split
from discovery_pipeline.errors import KnowledgeError

SYSTEMS = "systems"
"""The folder of files by source system."""

_MOST_SAID = 10
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class _Entry:
    """One key of a dictionary, and what stands under it."""

    key: str
    line: int
    value: Node


Faults = list[str]


def read(folder: Path) -> Own:
    """What the dictionaries in that folder add; nothing where there is no folder.

    Raises
    ------
    KnowledgeError
        Lists what is wrong, by file and line, with what would do.
    """
    if not folder.is_dir():
        return Own()
    faults: Faults = []
    said = {name: _Dictionary(folder / f"{name}.yaml", faults) for name in _KINDS}
    systems = [_Dictionary(file, faults) for file in _yaml_files(folder / SYSTEMS)]
    faults += _strangers(folder)
    concepts = _concepts(said["fields"])
    own = Own(
        abbreviations=tuple(said["abbreviations"].pairs(_one_word)),
        synonyms=tuple(_once(said["synonyms"])),
        concepts=tuple(_merged([*concepts, *_of_systems(systems, concepts)])),
        vocabularies=tuple((entry.key.casefold(), words) for entry, words in said["vocabularies"].lists()),
    )
    if faults:
        more = f" And {len(faults) - _MOST_SAID} more." if len(faults) > _MOST_SAID else ""
        raise KnowledgeError(f"Your dictionaries can't be used. {' '.join(faults[:_MOST_SAID])}{more}")
    return own


_KINDS = ("abbreviations", "synonyms", "fields", "vocabularies")


class _Dictionary:
    """One file, as keys with their lines; empty where it isn't there. What is wrong with it goes to the faults."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self.path = path
        self._faults = faults
        self.entries = tuple(self._read()) if path.exists() else ()

    def wrong(self, line: int, what: str) -> None:
        """Note a fault."""
        where = f"{self.path.parent.name}/{self.path.name}" if self.path.parent.name == SYSTEMS else self.path.name
        self._faults.append(f"{where}, line {line}: {what}")

    def _read(self) -> Iterator[_Entry]:
        try:
            root = yaml.compose(self.path.read_text(encoding="utf-8-sig"), Loader=_Loader)
        except (OSError, UnicodeDecodeError) as error:
            self.wrong(1, f"can't be read ({error}). Save it as UTF-8 text that you may read.")
            return
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            problem = getattr(error, "problem", None) or " ".join(str(error).split())
            self.wrong(mark.line + 1 if mark else 1, f"not valid YAML ({problem}). Quote what holds : or # or [.")
            return
        if root is None:
            return
        if not isinstance(root, MappingNode):
            self.wrong(1, "is a list or a text, where `word: meaning` is wanted, one a line.")
            return
        seen: dict[str, int] = {}
        for key, value in root.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode) or not key.value.strip():
                self.wrong(line, "a key must be a word or a few. Quote it if it holds : or # or [.")
                continue
            name = " ".join(key.value.split())
            if name.casefold() in seen:
                self.wrong(line, f"{name!r} stands on line {seen[name.casefold()]}, too. Join the two.")
            seen.setdefault(name.casefold(), line)
            yield _Entry(name, line, value)

    def pairs(self, check: Callable[[str], str]) -> Iterator[tuple[str, str]]:
        """Keys in small letters, each with one text; `check` says what is wrong with a key."""
        for entry in self.entries:
            short, full = entry.key.casefold(), _text(entry.value)
            if fault := check(short):
                self.wrong(entry.line, fault)
            elif not full:
                self.wrong(entry.line, f"{entry.key!r} stands for nothing. Write the words, as in `dc: data center`.")
            else:
                yield short, full.casefold()

    def lists(self) -> Iterator[tuple[_Entry, tuple[str, ...]]]:
        """Keys with one or more texts each."""
        for entry in self.entries:
            if words := self.words(entry, entry.value):
                yield entry, words

    def words(self, entry: _Entry, value: Node) -> tuple[str, ...]:
        """The words below a key: a list, or one; none where something else stands there, which is a fault."""
        listed = value.value if isinstance(value, SequenceNode) else [value]
        words = [_text(node) for node in listed]
        if words and all(words):
            return tuple(dict.fromkeys(" ".join(word.split()) for word in words))
        self.wrong(entry.line, f"{entry.key!r} needs words, as in `{entry.key}: [one, another]`.")
        return ()


def _text(node: Node) -> str:
    """A text as it is written; empty where there is none."""
    written = node.value.strip() if isinstance(node, ScalarNode) else ""
    return "" if isinstance(node, ScalarNode) and node.tag.endswith(":null") and written in ("", "~") else written


def _one_word(short: str) -> str:
    if len(split(short)) == 1:
        return ""
    return f"{short!r} is not one word. An abbreviation is letters only, without digits or marks."


def _once(dictionary: _Dictionary) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Keys with their words in small letters, each of which may mean one thing only."""
    meant: dict[str, _Entry] = {}
    for entry, words in dictionary.lists():
        for word in dict.fromkeys(w.casefold() for w in words):
            if word in meant:
                other = meant[word]
                dictionary.wrong(
                    entry.line, f"{word!r} means {other.key!r} on line {other.line} already. Take one of them out."
                )
            meant.setdefault(word, entry)
        yield entry.key.casefold(), tuple(w.casefold() for w in words)


def _concepts(fields: _Dictionary) -> list[Concept]:
    """Concepts of fields.yaml: `names` for those that there are, `{about, names}` for new ones."""
    shipped = {concept.name: concept for concept in knowledge.shipped().concepts}
    subjects = {concept.about for concept in shipped.values()}
    found = []
    for entry in fields.entries:
        name = entry.key.casefold()
        below: Mapping[str, Node] = {}
        if isinstance(entry.value, MappingNode):
            below = {str(k.value): v for k, v in entry.value.value}
        for stranger in below.keys() - {"about", "names"}:
            fields.wrong(entry.line, f"{entry.key!r} has {stranger!r}; only about and names can be said.")
        about = _text(below["about"]) if "about" in below else shipped[name].about if name in shipped else "any"
        if about not in subjects:
            fields.wrong(entry.line, f"{entry.key!r} is about {about!r}; there are {', '.join(sorted(subjects))}.")
        if names := fields.words(entry, below.get("names", entry.value)):
            found.append(Concept(name, about, names))
    return found


def _of_systems(systems: Iterable[_Dictionary], own: Iterable[Concept]) -> Iterator[Concept]:
    """Names that columns of a source system have, by concept."""
    known = {concept.name: concept.about for concept in (*own, *knowledge.shipped().concepts)}
    for system in systems:
        for entry, names in system.lists():
            if entry.key.casefold() in known:
                yield Concept(entry.key.casefold(), known[entry.key.casefold()], names)
                continue
            near = get_close_matches(entry.key.casefold(), list(known), n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            system.wrong(entry.line, f"there is no concept {entry.key!r}. {hint}New ones are named in fields.yaml.")


def _merged(concepts: Iterable[Concept]) -> Iterator[Concept]:
    by_name: dict[str, Concept] = {}
    for concept in concepts:
        former = by_name.get(concept.name, Concept(concept.name, concept.about, ()))
        names = tuple(dict.fromkeys((*former.names, *concept.names)))
        by_name[concept.name] = Concept(concept.name, former.about, names)
    yield from by_name.values()


def _yaml_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.yaml")) if folder.is_dir() else []


def _strangers(folder: Path) -> Iterator[str]:
    """Files that would be passed over: a dictionary with a slip in its name would teach nothing."""
    wanted = {f"{kind}.yaml" for kind in _KINDS}
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in (".yaml", ".yml", ".json", ".csv") and file.name not in wanted:
            yield (
                f"{file.name}: no dictionary has this name. There are {', '.join(sorted(wanted))}, and "
                f"{SYSTEMS}/NAME.yaml for a source system."
            )
    for file in sorted((folder / SYSTEMS).iterdir()) if (folder / SYSTEMS).is_dir() else ():
        if file.suffix.lower() in (".yml", ".json", ".csv"):
            yield f"{SYSTEMS}/{file.name}: only files that end in .yaml are read here. Rename it."
