"""The paths through a demand that nobody plans: cut off, interrupted, contested, refused, and helped by an operator."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

from domain.messages import Amendment, Intervention, MissionExit, Relief, Reply
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import OperatorAct, Step
from tests.unit.stories import SAMU, regulator, uid, vehicle
from tests.workflow.story import Dispatch, Handle, demand_id, eventually
from workflows.demand import DemandWorkflow

A1, A2, B1 = vehicle("A1"), vehicle("A2"), vehicle("B1")
OPERATOR = Actor(role=Role.ADMIN, name="operator")
FOR_LONG = 100_000
"""A database that is away until it is told otherwise."""


async def nobody_is_near(d: Dispatch) -> Handle:
    """Every tier is skipped, somebody comes near while the SAMU is waited for, stays silent, and carence is declared."""
    d.world.fleet = []
    handle = await d.post()
    await d.written(handle, "carence_proposed")
    d.world.fleet = [A1]
    await d.sleep(30)
    await d.solicitation(handle, A1)
    await d.sleep(150)
    await d.declare_carence(handle)
    return handle


async def closed_while_the_fleet_cannot_be_seen(d: Dispatch) -> Handle:
    """The database is away, the SAMU cancels: the demand does not wait for its survey."""
    d.world.failures = FOR_LONG
    handle = await d.post()
    await eventually(lambda: len(d.world.surveys) > 1)
    await d.cancel(handle)
    await handle.result()
    return handle


async def amended_while_the_fleet_is_looked_at(d: Dispatch) -> Handle:
    """The survey was asked on other terms: it is asked again, and then everything goes its way."""
    d.world.failures = FOR_LONG
    handle = await d.post()
    await eventually(lambda: len(d.world.surveys) > 1)
    order = Amendment(max_delay_minutes=60, received_at=await d.now(), by=SAMU)
    await handle.execute_update(DemandWorkflow.amend, order)
    d.world.failures = 0
    reply = await d.accept(handle, A1)
    assert d.world.surveys[-1].max_delay_minutes == 60
    await d.all_steps(handle, reply.mission_id)
    return handle


async def cancelled_while_a_vehicle_is_engaged(d: Dispatch) -> Handle:
    """Somebody accepts, the SAMU cancels before the database has answered: the vehicle is given back."""
    handle = await d.post()
    await d.solicitation(handle, A1)
    reply = await _meanwhile(d, d.accept(handle, A1), lambda: d.cancel(handle))
    assert reply.outcome is Outcome.DEMAND_CLOSED
    assert d.world.released
    return handle


async def an_operator_ends_the_workflow(d: Dispatch) -> Handle:
    """The last resort in the Temporal UI: the vehicle is freed, and everybody is told."""
    handle = await d.post()
    await d.accept(handle, A1)
    await handle.cancel()
    await d.written(handle, "demand_cancelled")
    return handle


async def operators_help(d: Dispatch) -> Handle:
    """They ring again, ask the next tier, take the mission from its vehicle, and close the demand in the end."""
    handle = await d.post()
    await d.solicitation(handle, A1)
    assert (await _operate(d, handle, OperatorAct.RING)).outcome is Outcome.RECORDED
    await d.sleep(16)
    assert (await _operate(d, handle, OperatorAct.NEXT_TIER)).outcome is Outcome.RECORDED
    reply = await d.accept(handle, A1)
    assert (await _operate(d, handle, OperatorAct.RING)).outcome is Outcome.RECORDED
    await d.written(handle, "mission_rung")
    assert (await _operate(d, handle, OperatorAct.REASSIGN, reply.mission_id)).outcome is Outcome.RECORDED
    await eventually(lambda: d.world.bodies(demand_id(handle), "solicitation_opened")[-1].round == 2)
    reply = await d.accept(handle, B1)
    assert reply.mission_id is not None
    await d.report(handle, reply.mission_id, Step.ACQUITTE)
    assert (await _operate(d, handle, OperatorAct.CLOSE)).outcome is Outcome.RECORDED
    assert (await handle.result()).status == "CANCELLED"
    return handle


async def _operate(d: Dispatch, handle: Handle, act: OperatorAct, mission_id: UUID | None = None) -> Reply:
    order = Intervention(
        act=act, reason="personne ne répond", mission_id=mission_id, received_at=await d.now(), by=OPERATOR
    )
    return await handle.execute_update(DemandWorkflow.operate, order)


async def it_takes_a_vehicle_from_its_rivals(d: Dispatch) -> Handle:
    """Another demand asks the same vehicle, and a third one has ended already: who wins tells both."""
    rival, handle = await d.post(), await d.post()
    await d.solicitation(rival, A1)
    d.world.rivals[uid("A1")] = (demand_id(rival), uuid4())
    await d.accept(handle, A1)
    await d.written(rival, "solicitation_withdrawn")
    await d.cancel(rival)
    await rival.result()
    await d.cancel(handle)
    return handle


async def it_loses_a_vehicle_to_a_rival(d: Dispatch) -> Handle:
    """The vehicle that is asked goes to another demand: its solicitation closes, the others ring on."""
    handle, rival = await d.post(), await d.post()
    await d.solicitation(handle, A1)
    d.world.rivals[uid("A1")] = (demand_id(handle),)
    await d.accept(rival, A1)
    await d.written(handle, "solicitation_withdrawn")
    await d.cancel(rival)
    await rival.result()
    reply = await d.accept(handle, A2)
    await d.all_steps(handle, reply.mission_id)
    return handle


async def a_relief_that_comes_to_nothing(d: Dispatch) -> Handle:
    """For a mission that nobody has, with a vehicle that is engaged, and for one that breaks down meanwhile."""
    handle = await d.post()
    reply = await d.accept(handle, A1)
    assert reply.mission_id is not None
    assert (await _relieve(d, handle, uuid4(), "B2")).outcome is Outcome.MISSION_ENDED
    d.world.engaged[uid("B2")] = uuid4()
    assert (await _relieve(d, handle, reply.mission_id, "B2")).outcome is Outcome.VEHICLE_ENGAGED
    exit_ = MissionExit(mission_id=reply.mission_id, reason="panne", received_at=await d.now(), by=_CREW)

    async def break_down() -> None:
        await handle.execute_update(DemandWorkflow.break_down, exit_)

    told = await _meanwhile(d, _relieve(d, handle, reply.mission_id, "A3"), break_down)
    assert told.outcome is Outcome.MISSION_ENDED
    await eventually(lambda: d.world.kinds(demand_id(handle)).count("tier_opened") == 2)
    await d.cancel(handle)
    return handle


_CREW = regulator("A")


async def _relieve(d: Dispatch, handle: Handle, mission_id: UUID, name: str) -> Reply:
    order = Relief(
        mission_id=mission_id, vehicle_id=uid(name), reason="relève", received_at=await d.now(), by=_CREW
    )
    return await handle.execute_update(DemandWorkflow.relieve, order)


async def _meanwhile(d: Dispatch, asking: Any, doing: Callable[[], Any]) -> Reply:
    """Do something while the database is asked for a vehicle; what the asking was answered."""
    d.world.engaging.clear()
    d.world.may_engage.clear()
    asked = asyncio.create_task(asking)
    await d.world.engaging.wait()
    await doing()
    d.world.may_engage.set()
    told: Reply = await asked
    return told


TROUBLE = (
    nobody_is_near,
    closed_while_the_fleet_cannot_be_seen,
    amended_while_the_fleet_is_looked_at,
    cancelled_while_a_vehicle_is_engaged,
    an_operator_ends_the_workflow,
    operators_help,
    it_takes_a_vehicle_from_its_rivals,
    it_loses_a_vehicle_to_a_rival,
    a_relief_that_comes_to_nothing,
)
