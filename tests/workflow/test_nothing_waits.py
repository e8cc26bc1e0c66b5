"""While a survey fails without end, or the last facts cannot be written, everything that does not need them goes on."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowExecutionStatus

from domain.messages import Amendment, Intervention, Reply
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.policy import Policy
from domain.vocabulary import AlarmKind, OperatorAct, Tier
from tests.unit.stories import SAMU, uid, vehicle
from tests.workflow.story import QUICK, Dispatch, Handle, demand_id, eventually
from tests.workflow.world import World
from workflows.demand import DemandWorkflow

A1, B1 = vehicle("A1"), vehicle("B1")
OPERATOR = Actor(role=Role.ADMIN, name="astreinte")
WITHOUT_END = 1_000_000
IMPATIENT = Policy(resurvey_s=1, acknowledgement_alarm_s=2, unreached_alarm_s=2, arbitration_alarms_s=(2, 3))
HASTY = IMPATIENT.model_copy(update={"standard": QUICK, "short": QUICK, "newcomer_window_s": 2})


async def amend(d: Dispatch, handle: Handle, minutes: int) -> Reply:
    """The SAMU changes the delay."""
    order = Amendment(max_delay_minutes=minutes, received_at=await d.now(), by=SAMU)
    return await asyncio.wait_for(handle.execute_update(DemandWorkflow.amend, order), 10)


async def newcomers_cannot_be_seen(d: Dispatch) -> None:
    """Surveys fail from now on; returns when one has been tried again."""
    before, d.world.failures = len(d.world.surveys), WITHOUT_END
    await eventually(lambda: len(d.world.surveys) > before + 1)


# -- the end -------------------------------------------------------------------------------------------------------


async def test_who_cancels_while_the_last_facts_wait_for_the_database_cuts_none_of_them_off(
    dispatch: Any,
) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post()
        assert (await d.accept(handle, A1)).outcome is Outcome.CONFIRMED
        await d.written(handle, "step_passed")
        d.world.unwritable = True
        await d.cancel(handle)
        await eventually(lambda: d.world.tried[-1].facts[-1].body.kind == "demand_cancelled")
        await d.cut_off(handle)
        assert "mission_ended" not in d.world.kinds(demand_id(handle))
        d.world.unwritable = False
        assert (await handle.result()).status == "CANCELLED"
        assert d.world.kinds(demand_id(handle))[-2:] == ["mission_ended", "demand_cancelled"]
        assert (await handle.describe()).status is WorkflowExecutionStatus.COMPLETED


async def test_who_cancels_while_somebody_waits_for_a_vehicle_has_it_given_back(dispatch: Any) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post()
        await d.solicitation(handle, A1)
        d.world.may_engage.clear()
        accepting = asyncio.create_task(d.accept(handle, A1))
        await d.world.engaging.wait()
        await d.cancel(handle)
        await d.cut_off(handle)
        d.world.may_engage.set()
        assert (await accepting).outcome is Outcome.DEMAND_CLOSED
        assert (await handle.result()).status == "CANCELLED"
        assert d.world.engaged == {}
        assert len(d.world.released) == 1


# -- looks for newcomers -------------------------------------------------------------------------------------------


async def test_a_mission_that_was_given_while_newcomers_cannot_be_seen_has_its_alarms(dispatch: Any) -> None:
    async with dispatch(World(A1)) as d:
        handle, rival = await d.post(policy=IMPATIENT), await d.post(policy=Policy())
        asked = await d.solicitation(handle, A1)
        await d.solicitation(rival, A1)
        d.world.rivals[uid("A1")] = (demand_id(rival),)
        await newcomers_cannot_be_seen(d)
        assert (await d.accept(handle, A1)).outcome is Outcome.CONFIRMED
        await d.written(rival, "solicitation_withdrawn")
        await d.written(handle, "alarm_raised")
        assert d.world.bodies(demand_id(handle), "mission_assigned")[0].solicitation_id == asked
        for each in (handle, rival):
            await d.cancel(each)
            await each.result()


async def test_a_tier_ends_in_time_though_newcomers_cannot_be_seen(dispatch: Any) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post(policy=HASTY)
        await d.solicitation(handle, A1)
        await newcomers_cannot_be_seen(d)
        await d.written(handle, "tier_closed")
        opened, closed = (
            next(f.at for f in d.world.journal[demand_id(handle)] if f.body.kind == kind)
            for kind in ("tier_opened", "tier_closed")
        )
        assert timedelta(seconds=3) <= closed - opened < timedelta(seconds=4)
        d.world.failures = 0
        await d.written(handle, "arbitration_opened")
        await d.cancel(handle)
        await handle.result()


async def test_the_samu_is_warned_in_arbitration_though_newcomers_cannot_be_seen_and_they_are_asked_when_they_can(
    dispatch: Any,
) -> None:
    async with dispatch(World()) as d:
        handle = await d.post(policy=IMPATIENT)
        await d.written(handle, "arbitration_opened")
        await newcomers_cannot_be_seen(d)
        await eventually(lambda: d.world.kinds(demand_id(handle)).count("alarm_raised") == 2)
        assert d.world.bodies(demand_id(handle), "alarm_raised")[0].alarm is AlarmKind.ARBITRATION_WAITING
        d.world.fleet, d.world.failures = [B1], 0
        assert (await d.accept(handle, B1)).outcome is Outcome.CONFIRMED
        await d.cancel(handle)
        await handle.result()


# -- new terms -----------------------------------------------------------------------------------------------------


async def test_rule_091_an_amendment_that_cannot_be_looked_for_is_mended_by_the_next(dispatch: Any) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post()
        await d.solicitation(handle, A1)
        d.world.unseen_rounds = {2}
        assert (await amend(d, handle, 60)).outcome is Outcome.RECORDED
        await eventually(lambda: [each.round for each in d.world.surveys].count(2) > 1)
        accepting = asyncio.create_task(d.accept(handle, A1))
        await d.sleep(0.5)
        assert not accepting.done()
        assert (await amend(d, handle, 20)).outcome is Outcome.RECORDED
        assert (await accepting).outcome is Outcome.CONFIRMED
        assert d.world.surveys[-1].max_delay_minutes == 20
        assert d.world.bodies(demand_id(handle), "solicitation_revised")[-1].round == 3
        await d.cancel(handle)
        await handle.result()


# -- operators -----------------------------------------------------------------------------------------------------


async def test_an_operator_whose_clock_is_an_hour_ahead_rings_now_and_not_twice(dispatch: Any) -> None:
    async with dispatch(World(A1)) as d:
        handle = await d.post()
        await d.solicitation(handle, A1)

        async def ring(ahead: timedelta) -> Outcome:
            order = Intervention(act=OperatorAct.RING, received_at=await d.now() + ahead, by=OPERATOR)
            reply: Reply = await handle.execute_update(DemandWorkflow.operate, order, id=str(uuid4()))
            return reply.outcome

        assert await ring(timedelta(hours=1)) is Outcome.RECORDED
        assert await ring(timedelta(hours=2)) is Outcome.RUNG_JUST_NOW
        assert await ring(timedelta()) is Outcome.RUNG_JUST_NOW
        await d.written(handle, "solicitations_rung")
        [rung] = [f for f in d.world.journal[demand_id(handle)] if f.body.kind == "solicitations_rung"]
        assert abs(rung.at - await d.now()) < timedelta(minutes=1)
        assert d.world.bodies(demand_id(handle), "tier_opened")[0].tier is Tier.VEHICLE
        await d.cancel(handle)
        await handle.result()
