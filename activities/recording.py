"""Writing facts down: the journal and what is read from it."""

import asyncio
from collections.abc import Callable

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from activities.limits import RECORD_SECONDS
from domain.messages import FactBatch
from storage import projection
from storage.engine import transaction


class RecordingActivities:
    """Writes to the journal and the read model."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    def all(self) -> list[Callable[..., object]]:
        """What the worker registers."""
        return [self.record]

    @activity.defn(name="record")
    async def record(self, batch: FactBatch) -> None:
        """Write a batch in one transaction; what was written already is left as it is."""
        async with asyncio.timeout(RECORD_SECONDS), transaction(self._engine) as connection:
            await projection.record(connection, batch)
