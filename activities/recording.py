"""Writing facts down: the journal and what is read from it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio import activity

from activities.figures import Figures, NoFigures, happened_at, tell
from activities.limits import RECORD_SECONDS
from domain.messages import FactBatch
from storage import projection
from storage.engine import transaction


class RecordingActivities:
    """Writes to the journal and the read model."""

    def __init__(self, engine: AsyncEngine, figures: Figures | None = None) -> None:
        self._engine = engine
        self._figures = figures or NoFigures()

    def all(self) -> list[Callable[..., object]]:
        """What the worker registers."""
        return [self.record]

    @activity.defn(name="record")
    async def record(self, batch: FactBatch) -> None:
        """Write a batch in one transaction; what was written already is left as it is."""
        with suppress(Exception):
            self._figures.recording(batch.demand_id, happened_at(batch), datetime.now(UTC))
        async with asyncio.timeout(RECORD_SECONDS), transaction(self._engine) as connection:
            recorded = await projection.record_batch(connection, batch)
        with suppress(
            Exception
        ):  # committed: what counts must not have it all written once more, and for ever
            tell(self._figures, batch, recorded, datetime.now(UTC))
