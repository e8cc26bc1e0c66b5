"""The phone of a guard stays where it is, or says that it goes; who regulates is not on guard (rules 38, 39, 57)."""

import pytest
import sqlalchemy as sa

from storage import tables
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, Login, another_device, get_in, regulating
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world


@pytest.fixture
async def guard(api: Api) -> GuardWorld:
    return await build_guard_world(api)


@pytest.fixture
async def shift(crew: Caller, guard: GuardWorld) -> Json:
    """The crew is on guard, in the first vehicle."""
    opening = guard.opening(await guard.plan(-HOUR))
    told: Json = (await crew.post("/v1/guard/shifts", opening)).raise_for_status().json()
    return told


def _crew_of(api: Api, number: int) -> str:
    return f"/v1/vehicles/{api.world.cathare.vehicles[number].id}/crew"


def _body(caller: Caller, **more: object) -> Json:
    return {"device_id": caller.headers["X-Device-Id"], "members": [{"name": "Anna Fictive"}], **more}


async def _aboard(caller: Caller) -> Json | None:
    told = (await caller.post("/v1/regulation/heartbeat")).raise_for_status().json()
    aboard: Json | None = told["aboard"]
    return aboard


async def test_rule_038_the_phone_of_a_guard_asks_before_it_moves(
    crew: Caller, api: Api, shift: Json
) -> None:
    answer = await crew.send("PUT", _crew_of(api, 1), _body(crew))
    assert assert_problem(answer, 409, "confirmation_required")["open_guard_shifts"] == 1
    assert (await crew.send("PUT", _crew_of(api, 0), _body(crew))).status_code == 200  # where it is
    moved = await crew.send("PUT", _crew_of(api, 1), _body(crew, confirm=True))
    assert moved.json()["vehicle_id"] == str(api.world.cathare.vehicles[1].id)


async def test_rule_038_the_phone_of_a_guard_asks_before_it_leaves_and_so_does_the_regulator(
    crew: Caller, regulator: Caller, api: Api, shift: Json
) -> None:
    device = crew.headers["X-Device-Id"]
    for caller, path in ((crew, _crew_of(api, 0)), (regulator, f"{_crew_of(api, 0)}?device_id={device}")):
        problem = assert_problem(await caller.send("DELETE", path), 409, "confirmation_required")
        assert problem["open_guard_shifts"] == 1
    assert (await regulator.send("DELETE", f"{_crew_of(api, 0)}?device_id={device}&confirm=true")).is_success
    assert await _aboard(crew) is None


async def test_rule_038_a_guard_with_a_second_phone_lets_one_go(
    crew: Caller, regulator: Caller, api: Api, shift: Json
) -> None:
    second = await another_device(regulator, "MOBILE")
    await get_in(second, api.world.cathare.vehicles[0].id)
    assert (await crew.send("DELETE", _crew_of(api, 0))).status_code == 204
    answer = await second.send("DELETE", _crew_of(api, 0))
    assert_problem(answer, 409, "confirmation_required")


async def test_rule_038_the_phone_that_opened_a_guard_asks_before_it_logs_out(
    crew: Caller, api: Api, shift: Json
) -> None:
    async with (
        api.resources.database.begin() as connection
    ):  # in no vehicle: it opened the guard, and is its phone
        await connection.execute(sa.delete(tables.crews))
    device = f"/v1/devices/{crew.headers['X-Device-Id']}"
    for answer in (await crew.send("DELETE", device), await crew.post("/v1/logout")):
        assert assert_problem(answer, 409, "confirmation_required")["open_guard_shifts"] == 1
    assert (await crew.send("PUT", _crew_of(api, 0), _body(crew))).status_code == 200
    assert (await crew.post("/v1/logout?confirm=true")).status_code == 204


async def test_rule_057_a_phone_that_regulates_does_not_get_into_a_vehicle_on_guard(
    crew: Caller, regulator: Caller, api: Api, shift: Json
) -> None:
    world = api.world.cathare
    await regulator.send("DELETE", f"/v1/regulation/sites/{world.site_id}?confirm=true")
    master = await regulating(await another_device(regulator, "MOBILE"), world.site_id)
    problem = assert_problem(await master.send("PUT", _crew_of(api, 0), _body(master)), 409, "lease_held")
    assert f"Site de {world.name}" in problem["detail"]
    assert (await master.send("PUT", _crew_of(api, 1), _body(master))).json()["mode"] == "R4"
    answer = await crew.send("PUT", f"/v1/regulation/sites/{world.site_id}")
    assert_problem(answer, 409, "phone_on_guard")


async def test_a_heartbeat_tells_where_the_phone_is(
    crew: Caller, regulator: Caller, api: Api, shift: Json
) -> None:
    vehicle = api.world.cathare.vehicles[0]
    told = await _aboard(crew) or {}
    assert (told["vehicle_id"], told["vehicle_name"]) == (str(vehicle.id), vehicle.name)
    assert (told["is_primary"], told["mission_id"]) == (True, None)
    [seat] = (await crew.get(_crew_of(api, 0))).json()["items"]
    assert told["crew_id"] == seat["crew_id"]
    assert told["guard"] == {
        "shift_id": shift["id"],
        "period_id": shift["period"]["id"] if "period" in shift else shift["period_id"],
        "ends_at": told["guard"]["ends_at"],
    }
    assert await _aboard(regulator) is None


@pytest.mark.parametrize("kind", ["MOBILE", "WEB"])
async def test_rule_054_the_phone_that_replaces_a_guards_goes_on_in_the_same_moment(
    crew: Caller, regulator: Caller, log_in: Login, api: Api, shift: Json, kind: str
) -> None:
    body = {"kind": kind, "name": "nouveau", "replaces": crew.headers["X-Device-Id"]}
    again = await log_in(api.people.crews[0])
    answer = await again.post("/v1/devices", body)
    if kind == "WEB":  # no page is on guard
        assert assert_problem(answer, 409, "confirmation_required")["open_guard_shifts"] == 1
        assert await _aboard(crew) is not None
        assert (await again.post("/v1/devices", body | {"confirm": True})).status_code == 201
        return
    told = await _aboard(again.on_device(answer.raise_for_status().json()["id"])) or {}
    assert told["guard"]["shift_id"] == shift["id"]
    async with api.resources.database.connect() as connection:
        device_id = await connection.scalar(sa.select(tables.guard_shifts.c.device_id))
    assert str(device_id) == answer.json()["id"]
