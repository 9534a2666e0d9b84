"""The errors that rooms share. One that a single room raises stands beside what raises it.

DiscoveryError                     message says what, where, and what to do
├── InputRefused                   a file that can't be read at all
├── TargetError                    an unknown target, or a contract that isn't one
├── MappingError                   a mapping that can't be applied
│   └── TransformationError        a transformation that can't be parsed or doesn't fit
│       └── UnknownOperationError  a transformation with an operation that there isn't
├── KnowledgeError                 a dictionary of the user's own that can't be used
├── DiskFullError                  no room left to write in
├── SettingsError                  a setting that can't be
├── ServerError                    PostgreSQL or Dagster can't be started or reached
├── AgentError                     an agent gave no answer; the playbook's stands instead
│   ├── AgentUnavailable           its model didn't answer: worth another try
│   ├── AgentAnswerInvalid         it answered with what it may not say
│   ├── AgentBudgetExceeded        tokens, money or seconds of the flow are spent
│   └── EgressRefused              a request held what may not leave the machine
└── FlowOperationError             flow_id, details
    ├── FlowNotFoundError
    ├── InvalidTransitionError
    ├── StaleVersionError
    ├── TenantAccessError
    ├── IntegrityConflictError
    ├── OperationTimeoutError
    ├── ConnectionLostError
    ├── OutcomeUnknownError
    └── StateInconsistentError
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


class DiscoveryError(Exception):
    """What went wrong, where, and what to do about it, in one sentence or two."""


class InputRefused(DiscoveryError):
    """The file can't be read; nothing was taken from it."""

    def __init__(self, file: str, reason: str, action: str = "") -> None:
        self.file, self.reason, self.action = file, reason, action
        super().__init__(f"{file}: {reason}" + (f" {action}" if action else ""))


class DiskFullError(DiscoveryError):
    """There is no room left to write in. Nothing half-written counts; make room, and try again."""


class TargetError(DiscoveryError):
    """There is no such target, or its contract is not valid."""


class MappingError(DiscoveryError):
    """The mapping can't be applied to these tables or this target."""


class TransformationError(MappingError):
    """The transformation can't be parsed, is unknown, or doesn't fit its arguments."""


class UnknownOperationError(TransformationError):
    """The transformation names an operation that there isn't."""


class KnowledgeError(DiscoveryError):
    """A dictionary of the user's own can't be read, or says what a dictionary can't say."""


class SettingsError(DiscoveryError):
    """A setting has a value that it can't have."""


class ServerError(DiscoveryError):
    """A server that the product needs can't be started or reached."""


class AgentError(DiscoveryError):
    """An agent gave no answer that counts. The flow goes on with the playbook's."""


class AgentUnavailable(AgentError):
    """The model's server didn't answer, or answered with an error. Another try may help."""


class AgentAnswerInvalid(AgentError):
    """The model answered with something that isn't an answer to the task, or contradicts the facts."""


class AgentBudgetExceeded(AgentError):
    """The flow has no tokens, money or seconds left for its agents."""


class EgressRefused(AgentError):
    """The request held something that may not leave the machine. It was not sent."""


class FlowOperationError(DiscoveryError):
    """An operation on a flow didn't happen."""

    def __init__(self, message: str, flow_id: object = None, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.flow_id = flow_id
        self.details = dict(details or {})


class FlowNotFoundError(FlowOperationError):
    """There is no such flow for this tenant."""


class InvalidTransitionError(FlowOperationError):
    """The flow is in a phase from which this can't be done."""


class StaleVersionError(FlowOperationError):
    """The flow moved on since it was read. Reload it and look again."""


class TenantAccessError(FlowOperationError):
    """This tenant may not do that."""


class IntegrityConflictError(FlowOperationError):
    """The change contradicts what the database already holds."""


class OperationTimeoutError(FlowOperationError):
    """The database did not answer in time. Nothing was changed; try again."""


class ConnectionLostError(FlowOperationError):
    """The connection to PostgreSQL was lost before the change was committed. Nothing was changed; try again."""


class OutcomeUnknownError(FlowOperationError):
    """The connection was lost while the change was being committed: it may have happened, or not. Look first."""


class StateInconsistentError(FlowOperationError):
    """The flow's row, phases, audit and events do not tell the same story."""
