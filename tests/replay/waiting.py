"""The paths on which something is away for long: nothing that does not need it waits (ADR 36)."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

from domain.messages import Acceptance, Amendment, Candidate, Decision, Intervention
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import OperatorAct, Tier
from tests.unit.stories import SAMU, regulator, site, uid, vehicle
from tests.workflow.story import Dispatch, Handle, demand_id, eventually
from workflows.demand import DemandWorkflow

A1, A2, B1, CS = vehicle("A1"), vehicle("A2"), vehicle("B1"), site("Cs")
FOR_LONG = 100_000
"""A database that is away until it is told otherwise."""
FAST = timedelta(hours=1)
"""How far ahead the clock of the operator's machine is."""


async def taken_while_newcomers_cannot_be_seen(d: Dispatch) -> Handle:
    """The look for newcomers fails, a vehicle is given the mission: its crew is silent, an alarm sounds, and it goes."""
    handle = await d.post()
    await d.solicitation(handle, A1)
    await _nobody_is_seen(d)
    reply = await d.accept(handle, A1)
    await d.sleep(61)
    await d.written(handle, "alarm_raised")
    d.world.failures = 0
    await d.all_steps(handle, reply.mission_id)
    return handle


async def newcomers_come_into_sight_after_the_alarms(d: Dispatch) -> Handle:
    """The tier ends and so does the next, the SAMU is warned, and at last somebody is seen, asked and sent."""
    handle = await d.post()
    for each in (A1, A2, B1, CS):
        await d.refuse(handle, each)
    await d.written(handle, "arbitration_opened")
    await _nobody_is_seen(d)
    await d.sleep(121)
    await d.written(handle, "alarm_raised")
    assert await _operate(d, handle, OperatorAct.RING) is Outcome.RECORDED
    d.world.fleet.append(vehicle("D1"))
    d.world.failures = 0
    assert (await d.accept(handle, vehicle("D1"))).outcome is Outcome.CONFIRMED
    await d.cancel(handle)
    return handle


async def amended_again_before_anybody_was_seen(d: Dispatch) -> Handle:
    """Somebody accepts on terms that nobody could look at yet: the SAMU's next amendment does not wait for that."""
    handle = await d.post()
    await d.solicitation(handle, A1)
    await _amend(d, handle, 60)
    await d.written(handle, "solicitation_revised")
    d.world.unseen_rounds = {3}
    await _amend(d, handle, 90)
    await eventually(lambda: d.world.surveys[-1].round == 3)
    accepting = asyncio.create_task(d.accept(handle, A1))
    await asyncio.sleep(1)
    await _amend(d, handle, 20)
    reply = await accepting
    assert reply.outcome is Outcome.CONFIRMED
    await d.all_steps(handle, reply.mission_id)
    return handle


async def cut_off_while_the_last_facts_wait(d: Dispatch) -> Handle:
    """The SAMU cancels, the facts cannot be written, an operator cancels the workflow too: they are written all the same."""
    handle = await d.post()
    await d.accept(handle, A1)
    await d.written(handle, "step_passed")
    d.world.unwritable = True
    await d.cancel(handle)
    await d.cut_off(handle)
    d.world.unwritable = False
    await d.written(handle, "demand_cancelled")
    return handle


async def what_rings_becomes_the_promise(d: Dispatch) -> Handle:
    """The patient's own company rings still when the SAMU accepts its counter-delay for another of its vehicles."""
    d.world.fleet.append(Candidate(tier=Tier.FREE_CHOICE, company_id=uid("A")))
    handle = await d.post(chosen_company_id=uid("A"))
    await d.written(handle, "solicitation_opened")
    assert await _operate(d, handle, OperatorAct.NEXT_TIER) is Outcome.RECORDED
    await d.counter(handle, A1, 70)
    for each in (A2, B1, CS):
        await d.refuse(handle, each)
    await d.written(handle, "arbitration_opened")
    await d.arbitrate(handle, Decision.ACCEPT)
    await d.written(handle, "solicitation_revised")
    opened = d.world.bodies(demand_id(handle), "solicitation_opened")
    [choice] = [body for body in opened if body.tier is Tier.FREE_CHOICE]
    reply = await _accept(d, handle, choice.solicitation_id)
    await d.all_steps(handle, reply)
    return handle


async def _nobody_is_seen(d: Dispatch) -> None:
    """Surveys fail from now on, and it is time for one."""
    before, d.world.failures = len(d.world.surveys), FOR_LONG
    await d.sleep(16)
    await eventually(lambda: len(d.world.surveys) > before)


async def _amend(d: Dispatch, handle: Handle, minutes: int) -> None:
    order = Amendment(max_delay_minutes=minutes, received_at=await d.now(), by=SAMU)
    assert (await handle.execute_update(DemandWorkflow.amend, order)).outcome is Outcome.RECORDED


async def _operate(d: Dispatch, handle: Handle, act: OperatorAct) -> Outcome:
    by: dict[str, Any] = {"by": Actor(role=Role.ADMIN, name="operator"), "reason": "personne ne répond"}
    order = Intervention(act=act, received_at=await d.now() + FAST, **by)
    return (await handle.execute_update(DemandWorkflow.operate, order)).outcome


async def _accept(d: Dispatch, handle: Handle, solicitation_id: UUID) -> UUID | None:
    answer = Acceptance(
        solicitation_id=solicitation_id, vehicle_id=uid("A9"), received_at=await d.now(), by=regulator("A")
    )
    return (await handle.execute_update(DemandWorkflow.accept, answer)).mission_id


WAITING = (
    taken_while_newcomers_cannot_be_seen,
    newcomers_come_into_sight_after_the_alarms,
    amended_again_before_anybody_was_seen,
    cut_off_while_the_last_facts_wait,
    what_rings_becomes_the_promise,
)
