"""Notifications reach whoever must answer or leave, on a real push service, and nobody who has logged out (issue 5)."""

import json
from datetime import datetime
from uuid import UUID

import pytest
import sqlalchemy as sa

from domain.lease import SILENCE
from domain.vocabulary import Tier
from push.post import topic_of
from storage import regulation, tables
from tests.api.caller import Caller
from tests.api.conftest import Api, Clock, regulating
from tests.api.engine import RuleEngine
from tests.api.guard_world import HOUR, build_guard_world
from tests.api.push.world import CONTACT, PushWorld, accept_with, asked_of, post_demand, put_off, settled
from tests.fixtures.push_service import (
    PushService,
    check_vapid,
)

PRIVATE = ("EXEMPLE", "Fable", "Verdun", "hanche", "Chien", "43.21", "+33465", "12B", "1941")


# -- what is told --------------------------------------------------------------------------------------------


async def test_rule_045_the_master_phone_is_told_of_a_solicitation(
    push_world: PushWorld, samu: Caller, service: PushService
) -> None:
    phone = await push_world.master()
    posted = await post_demand(samu)
    [told] = await service.wait(phone.browser)
    asked = await asked_of(phone.caller)
    assert len(asked) == 2  # one notification, whatever is asked of the company for one demand
    assert told == {
        "kind": "solicitation",
        "tag": f"demand-{posted['id']}",
        "title": "Sollicitation du SAMU",
        "body": told["body"],
        "url": "/mobile",
        "at": told["at"],
        "until": told["until"],
    }
    assert told["body"].startswith("AMBULANCE, délai 20 min · ")
    vehicles = push_world.api.world.cathare.vehicles
    assert all(f"{each.name} (9 min)" in told["body"] for each in vehicles)
    until = max(datetime.fromisoformat(each["answer_before"]) for each in asked)
    assert datetime.fromisoformat(told["until"]) == until
    [received] = service.received
    check_vapid(received, push_world.config.public_key, CONTACT)
    assert received.headers["content-encoding"] == "aes128gcm"
    assert received.headers["urgency"] == "high"
    assert received.headers["topic"] == topic_of(told["tag"])
    assert 0 < int(received.headers["ttl"]) <= (until - received.at).total_seconds() + 1
    assert not [word for word in PRIVATE if word in json.dumps(told, ensure_ascii=False)]
    assert push_world.figure("rescousse_push_total", outcome="sent") == 1


async def test_rule_030_the_crew_is_told_of_its_mission_and_of_its_cancellation(
    push_world: PushWorld, samu: Caller, service: PushService
) -> None:
    master, crew, bystander = [
        await push_world.master(),
        await push_world.aboard(0),
        await push_world.aboard(1),
    ]
    posted = await post_demand(samu)
    await service.wait(master.browser)
    mission = await accept_with(master.caller, push_world.api.world.cathare.vehicles[0])
    [told] = await service.wait(crew.browser)
    name = push_world.api.world.cathare.vehicles[0].name
    assert (told["kind"], told["tag"]) == ("mission", f"mission-{mission['mission_id']}")
    assert (told["title"], told["until"]) == ("Nouvelle mission", None)
    assert told["body"] == f"{name} : ouvrez la fiche et acquittez. AMBULANCE, délai 20 min."
    reason = {"reason": "Le patient est parti, 12 rue de Verdun"}
    (await samu.post(f"/v1/demands/{posted['id']}/cancellation", reason)).raise_for_status()
    [_, cancelled] = await service.wait(crew.browser, 2)
    assert (cancelled["kind"], cancelled["tag"]) == ("cancelled", told["tag"])
    assert cancelled["body"] == f"{name} : le SAMU a annulé la mission."
    kinds = [each["kind"] for each in await service.wait(master.browser, 4)]
    assert kinds[0] == "solicitation"
    assert sorted(kinds[1:3]) == ["mission", "over"]  # two tags: in whatever order
    assert kinds[3] == "cancelled"
    assert service.told(bystander.browser) == []


async def test_rule_028_elsewhere_it_is_over(
    push_world: PushWorld, samu: Caller, service: PushService, regulator: Caller
) -> None:
    phone = await push_world.master(1)
    await post_demand(samu)
    [rung] = await service.wait(phone.browser)
    await accept_with(regulator, push_world.api.world.cathare.vehicles[0])
    [_, over] = await service.wait(phone.browser, 2)
    assert (over["kind"], over["tag"]) == ("over", rung["tag"])


async def test_rule_060_the_phone_of_a_guard_is_told_and_no_other(
    push_world: PushWorld, samu: Caller, service: PushService, rules: RuleEngine, api: Api
) -> None:
    guard, master = await push_world.phone(api.people.crews[0]), await push_world.master()
    roster = await build_guard_world(api)
    opening = roster.opening(await roster.plan(-HOUR))
    (await guard.caller.post("/v1/guard/shifts", opening)).raise_for_status()
    on_guard = api.world.cathare.vehicles[0].id
    mine = next(each for each in rules.candidates if each.vehicle_id == on_guard)
    rules.candidates = (mine.model_copy(update={"tier": Tier.GUARD}),)
    await post_demand(samu, exercise=True)
    [told] = await service.wait(guard.browser)
    assert told["title"] == "EXERCICE · Garde : le SAMU vous sollicite"
    await settled(push_world)
    assert service.told(master.browser) == []


# -- who is not told any more --------------------------------------------------------------------------------


async def test_a_phone_that_logged_out_between_two_tries_is_not_reached(
    push_world: PushWorld, samu: Caller, service: PushService, clock: Clock
) -> None:
    leaving, staying = await push_world.master(0), await push_world.master(1)
    service.answer = lambda _: (503, {"Retry-After": "30"}, b"")
    await post_demand(samu)
    await service.wait(leaving.browser)
    await service.wait(staying.browser)
    await put_off(push_world)
    (await leaving.caller.post("/v1/logout?confirm=true")).raise_for_status()
    service.answer = lambda _: 201
    clock.advance(seconds=31)
    await service.wait(staying.browser, 2)  # the same failure, and this one is reached again
    await settled(push_world)
    assert len(service.told(leaving.browser)) == 1


async def test_a_phone_that_logged_out_is_not_told_what_happens_after(
    push_world: PushWorld, samu: Caller, service: PushService
) -> None:
    crew, master = await push_world.aboard(0), await push_world.master()
    path = f"/v1/devices/{crew.caller.headers['X-Device-Id']}?confirm=true"
    (await crew.caller.send("DELETE", path)).raise_for_status()
    await post_demand(samu)
    await service.wait(master.browser)
    await accept_with(master.caller, push_world.api.world.cathare.vehicles[0])
    assert {each["kind"] for each in await service.wait(master.browser, 3)} == {
        "solicitation",
        "over",
        "mission",
    }
    await settled(push_world)
    assert service.told(crew.browser) == []


@pytest.mark.parametrize("end", ["unsubscribed", "session", "disabled"])
async def test_whatever_ends_a_phones_right_to_be_told_ends_it_at_once(
    push_world: PushWorld, samu: Caller, service: PushService, end: str
) -> None:
    """The rows are as they are: still regulating, still subscribed. Only what is looked at when it is sent has changed."""
    leaving, staying = await push_world.master(0), await push_world.master(1)
    person, now = push_world.api.people.crews[0].id, datetime.now().astimezone()
    async with push_world.api.resources.database.begin() as connection:
        if end == "session":
            sessions = tables.sessions
            ended = sa.update(sessions).where(sessions.c.person_id == person)
            await connection.execute(ended.values(ended_at=now))
        elif end == "disabled":
            disabled = sa.update(tables.persons).where(tables.persons.c.id == person)
            await connection.execute(disabled.values(disabled=True))
    if end == "unsubscribed":
        (await leaving.caller.send("DELETE", leaving.path)).raise_for_status()
    await post_demand(samu)
    await service.wait(staying.browser)
    await settled(push_world)
    assert service.told(leaving.browser) == []


async def test_a_subscription_that_is_gone_is_forgotten(
    push_world: PushWorld, samu: Caller, service: PushService
) -> None:
    phone = await push_world.master()
    service.answer = lambda _: 410
    await post_demand(samu)
    await service.wait(phone.browser)
    await settled(push_world)
    async with push_world.api.resources.database.connect() as connection:
        subscription = sa.select(tables.devices.c.push_subscription).where(
            tables.devices.c.id == UUID(phone.caller.headers["X-Device-Id"])
        )
        assert await connection.scalar(subscription) is None
    await post_demand(samu)
    await settled(push_world)
    assert len(service.told(phone.browser)) == 1


# -- a Master whose page sleeps ------------------------------------------------------------------------------


async def _sleep(world: PushWorld, clock: Clock) -> None:
    """Nobody's page beats for as long as it takes; the sweeper's look at it follows."""
    clock.advance(seconds=SILENCE.total_seconds() + 1)
    assert await regulation.suspend_silent(world.api.resources.database, clock())


async def test_rule_037_a_master_whose_page_sleeps_is_told_that_it_regulates_no_more(
    push_world: PushWorld, service: PushService, clock: Clock, regulator: Caller
) -> None:
    asleep, other = await push_world.master(1), await push_world.phone(push_world.api.people.crews[0])
    await _sleep(push_world, clock)
    [told] = await service.wait(asleep.browser)
    device = asleep.caller.headers["X-Device-Id"]
    assert (told["kind"], told["tag"], told["url"]) == (
        "regulation_suspended",
        f"regulation-{device}",
        "/mobile",
    )
    assert told["title"] == "Régulation suspendue"
    assert told["body"].startswith("Ouvrez l’application pour la reprendre : Site de ")
    await regulating(asleep.caller, push_world.api.world.companies[1].site_id)
    [_, over] = await service.wait(asleep.browser, 2)
    assert (over["kind"], over["tag"]) == ("over", told["tag"])
    assert service.told(other.browser) == []
    async with push_world.api.resources.database.connect() as connection:
        written = set(await connection.scalars(sa.select(tables.notifications.c.device_id)))
    assert written <= {UUID(device)}  # nothing is written for the post on a desk, which is suspended as well


async def test_rule_037_it_is_over_when_a_post_on_a_desk_takes_the_site(
    push_world: PushWorld, service: PushService, clock: Clock, regulator: Caller
) -> None:
    site_id = push_world.api.world.cathare.site_id
    path = f"/v1/regulation/sites/{site_id}"
    (await regulator.send("DELETE", f"{path}?confirm=true")).raise_for_status()
    asleep = await push_world.master(0)
    await _sleep(push_world, clock)
    await service.wait(asleep.browser)
    await regulating(regulator, site_id)
    [_, over] = await service.wait(asleep.browser, 2)
    assert over["kind"] == "over"


async def test_rule_037_a_master_that_logged_out_is_not_told(
    push_world: PushWorld, service: PushService, clock: Clock
) -> None:
    gone, staying = await push_world.master(0), await push_world.master(1)
    (await gone.caller.send("DELETE", gone.path)).raise_for_status()
    await _sleep(push_world, clock)
    await service.wait(staying.browser)
    assert service.told(gone.browser) == []
