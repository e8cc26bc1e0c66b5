"""Starts the demands that were kept while the engine was away, and sweeps what nobody needs any more (rule 97)."""

import asyncio
import logging
from datetime import timedelta

from api.engine import EngineAwayError
from api.refusals import is_database_away
from api.resources import Resources
from storage import accounts, demands, idempotency

EVERY_SECONDS = 1.0
OLDER_THAN = timedelta(seconds=2)
"""A younger demand is being started by the request that posted it."""
AT_ONCE = 20
FORGET_EVERY_SECONDS = 600.0

log = logging.getLogger(__name__)


async def sweep_for_ever(resources: Resources) -> None:
    """Sweep until cancelled; nothing that fails ends it."""
    forget_at = 0.0
    while True:
        try:
            while await sweep(resources) == AT_ONCE:
                pass
            if asyncio.get_running_loop().time() >= forget_at:
                await _forget(resources)
                forget_at = asyncio.get_running_loop().time() + FORGET_EVERY_SECONDS
        except EngineAwayError:
            log.warning("sweeper: the engine is away, demands wait for it")
        except Exception as error:  # noqa: BLE001 - the sweeper must outlive every fault, and says which
            kind = "the database is away" if is_database_away(error) else type(error).__name__
            log.warning("sweeper: %s, trying again", kind)
        await asyncio.sleep(EVERY_SECONDS)


async def sweep(resources: Resources) -> int:
    """Start the oldest demands that wait for the engine; how many were started. Repeatable at every line.

    Raises EngineAwayError when the engine is away; those started before it went stay marked.
    """
    started = 0
    async with resources.database.begin() as connection:
        for start in await demands.not_started(connection, resources.clock() - OLDER_THAN, AT_ONCE):
            try:
                await resources.engine.start(start)
            except EngineAwayError:
                if not started:
                    raise
                break
            await demands.mark_started(connection, start.demand_id, resources.clock())
            resources.metrics.started.labels("sweeper").inc()
            started += 1
    return started


async def _forget(resources: Resources) -> None:
    async with resources.database.begin() as connection:
        await idempotency.forget_old(connection, resources.clock())
        await accounts.forget_expired_tokens(connection, resources.clock())
