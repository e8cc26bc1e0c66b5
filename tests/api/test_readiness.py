"""What a device is told that it will receive, or what is missing; and tick-boxes (rules 23, 24, 37 and 46)."""

import asyncio
from datetime import timedelta

from tests.api.caller import Caller, assert_problem
from tests.api.company_journal import company_facts
from tests.api.conftest import Api, Clock, Login, another_device, regulating
from tests.api.engine import RuleEngine
from tests.api.regulation_steps import SECONDS, beat, lease_path, probed


async def test_rule_024_green_says_what_will_be_received(regulator: Caller, api: Api) -> None:
    await probed(api)
    told = await beat(regulator)
    world = api.world.cathare
    one, two = (each.name for each in world.vehicles)
    assert (told["colour"], told["missing"]) == ("GREEN", [])
    assert told["sentence"] == f"Vous recevrez : site Site de {world.name}, véhicules {one} et {two}."
    assert told["mode"] == "R2"
    assert {each["id"] for each in told["receives"]["vehicles"]} == {str(v.id) for v in world.vehicles}


async def test_rule_024_the_engine_away_is_not_green(
    regulator: Caller, api: Api, rules: RuleEngine, clock: Clock
) -> None:
    await probed(api)
    rules.away = True
    for seconds, colour in ((11, "AMBER"), (20, "RED")):
        await beat(regulator)
        clock.advance(seconds=seconds)
        await beat(regulator)
        assert (await beat(regulator))["colour"] == colour


async def test_rule_023_a_heartbeat_tells_what_is_missing(regulator: Caller, log_in: Login, api: Api) -> None:
    await probed(api)
    world = api.world.cathare
    await regulator.send("PUT", f"/v1/vehicles/{world.vehicles[0].id}/availability", {"available": False})
    told = await beat(regulator)
    assert [(each["id"], each["code"]) for each in told["not_received"]] == [
        (str(world.vehicles[0].id), "NOT_TICKED")
    ]
    second = await log_in(api.people.regulators[0])
    told = await beat(second)
    assert told["colour"] == "AMBER"
    assert [each["code"] for each in told["missing"]] == ["HELD_ELSEWHERE"]
    assert f"poste tient la régulation de Site de {world.name}" in told["sentence"]


async def test_rule_023_the_fleet_says_who_regulates_and_in_which_mode(
    regulator: Caller, crew: Caller, samu: Caller, rival: Caller, api: Api
) -> None:
    await probed(api)
    world, vehicle = api.world.cathare, api.world.cathare.vehicles[0]
    body = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Anna"}]}
    await crew.send("PUT", f"/v1/vehicles/{vehicle.id}/crew", body)
    mine = (await regulator.get("/v1/fleet")).json()["companies"][0]
    site = mine["sites"][0]["regulation"]
    assert (site["state"], site["epoch"], site["device_kind"]) == ("HELD", 1, "WEB")
    assert site["device"]["person"] == api.people.regulators[0].username
    modes = {each["id"]: (each["mode"], each["phones"]["count"]) for each in mine["vehicles"]}
    assert modes == {str(vehicle.id): ("R1", 1), str(world.vehicles[1].id): ("R2", 0)}
    assert (mine["colour"], mine["readiness"][:12]) == ("GREEN", "Vous recevre")
    told = {each["id"]: each for each in (await samu.get("/v1/fleet")).json()["companies"]}
    assert told[str(world.id)]["sites"][0]["regulation"]["device"] is None
    assert told[str(world.id)]["vehicles"][0]["phones"]["primary_device_id"] is None
    assert told[str(world.id)]["readiness"].startswith("Reçoit : site")
    corbieres = told[str(api.world.corbieres.id)]
    assert (corbieres["colour"], corbieres["readiness"]) == (
        "RED",
        "Ne reçoit rien : personne ne tient la régulation.",
    )
    assert corbieres["vehicles"][0]["mode"] is None


async def test_heartbeats_need_an_open_device_of_ones_own(regulator: Caller, rival: Caller) -> None:
    bare = Caller(regulator.http, {"Authorization": regulator.headers["Authorization"]})
    path = "/v1/regulation/heartbeat"
    assert_problem(await bare.post(path), 422, "device_required")
    assert_problem(await bare.on_device(rival.headers["X-Device-Id"]).post(path), 404, "not_found")
    phone = await another_device(regulator, "MOBILE")
    await phone.send("DELETE", f"/v1/devices/{phone.headers['X-Device-Id']}")
    assert_problem(await phone.post(path), 409, "device_closed")


async def test_rule_024_a_device_that_was_just_registered_is_not_reproached_for_its_silence(
    log_in: Login, api: Api, clock: Clock
) -> None:
    caller = await log_in(api.people.regulators[0])
    clock.advance(seconds=40)
    assert "HEARTBEAT_LATE" not in {each["code"] for each in (await beat(caller))["missing"]}
    clock.advance(seconds=16)
    assert "HEARTBEAT_LATE" in {each["code"] for each in (await beat(caller))["missing"]}
    found = (await caller.get("/v1/devices")).json()["items"]
    assert found[0]["last_seen_at"] > found[0]["created_at"]


async def test_rule_037_a_heartbeat_with_a_key_is_a_heartbeat(regulator: Caller, clock: Clock) -> None:
    for _ in range(3):
        answer = await regulator.post("/v1/regulation/heartbeat", {}, Idempotency_Key="the same")
        assert [each["epoch"] for each in answer.raise_for_status().json()["leases"]] == [1]
        clock.advance(seconds=20)


async def test_rule_037_the_samu_is_told_of_a_company_in_words_for_others(
    regulator: Caller, samu: Caller, api: Api, clock: Clock
) -> None:
    await probed(api)
    clock.advance(seconds=20)
    await _until_probed(api)
    assert "le poste de régulation ne répond plus" in await _told_of(samu, api)
    clock.advance(seconds=20)
    await _until_probed(api)
    assert await _told_of(samu, api) == "Ne reçoit rien : la régulation est suspendue."


async def _until_probed(api: Api) -> None:
    """The engine was seen to answer after the clock went on."""
    now = api.resources.clock()
    async with asyncio.timeout(SECONDS):
        while (api.resources.probed_at() or now - timedelta(days=1)) < now - timedelta(seconds=5):  # noqa: ASYNC110 - by itself
            await asyncio.sleep(0.01)


async def _told_of(samu: Caller, api: Api) -> str:
    companies = (await samu.get("/v1/fleet")).json()["companies"]
    return str(next(each["readiness"] for each in companies if each["id"] == str(api.world.cathare.id)))


# -- tick-boxes ------------------------------------------------------------------------------------------------------


async def test_rule_046_a_crew_ticks_vehicles_and_the_site_that_its_phone_regulates(
    regulator: Caller, crew: Caller, api: Api
) -> None:
    world, body = api.world.cathare, {"available": False}
    vehicle, site = f"/v1/vehicles/{world.vehicles[0].id}", f"/v1/sites/{world.site_id}"
    assert (await crew.send("PUT", f"{vehicle}/availability", body)).status_code == 200
    problem = assert_problem(await crew.send("PUT", f"{site}/availability", body), 409, "lease_lost")
    assert problem["holder"]["device_id"] == regulator.headers["X-Device-Id"]
    bare = Caller(crew.http, {"Authorization": crew.headers["Authorization"]})
    assert_problem(await bare.send("PUT", f"{site}/availability", body), 422, "device_required")
    await regulator.send("DELETE", lease_path(world.site_id))
    await regulating(crew, world.site_id)
    assert (await crew.send("PUT", f"{site}/availability", body)).json()["available"] is False


async def test_rule_023_a_tick_is_told_when_something_changed(regulator: Caller, api: Api) -> None:
    path = f"/v1/vehicles/{api.world.cathare.vehicles[0].id}/availability"
    for available in (True, False, False):
        await regulator.send("PUT", path, {"available": available})
    ticks = [f for f in await company_facts(api, api.world.cathare.id) if f["kind"] == "availability_set"]
    assert [each["available"] for each in ticks] == [False]
    assert ticks[0]["vehicle_id"] == str(api.world.cathare.vehicles[0].id)


async def test_rule_024_a_tick_with_an_end_ends(regulator: Caller, api: Api, clock: Clock) -> None:
    await probed(api)
    until = clock() + timedelta(seconds=30)
    for path in [f"/v1/vehicles/{one.id}" for one in api.world.cathare.vehicles]:
        body = {"available": True, "until": until.isoformat()}
        (await regulator.send("PUT", f"{path}/availability", body)).raise_for_status()
    assert len((await beat(regulator))["receives"]["vehicles"]) == 2
    for _ in range(2):
        clock.advance(seconds=15)
        told = await beat(regulator)
    assert (len(told["leases"]), told["receives"]["vehicles"]) == (1, [])
    shown = (await regulator.get("/v1/fleet")).json()["companies"][0]["vehicles"][0]
    assert (shown["available"], shown["until"]) == (False, None)


async def test_rule_023_the_end_of_a_tick_belongs_to_a_tick(
    regulator: Caller, api: Api, clock: Clock
) -> None:
    body = {"available": False, "until": (clock() + timedelta(hours=1)).isoformat()}
    for path in (
        f"/v1/sites/{api.world.cathare.site_id}",
        f"/v1/vehicles/{api.world.cathare.vehicles[0].id}",
    ):
        problem = assert_problem(
            await regulator.send("PUT", f"{path}/availability", body), 422, "invalid_request"
        )
        assert problem["errors"][0]["pointer"] == "/until"
        assert "belongs to `available: true`" in problem["detail"]
