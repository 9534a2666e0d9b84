"""Target contracts: what a target system takes, field by field.

A contract is data (YAML beside this module, or the user's own). What it means for a row is validation.
"""

from __future__ import annotations

import re
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

FieldType = Literal[
    "string", "integer", "number", "boolean", "date", "datetime", "ip", "ipv4", "mac", "fqdn", "uuid",
    "list<string>", "list<ip>", "list<mac>", "map<string,string>",
]  # fmt: skip


PLACE = re.compile(r"\b(KEY|NAME)\b")
"""Where the name of a keyed field takes the user's key."""


def plain(name: str) -> str:
    """A name without what people write in different ways: case, blanks, marks."""
    return "".join(c for c in name.casefold() if c.isalnum())


class _Contract(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TargetField(_Contract):
    """One column of a target file."""

    name: str
    type: FieldType = "string"
    required: bool = Field(default=False, description="a row without it is rejected")
    identity: bool = Field(default=False, description="one of the fields that say which thing a row is about")
    unique: bool = False
    unit: str | None = None
    adds_up: bool = Field(
        default=False, description="the whole is the sum of its parts: a server's disk space is that of its disks"
    )
    default: str | None = Field(default=None, description="what stands there where a source has nothing for it")
    allowed: tuple[str, ...] = ()
    vocabulary: dict[str, tuple[str, ...]] = Field(
        default_factory=dict, description="allowed value → other spellings of it that sources use"
    )
    vocabulary_patterns: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="allowed value → regular expressions (any case) of what it stands for; the first that matches wins",
    )
    match: Literal["equals", "contains"] = Field(
        default="equals", description="whether a value must be an allowed one, or contain one"
    )
    completed_by: str | None = Field(
        default=None, description="field whose value is appended where a value by itself is not allowed"
    )
    pattern: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    max_length: int | None = None
    separator: str | None = Field(default=None, description="between the items of a list or map")
    keyed: bool = Field(default=False, description="the name ends in a key of the user's, e.g. mgn:server:tag:KEY")
    references: str | None = Field(default=None, description="'table.field' of this target that must hold the value")
    description: str = ""
    aliases: tuple[str, ...] = Field(default=(), description="other names the field is known by")

    @property
    def template(self) -> bool:
        """Whether the name holds a place for a key: KEY or NAME, as in mgn:server:tag:KEY."""
        return self.keyed and PLACE.search(self.name) is not None

    def keyed_by(self, key: str) -> TargetField:
        """The field under that key: mgn:server:tag:KEY keyed by "Owner" is mgn:server:tag:Owner."""
        return self.model_copy(update={"name": PLACE.sub(lambda _: key, self.name)})

    def stands_for(self, name: str) -> bool:
        """Whether this field, under some key or number, has that name."""
        if not self.keyed:
            return name == self.name
        parts = re.split(r"(\bKEY\b|\bNAME\b|\b\d+\b)", self.name)
        forms = [r"\d+" if p.isdigit() else ".+" if PLACE.fullmatch(p) else re.escape(p) for p in parts]
        return re.fullmatch("".join(forms), name) is not None


class TargetRule(_Contract):
    """A rule across fields of one row, or across rows."""

    kind: Literal["at_least_one_of", "together", "identifies", "no_conflict", "immutable"]
    groups: tuple[tuple[str, ...], ...] = ()
    fields: tuple[str, ...] = ()
    note: str = ""


class TargetTable(_Contract):
    """One file that the target takes."""

    name: str = Field(description="what a row of it is, e.g. server")
    file: str = Field(description="path of the delivered file below --out")
    fields: tuple[TargetField, ...]
    rules: tuple[TargetRule, ...] = ()
    write_all_columns: bool = Field(default=True, description="unmapped fields stand in the file, empty")
    max_rows: int | None = Field(default=None, description="rows a file may hold before it is split")
    max_bytes: int | None = None

    def field(self, name: str) -> TargetField:
        """The field of that name, also under a key (mgn:server:tag:Owner). Raises KeyError where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        for field in self.fields:
            if field.stands_for(name):
                return field.model_copy(update={"name": name})
        raise KeyError(name)

    def position(self, name: str) -> int:
        """Where the field stands in the contract; fields under the same keyed name share a place."""
        for place, field in enumerate(self.fields):
            if field.name == name or field.stands_for(name):
                return place
        raise KeyError(name)

    @property
    def identity(self) -> tuple[tuple[str, ...], ...]:
        """Groups of fields of which one, whole, must be mapped: the required ones, and the rules' groups."""
        required = tuple((f.name,) for f in self.fields if f.required)
        either = tuple(g for r in self.rules if r.kind == "at_least_one_of" for g in r.groups)
        return required + either


class Target(_Contract):
    """A system that takes files."""

    name: str = Field(description="as said to --target, e.g. aws-mgn")
    title: str
    aliases: tuple[str, ...] = ()
    source: str = Field(default="", description="where the contract was read")
    note: str = ""
    line_terminator: str = "\n"
    delimiter: str = ","
    tables: tuple[TargetTable, ...]

    def called(self, said: str) -> bool:
        """Whether it goes by that name, as people write it: "AWS MGN" is aws-mgn."""
        return plain(said) in {plain(name) for name in (self.name, self.title, *self.aliases)}

    def table(self, name: str) -> TargetTable:
        """The table of that name. Raises KeyError where there is none."""
        for table in self.tables:
            if table.name == name:
                return table
        raise KeyError(name)
