"""Logins and devices: logging out, or being replaced, stops everything that is sent to a device (rules 38, 54)."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from httpx_sse import ServerSentEvent, aconnect_sse

from api.resources import ACCOUNT_SECONDS
from api.routes import stream
from storage import access, tables
from tests.api.caller import Caller, Json, assert_problem, demand, without
from tests.api.company_journal import company_facts, company_kinds
from tests.api.conftest import Api, Login, another_device, get_in, regulating, serving
from tests.api.people import PASSWORD, Person


def _device(caller: Caller) -> str:
    return f"/v1/devices/{caller.headers['X-Device-Id']}"


async def _log_in(http: httpx.AsyncClient, person: Person) -> Json:
    form = {"username": person.username, "password": PASSWORD}
    tokens: Json = (await http.post("/v1/token", data=form)).raise_for_status().json()
    return tokens


def _bearer(http: httpx.AsyncClient, tokens: Json) -> Caller:
    return Caller(http, {"Authorization": f"Bearer {tokens['access_token']}"})


async def _renew(http: httpx.AsyncClient, tokens: Json) -> httpx.Response:
    return await http.post(
        "/v1/token", data={"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"]}
    )


async def _forget_sessions(api: Api) -> None:
    """What the process remembers of sessions is never older than a few seconds: here, not at all."""
    api.resources.sessions._kept.clear()
    assert ACCOUNT_SECONDS <= 5


@asynccontextmanager
async def _listening(caller: Caller, device_id: str | None) -> AsyncIterator[AsyncIterator[ServerSentEvent]]:
    headers = without(caller.headers, "X-Device-Id") | ({"X-Device-Id": device_id} if device_id else {})
    async with aconnect_sse(caller.http, "GET", "/v1/stream", headers=headers) as source:
        source.response.raise_for_status()
        yield (event async for event in source.aiter_sse() if event.data)


async def _rest(events: AsyncIterator[ServerSentEvent], seconds: float) -> list[ServerSentEvent]:
    """What still comes until the stream ends, which it does in so many seconds."""
    async with asyncio.timeout(seconds):
        return [event async for event in events]


# -- a device is logged out ------------------------------------------------------------------------------------------


async def test_rule_038_logging_a_device_out_gives_up_what_it_held(
    samu: Caller, regulator: Caller, api: Api
) -> None:
    await samu.post("/v1/demands", demand())
    await another_device(regulator, "WEB")  # on which the login goes on
    problem = assert_problem(await regulator.send("DELETE", _device(regulator)), 409, "confirmation_required")
    assert (problem["open_solicitations"], problem["running_missions"]) == (2, 0)
    for _ in range(2):
        closed = await regulator.send("DELETE", f"{_device(regulator)}?confirm=true")
        assert closed.status_code == 204
    kinds = await company_kinds(api, api.world.cathare.id)
    assert kinds == ["regulation_taken", "regulation_given_up", "device_closed"]
    told = (await company_facts(api, api.world.cathare.id))[-1]
    assert (told["reason"], told["device_kind"]) == ("LOGGED_OUT", "WEB")
    path = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    assert_problem(await regulator.send("PUT", path), 409, "device_closed")


async def test_rule_054_the_login_of_a_device_ends_with_it(http: httpx.AsyncClient, api: Api) -> None:
    tokens = await _log_in(http, api.people.regulators[0])
    caller = _bearer(http, tokens)
    one, two = await another_device(caller, "PLUGIN"), await another_device(caller, "MOBILE")
    await caller.send("DELETE", _device(one))
    await _forget_sessions(api)
    assert (await two.get("/v1/me")).status_code == 200  # another device is still on it
    await caller.send("DELETE", _device(two))
    await _forget_sessions(api)
    assert_problem(await caller.get("/v1/me"), 401, "session_ended")
    assert_problem(await _renew(http, tokens), 401, "invalid_credentials")
    again = _bearer(http, await _log_in(http, api.people.regulators[0]))
    assert (await again.get("/v1/me")).status_code == 200


async def test_rule_054_refreshing_stays_in_the_login(http: httpx.AsyncClient, api: Api) -> None:
    tokens = await _log_in(http, api.people.regulators[0])
    device = await another_device(_bearer(http, tokens), "PLUGIN")
    renewed = (await _renew(http, tokens)).raise_for_status().json()
    caller = _bearer(http, renewed).on_device(device.headers["X-Device-Id"])
    await caller.send("DELETE", _device(caller))
    await _forget_sessions(api)
    assert_problem(await caller.get("/v1/me"), 401, "session_ended")
    assert_problem(await _renew(http, renewed), 401, "invalid_credentials")


async def test_rule_054_logging_out_closes_every_device_of_the_login(
    http: httpx.AsyncClient, api: Api
) -> None:
    tokens = await _log_in(http, api.people.regulators[0])
    caller = _bearer(http, tokens)
    phone = await another_device(caller, "MOBILE")
    plugin = await regulating(await another_device(caller, "PLUGIN"), api.world.cathare.site_id)
    assert (await plugin.post("/v1/logout")).status_code == 204
    for each in (caller, phone, plugin):
        assert_problem(await each.get("/v1/me"), 401, "session_ended")
    kinds = await company_kinds(api, api.world.cathare.id)
    assert kinds == ["regulation_taken", "device_closed", "regulation_given_up", "device_closed"]


async def test_rule_038_logging_out_asks_first_when_somebody_waits(
    samu: Caller, regulator: Caller, api: Api
) -> None:
    await samu.post("/v1/demands", demand())
    problem = assert_problem(await regulator.post("/v1/logout"), 409, "confirmation_required")
    assert problem["open_solicitations"] == 2
    assert (await regulator.get("/v1/me")).status_code == 200
    assert (await regulator.post("/v1/logout?confirm=true")).status_code == 204
    assert_problem(await regulator.get("/v1/me"), 401, "session_ended")


async def test_a_device_cannot_be_registered_in_a_login_that_ended(http: httpx.AsyncClient, api: Api) -> None:
    caller = _bearer(http, await _log_in(http, api.people.regulators[0]))
    only = await another_device(caller, "PLUGIN")
    await caller.send("DELETE", _device(only))  # the process still remembers the login for a moment
    registered = await caller.post("/v1/devices", {"kind": "WEB", "name": "page"})
    assert_problem(registered, 401, "session_ended")


async def test_rule_037_a_device_that_is_replaced_is_closed_and_its_push_forgotten(
    log_in: Login, api: Api
) -> None:
    person, push = api.people.regulators[0], {"p256dh": "a", "auth": "b"}
    first = await log_in(person)
    old = await first.post(
        "/v1/devices",
        {
            "kind": "PLUGIN",
            "name": "ancien",
            "push_subscription": {"endpoint": "https://push.example/1", "keys": push},
        },
    )
    former = await regulating(first.on_device(old.json()["id"]), api.world.cathare.site_id)
    second = await log_in(person)
    body = {"kind": "PLUGIN", "name": "nouveau", "replaces": old.json()["id"]}
    new = await second.post("/v1/devices", body)
    assert new.status_code == 201
    assert_problem(await former.post("/v1/regulation/heartbeat"), 409, "device_closed")
    kinds = await company_kinds(api, api.world.cathare.id)
    assert kinds == ["regulation_taken", "regulation_taken", "device_closed"]
    async with api.resources.database.connect() as connection:
        devices = tables.devices.c
        query = sa.select(devices.closed_reason, devices.push_subscription, devices.session_id)
        row = (await connection.execute(query.where(devices.id == UUID(old.json()["id"])))).one()
    assert (row.closed_reason, row.push_subscription) == ("REPLACED", None)
    assert row.session_id is not None
    theirs = await log_in(api.people.regulators[1])
    stolen = {"kind": "PLUGIN", "name": "voleur", "replaces": new.json()["id"]}
    assert_problem(await theirs.post("/v1/devices", stolen), 404, "not_found")


async def test_rule_037_a_device_that_replaces_another_regulates_and_is_aboard_without_a_gap(
    samu: Caller, crew: Caller, log_in: Login, api: Api
) -> None:
    world = api.world.cathare
    await get_in(await regulating(crew, world.site_id), world.vehicles[0].id)
    await samu.post("/v1/demands", demand())
    again, old = await log_in(api.people.crews[0]), crew.headers["X-Device-Id"]
    new = await again.post("/v1/devices", {"kind": "MOBILE", "name": "nouveau", "replaces": old})
    again = again.on_device(new.raise_for_status().json()["id"])
    told = (await again.post("/v1/regulation/heartbeat")).json()
    assert [(each["site_id"], each["epoch"]) for each in told["leases"]] == [(str(world.site_id), 2)]
    assert (told["mode"], told["aboard"]["is_primary"]) == ("R4", True)
    facts = (await company_facts(api, world.id))[2:]
    kinds = [each["kind"] for each in facts]
    assert kinds == ["regulation_taken", "crew_unbound", "crew_bound", "device_closed"]
    assert (facts[0]["previous_device_id"], facts[0]["device_id"]) == (old, new.json()["id"])
    assert facts[2]["members"] == [{"name": "Anna Fictive", "diploma": None}]


async def test_rule_038_a_page_of_a_crew_cannot_go_on_with_what_its_phone_regulates(
    samu: Caller, crew: Caller, log_in: Login, api: Api
) -> None:
    await regulating(crew, api.world.cathare.site_id)
    await samu.post("/v1/demands", demand())
    again = await log_in(api.people.crews[0])
    body = {"kind": "WEB", "name": "page", "replaces": crew.headers["X-Device-Id"]}
    problem = assert_problem(await again.post("/v1/devices", body), 409, "confirmation_required")
    assert problem["open_solicitations"] == 2
    assert (await crew.post("/v1/regulation/heartbeat")).json()["leases"] != []


async def test_a_company_lists_its_open_devices_and_a_doctor_their_own(
    regulator: Caller, crew: Caller, rival: Caller, samu: Caller, log_in: Login, api: Api
) -> None:
    world = api.world.cathare
    await get_in(crew, world.vehicles[0].id)
    closed = await another_device(crew, "WEB")
    await closed.send("DELETE", _device(closed))
    found = {each["id"]: each for each in (await crew.get("/v1/devices")).json()["items"]}
    assert closed.headers["X-Device-Id"] not in found
    assert rival.headers["X-Device-Id"] not in found
    post, phone = (found[each.headers["X-Device-Id"]] for each in (regulator, crew))
    assert (post["kind"], post["name"], post["mine"]) == ("WEB", "poste", False)
    assert post["person"] == api.people.regulators[0].username
    assert post["last_seen_at"] is not None
    assert (post["vehicle"], [each["id"] for each in post["sites"]]) == (None, [str(world.site_id)])
    assert (phone["mine"], phone["sites"], phone["vehicle"]["id"]) == (True, [], str(world.vehicles[0].id))
    doctor = await log_in(api.people.doctor)
    await log_in(api.people.coordinator)
    own = (await doctor.get("/v1/devices")).json()["items"]
    assert [each["id"] for each in own] == [doctor.headers["X-Device-Id"]]
    assert_problem(await samu.get("/v1/devices"), 404, "not_found")


async def test_rule_054_logging_out_again_is_done_already(regulator: Caller) -> None:
    for _ in range(3):
        assert (
            await regulator.post("/v1/logout?confirm=true", None, Idempotency_Key="out")
        ).status_code == 204
    bare = Caller(regulator.http, {})
    assert_problem(await bare.post("/v1/logout"), 401, "missing_credentials")


@pytest.mark.parametrize("replaced", [False, True])
async def test_rule_054_the_tokens_of_a_closed_device_are_refused_at_once(
    http: httpx.AsyncClient, log_in: Login, api: Api, replaced: bool
) -> None:
    caller = _bearer(http, await _log_in(http, api.people.regulators[0]))
    only = await another_device(caller, "PLUGIN")
    assert (await only.get("/v1/me")).status_code == 200  # the process remembers the login
    if replaced:
        body = {"kind": "WEB", "name": "autre", "replaces": only.headers["X-Device-Id"]}
        (await (await log_in(api.people.regulators[0])).post("/v1/devices", body)).raise_for_status()
    else:
        await only.send("DELETE", _device(only))
    assert_problem(await only.get("/v1/me"), 401, "session_ended")


async def test_scope_devices_of_others_are_not_closed(regulator: Caller, rival: Caller, samu: Caller) -> None:
    assert_problem(await rival.send("DELETE", _device(regulator)), 404, "not_found")
    assert_problem(await samu.send("DELETE", _device(regulator)), 404, "not_found")
    assert_problem(await samu.post("/v1/logout"), 404, "not_found")


# -- streams ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by_header", [True, False])
async def test_rule_054_the_stream_of_a_device_ends_within_a_second(
    regulator: Caller, log_in: Login, api: Api, by_header: bool
) -> None:
    device_id = regulator.headers["X-Device-Id"]
    colleague = await log_in(api.people.regulators[0])
    async with (
        _listening(regulator, device_id if by_header else None) as mine,
        _listening(colleague, colleague.headers["X-Device-Id"]) as others,
    ):
        await regulator.send("DELETE", _device(regulator))
        began = time.perf_counter()
        told = await _rest(mine, 5)
        assert time.perf_counter() - began < 1
        assert [event.event for event in told] == ["regulation_given_up", "device_closed"]
        assert json.loads(told[-1].data)["data"]["device_id"] == device_id
        async with asyncio.timeout(5):
            heard = [(await anext(others)).event for _ in range(2)]
        assert heard[-1] == "device_closed"
        await colleague.send("PUT", f"/v1/regulation/sites/{api.world.cathare.site_id}")
        async with asyncio.timeout(5):
            assert (await anext(others)).event == "regulation_taken"  # a colleague's stream goes on


async def test_rule_054_another_process_closes_the_device(regulator: Caller, api: Api) -> None:
    async with (
        serving(api.resources) as url,
        httpx.AsyncClient(base_url=url) as client,
        _listening(Caller(client, regulator.headers), regulator.headers["X-Device-Id"]) as mine,
    ):
        await regulator.send("DELETE", _device(regulator))
        assert (await _rest(mine, 2))[-1].event == "device_closed"


async def test_rule_054_a_stream_without_a_fact_to_wake_it_ends_as_well(
    log_in: Login, api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "LOOK_EVERY_SECONDS", 0.2)
    doctor = await log_in(api.people.doctor)  # of no company: no journal to write in
    async with _listening(doctor, doctor.headers["X-Device-Id"]) as mine:
        await doctor.send("DELETE", _device(doctor))
        [last] = await _rest(mine, 3)
    assert last.event == "device_closed"
    assert json.loads(last.data)["data"]["device_id"] == doctor.headers["X-Device-Id"]


async def test_rule_054_who_logged_out_hears_nothing_more(samu: Caller, log_in: Login, api: Api) -> None:
    doctor = await log_in(api.people.doctor)
    bare = Caller(doctor.http, without(doctor.headers, "X-Device-Id"))
    async with _listening(bare, None) as mine:
        assert (await doctor.post("/v1/logout")).status_code == 204
        began = time.perf_counter()
        for _ in range(3):
            await samu.post("/v1/demands", demand())
        told = await _rest(mine, 4)
        assert time.perf_counter() - began < 4  # not only at the next look, every five seconds
    assert [event.event for event in told] == ["device_closed"]


async def test_rule_054_the_goodbye_is_ones_own_also_after_a_colleagues(
    regulator: Caller, log_in: Login, api: Api
) -> None:
    colleague, device_id = await log_in(api.people.regulators[0]), regulator.headers["X-Device-Id"]
    async with _listening(regulator, device_id) as mine:
        await asyncio.gather(
            colleague.send("DELETE", _device(colleague)), regulator.send("DELETE", _device(regulator))
        )
        told = await _rest(mine, 5)
    assert (told[-1].event, json.loads(told[-1].data)["data"]["device_id"]) == ("device_closed", device_id)


async def test_rule_054_a_stream_is_not_opened_on_a_device_that_is_closed_or_foreign(
    regulator: Caller, rival: Caller
) -> None:
    phone = await another_device(regulator, "MOBILE")
    await phone.send("DELETE", _device(phone))
    assert_problem(await phone.get("/v1/stream"), 409, "device_closed")
    foreign = regulator.on_device(rival.headers["X-Device-Id"])
    assert_problem(await foreign.get("/v1/stream"), 404, "not_found")


async def test_the_stream_of_a_revoked_key_ends_at_once(samu: Caller, api: Api) -> None:
    key_id = UUID((await samu.get("/v1/me")).json()["id"])
    async with _listening(samu, None) as events:
        async with api.resources.database.begin() as connection:
            await access.revoke_key(connection, key_id, api.resources.clock())
        rest = await _rest(events, 20)
    assert [event.event for event in rest] == ["device_closed"]
