"""What operators count of notifications. No device, no address, no demand in any label."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

BUCKETS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds."""


class PushMetrics:
    """The figures of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Begin at zero."""
        self.tries = Counter(
            "rescousse_push", "Notifications, by what became of each try", ["outcome"], registry=registry
        )
        self.seconds = Histogram(
            "rescousse_push_seconds",
            "From the record of a fact until the push service has its notification",
            buckets=BUCKETS,
            registry=registry,
        )
        self.leading = Gauge("rescousse_push_leading", "1 in the process that sends", registry=registry)
