"""Drafts from a JSON Schema or an OpenAPI document.

A file of a target is flat: nested objects become fields with dotted names, lists of objects become tables of their own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from discovery_pipeline.engine import patterns
from discovery_pipeline.engine.targets.contract import FieldType, TargetField, TargetTable
from discovery_pipeline.engine.targets.drafting.parts import free, plain, unit_of
from discovery_pipeline.errors import TargetError

_OF_JSON: dict[str, FieldType] = {"integer": "integer", "number": "number", "boolean": "boolean"}
_OF_FORMAT: dict[str, FieldType] = {
    "ipv4": "ipv4", "ipv6": "ip", "ip": "ip", "uuid": "uuid", "date": "date", "date-time": "datetime",
    "hostname": "fqdn", "mac": "mac", "int32": "integer", "int64": "integer", "float": "number", "double": "number",
}  # fmt: skip
_LISTS: dict[FieldType, FieldType] = {"ip": "list<ip>", "ipv4": "list<ip>", "mac": "list<mac>"}
_KEYS = ("id", "uuid", "guid", "key", "code", "number", "name")
_KEYWORDS = frozenset(
    ("$schema", "$ref", "$defs", "definitions", "properties", "allOf", "anyOf", "oneOf", "openapi", "swagger")
)
_BEYOND = frozenset(
    (
        "if", "not", "dependentRequired", "dependentSchemas", "dependencies", "patternProperties", "multipleOf",
        "minLength", "minItems", "maxItems", "uniqueItems", "contains", "prefixItems",
    )
)  # fmt: skip
"""Keywords for which a contract has no rule."""
_NAMED = frozenset(("properties", "patternProperties", "$defs", "definitions", "schemas", "dependentSchemas"))
"""Keywords under which schemas stand by names of their own."""
_VALUES = frozenset(("enum", "const", "default", "example", "examples", "required", "dependentRequired"))
_MOST_BYTES = 20_000_000  # of a schema; what is larger holds rows

Schema = dict[str, Any]
Trail = tuple[str, ...]
"""The references that led to where one is."""


def is_schema(path: Path) -> bool:
    """Whether a JSON file is such a document; rows in JSON are none."""
    try:
        said = json.loads(path.read_text(encoding="utf-8-sig")) if path.stat().st_size <= _MOST_BYTES else None
    except (OSError, ValueError, RecursionError):
        return False
    if not isinstance(said, dict):
        return False
    return not _KEYWORDS.isdisjoint(said) or (said.get("type") == "array" and isinstance(said.get("items"), dict))


def tables(text: str, path: Path, name: str) -> tuple[tuple[TargetTable, ...], tuple[str, ...]]:
    """The tables that a schema describes, and what has to be said of them.

    Raises
    ------
    TargetError
        It is no schema of objects, or refers outside its file, to nothing, or to itself.
    """
    said = _read(text, path)
    walk = _Walk(said, path)
    roots = _roots(walk, said, name) if isinstance(said, dict) else {}
    if not roots:
        raise TargetError(
            f"{path}: no JSON Schema of an object, and no OpenAPI document; nothing in it has properties."
        )
    for called, root in roots.items():
        walk.table(called, *walk.plain(root))
    return tuple(walk.tables), (*_notes(walk), *_left_out(said))


def _read(text: str, path: Path) -> Any:
    if path.suffix.lower() != ".json":
        import yaml

        from discovery_pipeline.engine import yaml_text

        try:
            return yaml_text.read(text)
        except yaml.YAMLError as error:
            raise TargetError(f"{path}: not valid YAML ({' '.join(str(error).split())}).") from None
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise TargetError(f"{path}: not JSON ({error}).") from None


def _roots(walk: _Walk, said: Schema, name: str) -> dict[str, Any]:
    """The schemas that are about rows: the document's own, else those of its definitions that no other holds."""
    own, _ = walk.plain(said)
    rows = own.get("items", own) if own.get("type") == "array" or "items" in own else own
    if _is_object(walk.plain(rows)[0]):
        return {name: rows}
    components = said.get("components")
    defined = (components.get("schemas") if isinstance(components, dict) else None) or said.get("definitions")
    defined = defined or said.get("$defs")
    if not isinstance(defined, dict):
        return {}
    held = {ref.rsplit("/", 1)[-1] for each in defined.values() for ref in _references(each)}
    objects = {key: each for key, each in defined.items() if isinstance(each, dict) and "enum" not in each}
    loose = {key: each for key, each in objects.items() if key not in held}
    return {k: e for k, e in (loose or objects).items() if _is_object(walk.plain(e)[0])}


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema["$ref"]
        schema = list(schema.values())
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)


def _notes(walk: _Walk) -> Iterator[str]:
    if walk.nested:
        yield "Objects within objects are written flat: a.b is b of a."
    for parent, child, key in walk.lists:
        of = f"by its {parent}.{key}" if key else "nothing in it says which"
        yield f"The list {child} is a table of its own; a row is of one {parent}, {of}."


def _left_out(said: Any) -> Iterator[str]:
    if beyond := sorted(_beyond(said)):
        yield f"Not taken over, since a contract has no rule for it: {', '.join(beyond)}."


def _beyond(schema: Any) -> set[str]:
    """The keywords of a schema, and of those in it, that say what a contract can't."""
    if isinstance(schema, list):
        return set().union(*map(_beyond, schema))
    if not isinstance(schema, dict):
        return set()
    found = {keyword for keyword in schema if keyword in _BEYOND}
    for keyword, held in schema.items():
        named = keyword in _NAMED and isinstance(held, dict)
        found |= _beyond(list(held.values()) if named else held) if keyword not in _VALUES else set()
    return found


@dataclass
class _Walk:
    """A way through one document, with the tables found so far."""

    document: Any
    path: Path
    tables: list[TargetTable] = field(default_factory=list)
    lists: list[tuple[str, str, str]] = field(default_factory=list)  # parent, child, the parent's key
    nested: bool = False

    def table(self, name: str, schema: Schema, trail: Trail, key: TargetField | None = None) -> None:
        """Add the table of an object, and those of the lists in it; `key` refers to the row that it is part of."""
        called = free(plain(name), {table.name for table in self.tables})
        place = len(self.tables)
        lists: list[tuple[str, Schema, Trail]] = []
        fields = list(self._fields(schema, "", trail, lists, needed=True))
        identifying = _key(fields)
        fields = [f.model_copy(update={"identity": True}) if f is identifying else f for f in fields]
        own = [f for f in (key,) if f and f.name not in {g.name for g in fields}]
        table = TargetTable(name=called, file=f"{called}.csv", fields=(*own, *fields))
        self.tables.insert(place, table)
        for item, items, after in lists:
            self.lists.append((called, item, identifying.name if identifying else ""))
            self.table(item, items, after, _reference(called, identifying))

    def _fields(
        self, schema: Schema, prefix: str, trail: Trail, lists: list[tuple[str, Schema, Trail]], *, needed: bool
    ) -> Iterator[TargetField]:
        wanted = schema.get("required")
        required = wanted if isinstance(wanted, list) else []
        for own, raw in schema["properties"].items():
            said, after = self.plain(raw, trail)
            name, must = f"{prefix}{own}", needed and own in required
            if _is_object(said):
                self.nested = True
                yield from self._fields(said, f"{name}.", after, lists, needed=must)
            elif _kind(said) == "array" and _is_object((items := self.plain(said.get("items"), after))[0]):
                lists.append((name, *items))
            else:
                yield self._field(name, said, after, required=must)

    def _field(self, name: str, said: Schema, trail: Trail, *, required: bool) -> TargetField:
        about = {"name": name, "required": required, "description": str(said.get("description") or "")}
        if _kind(said) == "array":
            item = _type(self.plain(said.get("items"), trail)[0])
            return TargetField(type=_LISTS.get(item, "list<string>"), separator=",", **about)
        if _kind(said) == "object":
            return TargetField(type="map<string,string>", separator=";", **about)
        kind = _type(said)
        pattern = said.get("pattern")
        if isinstance(pattern, str) and patterns.fault(pattern):
            about["description"] = f"{about['description']} (must fit {pattern}, which can't be checked here)".strip()
            pattern = None
        return TargetField(
            type=kind,
            unit=unit_of(name, kind),
            default=_text(said.get("default")),
            allowed=_allowed(said) if kind != "boolean" else (),
            pattern=pattern if isinstance(pattern, str) else None,
            minimum=_bound(said, "minimum", "exclusiveMinimum", 1 if kind == "integer" else 0),
            maximum=_bound(said, "maximum", "exclusiveMaximum", -1 if kind == "integer" else 0),
            max_length=said["maxLength"] if isinstance(said.get("maxLength"), int) else None,
            **about,
        )

    def plain(self, raw: Any, trail: Trail = ()) -> tuple[Schema, Trail]:
        """A schema without references, parts and alternatives, and the references that led into it."""
        said: Schema = dict(raw) if isinstance(raw, Mapping) else {}
        if isinstance(ref := said.pop("$ref", None), str):
            if ref in trail:
                raise TargetError(
                    f"{self.path}: {ref} holds itself, by way of {' → '.join((*trail[trail.index(ref) :], ref))}. A "
                    "table can't: cut the loop in a copy, with the key of what is referred to in its place."
                )
            inner, trail = self.plain(self._pointed(ref), (*trail, ref))
            said = _merged([inner, said])
        if parts := said.pop("allOf", None):
            plains = [self.plain(part, trail) for part in parts]
            said = _merged([said, *(part for part, _ in plains)])
            trail = tuple(dict.fromkeys((*trail, *(ref for _, refs in plains for ref in refs))))
        for choice in ("oneOf", "anyOf"):
            if options := said.pop(choice, None):
                plains = [self.plain(o, trail) for o in options]
                real = [option for option, _ in plains if _kind(option) != "null" or "const" in option]
                said = _merged([said, _either(real)])
                trail = tuple(dict.fromkeys((*trail, *(ref for _, refs in plains for ref in refs))))
        return said, trail

    def _pointed(self, ref: str) -> Any:
        if not ref.startswith("#"):
            raise TargetError(
                f"{self.path}: {ref} is outside this file, and nothing is fetched. Bundle the schema into one first."
            )
        found = self.document
        for step in ref.removeprefix("#").strip("/").split("/") if ref != "#" else ():
            key = step.replace("~1", "/").replace("~0", "~")
            if not isinstance(found, dict) or key not in found:
                raise TargetError(f"{self.path}: there is no {ref} in it.")
            found = found[key]
        return found


def _is_object(said: Schema) -> bool:
    return isinstance(said.get("properties"), dict) and bool(said["properties"])


def _kind(said: Schema) -> str:
    kinds = said.get("type")
    listed = kinds if isinstance(kinds, list) else [kinds]
    real = [str(k) for k in listed if k not in (None, "null")]
    if len(real) == 1:
        return real[0]
    if real:
        return "number" if set(real) <= {"integer", "number"} else "string"
    return "null" if "null" in listed else "object" if "additionalProperties" in said else ""


def _type(said: Schema) -> FieldType:
    kind = _kind(said)
    if not kind and (values := _values(said)):
        kinds = {type(v) for v in values}
        kind = "integer" if kinds == {int} else "boolean" if kinds == {bool} else "string"
    return _OF_JSON.get(kind) or _OF_FORMAT.get(str(said.get("format")), "string")


def _values(said: Schema) -> list[Any]:
    listed = [said["const"]] if "const" in said else said.get("enum")
    return [v for v in listed if v is not None] if isinstance(listed, list) else []


def _allowed(said: Schema) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(_text(v)) for v in _values(said)))


def _text(value: Any) -> str | None:
    """A value as it stands in a file."""
    if value is None or isinstance(value, dict | list):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bound(said: Schema, name: str, exclusive: str, step: float) -> float | None:
    """A limit of numbers; one that is itself left out is the next whole number, or, of decimals, the limit."""
    limit, beyond = said.get(name), said.get(exclusive)
    if beyond is True and isinstance(limit, int | float):  # as older drafts write it
        return limit + step
    if isinstance(beyond, int | float) and not isinstance(beyond, bool):
        return beyond + step
    return limit if isinstance(limit, int | float) else None


def _merged(parts: Sequence[Schema]) -> Schema:
    """Schemas that all hold, as one."""
    out: Schema = {}
    for part in parts:
        properties = {**out.get("properties", {}), **part.get("properties", {})}
        required = [*(out.get("required") or ()), *(part.get("required") or ())]
        out |= part
        out |= {"properties": properties} if properties else {}
        out |= {"required": required} if required else {}
    return out


def _either(options: Sequence[Schema]) -> Schema:
    """Schemas of which one holds, as one that takes what any of them takes."""
    if len(options) < 2:
        return dict(options[0]) if options else {}
    objects = [option for option in options if _is_object(option)]
    if objects:
        common = set.intersection(*(set(option.get("required") or ()) for option in objects))
        held: dict[str, list[Any]] = defaultdict(list)
        for name, said in ((n, s) for option in objects for n, s in option["properties"].items()):
            held[name] += [said] if said not in held[name] else []
        properties = {name: said[0] if len(said) == 1 else {"oneOf": said} for name, said in held.items()}
        return _merged(objects) | {"properties": properties, "required": sorted(common)}
    values = [value for option in options for value in _values(option)]
    kinds = [_kind(o) or ("string" if _values(o) else "") for o in options]
    out: Schema = {"type": list(dict.fromkeys(k for k in kinds if k))}
    formats = {option.get("format") for option in options}
    if len(formats) == 1 and None not in formats:
        out["format"] = formats.pop()
    elif formats == {"ipv4", "ipv6"}:
        out["format"] = "ip"
    return out | ({"enum": values} if values and all(_values(option) for option in options) else {})


def _key(fields: Sequence[TargetField]) -> TargetField | None:
    """The field that says which object a row is, by its name; the likeliest of those that must be there."""
    wanted = [f for f in fields if f.required and "." not in f.name and f.type in ("string", "integer", "uuid")]
    by_word = ((f.name.lower().replace("_", " ").replace("-", " "), f) for f in wanted)
    ranked = [(_KEYS.index(word), f) for name, f in by_word for word in _KEYS if name.endswith(word)]
    return min(ranked, key=lambda r: r[0])[1] if ranked else None


def _reference(table: str, key: TargetField | None) -> TargetField | None:
    if key is None:
        return None
    return TargetField(
        name=f"{table}.{key.name}", type=key.type, required=True, references=f"{table}.{key.name}",
        description=f"which {table} it is of",
    )  # fmt: skip
