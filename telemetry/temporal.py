"""The engine in traces: Temporal's own interceptor, with what a message does in the trace of its sender.

Temporal's joins what an update does to the trace of the workflow's start, and links it to the caller's. An answer is
looked for where it was given: here an update is a part of the request that sent it, and so is what it makes happen.
Spans of a workflow are made once, not when its history is replayed; headers change no command.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

from opentelemetry import context as contexts
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Tracer
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from temporalio.api.common.v1 import Payload
from temporalio.contrib.opentelemetry import TracingInterceptor, TracingWorkflowInboundInterceptor
from temporalio.worker import (
    HandleSignalInput,
    HandleUpdateInput,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

IDS_ONLY = TraceContextTextMapPropagator()
"""Temporal's default carries baggage as well: words of whoever calls, into the history."""


class MessageTracing(TracingWorkflowInboundInterceptor):
    """Inside a workflow."""

    def __init__(self, next: WorkflowInboundInterceptor) -> None:
        """Carry ids only."""
        super().__init__(next)
        self.text_map_propagator = IDS_ONLY

    async def handle_signal(self, input: HandleSignalInput) -> None:
        """A part of the trace of whoever sent it; untraced if theirs is."""
        with self._in_the_trace_of(input.headers):
            self._completed_span(f"HandleSignal:{input.signal}", kind=SpanKind.SERVER)
            await self.next.handle_signal(input)

    def handle_update_validator(self, input: HandleUpdateInput) -> None:
        """Takes no time, and is no span."""
        self.next.handle_update_validator(input)

    async def handle_update_handler(self, input: HandleUpdateInput) -> Any:
        """A part of the trace of whoever sent it; untraced if theirs is."""
        with self._in_the_trace_of(input.headers):
            self._completed_span(f"HandleUpdate:{input.update}", kind=SpanKind.SERVER)
            return await self.next.handle_update_handler(input)

    @contextmanager
    def _in_the_trace_of(self, headers: Mapping[str, Payload]) -> Iterator[None]:
        carried = headers.get(self.header_key)
        context = Context()
        if carried is not None:
            context = IDS_ONLY.extract(self.payload_converter.from_payloads([carried])[0])
        ours = self._set_on_context(context)
        token = contexts.attach(ours)
        try:
            yield
        finally:
            if contexts.get_current() is ours:
                with suppress(
                    ValueError
                ):  # a workflow that was evicted is ended wherever its garbage is collected
                    token.var.reset(token)


class EngineTracing(TracingInterceptor):
    """For a client, and for the workers that work with it."""

    def __init__(self, tracer: Tracer) -> None:
        """Make the spans by ``tracer``; carry ids only."""
        super().__init__(tracer)
        self.text_map_propagator = IDS_ONLY

    def workflow_interceptor_class(
        self, input: WorkflowInterceptorClassInput
    ) -> type[TracingWorkflowInboundInterceptor]:
        """Ours, with what Temporal's hands over to it."""
        super().workflow_interceptor_class(input)
        return MessageTracing
