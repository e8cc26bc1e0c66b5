"""Routes from an existing Valhalla server (https://valhalla.github.io/valhalla): for the one vehicle that was chosen.

Its matrix is never asked to find out who can be there: many-to-one it takes 29,400 ms for 5,000 vehicles where our own
graph takes 3, and the quick variant (``timedistancematrix``) is wrong by up to 217 s (performance paper, "Who can be
there in time"). One route takes about 10 ms.

Asked by POST, so that no place stands in the address that proxies and servers log. No ``shape_format`` is asked for:
versions disagree on what it may be outside the OSRM format, while six decimals are the default of all of them.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Annotated, Literal

import httpx
import structlog
from pydantic import BaseModel, ConfigDict, Field

from geo.cells import LatLon, check_place, great_circle_m
from geo.routes import DrawnRoute, Maneuver, RouteSource
from geo.travel_time import Located

FAILURES = 3
"""So many in a row, and the server is left alone for a while."""
PAUSE_S = 30.0
"""Then one request tries again, and only that one."""
MOST_BYTES = 2 * 1024 * 1024
"""Of an answer: 33 km of a real one have 48,250."""
LONGEST_LINE = 200_000
"""Signs of an encoded line: about 1,000 km."""
MOST_CONNECTIONS = 8
FARTHEST_M = 2_000.0
"""A route ends at a road. The server takes the nearest within 35 km, across the sea too: that is no way to a place."""
OK, BAD_REQUEST = 200, 400

log: structlog.stdlib.BoundLogger = structlog.get_logger("rescousse.valhalla")


def open_client() -> httpx.AsyncClient:
    """A client for a server of our own: no proxy of the environment, no cookies, no redirects to elsewhere."""
    return httpx.AsyncClient(
        follow_redirects=False,
        trust_env=False,
        timeout=None,  # noqa: S113 - one limit for the whole exchange, see Valhalla.route
        limits=httpx.Limits(max_connections=MOST_CONNECTIONS, max_keepalive_connections=MOST_CONNECTIONS),
    )


class Breaker:
    """Leaves a server alone that fails: a dead one costs its time limit a few times, not every caller each time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """Start closed. ``clock`` gives seconds."""
        self._clock = clock
        self._failures = 0
        self._asked_again_at = 0.0

    def lets_through(self) -> bool:
        """Whether the server may be asked now. After a pause one caller may; the next after another pause."""
        if self._failures < FAILURES:
            return True
        now = self._clock()
        if now < self._asked_again_at:
            return False
        self._asked_again_at = now + PAUSE_S
        return True

    def succeeded(self) -> None:
        """The server answered: everybody may ask."""
        self._failures = 0

    def failed(self) -> None:
        """The server did not answer as it should."""
        self._failures += 1
        self._asked_again_at = self._clock() + PAUSE_S


class Valhalla:
    """A Valhalla server behind a time limit, a size limit and a breaker. Whatever goes wrong, there is no route."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        address: str,
        *,
        within_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take a client (`open_client`) and the server's address. Raises ValueError for what is no HTTP address."""
        self._client = client
        self._url = _route_address(address)
        self._within_s = within_s
        self._breaker = Breaker(clock)

    async def route(self, origin: Located, place: Located) -> DrawnRoute | None:
        """Return the route with its sentences in French, ``None`` when there is none or none in time."""
        if not self._breaker.lets_through():
            return None
        try:
            async with asyncio.timeout(self._within_s):
                content = await self._ask(origin, place)
            route = None if content is None else read_route(content)
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            self._breaker.failed()
            log.warning("no route from valhalla", reason=type(error).__name__)  # its text may hold places
            return None
        self._breaker.succeeded()
        return route if route is not None and _leads(route, origin, place) else None

    async def _ask(self, origin: Located, place: Located) -> bytes | None:
        """The server's answer; ``None`` when it knows no route. Raises httpx.HTTPError, ValueError."""
        asked = {
            "locations": [{"lat": each.lat, "lon": each.lon} for each in (origin, place)],
            "costing": "auto",
            "units": "kilometers",
            "language": "fr-FR",
            "directions_type": "instructions",
        }
        plain = {"Accept": "application/json", "Accept-Encoding": "identity"}
        async with self._client.stream("POST", self._url, json=asked, headers=plain) as response:
            if response.status_code not in {OK, BAD_REQUEST}:
                raise ValueError(f"status {response.status_code}")
            content = await _bounded(response)
        if response.status_code == OK:
            return content
        _Refusal.model_validate_json(content)
        return None


def _route_address(address: str) -> httpx.URL:
    try:
        url = httpx.URL(address.rstrip("/") + "/route")
    except httpx.InvalidURL as error:
        raise ValueError("the address of Valhalla is not readable") from error
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("the address of Valhalla starts with http:// or https://, then the host")
    return url


async def _bounded(response: httpx.Response) -> bytes:
    """The body as it was sent, of at most MOST_BYTES: nothing is unpacked, so nothing grows. Raises ValueError."""
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > MOST_BYTES:
            raise ValueError("the answer is too long")
    return bytes(content)


def _leads(route: DrawnRoute, origin: Located, place: Located) -> bool:
    """Whether the route goes from the one to the other, but for the last steps to the road."""
    ends = ((route.points[0], origin), (route.points[-1], place))
    return all(great_circle_m(a.lat, a.lon, b.lat, b.lon) <= FARTHEST_M for a, b in ends)


# -- what it answers --------------------------------------------------------------------------------------------------

_Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Part(BaseModel):
    """Of an answer; what we do not need is left out, and differs between versions."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class _Refusal(_Part):
    """With status 400: no road near, no way, too far."""

    error_code: int


class _Summary(_Part):
    time: _Figure
    length: _Figure


class _Maneuver(_Part):
    instruction: str
    time: _Figure
    length: _Figure
    begin_shape_index: Annotated[int, Field(ge=0)]
    street_names: tuple[str, ...] = ()


class _Leg(_Part):
    shape: Annotated[str, Field(max_length=LONGEST_LINE)]
    maneuvers: tuple[_Maneuver, ...] = ()


class _Trip(_Part):
    units: Literal["kilometers"]
    summary: _Summary
    legs: Annotated[tuple[_Leg, ...], Field(min_length=1, max_length=1)]


class _Answer(_Part):
    trip: _Trip


def read_route(content: bytes) -> DrawnRoute:
    """Return the route of an answer to ``/route`` between two places. Raises ValueError for anything else."""
    trip = _Answer.model_validate_json(content).trip
    [leg] = trip.legs
    points = tuple(decode_line(leg.shape))
    if len(points) <= max([1, *(each.begin_shape_index for each in leg.maneuvers)]):
        raise ValueError("the line has no two ends, or ends before its last maneuver")
    return DrawnRoute(
        source=RouteSource.VALHALLA,
        points=points,
        metres=trip.summary.length * 1000,
        seconds=trip.summary.time,
        maneuvers=tuple(_maneuver(each) for each in leg.maneuvers),
    )


def _maneuver(told: _Maneuver) -> Maneuver:
    return Maneuver(
        instruction=told.instruction,
        metres=told.length * 1000,
        seconds=told.time,
        at=told.begin_shape_index,
        street=told.street_names[0] if told.street_names else None,
    )


_LOWEST, _MORE, _BITS, _WIDEST = 63, 0x20, 5, 30
PRECISION = 1e6


def decode_line(shape: str) -> Iterator[LatLon]:
    """Give the points of an encoded polyline of six decimals, in degrees.

    Each number is the difference to the one before, latitude and longitude in turn, in groups of five bits, the lowest
    first. Raises ValueError for what is no such line, or leads off the Earth.
    """
    steps = _steps(shape)
    lat = lon = 0
    for step in steps:
        lat += step
        eastwards = next(steps, None)
        if eastwards is None:
            raise ValueError("a latitude without its longitude")
        lon += eastwards
        point = LatLon(lat / PRECISION, lon / PRECISION)
        check_place(*point)
        yield point


def _steps(shape: str) -> Iterator[int]:
    """Give the numbers of an encoded polyline."""
    value = shift = 0
    for sign in shape:
        group = ord(sign) - _LOWEST
        if not 0 <= group < 2 * _MORE or shift > _WIDEST:
            raise ValueError("not an encoded polyline")
        value |= (group % _MORE) << shift
        shift += _BITS
        if group < _MORE:
            yield ~(value >> 1) if value & 1 else value >> 1
            value = shift = 0
    if shift:
        raise ValueError("the line ends in the middle of a number")
