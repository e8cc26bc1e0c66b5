"""What may leave in a trace, and which traces begin: an allow-list, so that nothing new leaves unseen."""

from collections.abc import Sequence

from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import (
    ALWAYS_OFF,
    ParentBased,
    Sampler,
    SamplingResult,
    TraceIdRatioBased,
)
from opentelemetry.trace import Link, SpanKind, Status, TraceState
from opentelemetry.util.types import Attributes

TOLD = frozenset(
    {
        *("http.request.method", "http.route", "http.response.status_code"),
        *("db.system.name", "db.operation.name", "db.query.text"),
        *("temporalWorkflowID", "temporalRunID", "temporalActivityID"),
        "error.type",
    }
)
"""Methods, templates of addresses, statements without their values, ids."""
DOOR = "rescousse.door"
"""Marks the span of a request when it begins; it does not leave."""


class Discreet(SpanExporter):
    """Passes spans on with what is told of them, without exceptions: their words may hold what people sent."""

    def __init__(self, further: SpanExporter) -> None:
        """Send them further by this one."""
        self._further = further

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Pass on."""
        return self._further.export([discreet(span) for span in spans])

    def shutdown(self) -> None:
        """Pass on."""
        self._further.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Pass on."""
        return self._further.force_flush(timeout_millis)


def discreet(span: ReadableSpan) -> ReadableSpan:
    """The same span with the attributes of TOLD, and neither events nor the text of its status."""
    return ReadableSpan(
        name=span.name,
        context=span.context,
        parent=span.parent,
        resource=span.resource,
        attributes={name: value for name, value in (span.attributes or {}).items() if name in TOLD},
        links=[Link(link.context) for link in span.links],
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


class FromTheDoor(Sampler):
    """A trace begins with a request at our door and nowhere else: not with the probe, nor with a sweeper's statement."""

    def __init__(self, ratio: float) -> None:
        """Take this part of the requests."""
        self._some = TraceIdRatioBased(ratio)

    def should_sample(  # the signature is OpenTelemetry's
        self,
        parent_context: Context | None,
        trace_id: int,
        name: str,
        kind: SpanKind | None = None,
        attributes: Attributes = None,
        links: Sequence[Link] | None = None,
        trace_state: TraceState | None = None,
    ) -> SamplingResult:
        """Whether to keep it."""
        sampler = self._some if attributes and attributes.get(DOOR) else ALWAYS_OFF
        return sampler.should_sample(parent_context, trace_id, name, kind, attributes, links, trace_state)

    def get_description(self) -> str:
        """For people."""
        return f"requests: {self._some.get_description()}"


def sampler(ratio: float) -> Sampler:
    """Whoever continues a trace keeps it as it was begun."""
    return ParentBased(root=FromTheDoor(ratio))
