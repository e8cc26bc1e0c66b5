"""The SAMU's eye on its alarms: looks after each one a while after it rang, and settles what the guard asks for."""

import asyncio
from contextlib import suppress

from simulation.client import ApiClient
from simulation.clock import around
from simulation.ledger import AlarmRecord
from simulation.lists import read_all
from simulation.stage import Stage
from simulation.stream import StreamEvent
from simulation.wire import Page
from simulation.wire_duty import Alarm

MISSING = "GUARD_PERIOD_MISSING"


class SamuAlarms:
    """Hears of alarms on the SAMU's stream, reads the list in case it missed one, acknowledges."""

    def __init__(self, client: ApiClient, stage: Stage) -> None:
        """``client`` calls as the SAMU."""
        self._client = client
        self._stage = stage
        self._records = stage.ledger.alarms
        self._look = asyncio.Event()
        self._in_hand: set[str] = set()

    def notice(self, event: StreamEvent) -> None:
        """Note what a fact says of an alarm."""
        data = event.body.data
        if not event.kind.startswith("alarm_") or data.alarm_id is None:
            return
        record = self._records.setdefault(data.alarm_id, AlarmRecord(data.alarm or ""))
        if event.kind == "alarm_closed":
            record.closed = True
        elif event.kind == "alarm_raised":
            self._look.set()

    async def run(self) -> None:
        """Look after alarms until cancelled."""
        async with asyncio.TaskGroup() as work:
            while True:
                self._look.clear()
                for alarm in await self._ringing():
                    self._in_hand.add(alarm.id)
                    work.create_task(self._look_after(alarm))
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._stage.poll_every):
                        await self._look.wait()

    async def _ringing(self) -> list[Alarm]:
        """Read the alarms that ring and that nobody has in hand."""
        found = await read_all(self._client, self._stage, "/v1/alarms", Page[Alarm], state="OPEN")
        return [one for one in found or () if one.state == "RAISED" and one.id not in self._in_hand]

    async def _look_after(self, alarm: Alarm) -> None:
        """Acknowledge one after a while, unless its cause is over by then; it may ring again later."""
        rng = self._stage.rng("samu", "alarm", alarm.id)
        record = self._records.setdefault(alarm.id, AlarmRecord(alarm.kind))
        await self._stage.clock.sleep(around(rng, self._stage.habits.look_at_alarm_after))
        if not record.closed:
            reply = await self._client.post(f"/v1/alarms/{alarm.id}/acknowledgement", {})
            record.seen = self._stage.ledger.judge("acknowledge alarm", reply) or record.seen
        if alarm.kind == MISSING and alarm.period_id is not None:
            await self._stage.clock.sleep(around(rng, self._stage.habits.approve_guard_after))
            await self._approve(alarm.period_id)
        self._in_hand.discard(alarm.id)

    async def _approve(self, period_id: str) -> None:
        """Approve a provisional guard: demands come to it through the platform from now on (rule 59)."""
        reply = await self._client.post(f"/v1/guard/periods/{period_id}/approval", {})
        if self._stage.ledger.judge("approve guard", reply):
            self._stage.ledger.guard["missing periods approved"] += 1
            self._stage.ledger.moved()
