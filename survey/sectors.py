"""Which guard sector a place lies in: the outlines are read now and then, and asked all the time (rule 12)."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from domain.fleet import Point
from domain.policy import Policy
from geo.sectors import SectorMap
from storage.sectors import sectors_of

KEPT_SECONDS = 60.0
"""Changed sectors are known after at most this."""

Reach = dict[UUID, int]
"""The sectors that are asked for a place: 0 for its own, 1 for a neighbour."""


@dataclass(frozen=True, slots=True)
class _Known:
    until: float
    map: SectorMap
    neighbours: dict[UUID, list[UUID]]


class Sectors:
    """The sectors of every SAMU that was asked about, in one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[UUID, _Known] = {}

    async def reach(self, connection: AsyncConnection, samu_id: UUID, place: Point, policy: Policy) -> Reach:
        """Whose guard is asked for a place: its sector, and the neighbours if the policy says so. Empty outside."""
        known = await self._read(connection, samu_id)
        own = known.map.sector_at(place.lat, place.lon)
        if own is None:
            return {}
        neighbours = known.neighbours[own] if policy.guard_neighbours else ()
        return {**dict.fromkeys(neighbours, 1), own: 0}

    async def _read(self, connection: AsyncConnection, samu_id: UUID) -> _Known:
        known = self._known.get(samu_id)
        if known is None or known.until <= self._clock():
            found = await sectors_of(connection, samu_id)
            known = _Known(
                self._clock() + KEPT_SECONDS,
                SectorMap.of_usable((each.id, each.outline) for each in found),
                {each.id: each.neighbours for each in found},
            )
            self._known[samu_id] = known
        return known
