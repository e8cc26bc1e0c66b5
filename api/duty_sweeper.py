"""What must happen to regulation and guard although nobody asks: silent posts are suspended, periods are watched."""

import logging
from datetime import datetime

from api.engine import StartRefusedError
from api.resources import Resources
from domain.guard_messages import GuardPeriod
from domain.lease import SILENCE
from storage import regulation, watches

AT_ONCE = 20

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


async def start_watches(resources: Resources) -> int:
    """Start the watches of the guard periods that begin soon; how many were started. Raises EngineAwayError."""
    now = resources.clock()
    async with resources.database.connect() as connection:
        waiting = await watches.waiting(connection, now, AT_ONCE)
    for period in waiting:
        await _start(resources, period)
    return len(waiting)


async def _start(resources: Resources, period: GuardPeriod) -> None:
    try:
        await resources.engine.start_watch(period)
    except StartRefusedError:
        log.error("sweeper: the watch of guard period %s does not start", period.period_id)
        return
    async with resources.database.begin() as connection:
        await watches.mark_watched(connection, period.period_id, resources.clock())
