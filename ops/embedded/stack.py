"""`rescousse up`: starts everything in order, keeps it alive, stops it in the opposite order."""

import asyncio
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
from temporalio.client import Client
from temporalio.service import RPCError

from ops.embedded import children, demo, postgres, roads, temporal
from ops.embedded.children import TASK_QUEUE, Surroundings
from ops.embedded.datadir import DataDir, Secrets, hold, load_secrets
from ops.embedded.demo import DemoName
from ops.embedded.errors import StartError
from ops.embedded.ports import HOST, Wanted, find_free, listen, port_of
from ops.embedded.probes import http_ok
from ops.embedded.processes import ProcessSpec, run_once
from ops.embedded.runtime_file import Accounts, Pids, Runtime, key_ids, write_runtime
from ops.embedded.screen import Screen
from ops.embedded.supervisor import Keeper, Supervisor, wait_until

POSTGRES_SECONDS = 60
"""Recovery after a crash included."""
TEMPORAL_SECONDS = 60
MIGRATION_SECONDS = 300
READY_SECONDS = 60
PORT_PATIENCE_SECONDS = 5.0
"""After a stack that was killed, its children may need a moment to let their ports go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UpOptions:
    """The options of `rescousse up`; a port 0 stands for any free one."""

    data_dir: Path
    port: int
    temporal_port: int
    temporal_ui_port: int
    demo: DemoName
    simulation: bool
    workers: int
    apis: int


@dataclass(frozen=True, slots=True)
class Doors:
    """Where the stack is reached."""

    api: socket.socket
    temporal: int
    temporal_ui: int
    metrics: tuple[str, ...]
    """Where each worker shows its figures, host:port."""

    @property
    def api_url(self) -> str:
        """The API's address."""
        return f"http://{HOST}:{port_of(self.api)}"

    @property
    def codec_url(self) -> str:
        """Where the engine's web UI asks for payloads in clear text."""
        return f"{self.api_url}/v1/codec"

    @property
    def temporal_ui_url(self) -> str:
        """The address of the engine's web UI."""
        return f"http://{HOST}:{self.temporal_ui}"

    @property
    def temporal_address(self) -> str:
        """The engine's address, host:port."""
        return f"{HOST}:{self.temporal}"


async def up(options: UpOptions, screen: Screen) -> None:
    """Run the stack until SIGINT, SIGTERM or SIGHUP; then nothing of it is left running.

    Raises StartError, with nothing left running either, if it cannot start.
    """
    with hold(options.data_dir) as data, _doors(options, data) as doors:
        stack = Stack(options, data, doors, screen)
        with _asked_to_stop(stack.ask_to_stop):
            await stack.run()


class Stack:
    """One run of the embedded stack."""

    def __init__(self, options: UpOptions, data: DataDir, doors: Doors, screen: Screen) -> None:
        self._options = options
        self._data = data
        self._doors = doors
        self._screen = screen
        self._supervisor = Supervisor(screen.say, self._write_runtime)
        self._keepers: dict[str, list[Keeper]] = {}
        self._began = datetime.now(UTC)
        self._runtime: Runtime | None = None
        """What runtime.json says; None until everything answers."""
        self._stop_asked = asyncio.Event()
        self._hurry: asyncio.Task[None] | None = None

    def ask_to_stop(self) -> None:
        """Stop in order; asked a second time, stop at once."""
        if self._stop_asked.is_set() and self._hurry is None:
            self._hurry = asyncio.create_task(self._supervisor.hurry())
        self._stop_asked.set()

    async def run(self) -> None:
        """Start, stay until asked to stop, stop."""
        starting = asyncio.create_task(self._start())
        asked = asyncio.create_task(self._stop_asked.wait())
        try:
            await asyncio.wait({starting, asked}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                starting.result()
            await asked
        finally:
            asked.cancel()
            await _cancel(starting)
            await self._stop()

    async def _start(self) -> None:
        self._screen.title(f"Rescousse starts in {self._data.root}")
        secrets = load_secrets(self._data)
        self._data.runtime_file.unlink(missing_ok=True)
        cluster = await self._start_servers()
        around = self._surroundings(cluster, secrets)
        # Before the database: an operator's `roads` without a file would be refused by whoever reads the settings.
        around = await self._prepare_roads(around)
        accounts = await self._prepare_database(around)
        engine = await self._start_temporal()
        await self._start_our_own(around, engine)
        self._announce(around, accounts)
        if self._options.simulation and accounts is not None:
            self._keep("simulation", [children.simulation(around)])

    def _surroundings(self, cluster: postgres.Cluster, secrets: Secrets) -> Surroundings:
        doors = self._doors
        ui = doors.temporal_ui_url
        return Surroundings(self._data, cluster.url(), doors.temporal_address, secrets, temporal_ui=ui)

    async def _start_servers(self) -> postgres.Cluster:
        """Start both servers; return when PostgreSQL answers, while Temporal still starts."""
        with self._screen.phase("PostgreSQL"):
            doors = self._doors
            engine = temporal.server(self._data, doors.temporal, doors.temporal_ui, doors.codec_url)
            cluster = await postgres.prepare(self._data, self._screen.say)
            keepers = self._keep("postgres", [cluster.server()])
            self._keep("temporal", [engine])
            await wait_until(lambda: postgres.answers(cluster), keepers, POSTGRES_SECONDS, "PostgreSQL")
            try:
                await postgres.ensure_database(cluster)
            except (psycopg.Error, OSError) as error:
                raise StartError(f"The database cannot be made: {error}.") from error
        return cluster

    async def _prepare_database(self, around: Surroundings) -> Accounts | None:
        with self._screen.phase("migrations"):
            await run_once(children.python(around, "migrate", "-m", "ops", "migrate"), MIGRATION_SECONDS)
        if self._options.demo is DemoName.NONE:
            return None
        with self._screen.phase(f"demo département ({self._options.demo})"):
            return await demo.seed(around, self._options.demo)

    async def _prepare_roads(self, around: Surroundings) -> Surroundings:
        """Make the demo's roads at the first start, and tell every process of them."""
        if not roads.are_wanted(self._options.demo):
            return replace(around, extra=roads.operators_own())
        with self._screen.phase("roads of the demo, invented"):
            graph = await roads.prepare(around, self._options.demo, self._screen.say)
        return replace(around, extra=roads.settings(graph))

    async def _start_temporal(self) -> Client:
        client: Client | None = None

        async def answers() -> bool:
            nonlocal client
            client = await temporal.connect(self._doors.temporal_address)
            return client is not None

        with self._screen.phase("Temporal"):
            await wait_until(answers, self._keepers["temporal"], TEMPORAL_SECONDS, "Temporal")
            assert client is not None  # noqa: S101 - wait_until returned
            try:
                await temporal.set_retention(client)
            except RPCError as error:
                raise StartError(f"Temporal's retention cannot be set: {error}.") from error
        return client

    async def _start_our_own(self, around: Surroundings, engine: Client) -> None:
        count = self._options.workers

        async def polled() -> bool:
            return await temporal.workers_polling(engine, TASK_QUEUE) >= count

        with self._screen.phase("worker and API"):
            workers = self._keep("worker", children.workers(around, self._doors.metrics))
            apis = self._keep("api", children.apis(around, self._options.apis, self._doors.api.fileno()))
            await wait_until(polled, workers, READY_SECONDS, "The worker")
            readyz = f"{self._doors.api_url}/readyz"
            await wait_until(lambda: http_ok(readyz), [*workers, *apis], READY_SECONDS, "The API")

    def _keep(self, kind: str, specs: list[ProcessSpec]) -> list[Keeper]:
        self._keepers[kind] = self._supervisor.start(specs)
        return self._keepers[kind]

    def _announce(self, around: Surroundings, accounts: Accounts | None) -> None:
        self._runtime = Runtime(
            api=self._doors.api_url,
            temporal=around.temporal,
            temporal_ui=self._doors.temporal_ui_url,
            database=around.database,
            pids=self._pids(),
            accounts=accounts,
            keys=key_ids(around.secrets, self._began),
            worker_metrics=[f"http://{address}/metrics" for address in self._doors.metrics],
        )
        self._write_runtime()
        note = roads.NOTE if roads.are_wanted(self._options.demo) else None
        self._screen.ready(self._runtime, str(self._data.runtime_file), note)

    def _pids(self) -> Pids:
        pids = {kind: [keeper.pid or 0 for keeper in keepers] for kind, keepers in self._keepers.items()}
        return Pids(
            postgres=pids["postgres"][0], temporal=pids["temporal"][0], worker=pids["worker"], api=pids["api"]
        )

    def _write_runtime(self) -> None:
        """Write where everything is, as long as everything is meant to run."""
        if self._runtime is None or self._stop_asked.is_set():
            return
        self._runtime = self._runtime.model_copy(update={"pids": self._pids()})
        try:
            write_runtime(self._data.runtime_file, self._runtime)
        except OSError as error:
            self._screen.say(f"{self._data.runtime_file} cannot be written: {error}")

    async def _stop(self) -> None:
        self._stop_asked.set()
        self._screen.title("Rescousse stops (Ctrl-C again: at once)")
        await self._supervisor.stop()
        if self._hurry is not None:
            await self._hurry
        self._data.runtime_file.unlink(missing_ok=True)
        self._screen.title(f"Rescousse has stopped; its data stays in {self._data.root}")


@contextmanager
def _doors(options: UpOptions, data: DataDir) -> Iterator[Doors]:
    """Every port, or StartError for the first that is taken."""
    patience = PORT_PATIENCE_SECONDS if data.runtime_file.exists() else 0.0
    api = Wanted(options.port, "the API", "--port")
    engine = Wanted(options.temporal_port, "Temporal", "--temporal-port")
    ui = Wanted(options.temporal_ui_port, "Temporal's web UI", "--temporal-ui-port")
    with listen(api, patience) as listener:
        figures = [Wanted(0, "the figures of a worker", "--workers")] * options.workers
        temporal_port, ui_port, *metrics = find_free([engine, ui, *figures], patience)
        yield Doors(listener, temporal_port, ui_port, tuple(f"{HOST}:{port}" for port in metrics))


@contextmanager
def _asked_to_stop(ask: Callable[[], None]) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    for number in signals:
        loop.add_signal_handler(number, ask)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


async def _cancel(task: asyncio.Task[None]) -> None:
    """Cancel a task that may be running and wait until it has cleaned up; its error, if any, was already seen."""
    task.cancel()
    with suppress(asyncio.CancelledError, StartError):
        await task
