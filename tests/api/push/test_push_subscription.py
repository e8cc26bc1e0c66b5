"""Subscribing: only ones own open phone, only the push services that the operator named."""

from typing import Any

from tests.api.caller import Caller, assert_problem
from tests.api.conftest import get_in
from tests.api.push.world import Phone, PushWorld, accept_with, post_demand, settled
from tests.fixtures.push_service import (
    PushService,
)


def _with(phone: Phone, endpoint: str | None = None, **keys: str) -> dict[str, Any]:
    made: dict[str, Any] = phone.browser.subscription
    return made | {"endpoint": endpoint or made["endpoint"], "keys": made["keys"] | keys}


ELSEWHERE = (
    "https://169.254.169.254/latest/meta-data",
    "https://push.example.evil.test/x",
    "https://push.example:8443/x",
    "https://push.example@evil.test/x",
    "https://user@push.example/x",
    "https://evil.test\\@push.example/x",
    "https://localhost/x",
)


async def test_no_other_address_is_called_than_those_that_the_operator_named(push_world: PushWorld) -> None:
    phone = await push_world.phone(push_world.api.people.crews[0])
    for endpoint in ELSEWHERE:
        answer = await phone.caller.send("PUT", phone.path, _with(phone, endpoint))
        assert_problem(answer, 422, "push_host_refused")
    body = {"kind": "MOBILE", "name": "autre", "push_subscription": _with(phone, ELSEWHERE[0])}
    assert_problem(await phone.caller.post("/v1/devices", body), 422, "push_host_refused")


async def test_keys_that_no_browser_made_are_refused(push_world: PushWorld) -> None:
    phone = await push_world.phone(push_world.api.people.crews[0])
    for keys in (
        {"p256dh": "AAAA"},
        {"auth": "AAAA"},
        {"p256dh": phone.browser.subscription["keys"]["auth"]},
    ):
        answer = await phone.caller.send("PUT", phone.path, _with(phone, **keys))
        told = assert_problem(answer, 422, "invalid_request")
        assert told["errors"][0]["pointer"] == f"/keys/{next(iter(keys))}"


async def test_only_ones_own_open_phone_is_subscribed(
    push_world: PushWorld, regulator: Caller, samu: Caller
) -> None:
    phone = await push_world.phone(push_world.api.people.crews[0])
    given = phone.browser.subscription
    assert_problem(await regulator.send("PUT", phone.path, given), 404, "not_found")
    assert_problem(await regulator.send("DELETE", phone.path), 404, "not_found")
    assert_problem(await samu.send("PUT", phone.path, given), 404, "not_found")
    own = f"/v1/devices/{regulator.headers['X-Device-Id']}/push-subscription"
    assert_problem(await regulator.send("PUT", own, given), 409, "phone_required")
    assert (await phone.caller.send("DELETE", phone.path)).status_code == 204
    assert (await phone.caller.send("DELETE", phone.path)).status_code == 204


async def test_a_browser_is_one_device(push_world: PushWorld, samu: Caller, service: PushService) -> None:
    """Whoever had this phone before, and did not log out, is not told of on it any more."""
    before = await push_world.master(0)
    now = await push_world.phone(push_world.api.people.crews[1])
    (await now.caller.send("PUT", now.path, before.browser.subscription)).raise_for_status()
    other = await push_world.master(1)
    await post_demand(samu)
    await service.wait(other.browser)
    await settled(push_world)
    assert service.told(before.browser) == []


async def test_a_phone_that_got_in_is_told_what_its_vehicle_has_to_do_next(
    push_world: PushWorld, samu: Caller, service: PushService, regulator: Caller
) -> None:
    """R1: the regulator is on a PC, which is not notified; the crew's phone is."""
    phone = await push_world.phone(push_world.api.people.crews[0])
    await get_in(phone.caller, push_world.api.world.cathare.vehicles[0].id)
    await post_demand(samu)
    await accept_with(regulator, push_world.api.world.cathare.vehicles[0])
    [told] = await service.wait(phone.browser)
    assert told["kind"] == "mission"
