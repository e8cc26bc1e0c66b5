"""Every path of the workflow, on a real Temporal server that skips time."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError

from domain.fleet import Volume
from domain.messages import Acceptance, Amendment, Decision, VehicleTaken
from domain.outcomes import Outcome
from domain.policy import Policy
from domain.vocabulary import Step, Tier
from tests.unit.stories import SAMU, regulator, site, uid, vehicle
from tests.workflow.story import QUICK_POLICY, Dispatch, demand_id, eventually
from tests.workflow.world import World
from workflows.client import demand_handle
from workflows.demand import DemandWorkflow

A1, A2, B1, SITE = vehicle("A1"), vehicle("A2"), vehicle("B1"), site("Cs")


async def test_a_demand_from_its_reception_to_its_end(dispatch: Any) -> None:
    async with dispatch(World(A1, B1)) as d:
        handle = await d.post()
        reply = await d.accept(handle, A1)
        assert reply.outcome is Outcome.CONFIRMED
        await d.all_steps(handle, reply.mission_id)
        ended = await handle.result()
        kinds = d.world.kinds(demand_id(handle))
        assert ended.status == "COMPLETED"
        assert kinds[-1] == "demand_completed"
        assert [f.seq for f in d.world.journal[demand_id(handle)]] == list(range(2, ended.facts + 1))


async def test_vehicles_then_sites_then_arbitration_then_free_choice(dispatch: Any) -> None:
    async with dispatch(World(A1, SITE)) as d:
        handle = await d.post(policy=QUICK_POLICY)
        await d.counter(handle, A1, 70)
        await d.solicitation(handle, SITE)
        await d.written(handle, "arbitration_opened")
        assert (await d.arbitrate(handle, Decision.ACCEPT)).outcome is Outcome.RECORDED
        answer = Acceptance(
            solicitation_id=await d.free_choice(handle),
            vehicle_id=uid("A9"),
            received_at=await d.now(),
            by=regulator("A"),
        )
        reply = await handle.execute_update(DemandWorkflow.accept, answer)
        assert reply.outcome is Outcome.CONFIRMED
        tiers = [b.tier for b in d.world.bodies(demand_id(handle), "tier_opened")]
        assert tiers == [Tier.VEHICLE, Tier.SITE]
        await d.cancel(handle)
        await handle.result()


async def test_a_tier_ends_at_its_deadline_and_a_promise_that_is_not_kept_is_withdrawn(dispatch: Any) -> None:
    async with dispatch(World(A1, B1)) as d:
        handle = await d.post(policy=QUICK_POLICY)
        await d.counter(handle, A1, 70)
        await d.written(handle, "arbitration_opened")
        await d.arbitrate(handle, Decision.ACCEPT)
        await d.written(handle, "promise_withdrawn")
        assert (await d.declare_carence(handle)).outcome is Outcome.RECORDED
        assert (await handle.result()).status == "UNFULFILLED"


@pytest.mark.parametrize(("seconds", "outcome"), [(2.9, Outcome.CONFIRMED), (3.1, Outcome.TOO_LATE)])
async def test_rule_028_deadlines_are_judged_by_reception_not_by_arrival(
    dispatch: Any, seconds: float, outcome: Outcome
) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post(policy=QUICK_POLICY)
        await d.solicitation(handle, A1)
        opened = d.world.journal[demand_id(handle)]
        at = next(f.at for f in opened if f.body.kind == "solicitation_opened")
        await d.written(handle, "arbitration_opened")
        reply = await d.accept(handle, A1, received=at + timedelta(seconds=seconds))
        assert reply.outcome is outcome
        await d.cancel(handle)
        await handle.result()


async def test_rule_028_of_acceptances_at_the_same_instant_one_is_confirmed(dispatch: Any) -> None:
    fleet = [vehicle(f"{letter}1") for letter in "ABCDEFGH"]
    async with dispatch(World(*fleet)) as d:
        handle = await d.post()
        await d.solicitation(handle, fleet[-1])
        replies = await asyncio.gather(*(d.accept(handle, each) for each in fleet))
        outcomes = sorted(reply.outcome for reply in replies)
        assert outcomes == [Outcome.ALREADY_ASSIGNED] * 7 + [Outcome.CONFIRMED]
        assert len(d.world.engaged) == 1
        await d.cancel(handle)
        await handle.result()


async def test_sixty_answers_within_a_second_all_get_their_verdict(dispatch: Any) -> None:
    fleet = [vehicle(f"{n:02}") for n in range(60)]
    async with dispatch(World(*fleet)) as d:
        handle = await d.post()
        await d.solicitation(handle, fleet[-1])
        answers = [
            d.accept(handle, each) if n % 2 else d.refuse(handle, each) for n, each in enumerate(fleet)
        ]
        replies = await asyncio.gather(*answers)
        assert [r.outcome for r in replies].count(Outcome.CONFIRMED) == 1
        assert all(r.outcome in {"confirmed", "recorded", "already_assigned"} for r in replies)
        await d.cancel(handle)
        await handle.result()


async def test_rule_094_a_vehicle_engaged_elsewhere_is_refused_and_the_search_goes_on(dispatch: Any) -> None:
    world = World(A1, B1)
    async with dispatch(world) as d:
        handle = await d.post()
        world.engaged[uid("A1")] = uuid4()
        assert (await d.accept(handle, A1)).outcome is Outcome.VEHICLE_ENGAGED
        assert (await d.accept(handle, B1)).outcome is Outcome.CONFIRMED
        await d.cancel(handle)
        await handle.result()


async def test_rule_094_the_rivals_of_a_vehicle_are_told_at_once(dispatch: Any) -> None:
    world = World(A1, B1)
    async with dispatch(world) as d:
        first, second = await d.post(), await d.post()
        await d.solicitation(second, A1)
        world.rivals[uid("A1")] = (demand_id(second), uuid4())
        assert (await d.accept(first, A1)).outcome is Outcome.CONFIRMED
        await d.written(second, "solicitation_withdrawn")
        assert (await d.accept(second, A1)).outcome is Outcome.VEHICLE_ENGAGED
        for each in (first, second):
            await d.cancel(each)
            await each.result()


async def test_rule_090_cancelled_while_the_vehicle_is_being_engaged_gives_it_back(dispatch: Any) -> None:
    world = World(A1)
    async with dispatch(world) as d:
        handle = await d.post()
        world.may_engage.clear()
        accepting = asyncio.create_task(d.accept(handle, A1))
        await world.engaging.wait()
        assert (await d.cancel(handle)).outcome is Outcome.RECORDED
        world.may_engage.set()
        assert (await accepting).outcome is Outcome.DEMAND_CLOSED
        assert (await handle.result()).status == "CANCELLED"
        assert not world.engaged
        assert world.released


async def test_rule_092_a_breakdown_searches_again(dispatch: Any) -> None:
    from domain.messages import MissionExit

    world = World(A1, B1)
    async with dispatch(world) as d:
        handle = await d.post()
        reply = await d.accept(handle, A1)
        exit_ = MissionExit(
            mission_id=reply.mission_id, reason="panne", received_at=await d.now(), by=regulator("A")
        )
        await handle.execute_update(DemandWorkflow.break_down, exit_)
        await eventually(lambda: len(world.bodies(demand_id(handle), "tier_opened")) == 2)
        assert (await d.accept(handle, B1)).outcome is Outcome.CONFIRMED
        await d.cancel(handle)
        await handle.result()


async def test_rule_006_newcomers_are_asked_while_the_tier_is_open(dispatch: Any) -> None:
    world = World(A1)
    async with dispatch(world) as d:
        handle = await d.post(policy=QUICK_POLICY)
        await d.solicitation(handle, A1)
        world.fleet.append(B1)
        assert (await d.accept(handle, B1)).outcome is Outcome.CONFIRMED
        await d.cancel(handle)
        await handle.result()


async def test_a_mission_that_ends_while_rivals_are_told_is_not_slept_through(dispatch: Any) -> None:
    world = World(A1, B1)
    async with dispatch(world) as d:
        handle, *others = [await d.post() for _ in range(6)]
        for each in others:
            await d.solicitation(each, A1)
        world.rivals[uid("A1")] = tuple(demand_id(each) for each in others)
        assert (await d.accept(handle, A1)).outcome is Outcome.CONFIRMED
        await d.cancel(handle)
        assert (await handle.result()).status == "CANCELLED"
        for each in others:
            await d.written(each, "solicitation_withdrawn")
            await d.cancel(each)
            await each.result()


async def test_the_database_away_delays_the_search_and_loses_nothing(dispatch: Any) -> None:
    world = World(A1)
    world.failures = 3
    async with dispatch(world) as d:
        handle = await d.post()
        assert (await d.accept(handle, A1)).outcome is Outcome.CONFIRMED
        await d.cancel(handle)
        await handle.result()


async def test_a_worker_that_restarts_in_the_middle_of_a_tier_keeps_the_deadline_and_the_answers(
    env: Any,
) -> None:
    world = World(A1)
    d = Dispatch(env, world)
    async with d.worker():
        answered = await d.post(policy=QUICK_POLICY)
        silent = await d.post(policy=QUICK_POLICY)
        asked = [await d.solicitation(each, A1) for each in (answered, silent)]
    answer = Acceptance(solicitation_id=asked[0], received_at=await d.now(), by=regulator("A"))
    accepting = asyncio.create_task(answered.execute_update(DemandWorkflow.accept, answer))
    await asyncio.sleep(3.5)  # both timers fire with nobody there: this pause is the outage itself
    async with d.worker():
        assert (await accepting).outcome is Outcome.CONFIRMED
        await d.written(silent, "arbitration_opened")
        for each in (answered, silent):
            await d.cancel(each)
            await each.result()


async def test_the_same_story_with_nothing_cached_is_replayed_at_every_step(dispatch: Any) -> None:
    async with dispatch(World(A1, B1), cached=0) as d:
        handle = await d.post()
        await d.refuse(handle, B1)
        reply = await d.accept(handle, A1)
        await d.all_steps(handle, reply.mission_id)
        assert (await handle.result()).status == "COMPLETED"


async def test_a_history_with_thirty_vehicles_and_all_steps_stays_below_150_events(dispatch: Any) -> None:
    fleet = [vehicle(f"{n:02}") for n in range(30)]
    async with dispatch(World(*fleet)) as d:
        handle = await d.post()
        reply = await d.accept(handle, fleet[3])
        await d.all_steps(handle, reply.mission_id)
        await handle.result()
        history = await handle.fetch_history()
        assert len(history.events) < 150


async def test_a_start_that_is_repeated_after_the_end_starts_nothing(dispatch: Any) -> None:
    from domain.messages import DemandStart
    from tests.unit.stories import CARCASSONNE
    from workflows.client import start_demand

    async with dispatch(World(A1)) as d:
        start = DemandStart(
            demand_id=uuid4(),
            samu_id=uuid4(),
            reference="once",
            received_at=await d.now(),
            max_delay_minutes=20,
            volume=Volume.AMBULANCE,
            place=CARCASSONNE,
        )
        await start_demand(d.env.client, start, d.task_queue)
        handle = demand_handle(d.env.client, start.demand_id)
        await d.cancel(handle)
        first = await handle.result()
        await start_demand(d.env.client, start, d.task_queue)
        assert (await handle.describe()).status is not None
        assert await handle.result() == first
        assert d.world.kinds(start.demand_id).count("demand_cancelled") == 1


async def test_an_update_after_the_end_is_not_found(dispatch: Any) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post()
        await d.cancel(handle)
        await handle.result()
        with pytest.raises((RPCError, WorkflowUpdateFailedError)):
            await d.cancel(handle)


async def test_a_signal_from_a_rival_before_anything_else_is_harmless(dispatch: Any) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post()
        taken = VehicleTaken(vehicle_id=uid("Z9"), demand_id=uuid4(), at=await d.now())
        await handle.signal(DemandWorkflow.vehicle_taken, taken)
        reply = await d.accept(handle, A1)
        assert reply.outcome is Outcome.CONFIRMED
        await d.report(handle, reply.mission_id, Step.ACQUITTE)
        await d.cancel(handle)
        await handle.result()


async def test_an_operators_cancellation_frees_the_vehicle_and_tells_everybody(dispatch: Any) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post()
        await d.accept(handle, A1)
        await handle.cancel()
        assert (await handle.result()).status == "CANCELLED"
        assert d.world.kinds(demand_id(handle))[-2:] == ["mission_ended", "demand_cancelled"]


async def test_an_operators_cancellation_in_the_middle_of_a_survey_ends_the_demand_too(dispatch: Any) -> None:
    world = World(A1)
    world.failures = 1_000_000
    async with dispatch(world) as d:
        handle = await d.post()
        await eventually(lambda: len(world.surveys) > 1)
        await handle.cancel()
        assert (await handle.result()).status == "CANCELLED"


async def test_a_company_that_repeats_itself_leaves_room_for_the_samu(dispatch: Any) -> None:
    async with dispatch(World(A1, B1)) as d:
        handle = await d.post(policy=Policy(most_answers=5))
        for _ in range(5):
            await d.refuse(handle, A1)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await d.refuse(handle, A1)
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.type == "too_many_answers"
        assert (await d.cancel(handle)).outcome is Outcome.RECORDED
        await handle.result()


async def test_rule_091_an_acceptance_waits_until_the_fleet_was_held_against_new_terms(dispatch: Any) -> None:
    world = World(A1, B1)
    async with dispatch(world) as d:
        handle = await d.post()
        await d.solicitation(handle, B1)
        world.failures = 2
        order = Amendment(max_delay_minutes=60, received_at=await d.now(), by=SAMU)
        assert (await handle.execute_update(DemandWorkflow.amend, order)).outcome is Outcome.RECORDED
        assert (await d.accept(handle, A1)).outcome is Outcome.CONFIRMED
        assert world.kinds(demand_id(handle)).count("solicitation_revised") == 2
        await d.cancel(handle)
        await handle.result()
