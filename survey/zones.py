"""In which time zone a SAMU's clocks run: read now and then, asked all the time (rule 101)."""

import time
from collections.abc import Callable
from datetime import UTC, tzinfo
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import fleet

KEPT_SECONDS = 60.0
"""A changed zone is known after at most this."""


class Zones:
    """The zones of every SAMU that was asked about, in one process."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[UUID, tuple[float, tzinfo]] = {}

    async def of(self, connection: AsyncConnection, samu_id: UUID) -> tzinfo:
        """The zone of a SAMU."""
        until, zone = self._known.get(samu_id, (0.0, UTC))
        if until <= self._clock():
            zone = zone_of(await fleet.timezone_of(connection, samu_id))
            self._known[samu_id] = (self._clock() + KEPT_SECONDS, zone)
        return zone


def zone_of(name: str) -> tzinfo:
    """The zone of this name; UTC for a name that no zone has, because a search must go on."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC
