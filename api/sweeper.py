"""Starts the demands that were kept while the engine was away, and sweeps what nobody needs any more (rule 97)."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from api.coverage_watch import CoverageWatch
from api.duty_sweeper import SilenceWatch, WatchStarter
from api.engine import EngineAwayError
from api.fix_keeper import KEEP_EVERY_SECONDS, SNAP_EVERY_SECONDS, FixKeeper, Resnapper
from api.refusals import is_database_away
from api.resources import Resources
from domain.messages import DemandStart
from storage import accounts, idempotency, kept_steps, login_failures, login_places, starts

EVERY_SECONDS = 1.0
OLDER_THAN = timedelta(seconds=2)
"""A younger demand is being started by the request that posted it."""
AT_ONCE = 20
AWAY_IN_A_ROW = 2
"""One that is not answered may be at fault itself; after so many the engine is away, and asking goes on later."""
FORGET_EVERY_SECONDS = 600.0

log = logging.getLogger(__name__)


async def sweep_for_ever(resources: Resources) -> None:
    """Sweep until cancelled; nothing that fails ends it, and no duty waits for another."""
    silence, watches, coverage = SilenceWatch(resources), WatchStarter(resources), CoverageWatch(resources)
    keeper, resnapper = FixKeeper(resources), Resnapper(resources)
    async with asyncio.TaskGroup() as duties:
        duties.create_task(_for_ever(lambda: _sweep_all(resources), EVERY_SECONDS))
        duties.create_task(_for_ever(silence.look, EVERY_SECONDS))
        duties.create_task(_for_ever(watches.start, EVERY_SECONDS))
        duties.create_task(_for_ever(coverage.look, EVERY_SECONDS))
        duties.create_task(_for_ever(keeper.keep, KEEP_EVERY_SECONDS))
        duties.create_task(_for_ever(resnapper.snap, SNAP_EVERY_SECONDS))
        duties.create_task(_for_ever(lambda: _forget(resources), FORGET_EVERY_SECONDS))


async def _for_ever(duty: Callable[[], Awaitable[object]], every_seconds: float) -> None:
    """Do a duty again and again; one that failed is tried again after a second."""
    while True:
        done = await _outlive(duty())
        await asyncio.sleep(every_seconds if done else EVERY_SECONDS)


async def _outlive(doing: Awaitable[object]) -> bool:
    """Whether it went well; whatever went wrong is said, and does not keep the rest from being done."""
    try:
        await doing
    except EngineAwayError:
        log.warning("sweeper: the engine is away, demands and guard periods wait for it")
    except Exception as error:  # noqa: BLE001 - the sweeper must outlive every fault, and says which
        kind = "the database is away" if is_database_away(error) else type(error).__name__
        log.warning("sweeper: %s, trying again", kind)
    else:
        return True
    return False


async def _sweep_all(resources: Resources) -> None:
    while await sweep(resources) == AT_ONCE:
        pass


async def sweep(resources: Resources) -> int:
    """Start the oldest demands that wait for the engine; how many were started. Repeatable at every line.

    The engine is asked outside of any transaction: what keeps other sweepers off is a lease in each row. Raises
    EngineAwayError when the engine is away; those started before it went stay marked.
    """
    now = resources.clock()
    async with resources.database.begin() as connection:
        waiting = await starts.lease(connection, now, now - OLDER_THAN, AT_ONCE)
    started, away = 0, 0
    for place, start in enumerate(waiting):
        try:
            started += await _start(resources, start)
            away = 0
        except EngineAwayError:
            away += 1
            await _ask_others_first(resources, start)
        if away == AWAY_IN_A_ROW:
            await _let_go(resources, waiting[place + 1 :])
            break
    if away and not started:
        raise EngineAwayError
    return started


async def _start(resources: Resources, start: DemandStart) -> int:
    """Start one demand: 1 when it runs, 0 when it cannot start now. Raises EngineAwayError."""
    try:
        await resources.engine.start(start)
    except EngineAwayError:
        raise
    except Exception as error:  # noqa: BLE001 - a demand that cannot start must not block the others
        log.error("sweeper: demand %s does not start (%s)", start.demand_id, type(error).__name__)
        async with resources.database.begin() as connection:
            await starts.put_off(connection, start.demand_id, resources.clock())
        return 0
    async with resources.database.begin() as connection:
        await starts.mark_started(connection, start.demand_id, resources.clock())
    resources.metrics.started.labels("sweeper").inc()
    return 1


async def _ask_others_first(resources: Resources, start: DemandStart) -> None:
    async with resources.database.begin() as connection:
        await starts.ask_later(connection, start.demand_id, resources.clock())


async def _let_go(resources: Resources, rest: Sequence[DemandStart]) -> None:
    async with resources.database.begin() as connection:
        await starts.let_go(connection, [start.demand_id for start in rest])


async def _forget(resources: Resources) -> None:
    async with resources.database.begin() as connection:
        await idempotency.forget_old(connection, resources.clock())
        await kept_steps.forget_old(connection, resources.clock())
        await accounts.forget_expired_tokens(connection, resources.clock())
        await login_failures.forget_old(connection, resources.clock())
        await login_places.forget_old(connection, resources.clock())
