"""The one way out of a workflow for facts: in order, in batches, one transaction each."""

import asyncio
from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.recording import RecordingActivities
    from domain.ledger import Ledger
    from domain.messages import FactBatch
    from workflows.options import RECORD

FACTS_PER_BATCH = 200
"""Keeps a batch below 100 kB: Temporal warns at 256 kB."""


class Recorder:
    """Writes the facts of one demand, never two batches at once, so that the journal has their order."""

    def __init__(self, ledger: Ledger, demand_id: UUID, samu_id: UUID) -> None:
        """Take the facts from ``ledger``."""
        self._ledger = ledger
        self._demand_id = demand_id
        self._samu_id = samu_id
        self._closing = False
        self._writing: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to write in the background."""
        self._writing = asyncio.create_task(self._write_down())

    async def finish(self) -> None:
        """Return once every fact is written. To be awaited where nobody cancels: with us the writing would end."""
        self._closing = True
        if self._writing is not None:
            await self._writing

    async def _write_down(self) -> None:
        while await self._something_to_write():
            batch = FactBatch(
                demand_id=self._demand_id,
                samu_id=self._samu_id,
                facts=self._ledger.take(FACTS_PER_BATCH),
            )
            await workflow.execute_activity_method(
                RecordingActivities.record, batch, summary=f"{len(batch.facts)} facts", **RECORD
            )

    async def _something_to_write(self) -> bool:
        await workflow.wait_condition(lambda: bool(self._ledger.pending) or self._closing)
        return bool(self._ledger.pending)
