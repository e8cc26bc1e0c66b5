"""What tests of the guard do again and again: a shift is opened, a vehicle is engaged, a crew is asked."""

from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from storage import guard as on_guard
from storage import tables
from tests.api.caller import Caller, Json
from tests.api.conftest import Api
from tests.api.guard_world import GuardWorld
from tests.fixtures.world import Vehicle

MINUTE = timedelta(minutes=1)
SHIFTS, PERIODS, MISSING = "/v1/guard/shifts", "/v1/guard/periods", "/v1/guard/missing-period"


async def opened(crew: Caller, guard: GuardWorld, period_id: str, *, vehicle: int = 0) -> Json:
    response = await crew.post(SHIFTS, guard.opening(period_id, vehicle=vehicle))
    assert response.status_code == 201, response.text
    told: Json = response.json()
    return told


async def period(caller: Caller, period_id: str) -> Json:
    items = (await caller.get(PERIODS)).raise_for_status().json()["items"]
    return next(each for each in items if each["id"] == period_id)


async def vehicles_on_guard(api: Api) -> dict[UUID, UUID]:
    """Vehicle and sector, as the search sees them."""
    async with api.resources.database.connect() as connection:
        found = await on_guard.guard_vehicles(connection, api.world.samu_id, api.resources.clock())
        condition = on_guard.on_guard_condition(tables.vehicles.c.id)
        reserved = set(await connection.scalars(sa.select(tables.vehicles.c.id).where(condition)))
    assert reserved == {each.vehicle_id for each in found}
    return {each.vehicle_id: each.sector_id for each in found}


async def engage(api: Api, vehicle: int = 0) -> UUID:
    """The vehicle is on a mission."""
    mission_id, now = uuid4(), api.resources.clock()
    vehicle_id = api.world.cathare.vehicles[vehicle].id
    ids = {"vehicle_id": vehicle_id, "demand_id": uuid4()}
    async with api.resources.database.begin() as connection:
        await connection.execute(
            sa.insert(tables.engagements).values(**ids, mission_id=mission_id, engaged_at=now)
        )
        await connection.execute(
            sa.insert(tables.missions).values(
                **ids,
                id=mission_id,
                solicitation_id=uuid4(),
                company_id=api.world.cathare.id,
                assigned_at=now,
                promised_at=now,
                deadline=now,
                step="AFFECTE",
            )
        )
    return mission_id


async def free(api: Api, mission_id: UUID) -> None:
    async with api.resources.database.begin() as connection:
        mine = tables.engagements.c.mission_id == mission_id
        await connection.execute(sa.delete(tables.engagements).where(mine))
        ended = sa.update(tables.missions).where(tables.missions.c.id == mission_id)
        await connection.execute(ended.values(ended_at=api.resources.clock()))


async def solicit(api: Api, tier: str, state: str = "OPEN") -> None:
    now = api.resources.clock()
    async with api.resources.database.begin() as connection:
        await connection.execute(
            sa.insert(tables.solicitations).values(
                id=uuid4(),
                demand_id=uuid4(),
                round=1,
                tier=tier,
                company_id=api.world.cathare.id,
                vehicle_id=api.world.cathare.vehicles[0].id,
                exact_volume=True,
                to_confirm=False,
                state=state,
                opened_at=now,
                answer_before=now + MINUTE,
            )
        )


async def put_shift(api: Api, of: Vehicle, sector: Json, period: Json, shift: Json) -> tuple[UUID, UUID]:
    """A sector, its period and the open shift of a vehicle, without asking anybody; the ids of period and shift."""
    sector_id, period_id, shift_id = uuid4(), uuid4(), uuid4()
    samu, company = {"samu_id": api.world.samu_id}, {"company_id": of.company_id}
    rows: list[tuple[sa.Table, Json]] = [
        (tables.guard_sectors, {"id": sector_id, **samu, "communes": [], **sector}),
        (tables.guard_periods, {"id": period_id, "sector_id": sector_id, **samu, **company, **period}),
        (
            tables.guard_shifts,
            {"id": shift_id, "period_id": period_id, "vehicle_id": of.id, "late_s": 0, **company, **shift},
        ),
    ]
    async with api.resources.database.begin() as connection:
        for table, row in rows:
            await connection.execute(sa.insert(table).values(row))
    return period_id, shift_id
