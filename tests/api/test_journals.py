"""Every journal in one reading: what the stream tells, for whoever reads instead of listening."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api
from tests.api.guard_steps import put_shift


async def read(caller: Caller, **wanted: str) -> Json:
    found: Json = (await caller.get("/v1/journal", **wanted)).raise_for_status().json()
    return found


async def test_every_journal_is_read_in_the_order_of_the_stream_and_gone_on_with(
    samu: Caller, regulator: Caller
) -> None:
    posted = (await samu.post("/v1/demands", demand())).json()
    first = await read(regulator)
    assert [each["kind"] for each in first["items"]][:1] == ["regulation_taken"]
    assert {each["subject"] for each in first["items"]} == {"COMPANY", "DEMAND"}
    assert all(
        (each["demand_id"] == posted["id"]) is (each["subject"] == "DEMAND") for each in first["items"]
    )
    again = await read(regulator, cursor=first["next_cursor"])
    assert again["items"] == []
    await samu.post(f"/v1/demands/{posted['id']}/cancellation", {"reason": "SMUR"})
    more = await read(regulator, cursor=again["next_cursor"])
    assert {each["kind"] for each in more["items"]} == {"solicitation_withdrawn"}


async def test_one_kind_of_journal_or_one_subject_may_be_asked_for(
    samu: Caller, regulator: Caller, api: Api
) -> None:
    posted = (await samu.post("/v1/demands", demand())).json()
    company = str(api.world.cathare.id)
    of_company = await read(regulator, subject="COMPANY")
    assert {each["subject_id"] for each in of_company["items"]} == {company}
    of_demand = await read(regulator, subject_id=posted["id"])
    assert of_demand["items"]
    assert {each["demand_id"] for each in of_demand["items"]} == {posted["id"]}


async def test_scope_a_companys_journal_is_its_own(
    samu: Caller, regulator: Caller, rival: Caller, api: Api
) -> None:
    company = str(api.world.cathare.id)
    assert (await read(regulator, subject_id=company))["items"]
    assert (await read(rival, subject_id=company))["items"] == []
    assert (await read(samu, subject_id=company))["items"] == []


async def test_a_cursor_that_is_not_ours_is_refused(samu: Caller) -> None:
    assert_problem(await samu.get("/v1/journal", cursor="nonsense"), 422, "invalid_request")


# -- whom the SAMU telephones ---------------------------------------------------------------------------------------------

AROUND = {
    "type": "Polygon",
    "coordinates": [[[2.0, 43.0], [3.2, 43.0], [3.2, 43.4], [2.0, 43.4], [2.0, 43.0]]],
}


@pytest.fixture
async def asked_period(api: Api, regulator: Caller) -> Json:
    """A provisional guard around Carcassonne that waits for the SAMU's word."""
    now, vehicle = datetime.now(UTC), api.world.cathare.vehicles[0]
    period = {
        "starts_at": now - timedelta(hours=1),
        "ends_at": now + timedelta(hours=11),
        "provisional": True,
        "asked_at": now,
        "phone": "+33465710011",
    }
    shift = {
        "device_id": regulator.headers["X-Device-Id"],
        "opened_by": api.people.regulators[0].id,
        "teammate": {"name": "Ada Fictive"},
        "opened_at": now,
    }
    period_id, _ = await put_shift(api, vehicle, {"name": "Ouest", "outline": AROUND}, period, shift)
    return {"period_id": str(period_id), "vehicle_id": str(vehicle.id)}


async def test_rule_059_a_demand_shows_the_guard_that_is_reached_by_phone_only(
    samu: Caller, regulator: Caller, asked_period: Json, api: Api, engine: AsyncEngine
) -> None:
    posted = (await samu.post("/v1/demands", demand())).json()
    path = f"/v1/demands/{posted['id']}"
    name = {"sector": "Ouest", "company": api.world.cathare.name, "phone": "+33465710011"}
    assert (await samu.get(path)).json()["guard_by_phone"] == [name | asked_period]
    assert (await regulator.get(path)).json()["guard_by_phone"] == []
    async with engine.begin() as connection:
        await connection.execute(sa.update(tables.guard_periods).values(approved_at=datetime.now(UTC)))
    assert (await samu.get(path)).json()["guard_by_phone"] == []


async def test_rule_012_a_demand_shows_the_guard_that_no_phone_answers_for(
    samu: Caller, regulator: Caller, asked_period: Json, api: Api, engine: AsyncEngine
) -> None:
    company, now = api.world.cathare, datetime.now(UTC)
    in_another_vehicle = {
        "id": uuid4(),
        "company_id": company.id,
        "vehicle_id": company.vehicles[1].id,
        "device_id": regulator.headers["X-Device-Id"],
        "person_id": api.people.regulators[0].id,
        "is_primary": True,
        "members": [],
        "bound_at": now,
    }
    async with engine.begin() as connection:
        await connection.execute(sa.update(tables.guard_periods).values(approved_at=now, phone=None))
        await connection.execute(sa.update(tables.companies).values(phone="+33400000011"))
    path = f"/v1/demands/{(await samu.post('/v1/demands', demand())).json()['id']}"
    assert (await samu.get(path)).json()["guard_by_phone"] == []
    async with engine.begin() as connection:
        await connection.execute(sa.insert(tables.crews).values(in_another_vehicle))
    name = {"sector": "Ouest", "company": company.name, "phone": "+33400000011"}
    assert (await samu.get(path)).json()["guard_by_phone"] == [name | asked_period]
