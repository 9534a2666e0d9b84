"""Operations: what goes wrong in the database becomes an error that a person can act on."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import Callable, Coroutine
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

import structlog
from sqlalchemy import exc

from discovery_pipeline.errors import (
    ConnectionLostError,
    DiscoveryError,
    FlowOperationError,
    IntegrityConflictError,
    OperationTimeoutError,
    OutcomeUnknownError,
)

P = ParamSpec("P")
R = TypeVar("R")
Work = Coroutine[Any, Any, R]

log = structlog.get_logger(__name__)

TIMED_OUT = frozenset({"57014", "55P03", "40P01", "40001"})
"""SQLSTATE of a cancelled statement, a lock not got in time, a deadlock, a serialization failure."""
FULL = "53100"
"""SQLSTATE of a full disk."""
PAUSES = (0.1, 0.5)
"""Seconds before a transaction whose connection was lost is tried again."""


class CommitLost(Exception):
    """The connection was lost between COMMIT and its answer."""


def lost(error: exc.DBAPIError) -> bool:
    """Whether the connection is gone, so that the server's answer never came."""
    return error.connection_invalidated or (_sqlstate(error) or "")[:3] in {"57P", "080"}


class flow_operation:
    """Around one operation on a flow: `with flow_operation("submit", flow_id): ...`, or as a decorator.

    A time-out becomes OperationTimeoutError, a broken constraint IntegrityConflictError, anything unexpected
    FlowOperationError; each is logged once, with flow and operation. Our own errors pass as they are, and so do
    cancellation and interrupts.
    """

    def __init__(self, name: str, flow_id: object = None) -> None:
        self.name, self.flow_id = name, getattr(flow_id, "id", flow_id)

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        """Turn what can be named into its name."""
        if error is None or isinstance(error, DiscoveryError) or not isinstance(error, Exception):
            return
        told = self._translated(error)
        log.error("flow operation failed", operation=self.name, flow=str(self.flow_id), **told.details)
        raise told from error

    def __call__(self, function: Callable[P, R]) -> Callable[P, R]:
        """Put every call of the function into the operation. Its argument `flow_id`, if it has one, is said with it."""
        parameters = inspect.signature(function)

        def around(*args: P.args, **kwargs: P.kwargs) -> flow_operation:
            given = parameters.bind_partial(*args, **kwargs).arguments.get("flow_id", self.flow_id)
            return flow_operation(self.name, given)

        if inspect.iscoroutinefunction(function):

            @functools.wraps(function)
            async def asynchronous(*args: P.args, **kwargs: P.kwargs) -> Any:
                with around(*args, **kwargs):
                    return await function(*args, **kwargs)

            return cast("Callable[P, R]", asynchronous)

        @functools.wraps(function)
        def synchronous(*args: P.args, **kwargs: P.kwargs) -> R:
            with around(*args, **kwargs):
                return function(*args, **kwargs)

        return synchronous

    def _translated(self, error: Exception) -> FlowOperationError:
        state = _sqlstate(error)
        if isinstance(error, TimeoutError | exc.TimeoutError) or state in TIMED_OUT:
            return OperationTimeoutError(
                f"{self.name}: the database didn't answer in time. Nothing was changed; try again.",
                self.flow_id,
                {"error_type": "timeout", "sqlstate": state},
            )
        if isinstance(error, CommitLost):
            return OutcomeUnknownError(
                f"{self.name}: the connection to PostgreSQL was lost while the change was being committed. It may have "
                "happened, or not: look with `discovery flows list` before you try again.",
                self.flow_id,
                {"error_type": "outcome_unknown"},
            )
        if isinstance(error, exc.DBAPIError) and lost(error):
            return ConnectionLostError(
                f"{self.name}: the connection to PostgreSQL was lost. Nothing was changed; try again.",
                self.flow_id,
                {"error_type": "connection", "sqlstate": state},
            )
        if state == FULL:
            return FlowOperationError(
                f"{self.name}: the database's disk is full. Nothing was changed. Make room, and try again.",
                self.flow_id,
                {"error_type": "disk_full", "sqlstate": state},
            )
        if isinstance(error, exc.IntegrityError):
            rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
            return IntegrityConflictError(
                f"{self.name}: contradicts what the database holds ({rule or 'a constraint'}). Nothing was changed.",
                self.flow_id,
                {"error_type": "integrity", "sqlstate": state, "constraint": rule},
            )
        return FlowOperationError(
            f"{self.name}: {said(error)} Nothing was changed.",
            self.flow_id,
            {"error_type": "unexpected", "sqlstate": state, "kind": type(error).__name__},
        )


def flow_transaction(name: str, *, reads: bool = False) -> Callable[[Callable[P, Work[R]]], Callable[P, Work[R]]]:
    """Decorate an operation that is one whole transaction: it is tried again where its connection was lost.

    One whose COMMIT was sent is not, unless it only reads: nobody knows what became of it.
    """
    without_harm = (ConnectionLostError, OutcomeUnknownError) if reads else ConnectionLostError

    def decorate(function: Callable[P, Work[R]]) -> Callable[P, Work[R]]:
        once = flow_operation(name)(function)

        @functools.wraps(function)
        async def tried(*args: P.args, **kwargs: P.kwargs) -> R:
            for pause in PAUSES:
                try:
                    return await once(*args, **kwargs)
                except without_harm:
                    await asyncio.sleep(pause)
            return await once(*args, **kwargs)

        return tried

    return decorate


def _sqlstate(error: Exception) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def said(error: Exception) -> str:
    """The database's own first line, without statement and values: those may be a client's."""
    spoken = getattr(error, "orig", None) or error
    return (str(spoken).splitlines() or [type(error).__name__])[0].rstrip(".") + "."
