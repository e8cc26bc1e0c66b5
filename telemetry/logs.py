"""One form for every log line of every process: ours, and those of uvicorn, Temporal, Alembic and the rest.

On a terminal a line is for people; everywhere else it is one JSON object with `timestamp`, `level`, `logger` and
`event`. What concerns a demand carries its `demand_id`, whoever wrote the line: see `telemetry.concern`.
"""

import logging
import sys
from collections.abc import Iterator, Mapping
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger
from temporalio import activity, workflow
from temporalio.bridge.runtime import BufferedLogEntry

from telemetry.concern import demand_of
from telemetry.discretion import story_of

QUIET = {
    "alembic": logging.WARNING,
    "httpx": logging.WARNING,
    "httpcore": logging.WARNING,
    "opentelemetry": logging.ERROR,
}
"""Alembic greets at every look at the migrations, httpx writes addresses with what stands in them, and the sender of
traces repeats itself while nobody takes them: they say what went wrong, and nothing else."""

ENGINE_FIELDS = ("workflow_id", "workflow_type", "activity_type", "attempt")
"""What is kept of that which the lines of workflows and activities carry."""

CORE_FIELDS = ("error", "workflow_id", "run_id", "operation")
"""And of those that the SDK's core writes: what the engine answered, never the failure of a workflow, in its words."""


def configure(level: str, stream: TextIO | None = None) -> None:
    """Write every line from `level` on to `stream`, which is standard error.

    Call it once, in `main`, before anything is logged: loggers remember how they were set up.
    """
    out = stream or sys.stderr
    _configure_structlog(level, [*_before(), _rendering(out)], out)
    logging.basicConfig(level=level, handlers=[handler(out)], force=True)
    for name, least in QUIET.items():
        logging.getLogger(name).setLevel(least)
    workflow.logger.workflow_info_on_message = False  # they are fields: _tell_of_the_engine
    activity.logger.activity_info_on_message = False


def handler(out: TextIO) -> logging.Handler:
    """The way of everybody else's lines, by `logging`."""
    formatter = structlog.stdlib.ProcessorFormatter
    made = logging.StreamHandler(out)
    made.setFormatter(
        formatter(foreign_pre_chain=_before(), processors=[formatter.remove_processors_meta, _rendering(out)])
    )
    return made


def _before() -> list[Processor]:
    """What makes the fields of a line, whoever wrote it."""
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_of_the_engine,
        _tell_what_failed,
    ]


def _rendering(out: TextIO) -> Processor:
    return structlog.dev.ConsoleRenderer() if out.isatty() else structlog.processors.JSONRenderer()


def _configure_structlog(level: str, processors: list[Processor], out: TextIO) -> None:
    """The way of our structlog lines: straight to the stream, because an API writes thousands a second."""
    structlog.configure(
        processors=processors,
        logger_factory=_Writers(out),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )


class _Writer(structlog.WriteLogger):
    """A stream with the name of the logger that writes to it."""

    def __init__(self, out: TextIO, name: str) -> None:
        super().__init__(out)
        self.name = name


class _Writers:
    """Makes the writer of each logger."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def __call__(self, name: str = "rescousse", *_: object) -> _Writer:
        return _Writer(self._out, name)


def _tell_of_the_engine(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """The fields of a line that a workflow, an activity or the SDK about one of them wrote."""
    record = event.get("_record")
    for name, value in _engine_fields(record):
        event.setdefault(name, value)
    demand_id = demand_of(str(event.get("workflow_id", "")))
    if demand_id is not None:
        event.setdefault("demand_id", demand_id)
    return event


def _engine_fields(record: logging.LogRecord | None) -> Iterator[tuple[str, Any]]:
    for attribute in ("temporal_workflow", "temporal_activity"):
        told: Mapping[str, Any] = getattr(record, attribute, None) or {}
        yield from ((name, told[name]) for name in ENGINE_FIELDS if name in told)
    of_core: BufferedLogEntry | None = getattr(record, "temporal_log", None)
    if of_core is not None:
        fields = of_core.fields
        yield from ((name, str(fields[name])) for name in CORE_FIELDS if name in fields)


def _tell_what_failed(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    """Where an exception came from, without what somebody else's words might hold."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else given
    if given is True:
        error = sys.exc_info()[1]
    if isinstance(error, BaseException):
        event["exception"] = story_of(error)
    return event
