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

import structlog
import uvicorn

from api.app import create_app
from api.engine import TemporalEngine
from api.resources import ApiConfig, Resources
from api.web_pages import WebConfig
from geo.engines import make_travel
from geo.routes import Navigator, routes_with
from geo.straight import StraightTravel
from geo.travel_time import Travel
from geo.valhalla import Valhalla, open_client
from processes import spare_what_stays
from push.config import PushConfig, configured
from settings import Settings
from storage import migrate
from storage.engine import create_engine
from storage.feed import Feed
from storage.keyring import Keyring
from workflows.client import connect

GRACE_SECONDS = 10
"""How long requests may take to end after SIGTERM; streams end at once."""
KEEP_ALIVE_SECONDS = 30
BACKLOG = 2048

log = logging.getLogger("rescousse.api")


class Server(uvicorn.Server):
    """A server whose live streams end at once when it is told to stop."""

    def __init__(self, config: uvicorn.Config, feed: Feed) -> None:
        """Close ``feed`` on the first signal."""
        super().__init__(config)
        self._feed = feed

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Wake the streams and stop in order, with exit code 0; a second interrupt stops at once."""
        del frame
        asyncio.get_running_loop().call_soon_threadsafe(self._feed.close)
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True


@asynccontextmanager
async def navigator_of(settings: Settings) -> AsyncIterator[Navigator | None]:
    """Who draws routes turn by turn, if the settings name a server. Raises ValueError for an address that is none."""
    if settings.valhalla_url is None:
        yield None
        return
    async with open_client() as client:
        yield Valhalla(client, settings.valhalla_url, within_s=settings.valhalla_timeout_s)


async def build(settings: Settings, navigator: Navigator | None = None) -> Resources:
    """Everything that the process works with; nothing is connected yet, so that it starts without the engine.

    Raises SystemExit when roads, speeds or certificates cannot be read: the log says why.
    """
    travel, push = _travel(settings), _push(settings)
    straight = StraightTravel(settings.travel_speed_kmh, settings.travel_detour, settings.travel_fastest_kmh)
    database = create_engine(settings.database_url, settings.database_pool_size, "rescousse-api")
    client = await connect(settings.temporal_address, settings.temporal_namespace, lazy=True)
    return Resources(
        config=ApiConfig(
            secret_key=settings.secret_key,
            access_token_minutes=settings.access_token_minutes,
            refresh_token_days=settings.refresh_token_days,
            max_body_bytes=settings.max_body_bytes,
            web=_web(settings, push),
            push=push,
        ),
        database=database,
        engine=TemporalEngine(client, settings.task_queue),
        keyring=Keyring(settings.identity_key_ring),
        feed=Feed(settings.database_url),
        migrated=partial(migrate.is_current, database),
        travel=travel,
        routes=routes_with(travel, straight, navigator),
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


def _travel(settings: Settings) -> Travel:
    try:
        return make_travel(settings.travel_choice)
    except (ValueError, OSError) as error:  # BadGraphError, BadSpeedsError, a file that is not there
        log.error("no engine of travel times: %s", error)
        raise SystemExit(1) from error


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until SIGTERM or SIGINT."""
    async with navigator_of(settings) as navigator:
        await _serve(await build(settings, navigator), listener)


async def _serve(resources: Resources, listener: socket.socket) -> None:
    config = uvicorn.Config(
        create_app(resources),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        lifespan="on",
    )
    spare_what_stays()
    try:
        await Server(config, resources.feed).serve(sockets=[listener])
    finally:
        await resources.database.dispose()


def configure_logs(level: str) -> None:
    """One JSON line an event, on standard output."""
    logging.basicConfig(level=level, format="%(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)  # it greets at every look at the migrations
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes addresses with their passwords
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )


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
    configure_logs(settings.log_level)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    asyncio.run(serve(settings, _listener(arguments)))


if __name__ == "__main__":
    main()
