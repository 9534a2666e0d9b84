"""A run that another process executes than one made for it (`dg launch`) is seen to live all the same."""

import dagster as dg
import pytest

from discovery_pipeline.assets.desk import Desk
from discovery_pipeline.assets.runner import locks
from discovery_pipeline.settings import Settings


def test_a_run_lives_while_its_desk_is_open(settings: Settings, monkeypatch: pytest.MonkeyPatch):
    assert settings.database_url is not None
    monkeypatch.setenv("DISCOVERY_DATABASE_URL", settings.database_url.get_secret_value())
    seen: list[tuple[bool, int | None]] = []

    @dg.op
    def look(context: dg.OpExecutionContext, desk: Desk) -> None:
        seen.append((locks.lives(settings.root, context.run_id), locks.worker(settings.root, context.run_id)))

    @dg.job(resource_defs={"desk": Desk(home=str(settings.root))}, executor_def=dg.in_process_executor)
    def looking() -> None:
        look()

    assert looking.execute_in_process().success
    assert seen == [(True, None)]  # it lives, and there is nobody to interrupt for its sake
    assert locks.workers(settings.root) == {}
