"""Nothing is lost, nothing is told for ever: retries, death, succession."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime

import sqlalchemy as sa

from api.resources import Resources
from push.post import opened
from push.replies import Message, Outcome
from storage import tables
from tests.api.caller import Caller
from tests.api.conftest import Clock
from tests.api.push.world import (
    PushWorld,
    post_demand,
    put_off,
    settled,
)
from tests.fixtures.push_service import (
    PushService,
)


async def test_a_push_service_that_is_busy_is_asked_again_and_not_before_it_says(
    push_world: PushWorld, samu: Caller, service: PushService, clock: Clock
) -> None:
    phone = await push_world.master()
    service.answer = lambda _: (429, {"Retry-After": "20"}, b"")
    await post_demand(samu)
    await service.wait(phone.browser)
    service.answer = lambda _: 201
    await put_off(push_world)
    clock.advance(seconds=21)
    told = await service.wait(phone.browser, 2)
    assert told[0] == told[1]


async def test_what_nobody_can_answer_any_more_is_not_tried_again(
    push_world: PushWorld, samu: Caller, service: PushService, clock: Clock
) -> None:
    phone = await push_world.master()
    service.answer = lambda _: 500
    await post_demand(samu)
    await service.wait(phone.browser)
    clock.advance(minutes=10)
    before = len(service.received)
    await settled(push_world)
    assert len(service.received) - before <= 1  # one may have been under way
    assert push_world.figure("rescousse_push_total", outcome="expired") == 1


async def test_who_dies_after_sending_has_it_sent_again_under_the_same_tag(
    push_world: PushWorld, samu: Caller, service: PushService, clock: Clock, resources: Resources
) -> None:
    """The push service has it, and the sender dies before it knows: its successor cannot know either."""
    phone = await push_world.master()
    service.hold = asyncio.Event()
    await post_demand(samu)
    await service.wait(phone.browser)
    sending = next(task for task in asyncio.all_tasks() if task.get_name() == "push")
    sending.cancel()
    await asyncio.wait([sending])
    service.hold.set()
    clock.advance(seconds=2)
    successor = asyncio.create_task(push_world.sender().run())
    first, second = await service.wait(phone.browser, 2)
    assert first == second
    await settled(push_world)
    successor.cancel()
    await asyncio.wait([successor])
    assert len(service.received) == 2


async def test_of_two_processes_one_sends_and_the_other_goes_on_when_it_is_gone(
    push_world: PushWorld, samu: Caller, service: PushService
) -> None:
    phone = await push_world.master()
    other = asyncio.create_task(push_world.sender().run(), name="other")
    await post_demand(samu)
    await service.wait(phone.browser)
    await settled(push_world)
    assert len(service.received) == 1
    first = next(task for task in asyncio.all_tasks() if task.get_name() == "push")
    first.cancel()
    await asyncio.wait([first])
    await post_demand(samu)
    await service.wait(phone.browser, 2)
    await settled(push_world)
    assert len(service.received) == 2
    other.cancel()
    await asyncio.wait([other])


async def test_last_nights_ring_is_not_told_this_morning(
    push_world: PushWorld, samu: Caller, service: PushService, clock: Clock
) -> None:
    phone = await push_world.master()
    sending = next(task for task in asyncio.all_tasks() if task.get_name() == "push")
    sending.cancel()
    await asyncio.wait([sending])
    await post_demand(samu)
    async with push_world.api.resources.database.begin() as connection:
        old = tables.journal.c.recorded_at - sa.text("interval '3 minutes'")
        await connection.execute(sa.update(tables.journal).values(recorded_at=old))
    again = asyncio.create_task(push_world.sender().run())
    posted = await post_demand(samu)
    [told] = await service.wait(phone.browser)
    assert told["tag"] == f"demand-{posted['id']}"
    again.cancel()
    await asyncio.wait([again])


async def test_nobody_sends_us_elsewhere(push_world: PushWorld, samu: Caller, service: PushService) -> None:
    phone = await push_world.master()
    service.answer = lambda _: (302, {"Location": f"https://{service.host}/elsewhere"}, b"")
    await post_demand(samu)
    await service.wait(phone.browser)
    await settled(push_world)
    assert [each.path for each in service.received] == ["/send/0"]
    assert push_world.figure("rescousse_push_total", outcome="refused") == 1


async def test_whoever_cannot_prove_to_be_the_push_service_is_told_nothing(
    push_world: PushWorld, service: PushService
) -> None:
    browser = service.browser()
    message = Message(subscription=browser.subscription, content=b"{}", tag="any", lasts_seconds=1)
    now = datetime.now(UTC)
    async with opened(replace(push_world.config, ca_file=None)) as poster:
        assert (await poster.post(message, now)).outcome is Outcome.AGAIN
    assert service.received == []
    async with opened(push_world.config) as poster:
        assert (await poster.post(message, now)).outcome is Outcome.SENT
    assert len(service.received) == 1


async def test_an_answer_is_not_read_to_its_end(push_world: PushWorld, service: PushService) -> None:
    """Nor waited for: a service that drips its answer is left after a kilobyte, or five seconds."""
    browser = service.browser()
    service.answer = lambda _: (201, {"Content-Length": "100000000"}, b" " * 4096)
    message = Message(subscription=browser.subscription, content=b"{}", tag="any", lasts_seconds=1)
    async with opened(push_world.config) as poster, asyncio.timeout(4):
        assert (await poster.post(message, datetime.now(UTC))).outcome is Outcome.SENT
