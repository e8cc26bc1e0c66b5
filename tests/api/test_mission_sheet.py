"""The sheet that the regulator and the crew share (rules 20, 22, 35 and 41)."""

from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import tables
from tests.api.caller import Caller, Json, demand
from tests.api.conftest import Api, get_in


@pytest.fixture
async def mission_id(samu: Caller, regulator: Caller) -> UUID:
    await samu.post("/v1/demands", demand())
    [asked, *_] = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    told = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    return UUID(told["mission_id"])


async def sheet(caller: Caller, mission_id: UUID) -> Json:
    found: Json = (await caller.get(f"/v1/missions/{mission_id}")).raise_for_status().json()
    return found


async def test_rule_020_regulator_and_crew_read_the_same_sheet(
    regulator: Caller, crew: Caller, mission_id: UUID
) -> None:
    read_by_regulator = await sheet(regulator, mission_id)
    assert read_by_regulator["pickup"]["address"]
    assert read_by_regulator["patient"]["last_name"] == "EXEMPLE"
    await get_in(crew, read_by_regulator["vehicle_id"])
    assert await sheet(crew, mission_id) == read_by_regulator


async def test_rule_022_the_sheet_has_the_number_on_which_the_bilan_is_told(
    samu: Caller, crew: Caller, api: Api, mission_id: UUID, engine: AsyncEngine
) -> None:
    assert (await sheet(crew, mission_id))["samu_phone"] is None
    known = sa.update(tables.samus).where(tables.samus.c.id == api.world.samu_id)
    async with engine.begin() as connection:
        await connection.execute(known.values(phone="+33465710015"))
    api.resources.areas.forget(api.world.samu_id)
    assert (await sheet(crew, mission_id))["samu_phone"] == "+33465710015"
