"""Operations: what goes wrong in the database becomes an error that a person can act on."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from types import TracebackType
from typing import Any, ParamSpec, TypeVar, cast

import structlog
from sqlalchemy import exc

from discovery_pipeline.errors import (
    DiscoveryError,
    FlowOperationError,
    IntegrityConflictError,
    OperationTimeoutError,
)

P = ParamSpec("P")
R = TypeVar("R")

log = structlog.get_logger(__name__)

TIMED_OUT = frozenset({"57014", "55P03", "40P01", "40001"})
"""SQLSTATE of a cancelled statement, a lock not got in time, a deadlock, a serialization failure."""


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
        told = self._told(error)
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

    def _told(self, error: Exception) -> FlowOperationError:
        state = _sqlstate(error)
        if isinstance(error, TimeoutError | exc.TimeoutError) or state in TIMED_OUT:
            return OperationTimeoutError(
                f"{self.name}: the database didn't answer in time. Nothing was changed; try again.",
                self.flow_id,
                {"error_type": "timeout", "sqlstate": state},
            )
        if isinstance(error, exc.IntegrityError):
            rule = getattr(getattr(error.orig, "diag", None), "constraint_name", None)
            return IntegrityConflictError(
                f"{self.name}: contradicts what the database holds ({rule or 'a constraint'}). Nothing was changed.",
                self.flow_id,
                {"error_type": "integrity", "sqlstate": state, "constraint": rule},
            )
        return FlowOperationError(
            f"{self.name}: {_said(error)} Nothing was changed.",
            self.flow_id,
            {"error_type": "unexpected", "sqlstate": state, "kind": type(error).__name__},
        )


def _sqlstate(error: Exception) -> str | None:
    return getattr(getattr(error, "orig", None), "sqlstate", None)


def _said(error: Exception) -> str:
    """The database's own first line, without statement and values: those may be a client's."""
    spoken = getattr(error, "orig", None) or error
    return (str(spoken).splitlines() or [type(error).__name__])[0].rstrip(".") + "."
