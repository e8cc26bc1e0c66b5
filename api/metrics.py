"""What operators count: requests, their durations, streams, verdicts. No identity, no free text in any label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds."""


class Metrics:
    """The figures of one app, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Begin at zero."""
        self._registry = registry
        self.requests = Counter(
            "rescousse_http_requests", "Requests answered", ["method", "route", "status"], registry=registry
        )
        self.seconds = Histogram(
            "rescousse_http_seconds",
            "Time to answer",
            ["method", "route"],
            buckets=BUCKETS,
            registry=registry,
        )
        self.streams = Gauge("rescousse_streams", "Live streams open", registry=registry)
        self.verdicts = Counter(
            "rescousse_verdicts", "Verdicts of the engine", ["update", "outcome"], registry=registry
        )
        self.started = Counter(
            "rescousse_demands_started", "Demands handed to the engine", ["by"], registry=registry
        )

    def page(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self._registry)
