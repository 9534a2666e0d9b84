"""The Dagster instance: its dagster.yaml, its tables, and a handle on it.

Dagster keeps its runs, events and ticks in the `dagster` database of the same PostgreSQL server as the
product's own state. Its UI, daemon and the command line read one dagster.yaml.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import dagster as dg
import yaml
from dagster._core.instance.ref import InstanceRef

from discovery_pipeline.assets.runner import locks
from discovery_pipeline.assets.runner.launcher import WarmRunLauncher
from discovery_pipeline.assets.tags import ENGAGEMENT_TAG, MOST_RETRIES_TAG, PARTITION_TAG
from discovery_pipeline.errors import FlowNotFoundError, ServerError

if TYPE_CHECKING:
    from discovery_pipeline.store.blocking import Store

GONE = "The run's process is gone. Start it again."
BEGINNING_SECONDS = 60
"""How long a run on another machine may take until it holds its flow's lock."""
COMING_SECONDS = 180
"""How long a launched run may be without a worker on this machine."""
LONGEST_START_SECONDS = 3600
"""How long a living worker may take to begin: on a machine that is busy it is slow, and not stuck."""
AT_WORK = [dg.DagsterRunStatus.STARTING, dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
"""What Dagster says of a run that has a process."""
MAKING_LOCK = 0x64_61_67_73
"""Key of the advisory lock, in Dagster's database, of whoever makes its tables."""
MOST_RUNS, MOST_OF_AN_ENGAGEMENT = 10, 4
"""Runs that work at once."""
RETRIES = 1
"""How often a run that crashed is taken up again."""
MOST_ASKING = 4
"""Steps that ask a model at once."""


def configuration(url: str, home: Path) -> dict[str, Any]:
    """What dagster.yaml says for a home whose Dagster database is at `url` (scheme postgresql+psycopg2)."""
    # psycopg2 by name: SQLAlchemy 2.1 reads "postgresql://" as psycopg 3, and Dagster's NOTIFY breaks there.
    if urlsplit(url).scheme != "postgresql+psycopg2":
        raise ServerError(f"Dagster needs a postgresql+psycopg2:// address, not {urlsplit(url).scheme}://.")
    return {
        "storage": {"postgres": {"postgres_url": url, "should_autocreate_tables": False}},
        "compute_logs": {
            "module": "discovery_pipeline.assets.runner.logs",
            "class": "RunLogs",
            "config": {"base_dir": str(home / "dagster" / "logs")},
        },
        "run_launcher": {
            "module": "discovery_pipeline.assets.runner.launcher",
            "class": "WarmRunLauncher",
            "config": {"home": str(home)},
        },
        "run_coordinator": {
            "module": "discovery_pipeline.assets.coordinator",
            "class": "EngagementRunCoordinator",
            "config": {"home": str(home), "dequeue_interval_seconds": 1},
        },
        "run_monitoring": {
            "enabled": True,
            "poll_interval_seconds": 10,
            "start_timeout_seconds": LONGEST_START_SECONDS,
            "free_slots_after_run_end_seconds": 60,
        },
        "run_retries": {"enabled": True, "max_retries": RETRIES, "retry_on_asset_or_op_failure": False},
        "concurrency": {
            "runs": {
                "max_concurrent_runs": MOST_RUNS,
                "tag_concurrency_limits": [
                    {"key": PARTITION_TAG, "value": {"applyLimitPerUniqueValue": True}, "limit": 1},
                    {
                        "key": ENGAGEMENT_TAG,
                        "value": {"applyLimitPerUniqueValue": True},
                        "limit": MOST_OF_AN_ENGAGEMENT,
                    },
                ],
            },
            "pools": {"default_limit": MOST_ASKING},
        },
        "sensors": {"use_threads": True, "num_workers": 4},
        "retention": {
            "schedule": {"purge_after_days": 30},
            "sensor": {"purge_after_days": {"skipped": 1, "failure": 30, "success": -1}},
        },
        "freshness": {"enabled": True},
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
    }


def make_tables(url: str) -> None:
    """Make Dagster's tables at that address, or bring them to the version that is installed.

    The pool of models has its limit before a run comes to it: where the first ones come together, all but one of them
    fail (https://github.com/dagster-io/dagster/issues/33552).

    Raises
    ------
    ServerError
        There is no such database, or it doesn't answer.
    """
    from discovery_pipeline.assets.agents import POOL

    storage = {"postgres": {"postgres_url": url, "should_autocreate_tables": True}}
    with _alone(url), TemporaryDirectory() as folder:
        alone = InstanceRef.from_dir(folder, overrides={"storage": storage, "telemetry": {"enabled": False}})
        with dg.DagsterInstance.from_ref(alone) as instance:
            instance.upgrade()
            events = instance.event_log_storage
            if all(pool.from_default for pool in events.get_pool_limits() if pool.name == POOL):
                events.set_concurrency_slots(POOL, MOST_ASKING)


@contextmanager
def _alone(url: str) -> Iterator[None]:
    """While nobody else makes Dagster's tables there: two that begin on a new database would do so at once.

    Where the database can't be reached, Dagster itself would try again and again, and then say no more than that.
    """
    import psycopg2

    try:
        connection = psycopg2.connect(url.replace("+psycopg2", "", 1))
    except psycopg2.OperationalError as error:
        raise ServerError(
            f"Dagster's database can't be reached: {str(error).strip()}. `discovery db upgrade` makes what is missing."
        ) from error
    with closing(connection):
        connection.autocommit = True  # an open transaction would be in the way of changes to tables
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_lock(%s)", [MAKING_LOCK])
        yield


def prepare(url: str, home: Path) -> Path:
    """Write dagster.yaml for this home and make Dagster's tables once; the DAGSTER_HOME."""
    folder = home / "dagster"
    file = folder / "dagster.yaml"
    wanted = yaml.safe_dump(configuration(url, home), sort_keys=False)
    if file.is_file() and file.read_text() == wanted:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    make_tables(url)
    draft = file.with_suffix(f".{uuid.uuid4().hex}.part")
    draft.write_text(wanted)
    draft.chmod(0o600)
    draft.replace(file)
    return folder


@contextmanager
def opened(url: str, home: Path) -> Iterator[dg.DagsterInstance]:
    """The instance of this home, with its connections pooled while it is open."""
    with _pooled(InstanceRef.from_dir(str(prepare(url, home)))) as instance:
        yield instance


@contextmanager
def at_work(url: str, home: Path) -> Iterator[dg.DagsterInstance]:
    """The same, for who makes runs or executes them: events of theirs are written together."""
    from discovery_pipeline.assets.runner import storage

    with _pooled(storage.of_a_run(InstanceRef.from_dir(str(prepare(url, home))))) as instance:
        yield instance


@contextmanager
def _pooled(known: InstanceRef) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_ref(known) as instance:
        instance.optimize_for_webserver(statement_timeout=60_000, pool_recycle=3600, max_overflow=4)
        yield instance


def spare_retries(instance: dg.DagsterInstance, run_ids: Collection[str]) -> None:
    """Let these runs, which are about to be stopped, be taken up again, and still once more after a crash."""
    for run in instance.get_runs(dg.RunsFilter(run_ids=list(run_ids))):
        most = run.tags.get(MOST_RETRIES_TAG, str(RETRIES))
        if most.isdigit():  # else somebody wrote a tag that Dagster can't read either
            instance.add_run_tags(run.run_id, {MOST_RETRIES_TAG: str(int(most) + 1)})


def settle(instance: dg.DagsterInstance, store: Store) -> list[str]:
    """Tell Dagster of runs that died and that it believes to be at work; their ids.

    A run is dead where its worker died on this home, or never came, or nobody holds its flow's lock a while after it
    began. Other launchers' workers may be on another machine, on their way.
    """
    wanted = dg.RunsFilter(statuses=AT_WORK)
    dead = [record.dagster_run for record in instance.get_run_records(wanted) if _dead(instance, record, store)]
    for run in dead:
        if run.status is dg.DagsterRunStatus.CANCELING:
            instance.report_run_canceled(run, GONE)
        else:
            instance.report_run_failed(run, GONE)
    return [run.run_id for run in dead]


def _dead(instance: dg.DagsterInstance, record: dg.RunRecord, store: Store) -> bool:
    home, run = store.settings.root, record.dagster_run
    if locks.lives(home, run.run_id):
        return False
    if locks.died(home, run.run_id):
        return True
    if run.status is dg.DagsterRunStatus.STARTING:
        return isinstance(instance.run_launcher, WarmRunLauncher) and _launched(instance, run) > COMING_SECONDS
    slug, began = run.tags.get(PARTITION_TAG), record.start_time or record.create_timestamp.timestamp()
    if slug is None or time.time() - began < BEGINNING_SECONDS:
        return False
    try:
        return not store.is_run(slug)
    except FlowNotFoundError:  # it was archived since
        return True


def _launched(instance: dg.DagsterInstance, run: dg.DagsterRun) -> float:
    """How many seconds ago the run was launched."""
    at = instance.get_run_stats(run.run_id).launch_time
    return time.time() - at if at else 0.0
