"""SQL in traces: the statement as it is written, never the values that it is given."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from sqlalchemy.ext.asyncio import AsyncEngine

LONGEST = 1_000
"""Characters of a statement that are told; the survey's has four times as many."""
WRITES = re.compile(r"\b(INSERT|DELETE|UPDATE)\s+(?:INTO\s+|FROM\s+)?([a-z_]+)")
READS = re.compile(r"\bFROM\s+([a-z_]+)")
AROUND = "rescousse_around"
"""The option of an engine that `storage.direct` looks for: what SQLAlchemy's events do not see."""
SPAN = "rescousse_span"
"""Where the span of a statement waits for its end."""


class Statements:
    """Listens to an engine. Outside of a trace it costs one look."""

    def __init__(self, tracer: Tracer) -> None:
        """Make the spans by ``tracer``."""
        self._tracer = tracer

    def follow(self, engine: AsyncEngine) -> None:
        """From now on."""
        sa.event.listen(engine.sync_engine, "before_cursor_execute", self._begin)
        sa.event.listen(engine.sync_engine, "after_cursor_execute", self._end)
        sa.event.listen(engine.sync_engine, "handle_error", self._fail)
        engine.sync_engine.update_execution_options(**{AROUND: self._around})

    @contextmanager
    def _around(self, statement: str) -> Iterator[None]:
        """One that is sent without SQLAlchemy."""
        span = self._span(statement)
        try:
            yield
        except BaseException as error:
            _failed(span, error)
            raise
        finally:
            if span is not None:
                span.end()

    def _span(self, statement: str) -> Span | None:
        """The span of a statement; none outside of a trace."""
        if not trace.get_current_span().is_recording():
            return None
        operation, table = what_it_does(statement)
        attributes = {
            "db.system.name": "postgresql",
            "db.operation.name": operation,
            "db.query.text": statement[:LONGEST],
        }
        name = f"{operation} {table}".rstrip()
        return self._tracer.start_span(name, kind=SpanKind.CLIENT, attributes=attributes)

    def _begin(  # the signature is SQLAlchemy's
        self,
        _connection: sa.Connection,
        _cursor: Any,
        statement: str,
        _values: Any,
        context: Any,
        _many: bool,
    ) -> None:
        setattr(context, SPAN, self._span(statement))

    def _end(
        self,
        _connection: sa.Connection,
        _cursor: Any,
        _statement: str,
        _values: Any,
        context: Any,
        _many: bool,
    ) -> None:
        span: Span | None = getattr(context, SPAN, None)
        if span is not None:
            span.end()

    def _fail(self, failure: sa.ExceptionContext) -> None:
        span: Span | None = getattr(failure.execution_context, SPAN, None)
        _failed(span, failure.original_exception)
        if span is not None:
            span.end()


def _failed(span: Span | None, error: BaseException) -> None:
    """Of an error its kind: its text holds values."""
    if span is not None:
        span.set_attribute("error.type", type(error).__name__)
        span.set_status(Status(StatusCode.ERROR))


def what_it_does(statement: str) -> tuple[str, str]:
    """The operation and the first table of a statement; an empty name for none. One that begins WITH may write."""
    first = (statement.split(None, 1) or ["?"])[0].upper()
    if first not in {"SELECT", "SET", "SHOW"}:
        found = WRITES.search(statement)
        if found:
            return found[1], found[2]
    read = READS.search(statement)
    return "SELECT" if first == "WITH" else first, read[1] if read else ""
