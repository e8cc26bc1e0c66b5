"""Acceptances that wait for the database leave room for the SAMU. Stock, the engine takes ten messages of a demand at once."""

import asyncio
from typing import Any
from uuid import uuid4

from temporalio.client import WorkflowUpdateHandle, WorkflowUpdateStage

from api.engine import UPDATE_SECONDS
from domain.messages import Acceptance, Candidate, Intervention, Reply
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import OperatorAct
from tests.unit.stories import regulator, vehicle
from tests.workflow.story import Dispatch, Handle
from tests.workflow.world import World
from workflows.demand import DemandWorkflow

FLEET = [vehicle(f"{number:02}") for number in range(30)]


async def test_thirty_acceptances_that_wait_keep_neither_an_operator_nor_the_samu_out(dispatch: Any) -> None:
    world = World(*FLEET)
    async with dispatch(world) as d:
        handle = await d.post()
        await d.solicitation(handle, FLEET[-1])
        world.may_engage.clear()  # no engagement ends
        waiting = [await _accepting(d, handle, each) for each in FLEET]
        async with asyncio.timeout(2 * UPDATE_SECONDS):
            assert (await _ring(d, handle)).outcome is Outcome.RECORDED
            assert (await d.cancel(handle)).outcome is Outcome.RECORDED
        world.may_engage.set()
        assert {(await each.result()).outcome for each in waiting} == {Outcome.DEMAND_CLOSED}
        assert (await handle.result()).status == "CANCELLED"
        assert not world.engaged


async def _accepting(d: Dispatch, handle: Handle, candidate: Candidate) -> WorkflowUpdateHandle[Reply]:
    """An acceptance that the demand has begun to answer. Fails when the engine does not take it in time."""
    answer = Acceptance(
        solicitation_id=await d.solicitation(handle, candidate),
        received_at=await d.now(),
        by=regulator("A"),
    )
    async with asyncio.timeout(UPDATE_SECONDS):
        return await handle.start_update(
            DemandWorkflow.accept, answer, id=str(uuid4()), wait_for_stage=WorkflowUpdateStage.ACCEPTED
        )


async def _ring(d: Dispatch, handle: Handle) -> Reply:
    by = Actor(role=Role.ADMIN, name="astreinte")
    order = Intervention(act=OperatorAct.RING, reason="personne ne répond", received_at=await d.now(), by=by)
    return await handle.execute_update(DemandWorkflow.operate, order)
