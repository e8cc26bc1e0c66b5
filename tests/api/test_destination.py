"""The destination by the crew or its regulator (rule 36)."""

from uuid import uuid4

import pytest
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncEngine

from api.throttle import ANSWERS_A_MINUTE
from domain.vocabulary import STEPS, Step
from storage import tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api, get_in


@pytest.fixture
async def sheet(samu: Caller, regulator: Caller) -> Json:
    """A mission that runs, as its regulator reads it."""
    await samu.post("/v1/demands", demand())
    [asked, *_] = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    won = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    found: Json = (await regulator.get(f"/v1/missions/{won['mission_id']}")).raise_for_status().json()
    return found


async def pass_steps(caller: Caller, sheet: Json, until: Step) -> None:
    for step in STEPS[1 : until.rank + 1]:
        body = {"step": step, "step_id": str(uuid4())}
        (await caller.post(f"/v1/missions/{sheet['id']}/steps", body)).raise_for_status()


@pytest.fixture(autouse=True)
async def another_hospital(engine: AsyncEngine) -> None:
    row = {"id": "110780137", "name": "CH de Narbonne", "commune": "Narbonne", "lat": 43.18, "lon": 3.0}
    async with engine.begin() as connection:
        await connection.execute(insert(tables.facilities).values(row).on_conflict_do_nothing())


async def two_facilities(caller: Caller) -> tuple[Json, Json]:
    one, other, *_ = (await caller.get("/v1/facilities")).raise_for_status().json()["items"]
    return one, other


def of(facility: Json) -> Json:
    return {"facility_id": facility["id"]}


async def test_rule_036_the_crew_gives_the_destination_and_the_samu_sees_whose_word_it_is(
    samu: Caller, regulator: Caller, crew: Caller, sheet: Json
) -> None:
    path = f"/v1/missions/{sheet['id']}"
    facility, other = await two_facilities(crew)
    await get_in(crew, sheet["vehicle_id"])
    early = assert_problem(
        await crew.send("PUT", f"{path}/destination", of(facility)), 409, "destination_too_early"
    )
    assert early["expected_step"] == "ACQUITTE"
    await pass_steps(crew, sheet, Step.BILAN_REALISE)
    given = (await crew.send("PUT", f"{path}/destination", of(facility))).raise_for_status().json()
    assert (given["name"], given["given_by"]) == (facility["name"], "CREW")
    assert (await crew.get(path)).json()["destination"] == given
    of_demand = f"/v1/demands/{sheet['demand_id']}"
    assert (await samu.get(f"{of_demand}/destination")).json() == given
    assert (await samu.get(of_demand)).json()["destination"] == given
    [told] = [
        each
        for each in (await samu.get(f"{of_demand}/journal")).json()["items"]
        if each["kind"] == "destination_set"
    ]
    assert told["data"]["by"]["role"] == "CREW"
    (await regulator.send("PUT", f"{path}/destination", of(other))).raise_for_status()
    assert (await samu.get(f"{of_demand}/destination")).json()["given_by"] == "REGULATOR"


async def test_rule_036_what_the_samu_gave_the_samu_changes(
    samu: Caller, regulator: Caller, sheet: Json
) -> None:
    facility, other = await two_facilities(samu)
    await pass_steps(regulator, sheet, Step.LIEU_INTERVENTION)
    path, theirs = f"/v1/missions/{sheet['id']}", f"/v1/demands/{sheet['demand_id']}/destination"
    (await regulator.send("PUT", f"{path}/destination", of(facility))).raise_for_status()
    (await samu.send("PUT", theirs, of(other))).raise_for_status()
    shown = (await regulator.get(path)).json()["destination"]
    assert (shown["name"], shown["given_by"]) == (other["name"], "SAMU")
    refused = await regulator.send("PUT", f"{path}/destination", of(facility))
    assert_problem(refused, 409, "destination_given_by_samu")
    same = (await regulator.send("PUT", f"{path}/destination", of(other))).raise_for_status()
    assert same.json()["given_by"] == "SAMU"  # whose word it is does not change by being repeated
    assert (await samu.get(theirs)).json() == shown


async def test_rule_034_no_crew_gives_the_destination_of_anothers_mission(
    crew: Caller, rival: Caller, regulator: Caller, api: Api, sheet: Json
) -> None:
    path = f"/v1/missions/{sheet['id']}/destination"
    facility, _ = await two_facilities(crew)
    await pass_steps(regulator, sheet, Step.BILAN_REALISE)
    assert_problem(await rival.send("PUT", path, of(facility)), 404, "not_found")
    elsewhere = next(each.id for each in api.world.cathare.vehicles if str(each.id) != sheet["vehicle_id"])
    await get_in(crew, elsewhere)
    assert_problem(await crew.send("PUT", path, of(facility)), 409, "not_in_this_vehicle")
    await get_in(crew, sheet["vehicle_id"])
    assert_problem(await crew.send("PUT", path, {"facility_id": "none"}), 422, "unknown_facility")
    assert (await crew.send("PUT", path, of(facility))).status_code == 200


async def test_rule_036_the_next_crew_is_not_led_where_nobody_told_it_to_go(
    samu: Caller, regulator: Caller, sheet: Json
) -> None:
    facility, _ = await two_facilities(samu)
    await pass_steps(regulator, sheet, Step.LIEU_INTERVENTION)
    path = f"/v1/missions/{sheet['id']}"
    (await regulator.send("PUT", f"{path}/destination", of(facility))).raise_for_status()
    (await regulator.post(f"{path}/breakdown", {"reason": "Panne"})).raise_for_status()
    shown = (await samu.get(f"/v1/demands/{sheet['demand_id']}/destination")).json()
    assert (shown["facility_id"], shown["given_by"]) == (None, None)


async def test_a_company_cannot_use_up_a_demands_history_with_destinations(
    samu: Caller, regulator: Caller, sheet: Json
) -> None:
    facilities = await two_facilities(samu)
    await pass_steps(regulator, sheet, Step.LIEU_INTERVENTION)
    path = f"/v1/missions/{sheet['id']}/destination"
    answers = [await regulator.send("PUT", path, of(facilities[n % 2])) for n in range(ANSWERS_A_MINUTE + 1)]
    assert answers[0].status_code == 200
    assert_problem(answers[-1], 429, "too_many_requests")
