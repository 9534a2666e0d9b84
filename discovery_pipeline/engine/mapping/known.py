"""What is known of source tables before they are matched: what other stages found, and what people decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from discovery_pipeline.engine.mapping.memory import NOTHING, Memory

if TYPE_CHECKING:
    from discovery_pipeline.engine.mapping.matcher.fields import Stated
    from discovery_pipeline.engine.profiling.model import ColumnProfile, Profile
    from discovery_pipeline.engine.schema.model import SchemaAnalysis


@dataclass(frozen=True, slots=True)
class Known:
    """All of it; without a profile or an analysis the matcher goes by its own sample.

    Parameters
    ----------
    memory
        What this tenant decided before for this kind of source and target: approved pairs come first, rejected ones
        only come back with new evidence.
    stated
        What stands above each table, by its name: a title, "Region: eu-west-1".
    described
        What a schema file says of columns.
    """

    profile: Profile | None = None
    analysis: SchemaAnalysis | None = None
    memory: Memory = NOTHING
    stated: Mapping[str, Sequence[str]] = field(default_factory=dict)
    described: Sequence[Stated] = ()

    def column(self, table: str, name: str) -> ColumnProfile | None:
        """What a column looks like."""
        try:
            return self.profile.table(table).column(name) if self.profile else None
        except KeyError:
            return None

    def key(self, table: str) -> str | None:
        """The column that is the key of a table by itself."""
        found = self.analysis.primary_key(table) if self.analysis else None
        return found.columns[0] if found and len(found.columns) == 1 else None

    @property
    def personal(self) -> frozenset[tuple[str, str]]:
        """Columns that hold personal data, by table and name."""
        tables = self.profile.tables if self.profile else ()
        return frozenset((table.name, column.name) for table in tables for column in table.columns if column.pii)


NOTHING_KNOWN = Known()
