"""A phone declares itself in a vehicle: primary, followers, what already waits there (rules 25, 31, 45, 47, 51, 53)."""

import asyncio
from uuid import UUID, uuid4

import pytest

from domain.vocabulary import STEPS
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.company_journal import company_facts, company_kinds
from tests.api.conftest import Api, Login, another_device, regulating

ANNA = {"name": "Anna Fictive", "diploma": "DEA"}


def _path(vehicle_id: object) -> str:
    return f"/v1/vehicles/{vehicle_id}/crew"


async def _declare(caller: Caller, vehicle_id: object, **more: object) -> Json:
    body = {"device_id": caller.headers["X-Device-Id"], "members": [ANNA], **more}
    answer: Json = (await caller.send("PUT", _path(vehicle_id), body)).raise_for_status().json()
    return answer


async def _crews(api: Api) -> list[Json]:
    facts = await company_facts(api, api.world.cathare.id)
    return [fact for fact in facts if fact["kind"].startswith("crew_")]


@pytest.fixture
async def second(log_in: Login, api: Api) -> Caller:
    """Another phone of the same crew."""
    return await another_device(await log_in(api.people.crews[0]), "MOBILE", "téléphone 2")


async def test_rule_025_the_first_phone_is_primary_and_the_binding_names_the_crew(
    regulator: Caller, crew: Caller, second: Caller, api: Api
) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    told = await _declare(crew, vehicle)
    assert (told["is_primary"], told["mode"], told["mission"], told["guard"]) == (True, "R1", None, None)
    assert await _declare(crew, vehicle) == told
    assert (await _declare(second, vehicle))["is_primary"] is False
    assert (await _declare(second, vehicle, primary=True))["is_primary"] is True
    facts = await _crews(api)
    assert [fact["kind"] for fact in facts] == ["crew_bound", "crew_bound", "crew_promoted"]
    assert facts[0]["members"] == [ANNA]
    found = (await crew.get(_path(vehicle))).json()
    assert [(each["device_id"], each["is_primary"]) for each in found["items"]] == [
        (second.headers["X-Device-Id"], True),
        (crew.headers["X-Device-Id"], False),
    ]


async def test_rule_025_a_phone_is_in_one_vehicle_and_the_one_left_behind_is_promoted(
    crew: Caller, second: Caller, api: Api
) -> None:
    one, two = (each.id for each in api.world.cathare.vehicles)
    await _declare(crew, one)
    await _declare(second, one)
    await _declare(crew, two)
    left = (await crew.get(_path(one))).json()["items"]
    assert [(each["device_id"], each["is_primary"]) for each in left] == [
        (second.headers["X-Device-Id"], True)
    ]
    assert [f["kind"] for f in (await _crews(api))[2:]] == ["crew_unbound", "crew_promoted", "crew_bound"]
    assert (await _crews(api))[2]["reason"] == "MOVED"


async def test_rule_025_leaving_promotes_the_oldest_and_may_be_repeated(
    regulator: Caller, crew: Caller, second: Caller, api: Api
) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    await _declare(crew, vehicle)
    await _declare(second, vehicle)
    for _ in range(2):
        assert (await crew.send("DELETE", _path(vehicle))).status_code == 204
    assert [f["kind"] for f in (await _crews(api))[2:]] == ["crew_unbound", "crew_promoted"]
    theirs = f"{_path(vehicle)}?device_id={second.headers['X-Device-Id']}"
    assert_problem(await crew.send("DELETE", theirs), 404, "not_found")
    assert (await regulator.send("DELETE", theirs)).status_code == 204
    assert (await regulator.get(_path(vehicle))).json() == {
        "vehicle_id": str(vehicle),
        "phone_bound": False,
        "items": [],
    }


async def test_rule_025_two_phones_at_once_leave_one_primary(crew: Caller, second: Caller, api: Api) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    answers = await asyncio.gather(*(_declare(each, vehicle) for each in (crew, second)))
    assert sorted(each["is_primary"] for each in answers) == [False, True]


async def test_rule_025_only_ones_own_open_phone_and_the_companys_vehicles(
    crew: Caller, rival: Caller, regulator: Caller, api: Api
) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    body = {"device_id": regulator.headers["X-Device-Id"], "members": [ANNA]}
    assert_problem(await crew.send("PUT", _path(vehicle), body), 404, "not_found")
    assert_problem(await regulator.send("PUT", _path(vehicle), body), 409, "phone_required")
    own = {"device_id": crew.headers["X-Device-Id"], "members": [ANNA]}
    for foreign in (api.world.minervois.vehicles[0].id, uuid4()):
        assert_problem(await crew.send("PUT", _path(foreign), own), 404, "not_found")
        assert_problem(await crew.send("DELETE", _path(foreign)), 404, "not_found")
        assert_problem(await crew.get(_path(foreign)), 404, "not_found")
    await crew.send("DELETE", f"/v1/devices/{own['device_id']}")
    assert_problem(await crew.send("PUT", _path(vehicle), own), 409, "device_closed")


@pytest.mark.parametrize("members", [[], [{"name": ""}], [{"name": "A", "diploma": "VSL"}], [ANNA] * 7])
async def test_rule_025_a_crew_has_names(crew: Caller, api: Api, members: list[Json]) -> None:
    body = {"device_id": crew.headers["X-Device-Id"], "members": members}
    answer = await crew.send("PUT", _path(api.world.cathare.vehicles[0].id), body)
    assert_problem(answer, 422, "invalid_request")


async def test_scope_the_names_of_a_crew_are_its_companys(crew: Caller, samu: Caller, api: Api) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    await _declare(crew, vehicle)
    told = (await samu.get(_path(vehicle))).json()
    assert told["phone_bound"] is True
    assert (told["items"][0]["member_count"], told["items"][0]["members"]) == (1, [])
    assert "Anna" not in (await samu.get(_path(vehicle))).text
    assert (await crew.get(_path(vehicle))).json()["items"][0]["members"] == [ANNA]


async def test_rule_031_a_mission_that_runs_is_delivered_when_the_phone_gets_in(
    samu: Caller, regulator: Caller, crew: Caller, api: Api
) -> None:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    won = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    assert won["phone_bound"] is False
    assert won["notice"] == "Aucun téléphone dans ce véhicule : appelez l'équipage."
    told = await _declare(crew, asked["vehicle_id"])
    assert told["mission"]["id"] == won["mission_id"]
    assert told["mission"]["pickup"]["access"] == "3e étage, code 12B"
    assert told["notice"] == "Une mission est en cours pour ce véhicule."
    assert (await _crews(api))[0]["mission_id"] == won["mission_id"]
    for step in STEPS[1:]:
        passed = await crew.post(
            f"/v1/missions/{won['mission_id']}/steps", {"step": step, "step_id": str(uuid4())}
        )
        assert passed.status_code == 200, passed.text
    other = next(each.id for each in api.world.cathare.vehicles if each.id != UUID(asked["vehicle_id"]))
    assert (await _declare(crew, other))["mission"] is None


async def test_rule_031_with_a_phone_in_the_vehicle_nobody_has_to_call(
    samu: Caller, regulator: Caller, crew: Caller, api: Api
) -> None:
    for each in api.world.cathare.vehicles:
        phone = await another_device(crew, "MOBILE")
        await _declare(phone, each.id)
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    won = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    assert (won["phone_bound"], won["notice"]) == (True, None)


async def test_rule_047_a_master_phone_that_gets_in_is_told_once_that_it_is_in_r4(
    crew: Caller, api: Api
) -> None:
    await regulating(crew, api.world.cathare.site_id)
    one = api.world.cathare.vehicles[0].id
    told = await _declare(crew, one)
    assert told["mode"] == "R4"
    assert told["notice"] == "Ce téléphone régule et fait la mission : vous êtes en mode R4."
    assert (await _declare(crew, one))["notice"] is None
    assert (await crew.post("/v1/regulation/heartbeat")).json()["mode"] == "R4"


async def test_rule_045_r3_one_phone_regulates_and_another_is_in_the_vehicle(
    crew: Caller, second: Caller, api: Api
) -> None:
    await regulating(crew, api.world.cathare.site_id)
    told = await _declare(second, api.world.cathare.vehicles[0].id)
    assert (told["mode"], told["notice"]) == ("R3", None)
    assert (await crew.post("/v1/regulation/heartbeat")).json()["mode"] == "R3"
    follower = (await second.post("/v1/regulation/heartbeat")).json()
    assert follower["mode"] == "R3"
    assert follower["sentence"].startswith("Vous recevrez les missions du véhicule")


async def test_rule_053_the_r4_phone_answers_and_passes_the_steps(
    samu: Caller, crew: Caller, api: Api
) -> None:
    await regulating(crew, api.world.cathare.site_id)
    for each in api.world.cathare.vehicles[:1]:
        await _declare(crew, each.id)
    await samu.post("/v1/demands", demand())
    vehicle = str(api.world.cathare.vehicles[0].id)
    asked = (await crew.get("/v1/solicitations", state="OPEN")).json()["items"]
    own = next(each for each in asked if each["vehicle_id"] == vehicle)
    won = (await crew.post(f"/v1/solicitations/{own['id']}/acceptance", {})).json()
    assert (won["outcome"], won["phone_bound"]) == ("CONFIRMED", True)
    sheet = (await crew.get(f"/v1/missions/{won['mission_id']}")).json()
    assert sheet["vehicle_id"] == vehicle


async def test_rule_025_logging_out_takes_the_phone_out_of_its_vehicle(
    crew: Caller, second: Caller, api: Api
) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    await _declare(crew, vehicle)
    await _declare(second, vehicle)
    await crew.send("DELETE", f"/v1/devices/{crew.headers['X-Device-Id']}")
    kinds = await company_kinds(api, api.world.cathare.id)
    assert kinds[2:] == ["crew_unbound", "crew_promoted", "device_closed"]
    assert (await _crews(api))[2]["reason"] == "DEVICE_CLOSED"


async def test_rule_038_the_last_phone_of_a_running_mission_asks_before_it_logs_out(
    samu: Caller, regulator: Caller, crew: Caller
) -> None:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})
    await _declare(crew, asked["vehicle_id"])
    path = f"/v1/devices/{crew.headers['X-Device-Id']}"
    problem = assert_problem(await crew.send("DELETE", path), 409, "confirmation_required")
    assert problem["running_missions"] == 1
    assert (await crew.send("DELETE", f"{path}?confirm=true")).status_code == 204
