"""A crew opens its guard through the API: rules 39 and 55 to 58, each refusal with its reason."""

import asyncio
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from storage import tables
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, Clock, Login, another_device
from tests.api.engine import RuleEngine
from tests.api.guard_steps import MINUTE, SHIFTS, engage, free, opened, period, vehicles_on_guard
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world


@pytest.fixture
async def guard(api: Api) -> GuardWorld:
    return await build_guard_world(api)


@pytest.fixture
async def mate(log_in: Login, api: Api) -> Caller:
    """Another crew of the first company, on its own phone."""
    return await another_device(await log_in(api.people.regulators[0]), "MOBILE", "téléphone 2")


async def test_rule_056_a_crew_opens_its_guard(
    crew: Caller, guard: GuardWorld, api: Api, rules: RuleEngine
) -> None:
    period_id = await guard.plan(-7 * MINUTE)
    shift = await opened(crew, guard, period_id)
    assert shift["late_s"] == pytest.approx(420, abs=5)
    assert shift["teammate"]["name"] == "Ada Fictive"
    assert shift["teammate"]["free_entry"] is False
    shown = await period(crew, period_id)
    assert shown["state"] == "OPEN"
    assert shown["shift"] == shift
    assert await guard.facts(period_id) == ["shift_opened"]
    assert rules.guard_news == [UUID(period_id)]
    assert await vehicles_on_guard(api) == {api.world.cathare.vehicles[0].id: guard.carcassonne}


async def test_rule_055_the_phone_is_in_the_vehicle_as_its_primary_one(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    await opened(crew, guard, await guard.plan(timedelta(0)))
    async with api.resources.database.connect() as connection:
        row = (await connection.execute(sa.select(tables.crews))).one()
    assert (row.vehicle_id, str(row.device_id)) == (
        api.world.cathare.vehicles[0].id,
        crew.headers["X-Device-Id"],
    )
    assert row.is_primary
    assert [each["name"] for each in row.members][1] == "Ada Fictive"
    assert "crew_bound" in await guard.facts(str(api.world.cathare.id))


async def test_rule_056_opening_again_answers_the_same_shift(crew: Caller, guard: GuardWorld) -> None:
    period_id = await guard.plan(timedelta(0))
    first = await opened(crew, guard, period_id)
    again = await crew.post(SHIFTS, guard.opening(period_id))
    assert again.status_code == 200
    assert again.json() == first
    assert await guard.facts(period_id) == ["shift_opened"]


async def test_rule_058_a_free_entry_is_flagged_to_the_company(crew: Caller, guard: GuardWorld) -> None:
    period_id = await guard.plan(timedelta(0))
    mate = {"name": "Fable Exemple", "diploma": "DEA", "diploma_number": "2019-11-042"}
    told = (await crew.post(SHIFTS, guard.opening(period_id) | {"teammate": mate})).json()
    assert told["teammate"] == {**mate, "staff_id": None, "free_entry": True}


@pytest.mark.parametrize(
    "teammate",
    [
        {},
        {"name": "Seule"},
        {"diploma": "DEA"},
        {"name": " ", "diploma": "DEA"},
        {"name": "X", "diploma": "MEDECIN"},
        {"staff_id": str(uuid4()), "name": "X", "diploma": "DEA"},
    ],
)
async def test_rule_058_a_teammate_is_of_the_list_or_has_name_and_diploma(
    crew: Caller, guard: GuardWorld, teammate: Json
) -> None:
    body = guard.opening(await guard.plan(timedelta(0))) | {"teammate": teammate}
    assert_problem(await crew.post(SHIFTS, body), 422, "invalid_request")


async def test_rule_056_a_teammate_of_the_list_is_of_the_company_and_has_not_left(
    crew: Caller, guard: GuardWorld, log_in: Login, api: Api
) -> None:
    period_id = await guard.plan(timedelta(0))
    for staff_id in (guard.left_id, uuid4()):
        body = guard.opening(period_id) | {"teammate": {"staff_id": str(staff_id)}}
        assert_problem(await crew.post(SHIFTS, body), 422, "unknown_teammate")
    listed = (await crew.get("/v1/guard/teammates")).json()["items"]
    assert listed == [{"id": str(guard.staff_id), "name": "Ada Fictive", "diploma": "DEA"}]
    other = await log_in(api.people.crews[1])
    assert (await other.get("/v1/guard/teammates")).json()["items"] == []


async def test_rule_056_from_15_minutes_before_until_the_end(
    crew: Caller, guard: GuardWorld, clock: Clock
) -> None:
    period_id = await guard.plan(16 * MINUTE, HOUR)
    told = assert_problem(await crew.post(SHIFTS, guard.opening(period_id)), 409, "guard_not_yet_open")
    assert datetime.fromisoformat(told["opens_at"]) > clock()
    assert (await period(crew, period_id))["state"] == "PLANNED"
    clock.advance(minutes=2)
    assert (await period(crew, period_id))["state"] == "OPENABLE"
    assert (await opened(crew, guard, period_id))["late_s"] == 0
    over = await guard.plan(-2 * HOUR, HOUR)
    assert_problem(await crew.post(SHIFTS, guard.opening(over, vehicle=1)), 409, "guard_period_over")
    assert (await period(crew, over))["state"] == "MISSED"


async def test_rule_039_guard_is_refused_without_a_slot_in_the_roster(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    withdrawn = await guard.plan(timedelta(0), withdrawn_at=api.resources.clock())
    told = assert_problem(await crew.post(SHIFTS, guard.opening(withdrawn)), 409, "guard_not_rostered")
    assert "roster" in told["detail"]
    foreign = await guard.plan(timedelta(0), company_id=api.world.minervois.id)
    for period_id in (foreign, str(uuid4())):
        assert_problem(await crew.post(SHIFTS, guard.opening(period_id)), 404, "not_found")


async def test_rule_056_the_vehicle_is_the_companys(crew: Caller, guard: GuardWorld, api: Api) -> None:
    period_id = await guard.plan(timedelta(0))
    for vehicle_id in (api.world.minervois.vehicles[0].id, uuid4()):
        body = guard.opening(period_id) | {"vehicle_id": str(vehicle_id)}
        assert_problem(await crew.post(SHIFTS, body), 409, "vehicle_unknown")


async def test_rule_055_guard_is_kept_on_a_phone(
    crew: Caller, guard: GuardWorld, log_in: Login, api: Api
) -> None:
    body = guard.opening(await guard.plan(timedelta(0)))
    on_a_page = await log_in(api.people.crews[0])
    assert_problem(await on_a_page.post(SHIFTS, body), 409, "phone_required")
    nowhere = Caller(crew.http, {"Authorization": crew.headers["Authorization"]})
    assert_problem(await nowhere.post(SHIFTS, body), 422, "device_required")
    elsewhere = crew.on_device(on_a_page.headers["X-Device-Id"]).on_device(str(uuid4()))
    assert_problem(await elsewhere.post(SHIFTS, body), 404, "not_found")


async def test_rule_057_a_phone_in_master_mode_gives_its_regulation_up_first(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    site = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    (await crew.send("PUT", site)).raise_for_status()
    body = guard.opening(await guard.plan(timedelta(0)))
    told = assert_problem(await crew.post(SHIFTS, body), 409, "lease_held")
    assert f"Site de {api.world.cathare.name}" in told["detail"]
    (await crew.send("DELETE", site)).raise_for_status()
    assert (await crew.post(SHIFTS, body)).status_code == 201


async def test_rule_055_a_vehicle_on_a_mission_off_guard_does_not_open(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    body = guard.opening(await guard.plan(timedelta(0)))
    mission_id = await engage(api)
    assert_problem(await crew.post(SHIFTS, body), 409, "vehicle_engaged")
    await free(api, mission_id)
    assert (await crew.post(SHIFTS, body)).status_code == 201


async def test_rule_056_two_crews_race_for_one_period(
    crew: Caller, mate: Caller, guard: GuardWorld, api: Api
) -> None:
    period_id = await guard.plan(timedelta(0))
    answers = await asyncio.gather(
        crew.post(SHIFTS, guard.opening(period_id)), mate.post(SHIFTS, guard.opening(period_id, vehicle=1))
    )
    lost = max(answers, key=lambda each: each.status_code)
    assert sorted(each.status_code for each in answers) == [201, 409]
    assert_problem(lost, 409, "guard_already_open")
    assert await guard.facts(period_id) == ["shift_opened"]
    assert len(await vehicles_on_guard(api)) == 1


async def test_rule_055_one_vehicle_races_for_two_periods(
    crew: Caller, mate: Caller, guard: GuardWorld, api: Api
) -> None:
    first, second = await guard.plan(timedelta(0)), await guard.plan(timedelta(0), sector_id=guard.limoux)
    answers = await asyncio.gather(
        crew.post(SHIFTS, guard.opening(first)), mate.post(SHIFTS, guard.opening(second))
    )
    assert sorted(each.status_code for each in answers) == [201, 409]
    assert_problem(max(answers, key=lambda each: each.status_code), 409, "guard_vehicle_taken")
    assert len(await vehicles_on_guard(api)) == 1


async def test_rule_055_one_phone_is_on_guard_in_one_vehicle(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    first, second = await guard.plan(timedelta(0)), await guard.plan(timedelta(0), sector_id=guard.limoux)
    await opened(crew, guard, first)
    told = await crew.post(SHIFTS, guard.opening(second, vehicle=1))
    assert_problem(told, 409, "guard_phone_taken")


async def test_rule_055_the_last_phone_of_a_guard_does_not_open_another(
    crew: Caller, mate: Caller, guard: GuardWorld, api: Api
) -> None:
    first, second = await guard.plan(timedelta(0)), await guard.plan(timedelta(0), sector_id=guard.limoux)
    await opened(mate, guard, first, vehicle=1)
    path = f"/v1/vehicles/{api.world.cathare.vehicles[1].id}/crew"
    aboard = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Ada Fictive"}]}
    (await crew.send("PUT", path, aboard)).raise_for_status()
    (await mate.send("DELETE", path)).raise_for_status()
    assert_problem(await crew.post(SHIFTS, guard.opening(second)), 409, "guard_phone_taken")
    assert await guard.facts(second) == []
