"""Looks again and again which communes a free vehicle reaches in time, and has the SAMU warned when one falls out.

Every API process looks, one at a time at a SAMU: a look changes nothing unless it finds something else than the last
one, and two looks count as two only when they are apart (`domain.coverage`).
"""

import asyncio
import logging
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.coverage_means import read_means
from api.coverage_reading import communes_seen, inhabited
from api.resources import Resources, SamuArea
from domain.coverage import Watched, look
from domain.duty_facts import DutyFact
from domain.fleet import Volume
from storage import coverage, duty
from storage.engine import transaction

LIST_EVERY = timedelta(seconds=30)
"""How soon a new SAMU is known."""
LOOK_SECONDS = 20.0
"""A look that takes longer is given up: the next one comes soon."""

log = logging.getLogger(__name__)


class CoverageWatch:
    """When each SAMU is looked at the next time, in one process."""

    def __init__(self, resources: Resources) -> None:
        """Nothing is due yet: the first look comes after a whole interval, when posts have been heard of."""
        self._resources = resources
        self._due: dict[UUID, datetime] = {}
        self._listed_at: datetime | None = None

    async def look(self) -> int:
        """Look at every SAMU whose time has come; how many facts were told. One that fails delays no other."""
        now, told = self._resources.clock(), 0
        await self._list(now)
        for samu_id in [one for one, due in self._due.items() if due <= now]:
            self._due[samu_id] = await self._next(samu_id, now)
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    told += await look_at(self._resources, samu_id)
            except Exception as error:  # noqa: BLE001 - one that cannot be looked at must not blind the others
                log.warning("coverage: SAMU %s is not looked at now (%s)", samu_id, type(error).__name__)
        return told

    async def _list(self, now: datetime) -> None:
        if self._listed_at is not None and now - self._listed_at < LIST_EVERY:
            return
        async with self._resources.database.connect() as connection:
            found = await coverage.samus_of(connection)
        self._due = {
            samu_id: self._due[samu_id] if samu_id in self._due else await self._next(samu_id, now)
            for samu_id in found
        }
        self._listed_at = now

    async def _next(self, samu_id: UUID, now: datetime) -> datetime:
        """When to look at it; soon again, if that cannot be read."""
        try:
            samu = await self._resources.samu(samu_id)
        except Exception as error:  # noqa: BLE001 - a SAMU whose policy cannot be read must not blind the others
            log.warning("coverage: SAMU %s cannot be read (%s)", samu_id, type(error).__name__)
            return now + LIST_EVERY
        return now + (timedelta(seconds=samu.profile.policy.coverage_look_every_s) if samu else LIST_EVERY)


async def look_at(resources: Resources, samu_id: UUID) -> int:
    """Look at one SAMU once; how many facts were told. Nothing is done while another process looks at it."""
    samu = await resources.samu(samu_id)
    if samu is None:
        return 0
    await inhabited(resources, samu)  # read before the transaction, and kept
    async with transaction(resources.database) as connection:
        if not await duty.try_lock(connection, samu_id):
            return 0
        return await _look(resources, connection, samu)


async def _look(resources: Resources, connection: AsyncConnection, samu: SamuArea) -> int:
    samu_id, policy, at = samu.profile.id, samu.profile.policy, resources.clock()
    means = await read_means(connection, samu_id, policy, at)
    facts: list[DutyFact] = []
    for volume in Volume:
        watched = Watched.by(policy, samu_id, volume)
        seen = await communes_seen(resources, samu, means, volume) if watched.threshold else ()
        before = await coverage.standings_of(connection, samu_id, volume)
        ringing = await coverage.ringing_of(connection, samu_id, volume)
        done = look(watched, before, seen, ringing, at)
        await coverage.save(connection, samu_id, volume, done)
        facts += done.facts
    await duty.tell(connection, facts)
    return len(facts)
