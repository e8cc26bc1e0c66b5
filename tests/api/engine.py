"""A stand-in for Temporal and the worker: the real rulebook, the real recording, no waiting; and it can be away."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncEngine

from api.engine import DemandEndedError, EngineAwayError, Update
from domain.demand import Demand
from domain.fleet import VehicleCard, Volume
from domain.guard_messages import GuardPeriod
from domain.messages import (
    Candidate,
    DemandStart,
    FactBatch,
    FromOutside,
    ReceiptReport,
    Reply,
    StepReport,
)
from domain.outcomes import Outcome
from domain.vocabulary import Tier
from storage.projection import record


@dataclass
class RuleEngine:
    """Every demand solicits ``candidates``. An update id gives the same verdict for ever, as in Temporal."""

    database: AsyncEngine
    candidates: tuple[Candidate, ...] = ()
    away: bool = False
    worker_away: bool = False
    demands: dict[UUID, Demand] = field(default_factory=dict)
    starts: list[DemandStart] = field(default_factory=list)
    asked: list[tuple[Update, FromOutside, str]] = field(default_factory=list)
    verdicts: dict[str, Reply] = field(default_factory=dict)
    kept: list[tuple[UUID, StepReport]] = field(default_factory=list)
    watches: list[GuardPeriod] = field(default_factory=list)
    guard_news: list[UUID] = field(default_factory=list)
    one_batch_at_a_time: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def start(self, start: DemandStart) -> None:
        self._reach()
        if start.demand_id in self.demands:
            return
        self.starts.append(start)
        demand = self.demands[start.demand_id] = Demand(start)
        chosen = start.chosen_company_id
        free = [Candidate(tier=Tier.FREE_CHOICE, company_id=chosen)] if chosen else []
        while tier := demand.next_tier():
            asked = [c for c in (*free, *self.candidates) if c.tier is tier]
            demand.open_tier(tier, asked, start.received_at)
            if demand.is_asking(tier):
                break
        if not demand.next_tier() and not any(demand.is_asking(tier) for tier in Tier):
            demand.open_arbitration(start.received_at)
        await self.record(demand)

    async def ask(self, demand_id: UUID, update: Update, message: FromOutside, update_id: str) -> Reply:
        self._reach()
        if update_id in self.verdicts:
            return self.verdicts[update_id]
        demand = self.demands.get(demand_id)
        if demand is None or not demand.is_open:
            raise DemandEndedError
        self.asked.append((update, message, update_id))
        reply = self.verdicts[update_id] = _handlers(demand)[update](message)
        await self.record(demand)
        return reply

    async def tell(self, demand_id: UUID, report: StepReport) -> None:
        self._reach()
        demand = self.demands.get(demand_id)
        if demand is None or not demand.is_open:
            raise DemandEndedError
        if self.worker_away:
            self.kept.append((demand_id, report))
            return
        demand.crew.report_step(report)
        await self.record(demand)

    async def receive(self, demand_id: UUID, report: ReceiptReport) -> None:
        self._reach()
        demand = self.demands.get(demand_id)
        if demand is None or not demand.is_open:
            raise DemandEndedError
        demand.crew.receive(report)
        await self.record(demand)

    async def start_watch(self, period: GuardPeriod) -> None:
        self._reach()
        self.watches.append(period)

    async def guard_changed(self, period_id: UUID) -> None:
        self.guard_news.append(period_id)

    async def probe(self) -> bool:
        return not self.away and not self.worker_away

    async def answers(self) -> bool:
        return not self.away

    def _reach(self) -> None:
        if self.away:
            raise EngineAwayError

    async def close_tier(self, demand_id: UUID) -> None:
        """Nobody answered: the SAMU decides."""
        demand = self.demands[demand_id]
        for each in demand.case.book.still_open():
            demand.pass_time(each.answer_before)
        demand.open_arbitration(datetime.now(UTC))
        await self.record(demand)

    async def record(self, demand: Demand) -> None:
        """What the recorder of the workflow does: never two batches at once, or the second could come before the first."""
        async with self.one_batch_at_a_time:
            facts = demand.ledger.take(1000)
            if not facts:
                return
            batch = FactBatch(demand_id=demand.case.id, samu_id=demand.case.samu_id, facts=facts)
            async with self.database.begin() as connection:
                await record(connection, batch)


def _handlers(demand: Demand) -> Mapping[Update, Callable[[Any], Reply]]:
    return {
        Update.ACCEPT: lambda answer: _accept(demand, answer),
        Update.REFUSE: demand.companies.refuse,
        Update.PROPOSE_DELAY: demand.companies.propose_delay,
        Update.DECLARE_UNAVAILABLE: demand.companies.declare_unavailable,
        Update.ARBITRATE: demand.samu.arbitrate,
        Update.CANCEL: demand.samu.cancel,
        Update.DECLARE_CARENCE: demand.samu.declare_carence,
        Update.AMEND: demand.samu.amend,
        Update.SET_DESTINATION: demand.samu.set_destination,
        Update.UNDO_STEP: demand.crew.undo_step,
        Update.BREAK_DOWN: demand.crew.break_down,
        Update.END_WITHOUT_TRANSPORT: demand.crew.end_without_transport,
        Update.SEE_ALARM: demand.samu.see_alarm,
        Update.RELIEVE: lambda order: _relieve(demand, order),
    }


def _card(vehicle_id: UUID, company_id: UUID) -> VehicleCard:
    return VehicleCard(vehicle_id=vehicle_id, company_id=company_id, volume=Volume.ASSU, eta_minutes=9)


def _accept(demand: Demand, answer: Any) -> Reply:
    reply = demand.companies.claim(answer)
    if reply.outcome is not Outcome.CLAIM_ALLOWED:
        return reply
    wanted = demand.companies.engagement(answer)
    return demand.companies.confirm(answer, wanted, _card(wanted.vehicle_id, wanted.company_id))


def _relieve(demand: Demand, order: Any) -> Reply:
    wanted = demand.crew.relief(order)
    if isinstance(wanted, Reply):
        return wanted
    return demand.crew.relieve(order, _card(wanted.vehicle_id, wanted.company_id))
