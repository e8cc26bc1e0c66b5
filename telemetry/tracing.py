"""Traces: a request, the workflow that it starts or speaks to, its activities, their statements - one trace, one id.

Loaded only where traces are wanted. Requests and statements are followed by our own few lines: the ready-made
instrumentations patch other modules for the whole process, and tell addresses, users and the texts of errors (ADR 32).
"""

from collections.abc import Callable

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from telemetry.spans import DOOR, Discreet, sampler
from telemetry.statements import Statements
from telemetry.temporal import EngineTracing

UNTRACED = ("/v1/stream", "/v1/positions", "/healthz", "/readyz", "/metrics")
"""A stream lasts ten minutes, positions are a thousand a second and pass through nothing, the others are questions."""

EXPORT_SECONDS = 5
FAILED = 500


class Tracing:
    """The traces of one process. Nothing of it is global: two can be in one process, as in tests."""

    def __init__(self, service: str, ratio: float, processor: SpanProcessor) -> None:
        """Give finished spans to ``processor``."""
        self._provider = TracerProvider(
            sampler=sampler(ratio),
            resource=Resource.create({"service.name": service}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("rescousse")
        self.interceptor = EngineTracing(self._tracer)

    def follow_statements(self, engine: AsyncEngine) -> None:
        """Each statement within a trace is a span of it; its values are not."""
        Statements(self._tracer).follow(engine)

    def follow_requests(self, app: ASGIApp, route_of: Callable[[Scope], str]) -> ASGIApp:
        """Each request begins a trace. What its sender says of traces is not heard: it would travel with the demand."""
        return _Door(app, self._tracer, route_of)

    def close(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._provider.force_flush(EXPORT_SECONDS * 1000)
        self._provider.shutdown()


def over_http(service: str, endpoint: str, ratio: float) -> Tracing:
    """Traces sent by OTLP over HTTP, in batches, from a thread. Headers and certificates: `OTEL_EXPORTER_OTLP_…`."""
    exporter = Discreet(OTLPSpanExporter(endpoint=endpoint, timeout=EXPORT_SECONDS))
    return Tracing(service, ratio, BatchSpanProcessor(exporter))


class _Door:
    """ASGI: the span of each request."""

    def __init__(self, app: ASGIApp, tracer: trace.Tracer, route_of: Callable[[Scope], str]) -> None:
        self._app = app
        self._tracer = tracer
        self._route_of = route_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in UNTRACED or not scope["path"].startswith("/v1/"):
            await self._app(scope, receive, send)
            return
        with self._tracer.start_as_current_span(
            scope["method"],
            context=Context(),
            kind=SpanKind.SERVER,
            attributes={DOOR: True},
            record_exception=False,
        ) as span:
            try:
                await self._app(scope, receive, _noting(span, send))
            finally:
                self._name(span, scope)

    def _name(self, span: Span, scope: Scope) -> None:
        route = self._route_of(scope)
        span.update_name(f"{scope['method']} {route}")
        span.set_attribute("http.request.method", scope["method"])
        span.set_attribute("http.route", route)


def _noting(span: Span, send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            span.set_attribute("http.response.status_code", message["status"])
            if message["status"] >= FAILED:
                span.set_status(Status(StatusCode.ERROR))
        await send(message)

    return sending
