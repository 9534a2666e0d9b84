"""Metrics: what the service did, as Prometheus reads it. Counts and times; never a name or a value."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The counters of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        labels = ("method", "route")
        self.requests = Counter(
            "discovery_http_requests", "Requests that were answered.", (*labels, "status"), registry=self.registry
        )
        self.seconds = Histogram(
            "discovery_http_request_seconds", "Seconds until the answer was sent.", labels, registry=self.registry,
            buckets=SECONDS,
        )  # fmt: skip
        self.active = Gauge("discovery_http_requests_active", "Requests at work, streams among them.",
                            registry=self.registry)  # fmt: skip
        self.flows = Gauge("discovery_flows", "Flows of all tenants.", ("status",), registry=self.registry)
        self.waiting = Gauge("discovery_run_requests_waiting", "Runs that were asked for and didn't begin.",
                             registry=self.registry)  # fmt: skip

    def text(self) -> bytes:
        """All of them, as Prometheus reads them."""
        return generate_latest(self.registry)


class Counted:
    """Counts every request by its route, so that ids in paths don't make labels without end."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, and count."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, statuses = time.perf_counter(), [500]

        async def noted(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses[0] = message["status"]
            await send(message)

        with self._metrics.active.track_inprogress():
            try:
                await self._app(scope, receive, noted)
            finally:
                route = _route(scope)
                self._metrics.requests.labels(scope["method"], route, str(statuses[0])).inc()
                self._metrics.seconds.labels(scope["method"], route).observe(time.perf_counter() - began)


def _route(scope: Scope) -> str:
    route = scope.get("route")
    return getattr(route, "path", None) or "unknown"
