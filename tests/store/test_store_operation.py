"""flow_operation: what goes wrong gets a name, once; what has one passes as it is."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest
from sqlalchemy import exc
from structlog.testing import capture_logs

from discovery_pipeline.errors import (
    FlowOperationError,
    IntegrityConflictError,
    InvalidTransitionError,
    OperationTimeoutError,
)
from discovery_pipeline.store.postgres.operation import flow_operation


class Refusal(Exception):
    """What a driver raises: a message and PostgreSQL's code."""

    def __init__(self, sqlstate: str) -> None:
        super().__init__("duplicate key\nDETAIL: Key (name)=(Ann Smith) already exists.")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "kind", "error_type"),
    [
        (exc.IntegrityError("insert …", {"name": "Ann Smith"}, Refusal("23505")), IntegrityConflictError, "integrity"),
        (exc.OperationalError("select …", {}, Refusal("55P03")), OperationTimeoutError, "timeout"),
        (exc.DBAPIError("select …", {}, Refusal("57014")), OperationTimeoutError, "timeout"),
        (exc.TimeoutError("pool"), OperationTimeoutError, "timeout"),
        (TimeoutError(), OperationTimeoutError, "timeout"),
        (ZeroDivisionError("odd"), FlowOperationError, "unexpected"),
    ],
)
def test_each_failure_has_its_name_its_flow_and_one_line_in_the_log(error: Exception, kind: type, error_type: str):
    flow_id = uuid4()
    with capture_logs() as logged, pytest.raises(FlowOperationError) as told, flow_operation("submit", flow_id):
        raise error
    assert type(told.value) is kind
    assert (told.value.flow_id, told.value.details["error_type"]) == (flow_id, error_type)
    assert [(line["operation"], line["flow"]) for line in logged] == [("submit", str(flow_id))]
    assert "Ann Smith" not in f"{told.value}{told.value.details}{logged}"


@pytest.mark.parametrize("error", [InvalidTransitionError("no", 1), KeyboardInterrupt(), asyncio.CancelledError()])
def test_what_has_a_name_passes_as_it_is_and_silently(error: BaseException):
    with capture_logs() as logged, pytest.raises(type(error)) as told, flow_operation("outer"), flow_operation("inner"):
        raise error
    assert told.value is error
    assert logged == []


async def test_it_decorates_functions_of_both_kinds_and_finds_their_flow():
    @flow_operation("waiting")
    async def waiting(flow_id: int) -> None:
        raise ValueError("odd")

    @flow_operation("at once")
    def at_once(flow_id: int) -> int:
        return 1 // flow_id

    with pytest.raises(FlowOperationError, match="waiting: odd") as told:
        await waiting(7)
    assert told.value.flow_id == 7
    with pytest.raises(FlowOperationError, match="at once:"):
        at_once(0)
    assert at_once(1) == 1
