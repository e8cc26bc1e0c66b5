"""A sector, a crew on a phone, and the guard periods and shifts that a test writes."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from activities.engagement import EngagementActivities
from domain.duty_facts import ShiftClosed
from domain.fleet import Volume
from domain.messages import EngageRequest
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import ShiftEnd
from geo.straight import StraightTravel
from storage import duty, guard, tables
from tests.fixtures.world import CARCASSONNE, World

START = datetime(2026, 11, 22, 19, tzinfo=UTC)
HOUR = timedelta(hours=1)
END = START + 12 * HOUR
BY = Actor(role=Role.CREW, name="crew")


@dataclass(frozen=True, slots=True)
class Roster:
    """A sector, and a phone of the first company."""

    engine: AsyncEngine
    world: World
    sector_id: UUID
    person_id: UUID
    device_id: UUID

    async def period(self, starts_at: datetime = START, ends_at: datetime = END, **more: object) -> UUID:
        id_ = uuid4()
        row: dict[str, object] = {
            "id": id_,
            "samu_id": self.world.samu_id,
            "sector_id": self.sector_id,
            "company_id": self.world.cathare.id,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "approved_at": starts_at,
        }
        async with self.engine.begin() as connection:
            await connection.execute(sa.insert(tables.guard_periods).values(row | more))
        return id_

    async def shift(self, period_id: UUID, opened_at: datetime = START, vehicle: int = 0) -> UUID:
        async with self.engine.begin() as connection:
            return await self.insert_shift(connection, period_id, opened_at, vehicle)

    async def insert_shift(
        self, connection: AsyncConnection, period_id: UUID, opened_at: datetime = START, vehicle: int = 0
    ) -> UUID:
        id_ = uuid4()
        await connection.execute(
            sa.insert(tables.guard_shifts).values(
                id=id_,
                period_id=period_id,
                company_id=self.world.cathare.id,
                vehicle_id=self.world.cathare.vehicles[vehicle].id,
                device_id=self.device_id,
                opened_by=self.person_id,
                teammate={"name": "Ada Fictive"},
                opened_at=opened_at,
                late_s=0,
            )
        )
        return id_

    async def mission(
        self, assigned_at: datetime, ended_at: datetime | None = None, vehicle: int = 0
    ) -> UUID:
        id_ = uuid4()
        async with self.engine.begin() as connection:
            await connection.execute(
                sa.insert(tables.missions).values(
                    id=id_,
                    demand_id=uuid4(),
                    solicitation_id=uuid4(),
                    company_id=self.world.cathare.id,
                    vehicle_id=self.world.cathare.vehicles[vehicle].id,
                    assigned_at=assigned_at,
                    promised_at=assigned_at,
                    deadline=assigned_at,
                    step="AFFECTE",
                    ended_at=ended_at,
                )
            )
        return id_

    async def close(
        self, shift_id: UUID, at: datetime, reason: ShiftEnd = ShiftEnd.CLOSED_BY_CREW
    ) -> list[ShiftClosed]:
        by = None if reason is ShiftEnd.PERIOD_OVER else BY
        async with self.engine.begin() as connection:
            facts = await guard.close_shift(connection, shift_id, at, reason, by)
            await duty.tell(connection, facts)
        bodies = [fact.body for fact in facts]
        assert all(isinstance(body, ShiftClosed) for body in bodies)
        return bodies  # type: ignore[return-value]  # as just asserted

    async def standing(self, period_id: UUID) -> guard.PeriodStanding:
        async with self.engine.connect() as connection:
            found = await guard.period_standing(connection, period_id)
        assert found is not None
        return found

    async def vehicles(self, at: datetime) -> list[guard.GuardVehicle]:
        async with self.engine.connect() as connection:
            return await guard.guard_vehicles(connection, self.world.samu_id, at)

    def wanted(self, *, on_guard: bool) -> EngageRequest:
        vehicle = self.world.cathare.vehicles[0]
        return EngageRequest(
            demand_id=uuid4(),
            mission_id=uuid4(),
            vehicle_id=vehicle.id,
            company_id=vehicle.company_id,
            volume=Volume.AMBULANCE,
            place=CARCASSONNE,
            at=START,
            on_guard=on_guard,
        )

    async def engage(self, wanted: EngageRequest) -> Outcome:
        travel = StraightTravel(speed_kmh=70, detour=1.35)
        return (await EngagementActivities(self.engine, travel).engage(wanted)).outcome


async def new_roster(engine: AsyncEngine, world: World) -> Roster:
    """A roster in which nothing is written yet."""
    made = Roster(engine, world, uuid4(), uuid4(), uuid4())
    person = {"id": made.person_id, "username": "crew", "password_hash": "-", "role": "CREW"}
    device = {"id": made.device_id, "person_id": made.person_id, "kind": "MOBILE", "name": "téléphone"}
    sector = {"id": made.sector_id, "samu_id": world.samu_id, "name": "Carcassonne"}
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.persons).values(**person, company_id=world.cathare.id))
        await connection.execute(sa.insert(tables.devices).values(device))
        await connection.execute(sa.insert(tables.guard_sectors).values(**sector, communes=[], outline={}))
    return made
