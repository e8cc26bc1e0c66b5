"""How long a site's crews need before they leave: the regulator says it, the fleet shows it."""

from uuid import uuid4

from tests.api.caller import Caller, Json, assert_problem
from tests.api.company_journal import company_facts
from tests.api.conftest import Api, Login, another_device, regulating
from tests.api.people import People

NIGHT = [360] * 7 + [120] * 13 + [360] * 4


def _path(site_id: object) -> str:
    return f"/v1/sites/{site_id}/mobilisation"


async def _shown(caller: Caller, site_id: object) -> Json:
    told = (await caller.get("/v1/fleet")).raise_for_status().json()
    sites = [each for company in told["companies"] for each in company["sites"]]
    found: Json = next(each for each in sites if each["id"] == str(site_id))["mobilisation"]
    return found


async def _told(api: Api) -> list[Json]:
    facts = await company_facts(api, api.world.cathare.id)
    return [each for each in facts if each["kind"] == "mobilisation_set"]


async def test_the_fleet_shows_what_the_regulator_said_to_company_and_samu(
    regulator: Caller, samu: Caller, api: Api
) -> None:
    site = api.world.cathare.site_id
    assert await _shown(regulator, site) == {"default_s": 0, "by_hour_s": None}
    given = {"default_s": 120, "by_hour_s": NIGHT}
    told = await regulator.send("PUT", _path(site), given)
    assert (told.status_code, told.json()) == (200, {"id": str(site), **given})
    assert await _shown(regulator, site) == await _shown(samu, site) == given
    (await regulator.send("PUT", _path(site), {"default_s": 60})).raise_for_status()
    assert await _shown(regulator, site) == {"default_s": 60, "by_hour_s": None}


async def test_what_changed_is_told_once_with_who_said_it(regulator: Caller, api: Api) -> None:
    site = api.world.cathare.site_id
    first, second = {"default_s": 120, "by_hour_s": NIGHT}, {"default_s": 120, "by_hour_s": None}
    for given in (first, first, second, second):
        (await regulator.send("PUT", _path(site), given)).raise_for_status()
    facts = await _told(api)
    assert [(each["default_s"], each["by_hour_s"]) for each in facts] == [(120, NIGHT), (120, None)]
    assert {each["site_id"] for each in facts} == {str(site)}
    assert facts[0]["by"]["role"] == "REGULATOR"
    assert facts[0]["by"]["device_id"] == regulator.headers["X-Device-Id"]
    assert {each["samu_id"] for each in facts} == {None}


async def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(
    regulator: Caller, api: Api
) -> None:
    path, key = _path(api.world.cathare.site_id), {"Idempotency-Key": "mobilisation-1"}
    sender = Caller(regulator.http, {**regulator.headers, **key})
    one = await sender.send("PUT", path, {"default_s": 90})
    again = await sender.send("PUT", path, {"default_s": 90})
    assert again.json() == one.json()
    assert again.headers["Idempotency-Replayed"] == "true"
    assert_problem(await sender.send("PUT", path, {"default_s": 91}), 409, "idempotency_mismatch")
    assert [each["default_s"] for each in await _told(api)] == [90]


NO_TIMES: list[Json] = [
    {},
    {"default_s": None},
    {"default_s": -1},
    {"default_s": 3601},
    {"default_s": 1.5},
    {"default_s": "120"},
    {"default_s": True},
    {"default_s": 0, "by_hour_s": []},
    {"default_s": 0, "by_hour_s": [60] * 23},
    {"default_s": 0, "by_hour_s": [60] * 25},
    {"default_s": 0, "by_hour_s": [60] * 23 + [-1]},
    {"default_s": 0, "by_hour_s": [60] * 23 + [3601]},
    {"default_s": 0, "by_hour_s": [60] * 23 + [None]},
    {"default_s": 0, "by_hour_s": {"0": 60}},
    {"default_s": 0, "zone": "Europe/Paris"},
]


async def test_what_is_no_time_is_refused_and_nothing_is_written(regulator: Caller, api: Api) -> None:
    site = api.world.cathare.site_id
    (await regulator.send("PUT", _path(site), {"default_s": 30})).raise_for_status()
    for given in NO_TIMES:
        assert_problem(await regulator.send("PUT", _path(site), given), 422, "invalid_request")
    assert await _shown(regulator, site) == {"default_s": 30, "by_hour_s": None}


async def test_an_hour_is_the_most(regulator: Caller, api: Api) -> None:
    given = {"default_s": 3600, "by_hour_s": [0] * 12 + [3600] * 12}
    (await regulator.send("PUT", _path(api.world.cathare.site_id), given)).raise_for_status()
    assert await _shown(regulator, api.world.cathare.site_id) == given


async def test_scope_only_the_company_s_own_regulator(
    regulator: Caller, rival: Caller, crew: Caller, samu: Caller, api: Api
) -> None:
    site, given = api.world.cathare.site_id, {"default_s": 120}
    for caller in (rival, crew, samu):
        assert_problem(await caller.send("PUT", _path(site), given), 404, "not_found")
    assert_problem(await regulator.send("PUT", _path(uuid4()), given), 404, "not_found")
    assert_problem(await regulator.send("PUT", _path("here"), given), 422, "invalid_request")
    assert await _shown(regulator, site) == {"default_s": 0, "by_hour_s": None}


async def test_a_crew_that_regulates_the_site_does_not_say_it_either(
    regulator: Caller, crew: Caller, api: Api
) -> None:
    site = api.world.cathare.site_id
    await regulator.send("DELETE", f"/v1/regulation/sites/{site}")
    master = await regulating(crew, site)
    assert_problem(await master.send("PUT", _path(site), {"default_s": 120}), 404, "not_found")


async def test_a_device_is_not_needed_but_must_be_open_and_the_caller_s(
    regulator: Caller, crew: Caller, log_in: Login, people: People, api: Api
) -> None:
    path, given = _path(api.world.cathare.site_id), {"default_s": 45}
    foreign = regulator.on_device(crew.headers["X-Device-Id"])
    assert_problem(await foreign.send("PUT", path, given), 404, "not_found")
    closed = await another_device(await log_in(people.regulators[0]), "WEB")
    (await closed.send("DELETE", f"/v1/devices/{closed.headers['X-Device-Id']}")).raise_for_status()
    assert_problem(await closed.send("PUT", path, given), 409, "device_closed")
    assert await _told(api) == []
    bare = Caller(regulator.http, {"Authorization": regulator.headers["Authorization"]})
    assert (await bare.send("PUT", path, given)).status_code == 200
