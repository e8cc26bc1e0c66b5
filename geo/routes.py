"""The way that a chosen vehicle drives, to draw on a map and to read out: the best that can be had in time.

Asked for one vehicle that has its mission, never to find out who could be there: that is `geo.travel_time`.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol, runtime_checkable

from geo.cells import LatLon, check_place, great_circle_m
from geo.straight import StraightTravel
from geo.travel_time import Located, Origin, Profile, Travel

BY_ROAD_SECONDS = 3.0
"""A search on the roads, the wait for its turn included; after so long the way is estimated."""


class RouteSource(StrEnum):
    """Who drew a route."""

    VALHALLA = "VALHALLA"
    """A Valhalla server, turn by turn."""
    ROADS = "ROADS"
    """Our own road graph: the line, without sentences."""
    STRAIGHT = "STRAIGHT"
    """Nobody: the great circle with an estimate. Never to be shown as a road."""


@dataclass(frozen=True, slots=True)
class Maneuver:
    """One thing to do on the way, in words, and how far and how long it leads from there (metres, seconds)."""

    instruction: str
    metres: float
    seconds: float
    at: int
    """Where it begins: an index into the points of the route."""
    street: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnRoute:
    """A line of at least two points (degrees) from the vehicle to the place, its length and the time to drive it.

    The time is that of everybody who drives there, without priority, from the moment of leaving.
    """

    source: RouteSource
    points: tuple[LatLon, ...]
    metres: float
    seconds: float
    maneuvers: tuple[Maneuver, ...] = ()
    """Empty when nobody has words for the route."""
    invented: bool = False
    """Whether the roads are made up: then the line must never be shown as real."""


class RoadLine(Protocol):
    """A way along the roads of a graph."""

    @property
    def points(self) -> Sequence[LatLon]:
        """From the origin to the place, in degrees."""

    @property
    def seconds(self) -> float:
        """The time to drive it."""

    @property
    def metres(self) -> float:
        """Its length."""


class _About(Protocol):
    @property
    def invented(self) -> bool: ...


class _Graph(Protocol):
    @property
    def about(self) -> _About: ...


@runtime_checkable
class RoadRouter(Protocol):
    """An engine that knows roads well enough to draw them: `geo.roads.travel` has one."""

    @property
    def graph(self) -> _Graph:
        """Its roads, which say whether they are made up: `geo.roads.graph.RoadGraph`."""

    def route(self, origin: Origin, place: Located, profile: Profile) -> RoadLine | None:
        """Return the quickest way, ``None`` when no road leads there. It is called in a thread: it may take long."""


class Navigator(Protocol):
    """Somebody outside who draws routes and has words for them, or does not answer in time."""

    async def route(self, origin: Located, place: Located) -> DrawnRoute | None:
        """Return the route; ``None`` for whatever reason there is none. Never raises, never takes long."""


class Routes:
    """Asks the navigator, else the road graph, else estimates: there is always an answer, and it says whose it is."""

    def __init__(
        self,
        straight: StraightTravel,
        *,
        roads: RoadRouter | None = None,
        navigator: Navigator | None = None,
    ) -> None:
        """Take what there is."""
        self._straight = straight
        self._roads = roads
        self._navigator = navigator
        self._turn = asyncio.Semaphore(1)

    async def route(self, origin: Origin, place: Located, profile: Profile) -> DrawnRoute:
        """Return the best route that can be had. Raises ValueError for a place out of range (degrees)."""
        for each in (origin, place):
            check_place(each.lat, each.lon)
        found = await self._navigator.route(origin, place) if self._navigator else None
        if found is None and self._roads is not None:
            found = await self._by_road(self._roads, origin, place, profile)
        return found or self._as_the_crow_flies(origin, place)

    async def _by_road(
        self, roads: RoadRouter, origin: Origin, place: Located, profile: Profile
    ) -> DrawnRoute | None:
        """One search at a time: whoever looks at routes must not slow down who looks for vehicles.

        A search that nobody waits for any longer keeps its turn until its thread ends: they are not piled up.
        """
        try:
            async with asyncio.timeout(BY_ROAD_SECONDS):
                await self._turn.acquire()
                searching = asyncio.ensure_future(asyncio.to_thread(roads.route, origin, place, profile))
                searching.add_done_callback(lambda _: self._turn.release())
                line = await asyncio.shield(searching)
        except TimeoutError:
            return None
        if line is None:
            return None
        return DrawnRoute(
            source=RouteSource.ROADS,
            points=tuple(line.points),
            metres=line.metres,
            seconds=line.seconds,
            invented=roads.graph.about.invented,
        )

    def _as_the_crow_flies(self, origin: Origin, place: Located) -> DrawnRoute:
        direct_m = great_circle_m(origin.lat, origin.lon, place.lat, place.lon)
        return DrawnRoute(
            source=RouteSource.STRAIGHT,
            points=(LatLon(origin.lat, origin.lon), LatLon(place.lat, place.lon)),
            metres=direct_m * self._straight.detour,
            seconds=self._straight.way(direct_m).latest_s,
        )


def routes_with(travel: Travel, straight: StraightTravel, navigator: Navigator | None = None) -> Routes:
    """Draw by the roads of an engine of travel times, if it knows any."""
    roads = travel if isinstance(travel, RoadRouter) else None
    return Routes(straight, roads=roads, navigator=navigator)
