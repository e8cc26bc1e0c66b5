"""Runs one API process: `python -m api --host H --port N`, or `--fd N` for an inherited listening socket."""

import argparse
import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from types import FrameType

import uvicorn

import processes
from api.app import create_app
from api.edge import route_of
from api.engine import TemporalEngine
from api.onlookers import Onlookers, networks_of
from api.pace import PaceLimits
from api.resources import ApiConfig, Resources
from api.web_pages import WebConfig
from api.wire import http_config
from connecting import engine_access
from geo.engines import make_travel
from geo.routes import Navigator, routes_with
from geo.straight import StraightTravel
from geo.travel_time import Travel
from geo.valhalla import Valhalla, open_client
from push.config import PushConfig, configured
from settings import Settings
from storage import migrate
from storage.engine import create_engine
from storage.feed import Feed
from storage.keyring import Keyring
from telemetry import logs
from telemetry.process import Watched
from workflows.client import EngineAccess, connect
from workflows.codec import EncryptingCodec

SERVICE = "rescousse-api"
"""What the process is called in traces."""
BACKLOG = 2048
LINGER_SECONDS = 3.0
"""How long a process behind a proxy still serves after it was told to stop: by then the proxy, which asks every two
seconds (`health_interval` of deploy/proxy/Caddyfile), has heard of it and sends to the other."""

log = logging.getLogger("rescousse.api")


class Server(uvicorn.Server):
    """A server that says that it stops before it does: what is sent on a connection that is just being closed is lost."""

    def __init__(self, config: uvicorn.Config, resources: Resources, linger_s: float = 0.0) -> None:
        """Serve for ``linger_s`` more seconds after the first signal."""
        super().__init__(config)
        self._resources = resources
        self._linger_s = linger_s

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Be not ready at once; linger; then stop in order, with exit code 0. A second signal does not linger, a second
        interrupt does not wait for requests either."""
        del frame
        leaving, loop = self._resources.leaving, asyncio.get_running_loop()
        again = leaving.is_set()
        leaving.set()
        self.force_exit = again and sig == signal.SIGINT
        loop.call_soon_threadsafe(loop.call_later, 0 if again else self._linger_s, self._end)

    def _end(self) -> None:
        """Wake the streams, which come back to another process, and take nothing new."""
        self._resources.feed.close()
        self.should_exit = True


@asynccontextmanager
async def navigator_of(settings: Settings) -> AsyncIterator[Navigator | None]:
    """Who draws routes turn by turn, if the settings name a server. Raises ValueError for an address that is none."""
    if settings.valhalla_url is None:
        yield None
        return
    async with open_client() as client:
        yield Valhalla(client, settings.valhalla_url, within_s=settings.valhalla_timeout_s)


async def build(
    settings: Settings, navigator: Navigator | None = None, watched: Watched | None = None
) -> Resources:
    """Everything that the process works with; nothing is connected yet, so that it starts without the engine.

    Raises SystemExit when roads, speeds or certificates cannot be read: the log says why.
    """
    travel, push = _travel(settings), _push(settings)
    straight = StraightTravel(settings.travel_speed_kmh, settings.travel_detour, settings.travel_fastest_kmh)
    database = create_engine(settings.database_url, settings.database_pool_size, "rescousse-api")
    watched = watched or Watched(SERVICE)
    client = await connect(
        _access(settings), lazy=True, interceptors=watched.interceptors, runtime=watched.runtime
    )
    return Resources(
        config=_config(settings, push),
        database=watched.database(database),
        engine=TemporalEngine(client, settings.task_queue),
        keyring=Keyring(settings.identity_key_ring),
        codec=EncryptingCodec(Keyring(settings.payload_key_ring)),
        feed=Feed(settings.database_url),
        migrated=partial(migrate.is_current, database),
        travel=travel,
        routes=routes_with(travel, straight, navigator),
    )


def _config(settings: Settings, push: PushConfig | None) -> ApiConfig:
    return ApiConfig(
        secret_key=settings.secret_key,
        access_token_minutes=settings.access_token_minutes,
        refresh_token_days=settings.refresh_token_days,
        max_body_bytes=settings.max_body_bytes,
        temporal_ui_origin=settings.temporal_ui_origin,
        web=_web(settings, push),
        push=push,
        onlookers=Onlookers(
            networks=networks_of(settings.metrics_networks),
            token=settings.metrics_token,
            behind_proxy=bool(settings.trusted_proxies.strip()),
        ),
        pace=PaceLimits(requests_a_second=settings.requests_a_second),
    )


def _web(settings: Settings, push: PushConfig | None) -> WebConfig:
    return WebConfig(
        map_style_url=settings.map_style_url,
        map_tiles_url=settings.map_tiles_url,
        map_attribution=settings.map_attribution,
        map_hosts=tuple(each.strip() for each in settings.map_hosts.split(",") if each.strip()),
        push_key=push.public_key if push is not None else None,
        environment=settings.environment,
    )


def _push(settings: Settings) -> PushConfig | None:
    try:
        return configured(
            settings.push_key, settings.push_contact, settings.push_hosts, settings.push_ca_file
        )
    except (ValueError, OSError) as error:
        log.error("no notifications: %s", error)
        raise SystemExit(1) from error


def _access(settings: Settings) -> EngineAccess:
    try:
        return engine_access(settings)
    except ValueError as error:
        log.error("no way to the engine: %s", error)
        raise SystemExit(1) from error


def _travel(settings: Settings) -> Travel:
    try:
        return make_travel(settings.travel_choice)
    except (ValueError, OSError) as error:  # BadGraphError, BadSpeedsError, a file that is not there
        log.error("no engine of travel times: %s", error)
        raise SystemExit(1) from error


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    watched = Watched(SERVICE, traces_endpoint=settings.traces_endpoint, traces_ratio=settings.traces_ratio)
    async with navigator_of(settings) as navigator:
        resources = await build(settings, navigator, watched)
        await _serve(resources, watched, listener, settings.trusted_proxies)


async def _serve(
    resources: Resources, watched: Watched, listener: socket.socket, trusted_proxies: str
) -> None:
    app = watched.http(create_app(resources), route_of)
    config = http_config(app, trusted_proxies)
    linger_s = LINGER_SECONDS if trusted_proxies.strip() else 0.0
    processes.spare_what_stays()
    try:
        await Server(config, resources, linger_s).serve(sockets=[listener])
    finally:
        await resources.database.dispose()
        await asyncio.to_thread(watched.close)  # it may wait for whoever takes the traces


def _listener(arguments: argparse.Namespace) -> socket.socket:
    if arguments.fd is not None:
        listener = socket.socket(fileno=arguments.fd)
    else:
        listener = socket.create_server((arguments.host, arguments.port), backlog=BACKLOG)
    send_at_once(listener)
    return listener


def send_at_once(listener: socket.socket) -> None:
    """Switch Nagle's algorithm off for whoever connects.

    asyncio does so only for sockets that were made with an explicit TCP protocol number, which those of
    `socket.create_server` are not: each answer would wait 40 ms for the client's delayed acknowledgement.
    """
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def main() -> None:
    """Read the command line and the settings, then serve."""
    parser = argparse.ArgumentParser(prog="python -m api", description="One API process of Rescousse.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--fd", type=int, help="an inherited listening socket, instead of host and port")
    arguments = parser.parse_args()
    settings = Settings()
    logs.configure(settings.log_level)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    processes.run(serve(settings, _listener(arguments)))


if __name__ == "__main__":
    main()
