"""What operators count: requests, their durations, streams, verdicts. No identity, no free text in any label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.registry import Collector

from push.metrics import PushMetrics

BUCKETS = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds."""
AGES = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0, 900.0, 3600.0)
"""Seconds: telematics tell at once or every ten to sixty seconds, a phone that was out of reach tells later."""
BATCHES = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000)
"""Rows."""


class Metrics:
    """The figures of one app, in a registry of their own."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Begin at zero."""
        self._registry = registry
        self._http(registry)
        self._positions(registry)
        self.verdicts = Counter(
            "rescousse_verdicts", "Verdicts of the engine", ["update", "outcome"], registry=registry
        )
        self.started = Counter(
            "rescousse_demands_started", "Demands handed to the engine", ["by"], registry=registry
        )
        self.push = PushMetrics(registry)

    def _http(self, registry: CollectorRegistry) -> None:
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

    def _positions(self, registry: CollectorRegistry) -> None:
        self.positions = Counter(
            "rescousse_positions", "Positions told, by what became of them", ["outcome"], registry=registry
        )
        self.position_batches = Histogram(
            "rescousse_position_batches", "Positions a transaction", buckets=BATCHES, registry=registry
        )
        self.position_seconds = Histogram(
            "rescousse_position_write_seconds",
            "From the request until its positions are durable",
            buckets=BUCKETS,
            registry=registry,
        )
        self.position_age = Histogram(
            "rescousse_position_age_seconds",
            "Age of the newest position of each request once it is durable, by the device's clock",
            buckets=AGES,
            registry=registry,
        )

    def show(self, *collectors: Collector) -> None:
        """Show what these collect as well, whenever the page is asked for."""
        for collector in collectors:
            self._registry.register(collector)

    def page(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self._registry)
