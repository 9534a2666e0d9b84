"""Dagster's storage as one run uses it: its own for PostgreSQL, asked less often.

A run of a dozen steps tells 150 events, each a transaction or three and some questions, and most of them are followed
by another within a millisecond. Those wait, and are written with the next in one transaction. What a killed worker so
fails to tell is that a value was read, kept or checked, never that a step began, what it made, or how the run ended.
A slot of a pool takes fifteen questions, and is asked for only where the pool holds something back.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import groupby
from threading import RLock, get_ident, local
from typing import Any, ClassVar

import dagster as dg
from dagster._core.event_api import AssetRecordsFilter, EventRecordsResult
from dagster._core.events import ASSET_CHECK_EVENTS, ASSET_EVENTS
from dagster._core.instance.ref import InstanceRef
from dagster._core.storage.event_log.schema import AssetKeyTable, SqlEventLogStorageTable
from dagster._core.storage.runs.schema import RunsTable
from dagster._serdes import ConfigurableClassData
from dagster._utils.concurrency import ConcurrencyClaimStatus, ConcurrencySlotStatus
from dagster_postgres import DagsterPostgresStorage, PostgresEventLogStorage, PostgresRunStorage
from dagster_postgres.utils import pg_url_from_config

Kind = dg.DagsterEventType
FOLLOWED = frozenset(
    {
        Kind.ASSET_MATERIALIZATION_PLANNED, Kind.ASSET_CHECK_EVALUATION_PLANNED, Kind.RESOURCE_INIT_STARTED,
        Kind.RESOURCE_INIT_SUCCESS, Kind.LOGS_CAPTURED, Kind.LOADED_INPUT, Kind.STEP_INPUT, Kind.STEP_OUTPUT,
        Kind.HANDLED_OUTPUT, Kind.ASSET_CHECK_EVALUATION, Kind.STEP_SUCCESS,
    }
)  # fmt: skip
"""Events that wait for the next one of their run."""
RELATED = ASSET_EVENTS | ASSET_CHECK_EVENTS
"""Events of which Dagster keeps more than the event."""
COLUMNS = """
select count(*) from pg_attribute
where attrelid = to_regclass(%(table)s) and attname = any(%(names)s) and not attisdropped
"""


def of_a_run(instance: InstanceRef) -> InstanceRef:
    """The same instance, for a process that works on one run."""
    known = instance.storage_data
    if known is None:
        return instance
    return instance._replace(storage_data=ConfigurableClassData(__name__, Storage.__name__, known.config_yaml))


class Storage(DagsterPostgresStorage):
    """Runs, events and ticks in PostgreSQL, with the runs and the event log below."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, should_autocreate_tables=False, inst_data=inst_data)
        self._run_storage = Runs(postgres_url)
        self._event_log_storage = Events(postgres_url, should_autocreate_tables=False)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]) -> Storage:
        """As Dagster makes it from dagster.yaml."""
        return cls(pg_url_from_config(config_value), inst_data)


class Runs(PostgresRunStorage):
    """Runs that are written whole: of Dagster's own, one whose maker was killed may be without its tags.

    Whether their table has the columns of today is asked until it has them, not at each question.
    """

    def __init__(self, postgres_url: str) -> None:
        self._making = local()
        self._has_run_stats = False
        super().__init__(postgres_url, should_autocreate_tables=False)

    def _core_add_run(self, col_values: dict[str, Any], tags: Mapping[str, str]) -> None:
        with super().connect() as connection, connection.execution_options(isolation_level="READ COMMITTED").begin():
            self._making.connection = connection
            try:
                super()._core_add_run(col_values, tags)
            finally:
                del self._making.connection

    def connect(self) -> AbstractContextManager[Any]:
        """A connection; the transaction of this thread where it makes a run."""
        made = getattr(self._making, "connection", None)
        return super().connect() if made is None else nullcontext(made)

    def has_run_stats_index_cols(self) -> bool:
        """Whether a run's row says when it started and ended."""
        if not self._has_run_stats:
            with self.connect() as connection:
                self._has_run_stats = _has_columns(connection, RunsTable.name, "start_time", "end_time")
        return self._has_run_stats


class Events(PostgresEventLogStorage):
    """The event log that writes some events together, and remembers what stays as it is while a run works."""

    idle_pools: ClassVar[frozenset[str]] = frozenset()
    """Pools whose steps do nothing in this process that has to be held back."""

    def __init__(self, postgres_url: str, should_autocreate_tables: bool = True) -> None:
        super().__init__(postgres_url, should_autocreate_tables)
        self._telling = RLock()
        self._held: list[dg.EventLogEntry] = []
        self._transaction: Any = None
        self._teller = 0
        self._made: dict[str, EventRecordsResult] = {}
        self._tables: set[str] = set()
        self._partitions: set[tuple[str, str]] = set()
        self._columns: set[str] = set()
        self._unheld: set[str] = set()

    def store_event(self, event: dg.EventLogEntry) -> None:
        """Write an event after those that waited for it, or have it wait."""
        with self._telling:
            self._held.append(event)
            if _kind(event) not in FOLLOWED:
                self.tell()

    def tell(self) -> None:
        """Write what waits, as one."""
        with self._telling:
            if not self._held:
                return
            with self._together() as connection:
                for related, events in groupby(self._held, lambda event: _kind(event) in RELATED):
                    if related:
                        for event in events:
                            super().store_event(event)
                    else:
                        connection.execute(SqlEventLogStorageTable.insert(), [*map(self._event_to_row, events)])
            self._held.clear()
            self._made.clear()

    @contextmanager
    def _together(self) -> Iterator[Any]:
        """A transaction for all that this thread writes in the block."""
        with super()._connect() as connection, connection.execution_options(isolation_level="READ COMMITTED").begin():
            self._transaction, self._teller = connection, get_ident()
            try:
                yield connection
            finally:
                self._transaction = None

    @contextmanager
    def _connect(self) -> Iterator[Any]:
        if self._transaction is not None and self._teller == get_ident():
            yield self._transaction
            return
        with super()._connect() as connection:
            yield connection

    def fetch_materializations(
        self,
        records_filter: dg.AssetKey | AssetRecordsFilter,
        limit: int,
        cursor: str | None = None,
        ascending: bool = False,
    ) -> EventRecordsResult:
        """The newest materializations. Each check of a step asks for the same one, twice."""
        asked = repr((records_filter, limit, cursor, ascending))
        found = self._made.get(asked) or super().fetch_materializations(records_filter, limit, cursor, ascending)
        if self._held:  # amid a step, whose end is told before another one makes something
            self._made[asked] = found
        return found

    def dispose(self) -> None:
        """Write what is left."""
        self.tell()
        super().dispose()

    def has_table(self, table_name: str) -> bool:
        """Whether there is that table."""
        if table_name not in self._tables and super().has_table(table_name):
            self._tables.add(table_name)
        return table_name in self._tables

    def has_dynamic_partition(self, partitions_def_name: str, partition_key: str) -> bool:
        """Whether there is that partition."""
        asked = (partitions_def_name, partition_key)
        if asked not in self._partitions and super().has_dynamic_partition(*asked):
            self._partitions.add(asked)
        return asked in self._partitions

    def has_asset_key_col(self, column_name: str) -> bool:
        """Whether the table of assets has that column."""
        if column_name not in self._columns:
            with self.index_connection() as connection:
                if _has_columns(connection, AssetKeyTable.name, column_name):
                    self._columns.add(column_name)
        return column_name in self._columns

    def claim_concurrency_slot(
        self, concurrency_key: str, run_id: str, step_key: str, priority: int | None = None
    ) -> ConcurrencyClaimStatus:
        """Take a slot of a pool for a step."""
        if concurrency_key not in self.idle_pools:
            return super().claim_concurrency_slot(concurrency_key, run_id, step_key, priority)
        self._unheld.add(step_key)
        return ConcurrencyClaimStatus(concurrency_key=concurrency_key, slot_status=ConcurrencySlotStatus.CLAIMED)

    def free_concurrency_slot_for_step(self, run_id: str, step_key: str) -> None:
        """Give a step's slot back."""
        if step_key not in self._unheld:
            super().free_concurrency_slot_for_step(run_id, step_key)
        self._unheld.discard(step_key)


def _has_columns(connection: Any, table: str, *names: str) -> bool:
    """Whether the table has all these columns. Dagster has SQLAlchemy describe the whole table for it, in 50 ms."""
    asked = {"table": table, "names": list(names)}
    return connection.exec_driver_sql(COLUMNS, asked).scalar_one() == len(names)


def _kind(event: dg.EventLogEntry) -> dg.DagsterEventType | None:
    return event.dagster_event_type if event.is_dagster_event else None
