"""How one process is watched: its log of the engine, its figures, and its traces if they are wanted."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp, Scope
from temporalio.client import Interceptor

from telemetry.engine import make_runtime
from telemetry.figures import WorkerFigures

if TYPE_CHECKING:
    from telemetry.tracing import Tracing


class Watched:
    """What a process needs to be seen from outside; made once, in a composition root."""

    def __init__(
        self,
        service: str,
        *,
        metrics_address: str | None = None,
        traces_endpoint: str | None = None,
        traces_ratio: float = 1.0,
    ) -> None:
        """`service` is the name in traces. Without an endpoint nothing of OpenTelemetry is even loaded."""
        self.runtime = make_runtime(metrics_address)
        self.figures = WorkerFigures(self.runtime.metric_meter)
        self._tracing = _tracing(service, traces_endpoint, traces_ratio)

    @property
    def interceptors(self) -> Sequence[Interceptor]:
        """For the client of the engine, and for a worker that works with it."""
        return (self._tracing.interceptor,) if self._tracing else ()

    def database(self, engine: AsyncEngine) -> AsyncEngine:
        """The same engine; its statements are part of the traces."""
        if self._tracing is not None:
            self._tracing.follow_statements(engine)
        return engine

    def http(self, app: ASGIApp, route_of: Callable[[Scope], str]) -> ASGIApp:
        """The application, each of whose requests begins a trace."""
        return self._tracing.follow_requests(app, route_of) if self._tracing else app

    def close(self) -> None:
        """Send what was not sent yet."""
        if self._tracing is not None:
            self._tracing.close()


def _tracing(service: str, endpoint: str | None, ratio: float) -> "Tracing | None":
    if endpoint is None:
        return None
    from telemetry.tracing import over_http  # noqa: PLC0415 - a second and 20 MB that nobody pays who does not trace

    return over_http(service, endpoint, ratio)
