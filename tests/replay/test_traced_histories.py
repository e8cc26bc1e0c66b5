"""A worker that traces goes on with what one that did not has begun."""

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from telemetry.temporal import EngineTracing
from tests.replay.test_histories import FILES, committed, replayer


async def test_every_committed_history_replays_with_traces_on_and_makes_no_span() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(kept))
    traced = replayer(EngineTracing(provider.get_tracer("replay")))
    for file in FILES:
        await traced.replay_workflow(committed(file))
    assert kept.get_finished_spans() == (), "what was done before is not told again"
