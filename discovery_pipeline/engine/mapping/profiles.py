"""Mapping profiles: a mapping kept under a name, for the next export of the same kind.

A profile is never changed by being used: what a file has no column for is listed, and stays in the profile.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from discovery_pipeline.engine import yaml_text
from discovery_pipeline.engine.mapping import enumerations, transformations
from discovery_pipeline.engine.mapping.model import DataType, MappedField, Mapping, Place, Suggestions
from discovery_pipeline.engine.mapping.reassigning import reassigned
from discovery_pipeline.engine.mapping.transformations import datatypes
from discovery_pipeline.engine.mapping.transformations.conversions import read_as_written
from discovery_pipeline.engine.profiling.model import Profile
from discovery_pipeline.engine.tables import Table
from discovery_pipeline.engine.targets import Target
from discovery_pipeline.errors import MappingError

if TYPE_CHECKING:
    from discovery_pipeline.engine.mapping.known import Known

CONFIDENCE = 0.99
"""Of what a saved mapping says: somebody decided it, though on other rows."""

_WRITTEN_BY = "`discovery run --save-profile` writes one."
_HEAD = "# A mapping profile. Give it to `discovery match --profile` or `discovery run --profile`.\n"
_COLUMNS = (
    "source_table", "source_field", "target_table", "target_field", "transformation", "data_type", "is_required",
)  # fmt: skip


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProfiledField(_Value):
    """One line of a profile: what fills a target field."""

    source_table: str = ""
    source_field: str = Field(default="", description="empty where the transformation is a constant")
    target_table: str
    target_field: str
    transformation: str | None = None
    data_type: DataType = "string"
    is_required: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """What it fills, from which table."""
        return self.source_table, self.target_table, self.target_field


class MappingProfile(_Value):
    """A mapping under a name, for one kind of source and one target."""

    name: str = Field(min_length=1)
    version: int = Field(default=1, ge=1)
    source_system: str = "generic"
    target_system: str
    fields: tuple[ProfiledField, ...]

    def __str__(self) -> str:
        return f"'{self.name}' v{self.version}"


class Change(_Value):
    """A line that two profiles have differently; one of both is missing where it was added or taken away."""

    before: ProfiledField | None
    after: ProfiledField | None


class Unapplied(_Value):
    """A line of a profile that a file has no use for, and why."""

    field: ProfiledField
    why: str


class Applied(_Value):
    """What a profile made of suggestions for a file."""

    suggestions: Suggestions
    taken: tuple[MappedField, ...]
    left: tuple[Unapplied, ...]


def made(name: str, version: int, source_system: str, mapping: Mapping) -> MappingProfile:
    """A profile of what a mapping says."""
    fields = tuple(ProfiledField.model_validate(f.model_dump(include=set(_COLUMNS))) for f in mapping.fields)
    return MappingProfile(
        name=name, version=version, source_system=source_system, target_system=mapping.target, fields=fields
    )


def copied(profile: MappingProfile, name: str) -> MappingProfile:
    """The same under another name, as its first version."""
    return profile.model_copy(update={"name": name, "version": 1})


def differences(before: MappingProfile, after: MappingProfile) -> tuple[Change, ...]:
    """What changed from one profile to another, target field by target field."""
    old, new = ({f.place: f for f in p.fields} for p in (before, after))
    places = dict.fromkeys((*old, *new))
    return tuple(Change(before=old.get(p), after=new.get(p)) for p in places if old.get(p) != new.get(p))


def as_yaml(profile: MappingProfile) -> str:
    """The profile as a YAML file."""
    return _HEAD + yaml.safe_dump(
        profile.model_dump(mode="json", exclude_none=True), allow_unicode=True, sort_keys=False, width=120
    )


def as_csv(profile: MappingProfile) -> str:
    """The profile as a CSV file: a line a field, the profile's name and version beside each."""
    out = io.StringIO()
    rows = csv.writer(out)
    rows.writerow(("profile", "version", "source_system", "target_system", *_COLUMNS))
    about = (profile.name, profile.version, profile.source_system, profile.target_system)
    for field in profile.fields:
        told = field.model_dump(mode="json")
        rows.writerow((*about, *("" if told[c] is None else told[c] for c in _COLUMNS)))
    return out.getvalue()


def read(path: Path) -> MappingProfile:
    """The profile in a YAML or CSV file.

    Raises
    ------
    MappingError
        The file can't be read, or is no profile.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path}: the profile can't be read ({error}).") from None
    return parsed(text, path.name)


def parsed(text: str, name: str) -> MappingProfile:
    """The profile that a file of that name (.csv, else YAML) with that text is. Raises MappingError as `read` does."""
    try:
        said = _of_csv(text) if name.lower().endswith(".csv") else yaml_text.read(text)
        if not isinstance(said, dict):
            raise MappingError(f"not a mapping profile. {_WRITTEN_BY}")
        profile = MappingProfile.model_validate(said)
        if not profile.fields:
            raise MappingError("it says of no field what fills it.")
        for field in profile.fields:
            if field.transformation:
                transformations.parse(field.transformation)
    except yaml.YAMLError as error:
        raise MappingError(f"{name}: not valid YAML ({' '.join(str(error).split())}).") from None
    except csv.Error as error:
        raise MappingError(f"{name}: not valid CSV ({error}).") from None
    except ValidationError as bad:
        wrong = yaml_text.wrong_with(bad, "profile")
        raise MappingError(f"{name}: not a mapping profile. {wrong}. {_WRITTEN_BY}") from None
    except MappingError as error:
        raise MappingError(f"{name}: {error}") from None
    return profile


def _of_csv(text: str) -> dict[str, Any]:
    rows = list(csv.DictReader(io.StringIO(text)))
    if not rows:
        return {}
    first = rows[0]
    about = {"name": first.get("profile"), **{k: first.get(k) for k in ("version", "source_system", "target_system")}}
    return {k: v for k, v in about.items() if v} | {
        "fields": [{c: row[c] for c in _COLUMNS if row.get(c)} for row in rows]
    }


def applied(  # noqa: PLR0913, PLR0917 - what is offered, for what, and all that is known of it
    con: duckdb.DuckDBPyConnection,
    profile: MappingProfile,
    suggestions: Suggestions,
    tables: Sequence[Table],
    target: Target | None,
    known: Known,
) -> Applied:
    """Put what a profile says in the place of what was guessed, as far as these tables have its columns.

    A guess gives way where it fills what the profile fills, or takes for a table a column that the profile takes for
    another field of it. So does what was decided otherwise since the profile was kept, which is told beside. With the
    target's contract at hand, fields that it no longer has are left, too, and values that are new in these tables get
    words, as far as anything speaks for one; with the profile of the tables' columns, lines whose values would need
    another transformation are left.
    """
    taken: dict[Place, MappedField] = {}
    left: list[Unapplied] = []
    for line, table in _placed(profile, tables):
        why = _unusable(line, table, target, known.profile)
        if table is None or why:
            left.append(Unapplied(field=line, why=why))
            continue
        field = _mapped(profile, line, table, known.memory.against(str(profile), line))
        if first := taken.get(field.place):
            left.append(Unapplied(field=line, why=f"{first.source_field or 'a constant'} fills that field already"))
            continue
        taken[field.place] = (
            enumerations.completed(con, _reread(field, target, known), tables, target, known) if target else field
        )
    fields = tuple(taken.values())
    return Applied(suggestions=_instead(suggestions, fields), taken=fields, left=tuple(left))


def fitting(
    kept: Iterable[MappingProfile], tables: Sequence[Table], target: Target, columns: Profile | None = None
) -> MappingProfile | None:
    """The profile of which these tables can follow most lines, of equals the first; None where they can follow none."""

    def followed(profile: MappingProfile) -> int:
        return sum(not _unusable(field, table, target, columns) for field, table in _placed(profile, tables))

    best = max(kept, key=followed, default=None)
    return best if best and followed(best) else None


def _placed(profile: MappingProfile, tables: Sequence[Table]) -> Iterable[tuple[ProfiledField, Table | None]]:
    """Each line with the table it is about: that of the same name, else the one with most of its columns."""
    by_name = {table.name.casefold(): table for table in tables}
    for name in dict.fromkeys(f.source_table for f in profile.fields):
        mine = [f for f in profile.fields if f.source_table == name]
        best = by_name.get(name.casefold()) or max(tables, key=lambda t: _held(t, mine), default=None)
        yield from ((field, best) for field in mine)


def _held(table: Table, fields: Sequence[ProfiledField]) -> int:
    return sum(_column(table, f.source_field) is not None for f in fields if f.source_field)


def _column(table: Table, name: str) -> str | None:
    """The table's own spelling of a column's name."""
    exact = [c.name for c in table.columns if c.name == name]
    return next(iter(exact or [c.name for c in table.columns if c.name.casefold() == name.casefold()]), None)


def _unusable(field: ProfiledField, table: Table | None, target: Target | None, columns: Profile | None) -> str:
    """Why a line can't be applied; empty where it can."""
    if table is None:
        return "there is no table"
    try:
        if target:
            target.table(field.target_table).field(field.target_field)
    except KeyError:
        return f"{target.name if target else 'the target'} has no field {field.target_field} in {field.target_table}"
    needed = [field.source_field] if field.source_field else []
    if field.transformation:
        needed += transformations.parse(field.transformation).references
    absent = [name for name in needed if _column(table, name) is None]
    if absent:
        return f"{table.name} has no column {' and '.join(map(repr, absent))}"
    return _mismatch(field, table, columns) if columns and field.source_field else ""


def _mismatch(field: ProfiledField, table: Table, columns: Profile) -> str:
    """Why the column's values don't become what the line says; empty where they do."""
    column = columns.table(table.name).column(_column(table, field.source_field) or "")
    return datatypes.mismatch(column.inferred_type, field.data_type, field.transformation) or ""


def _mapped(profile: MappingProfile, field: ProfiledField, table: Table, against: Sequence[str]) -> MappedField:
    return MappedField.model_validate(
        field.model_dump()
        | {
            "source_table": table.name,
            "source_field": (_column(table, field.source_field) or "") if field.source_field else "",
            "confidence": CONFIDENCE,
            "evidence": (f"saved mapping {profile}", *against),
            "origin": "memory",
        }
    )


def _reread(field: MappedField, target: Target, known: Known) -> MappedField:
    """The field with numbers read as this column writes them: an export may come with commas before decimals."""
    wanted = target.table(field.target_table).field(field.target_field)
    read = read_as_written(field.transformation, known.column(field.source_table, field.source_field), wanted)
    if read == field.transformation:
        return field
    told = f"numbers are written otherwise since then, so {read}"
    return field.model_copy(update={"transformation": read, "evidence": (*field.evidence, told)})


def _instead(suggestions: Suggestions, taken: Sequence[MappedField]) -> Suggestions:
    """Suggestions with these fields, and without guesses that stand in their way."""
    filled = {f.place for f in taken}
    used = {(*f.feed, f.source_field) for f in taken if f.source_field}
    kept = [f for f in suggestions.assignment if f.place not in filled and (*f.feed, f.source_field) not in used]
    return reassigned(suggestions, (*taken, *kept))
