"""The world as a demand's workflow sees it: a fleet, a table of engagements, a journal. All in memory, all faulty at will."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

from temporalio import activity

from domain.facts import Fact
from domain.fleet import VehicleCard, Volume
from domain.messages import (
    Candidate,
    EngageRequest,
    EngageResult,
    FactBatch,
    ReleaseRequest,
    SurveyRequest,
    SurveyResult,
)
from domain.outcomes import Outcome


class World:
    """Stands in for the activities, under their real names."""

    def __init__(self, *fleet: Candidate) -> None:
        self.fleet = list(fleet)
        self.journal: dict[UUID, list[Fact]] = {}
        self.engaged: dict[UUID, UUID] = {}
        self.rivals: dict[UUID, tuple[UUID, ...]] = {}
        self.surveys: list[SurveyRequest] = []
        self.released: list[UUID] = []
        self.engaging = asyncio.Event()
        self.may_engage = asyncio.Event()
        self.may_engage.set()
        self.failures = 0
        """How many surveys fail from now on."""
        self.unseen_rounds: set[int] = set()
        """The surveys of these rounds fail, as one that stumbles over the terms would."""
        self.unwritable = False
        """No fact can be written."""
        self.tried: list[FactBatch] = []
        """What the recorder was asked to write, again and again perhaps."""

    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.survey, self.engage, self.release, self.record]

    @activity.defn(name="survey")
    async def survey(self, request: SurveyRequest) -> SurveyResult:
        """Everybody in the fleet is near enough."""
        self.surveys.append(request)
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        if request.round in self.unseen_rounds:
            raise ValueError("these terms cannot be looked for")
        return SurveyResult(candidates=tuple(self.fleet))

    @activity.defn(name="engage")
    async def engage(self, request: EngageRequest) -> EngageResult:
        """One mission a vehicle, as the table's unique rows have it."""
        self.engaging.set()
        await self.may_engage.wait()
        if self.engaged.setdefault(request.vehicle_id, request.mission_id) != request.mission_id:
            return EngageResult(outcome=Outcome.VEHICLE_ENGAGED)
        card = VehicleCard(
            vehicle_id=request.vehicle_id,
            company_id=request.company_id,
            volume=Volume.ASSU,
            name="ASSU 7",
            company_name="Ambulances A",
        )
        rivals = self.rivals.get(request.vehicle_id, ())
        return EngageResult(outcome=Outcome.CONFIRMED, vehicle=card, rivals=rivals)

    @activity.defn(name="release")
    async def release(self, request: ReleaseRequest) -> None:
        """Give back."""
        self.released.append(request.mission_id)
        self.engaged = {v: m for v, m in self.engaged.items() if m != request.mission_id}

    @activity.defn(name="record")
    async def record(self, batch: FactBatch) -> None:
        """Append, once."""
        self.tried.append(batch)
        if self.unwritable:
            raise ConnectionError("the database is away")
        written = self.journal.setdefault(batch.demand_id, [])
        written += [fact for fact in batch.facts if all(fact.seq != w.seq for w in written)]

    def kinds(self, demand_id: UUID) -> list[str]:
        """The kinds of the facts written, in order."""
        return [fact.body.kind for fact in self.journal.get(demand_id, [])]

    def bodies(self, demand_id: UUID, kind: str) -> list[Any]:
        """The facts of one kind."""
        return [fact.body for fact in self.journal.get(demand_id, []) if fact.body.kind == kind]
