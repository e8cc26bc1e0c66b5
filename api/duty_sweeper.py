"""What must happen to regulation and guard although nobody asks: silent posts are suspended, periods are watched."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from api.engine import StartRefusedError
from api.resources import Resources
from domain.guard_messages import GuardPeriod
from domain.lease import SILENCE
from storage import regulation, watches

AT_ONCE = 20
TRY_AGAIN_AFTER = timedelta(minutes=1)

log = logging.getLogger(__name__)


class SilenceWatch:
    """Suspends the regulation of posts that are silent for too long (rule 37).

    Only silence that this process could have heard counts: after a start, or when the database was away, no post can
    have been heard of, and all of them would be suspended at once. Meanwhile nobody is solicited blindly: a survey
    looks at the age of the heartbeats itself.
    """

    def __init__(self, resources: Resources) -> None:
        """Begin to listen."""
        self._resources = resources
        self._hearing_since: datetime | None = None

    async def look(self) -> int:
        """Suspend who is silent; how many sites that were. Repeatable, and harmless in several processes at once."""
        now, since = self._resources.clock(), self._hearing_since
        self._hearing_since = None  # unless all goes well below
        if since is not None and now - since >= SILENCE:
            suspended = await regulation.suspend_silent(self._resources.database, now)
        else:
            await self._resources.migrated()
            suspended = []
        self._hearing_since = since or now
        for lease in suspended:
            log.warning("sweeper: site %s is regulated by nobody, its post is silent", lease.site_id)
        return len(suspended)


class WatchStarter:
    """Starts the watches of guard periods that begin soon, and lets one that is refused stand in nobody's way."""

    def __init__(self, resources: Resources) -> None:
        """Nothing is refused yet."""
        self._resources = resources
        self._refused: dict[UUID, datetime] = {}

    async def start(self) -> int:
        """Start what waits; how many were started. Raises EngineAwayError."""
        now = self._resources.clock()
        self._refused = {
            period_id: at for period_id, at in self._refused.items() if now - at < TRY_AGAIN_AFTER
        }
        async with self._resources.database.connect() as connection:
            waiting = await watches.waiting(connection, now, list(self._refused), AT_ONCE)
        return sum([await self._start(period, now) for period in waiting])

    async def _start(self, period: GuardPeriod, now: datetime) -> bool:
        try:
            await self._resources.engine.start_watch(period)
        except StartRefusedError:
            log.error("sweeper: the watch of guard period %s does not start", period.period_id)
            self._refused[period.period_id] = now
            return False
        async with self._resources.database.begin() as connection:
            await watches.mark_watched(connection, period.period_id, now)
        return True
