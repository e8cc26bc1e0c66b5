"""An operator helps a demand that is stuck, and reads in the engine what it waits for."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio.api.sdk.v1 import WorkflowMetadata

from domain.messages import Intervention, Reply
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.policy import Policy
from domain.vocabulary import MissionEndReason, OperatorAct
from tests.unit.stories import guard, vehicle
from tests.workflow.story import Dispatch, Handle, demand_id, eventually
from tests.workflow.world import World
from workflows import search_attributes
from workflows.demand import DemandWorkflow

OPERATOR = Actor(role=Role.ADMIN, name="astreinte")
A1, B1, G1 = vehicle("A1"), vehicle("B1"), guard("G1")


async def operate(d: Dispatch, handle: Handle, act: OperatorAct, *, sent: str | None = None) -> Reply:
    """An operator does something; ``sent`` is the id under which it is repeated."""
    order = Intervention(act=act, reason="téléphone éteint", received_at=await d.now(), by=OPERATOR)
    return await handle.execute_update(DemandWorkflow.operate, order, id=sent or str(uuid4()))


async def details(handle: Handle) -> str:
    """What the Temporal UI shows under "current details"."""
    told = await handle.query("__temporal_workflow_metadata", result_type=WorkflowMetadata)
    return str(told.current_details)


async def test_next_tier_ring_reassign_and_close_go_through_the_engine(dispatch: Any) -> None:
    async with dispatch(World(G1, A1, B1)) as d:
        handle = await d.post()
        await d.solicitation(handle, G1)
        assert (await operate(d, handle, OperatorAct.NEXT_TIER)).outcome is Outcome.RECORDED
        assert (await d.accept(handle, A1)).outcome is Outcome.CONFIRMED
        sent = str(uuid4())
        for _ in range(2):  # repeated under its own id it is done once
            assert (await operate(d, handle, OperatorAct.RING, sent=sent)).outcome is Outcome.RECORDED
        d.world.fleet.remove(G1)
        assert (await operate(d, handle, OperatorAct.REASSIGN)).outcome is Outcome.RECORDED
        await eventually(lambda: len(d.world.bodies(demand_id(handle), "solicitation_opened")) == 4)
        assert (await d.accept(handle, B1)).outcome is Outcome.CONFIRMED
        assert (await operate(d, handle, OperatorAct.CLOSE)).outcome is Outcome.RECORDED
        assert (await handle.result()).status == "CANCELLED"
        told = demand_id(handle)
        assert d.world.kinds(told).count("mission_rung") == 1
        ends = [body.reason for body in d.world.bodies(told, "mission_ended")]
        assert ends == [MissionEndReason.REASSIGNED, MissionEndReason.CLOSED]
        [cancelled] = d.world.bodies(told, "demand_cancelled")
        assert (cancelled.by, cancelled.reason) == (OPERATOR, "téléphone éteint")


async def test_a_demand_whose_survey_fails_without_end_can_be_closed(dispatch: Any) -> None:
    world = World(A1)
    world.failures = 1_000_000
    async with dispatch(world) as d:
        handle = await d.post()
        await eventually(lambda: len(world.surveys) > 1)
        assert "survey" in await details(handle)
        assert (await operate(d, handle, OperatorAct.CLOSE)).outcome is Outcome.RECORDED
        assert (await handle.result()).status == "CANCELLED"
        assert d.world.kinds(demand_id(handle))[-1] == "demand_cancelled"


async def test_the_engine_says_what_a_demand_waits_for_and_who_must_look(dispatch: Any) -> None:
    late = Policy(acknowledgement_alarm_s=3600, unreached_alarm_s=3600)
    async with dispatch(World(A1)) as d:
        received = await d.now() - timedelta(minutes=40) + timedelta(seconds=2)
        handle = await d.post(policy=late, received_at=received)
        await d.solicitation(handle, A1)
        assert "Asked and silent: 1 VEHICLE" in await details(handle)
        assert (await d.accept(handle, A1)).outcome is Outcome.CONFIRMED
        told = await details(handle)
        assert "**ASSU 7** of Ambulances A" in told
        assert "to pass **ACQUITTE**" in told

        async def wants_eyes() -> bool:
            known = (await handle.describe()).typed_search_attributes
            return bool(known.get(search_attributes.NEEDS_ATTENTION))

        assert not await wants_eyes()
        while "**Late**" not in await details(handle):
            await d.sleep(0.1)
        assert await wants_eyes()
        await d.cancel(handle)
        await handle.result()
