"""Registered databases as assets: profiled again by schedule, and compared with the last profile."""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import dagster as dg

from discovery_pipeline.assets import contract, scratch
from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.partitions import OWNERS, code_version
from discovery_pipeline.assets.profiling import quality
from discovery_pipeline.assets.retrying import AGAIN
from discovery_pipeline.assets.upkeep import NIGHTLY
from discovery_pipeline.engine import duck, profiling
from discovery_pipeline.engine.findings import Severity
from discovery_pipeline.errors import DiscoveryError

if TYPE_CHECKING:
    from discovery_pipeline.engine.findings import Finding
    from discovery_pipeline.store.sources import DatabaseSource

SOURCES = "sources"
PROFILE, CHANGES = "profile.json", "changes.json"
STAGE = "source_profile"
REMOVED = "drift.table_removed"
REGISTER = "`discovery sources add` with the same name registers the tables that it has now."

registered = dg.DynamicPartitionsDefinition(name=SOURCES)


@dg.asset(
    owners=OWNERS,
    partitions_def=registered,
    group_name="sources",
    kinds={"postgres", "duckdb", "pandera"},
    code_version=code_version("profiling"),
    freshness_policy=NIGHTLY,
    retry_policy=AGAIN,
    check_specs=[
        contract.spec(STAGE, registered),
        contract.watch("no_drift", STAGE, "The data looks as it did at the last profile.", registered),
    ],
)
def source_profile(context: dg.AssetExecutionContext, desk: Desk) -> dg.MaterializeResult:
    """What a registered database looks like now, and how far it has drifted from its last profile."""
    from discovery_pipeline.engine.profiling.contract import ColumnProfiles, frame

    try:
        source = _source(desk, context.partition_key)
        seen = _profiled(context, desk, source)
    except DiscoveryError as error:
        raise dg.Failure(str(error), allow_retries=False) from None
    found, cases = seen.profile, seen.cases()
    columns = frame(found)
    rules = Counter(str(case["rule"]) for case in cases).most_common()
    said = ", ".join(f"{count} {rule}" for rule, count in rules) or "Nothing changed."
    return dg.MaterializeResult(
        metadata={
            "dagster/column_schema": contract.column_schema(ColumnProfiles),
            "dagster/row_count": sum(table.row_count for table in found.tables),
            "tables": len(found.tables),
            "columns": len(columns),
            "changes": len(cases),
            "changed": said,
            "compared": seen.changes is not None,
            "quality": quality(found),
        },
        data_version=dg.DataVersion(desk.store.artifacts.digest(source, STAGE) or ""),
        check_results=[
            contract.held(ColumnProfiles, [columns]),
            contract.watched("no_drift", said, cases),
        ],
    )


@dataclass(frozen=True, slots=True)
class _Seen:
    """What was seen of a source."""

    profile: profiling.Profile
    changes: "tuple[Finding, ...] | None"  # none: there was no profile before
    missing: tuple[str, ...]  # tables that were registered by name and aren't there

    def cases(self) -> list[dict[str, str]]:
        """What a person should look at, as a table. A missing table is said each time, until it isn't registered."""
        removed = [
            {"table": name, "column": "", "rule": REMOVED, "severity": Severity.ERROR.value} for name in self.missing
        ]
        return removed + [
            {"table": f.table, "column": f.column or "", "rule": f.rule, "severity": f.severity.value}
            for f in self.changes or ()
            if not (f.rule == REMOVED and f.table in self.missing)
        ]


def _profiled(context: dg.AssetExecutionContext, desk: Desk, source: "DatabaseSource") -> _Seen:
    """The profile of the source's tables that are there, and what changed."""
    from discovery_pipeline.store.files import exports

    address, place = source.address(), scratch.of_run(desk.settings.root, context.run.run_id)
    names = source.tables or exports.tables(address)
    paths, missing = [], []
    for number, name in enumerate(names):
        try:
            paths.append(exports.copied(exports.at(address, name), place / str(number)))
        except exports.TableMissing:
            missing.append(name.rpartition(".")[2])
    if not paths:
        gone = ", ".join(names) or "its login sees no table in the database"
        raise DiscoveryError(f"Source '{source.name}' has none of its tables any more: {gone}. {REGISTER}")
    limits = {"threads": desk.settings.threads, "memory_limit": desk.settings.memory_limit}
    with duck.connect(**limits, scratch=place / "duckdb") as con:
        found, _ = profiling.of_files(con, paths, place / "tables", today=datetime.now(UTC).date())
    before = _last(desk, source)
    with desk.store.artifacts.writing(source, STAGE) as folder:
        (folder / PROFILE).write_text(found.model_dump_json())
    return _Seen(found, profiling.diff(before, found) if before else None, tuple(missing))


def _source(desk: Desk, key: str) -> "DatabaseSource":
    from discovery_pipeline.store import sources

    for source in desk.store.wait_for(sources.known(desk.store.flows)):
        if source.slug == key:
            return source
    raise DiscoveryError(f"There is no registered database '{key}'. `discovery sources list` shows them.")


def _last(desk: Desk, source: "DatabaseSource") -> profiling.Profile | None:
    try:
        folder = desk.store.artifacts.reading(source, STAGE)
    except FileNotFoundError:
        return None
    return profiling.Profile.model_validate_json((folder / PROFILE).read_bytes())
