"""What surrounds the engine's SDK in a process: its own log lines, the address of its figures, the frame of activities."""

import logging
from typing import Any

from temporalio import activity
from temporalio.runtime import (
    LogForwardingConfig,
    LoggingConfig,
    PrometheusConfig,
    Runtime,
    TelemetryConfig,
    TelemetryFilter,
)
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput, Interceptor

from telemetry.concern import in_activity
from telemetry.figures import BUCKETS, WorkerFigures

log = logging.getLogger("rescousse.telemetry")


def make_runtime(metrics_address: str | None = None) -> Runtime:
    """The SDK's machinery. Its lines go where all others go; its figures are shown on host:port, if one is given.

    An address that cannot be used is said in the log: a worker that is not watched works all the same.
    """
    if metrics_address is not None:
        try:
            return _runtime(metrics_address)
        except (RuntimeError, ValueError) as error:
            log.error("no figures: %s cannot be listened on (%s)", metrics_address, type(error).__name__)
    return _runtime(None)


def _runtime(metrics_address: str | None) -> Runtime:
    metrics = None
    if metrics_address is not None:
        metrics = PrometheusConfig(
            bind_address=metrics_address,
            counters_total_suffix=True,
            unit_suffix=True,
            durations_as_seconds=True,
            histogram_bucket_overrides=BUCKETS,
        )
    forwarding = LogForwardingConfig(
        logging.getLogger("temporalio.core"),
        append_target_to_name=False,
        prepend_target_on_message=False,
        append_log_fields_to_message=False,  # the fields of a failure hold its words; logs.py takes those that may be told
    )
    lines = LoggingConfig(TelemetryFilter(core_level="WARN", other_level="ERROR"), forwarding=forwarding)
    return Runtime(telemetry=TelemetryConfig(logging=lines, metrics=metrics, attach_service_name=False))


class ActivityFrame(Interceptor):
    """Around every activity: whatever is logged meanwhile says what it concerns, and repetitions are counted."""

    def __init__(self, figures: WorkerFigures) -> None:
        """Count in ``figures``."""
        self._figures = figures

    def intercept_activity(self, next: ActivityInboundInterceptor) -> ActivityInboundInterceptor:
        """Frame it."""
        return _Framed(next, self._figures)


class _Framed(ActivityInboundInterceptor):
    def __init__(self, inner: ActivityInboundInterceptor, figures: WorkerFigures) -> None:
        super().__init__(inner)
        self._figures = figures

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:
        if activity.info().attempt > 1:
            self._figures.tried_again(activity.info().activity_type)
        with in_activity():
            return await super().execute_activity(input)
