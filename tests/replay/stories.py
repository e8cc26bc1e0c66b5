"""The paths through a demand whose histories are committed: each is played on a real server and must replay for ever."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import WorkflowHandle
from temporalio.testing import WorkflowEnvironment

from domain.guard_messages import GuardEnd
from domain.messages import (
    Acceptance,
    AlarmSight,
    Amendment,
    Decision,
    Destination,
    MissionExit,
    ReceiptReport,
    Relief,
    StepUndo,
    Unavailability,
)
from domain.outcomes import Outcome
from domain.people import Actor
from domain.vocabulary import STEPS, Receipt, Step
from tests.replay.trouble import TROUBLE
from tests.replay.waiting import WAITING
from tests.unit.stories import SAMU, guard, regulator, site, uid, vehicle
from tests.workflow.guard_world import Crew, GuardWorld, period
from tests.workflow.story import Dispatch, Handle, demand_id, eventually
from tests.workflow.world import World
from workflows.client import guard_watch_handle, start_guard_watch
from workflows.demand import DemandWorkflow
from workflows.guard_watch import GuardWatchWorkflow

A1, A2, B1, CS = vehicle("A1"), vehicle("A2"), vehicle("B1"), site("Cs")
G1, H1 = guard("G1"), guard("H1", eta=19)
Path = Callable[[Dispatch], Awaitable[Handle]]


async def completed(d: Dispatch) -> Handle:
    """A vehicle refuses, another accepts, and all steps are passed."""
    handle = await d.post()
    await d.refuse(handle, B1)
    reply = await d.accept(handle, A1)
    await d.all_steps(handle, reply.mission_id)
    return handle


async def a_site_names_its_vehicle(d: Dispatch) -> Handle:
    """Vehicles stay silent, a site accepts by naming one."""
    handle = await d.post(delay=20)
    await d.sleep(76)
    reply = await d.accept(handle, CS, named=uid("C7"))
    await d.all_steps(handle, reply.mission_id)
    return handle


async def a_promise_is_kept(d: Dispatch) -> Handle:
    """Counter-delays, arbitration, free choice."""
    handle = await _promised(d)
    opened = d.world.bodies(demand_id(handle), "solicitation_opened")[-1]
    answer = Acceptance(
        solicitation_id=opened.solicitation_id,
        vehicle_id=uid("A9"),
        received_at=await d.now(),
        by=regulator("A"),
    )
    reply = await handle.execute_update(DemandWorkflow.accept, answer)
    await d.all_steps(handle, reply.mission_id)
    return handle


async def a_promise_is_withdrawn_and_nobody_comes(d: Dispatch) -> Handle:
    """The company stays silent on its own promise; the SAMU declares carence."""
    handle = await _promised(d)
    await d.sleep(50)
    await d.written(handle, "promise_withdrawn")
    await d.arbitrate(handle, Decision.REFUSE)
    await d.sleep(300)
    await d.declare_carence(handle)
    return handle


async def _promised(d: Dispatch) -> Handle:
    handle = await d.post()
    await d.counter(handle, A1, 70)
    await d.counter(handle, A2, 60)
    await d.counter(handle, B1, 90)
    await d.refuse(handle, CS)
    await d.written(handle, "arbitration_opened")
    await d.arbitrate(handle, Decision.ACCEPT)
    await eventually(lambda: d.world.kinds(demand_id(handle)).count("solicitation_opened") == 5)
    return handle


async def cancelled_on_the_way(d: Dispatch) -> Handle:
    """The SAMU cancels a vehicle that is en route."""
    handle = await d.post()
    reply = await d.accept(handle, A1)
    assert reply.mission_id is not None
    await d.report(handle, reply.mission_id, Step.ACQUITTE)
    await d.report(handle, reply.mission_id, Step.EN_APPROCHE)
    await d.cancel(handle)
    return handle


async def broken_down_and_replaced(d: Dispatch) -> Handle:
    """A step undone, a breakdown, a second search, a relief, no transport."""
    handle = await d.post()
    reply = await d.accept(handle, A1)
    assert reply.mission_id is not None
    await d.report(handle, reply.mission_id, Step.ACQUITTE)
    last = d.world.bodies(demand_id(handle), "step_passed")[-1]
    told: dict[str, Any] = {
        "mission_id": reply.mission_id,
        "received_at": await d.now(),
        "by": regulator("A"),
    }
    await handle.execute_update(DemandWorkflow.undo_step, StepUndo(step_id=last.step_id, **told))
    await handle.execute_update(DemandWorkflow.break_down, MissionExit(reason="panne", **told))
    await eventually(lambda: d.world.kinds(demand_id(handle)).count("tier_opened") == 2)
    reply = await d.accept(handle, B1)
    assert reply.mission_id is not None
    told["mission_id"] = reply.mission_id
    relief = Relief(vehicle_id=uid("B2"), reason="relève", **told)
    await handle.execute_update(DemandWorkflow.relieve, relief)
    for step in STEPS[1 : Step.BILAN_REALISE.rank + 1]:
        await d.report(handle, reply.mission_id, step)
    exit_ = MissionExit(reason="refus du patient", **told)
    await handle.execute_update(DemandWorkflow.end_without_transport, exit_)
    return handle


async def the_crew_gives_the_destination(d: Dispatch) -> Handle:
    """Too early, then as it was told, then the SAMU gives another, which the crew does not change."""
    handle = await d.post()
    reply = await d.accept(handle, A1)
    assert reply.mission_id is not None
    told: list[Outcome] = []

    async def give(facility: str, mission_id: UUID | None, by: Actor) -> None:
        order = Destination(
            facility_id=facility, name=facility, mission_id=mission_id, received_at=await d.now(), by=by
        )
        told.append((await handle.execute_update(DemandWorkflow.set_destination, order)).outcome)

    crew = regulator("A")
    await give("CH un", reply.mission_id, crew)
    for step in STEPS[1 : Step.BILAN_REALISE.rank + 1]:
        await d.report(handle, reply.mission_id, step)
    await give("CH un", reply.mission_id, crew)
    await give("CH deux", None, SAMU)
    await give("CH un", reply.mission_id, crew)
    assert told == [
        Outcome.DESTINATION_TOO_EARLY,
        Outcome.RECORDED,
        Outcome.RECORDED,
        Outcome.DESTINATION_GIVEN_BY_SAMU,
    ]
    for step in STEPS[Step.EN_CHARGE.rank :]:
        await d.report(handle, reply.mission_id, step)
    return handle


async def amended_in_search_and_on_mission(d: Dispatch) -> Handle:
    """New terms twice: solicitations are revised, then the mission is re-confirmed."""
    handle = await d.post()
    await d.solicitation(handle, A1)
    order = Amendment(max_delay_minutes=60, received_at=await d.now(), by=SAMU)
    await handle.execute_update(DemandWorkflow.amend, order)
    await d.written(handle, "solicitation_revised")
    reply = await d.accept(handle, A1)
    order = Amendment(max_delay_minutes=20, received_at=await d.now(), by=SAMU)
    await handle.execute_update(DemandWorkflow.amend, order)
    await d.accept(handle, A1)
    await d.all_steps(handle, reply.mission_id)
    return handle


async def the_patients_company_declines(d: Dispatch) -> Handle:
    """The free choice of the patient, then two claims at once, one of them for a vehicle that is engaged."""
    handle = await d.post(chosen_company_id=uid("A"))
    await d.sleep(46)
    await d.solicitation(handle, A1)
    d.world.engaged[uid("B1")] = uuid4()
    assert (await d.accept(handle, B1)).outcome == "vehicle_engaged"
    await asyncio.gather(d.accept(handle, A1), d.accept(handle, A2))
    await d.sleep(3 * 3600)
    await d.cancel(handle)
    return handle


async def the_guard_is_reached_late(d: Dispatch) -> Handle:
    """One guard crew cannot come, the next one can; nobody is reached, an alarm is seen, then all goes well."""
    handle = await d.post()
    unavailable = Unavailability(
        solicitation_id=await d.solicitation(handle, G1),
        reason="mission en cours",
        received_at=await d.now(),
        by=regulator("G"),
    )
    await handle.execute_update(DemandWorkflow.declare_unavailable, unavailable)
    reply = await d.accept(handle, H1)
    assert reply.mission_id is not None
    await d.sleep(61)
    await d.written(handle, "alarm_raised")
    [raised] = d.world.bodies(demand_id(handle), "alarm_raised")
    sight = AlarmSight(alarm_id=raised.alarm_id, received_at=await d.now(), by=SAMU)
    await handle.execute_update(DemandWorkflow.see_alarm, sight)
    told: dict[str, Any] = {"mission_id": reply.mission_id, "by": regulator("H")}
    for receipt in Receipt:
        report = ReceiptReport(receipt=receipt, received_at=await d.now(), **told)
        await handle.signal(DemandWorkflow.mission_received, report)
    await d.written(handle, "alarm_closed")
    await d.all_steps(handle, reply.mission_id)
    return handle


async def a_silent_guard_and_a_company_without_a_post(d: Dispatch) -> Handle:
    """The patient's company is regulated by nobody; one guard crew is rung again, both stay silent, a vehicle comes."""
    handle = await d.post(chosen_company_id=uid("Z"))
    await d.solicitation(handle, G1)
    await d.sleep(46)
    await d.solicitation(handle, H1)
    await d.sleep(30)
    reply = await d.accept(handle, A1)
    await d.all_steps(handle, reply.mission_id)
    return handle


PATHS: tuple[Path, ...] = (
    completed,
    a_site_names_its_vehicle,
    a_promise_is_kept,
    a_promise_is_withdrawn_and_nobody_comes,
    cancelled_on_the_way,
    broken_down_and_replaced,
    the_crew_gives_the_destination,
    amended_in_search_and_on_mission,
    the_patients_company_declines,
    the_guard_is_reached_late,
    a_silent_guard_and_a_company_without_a_post,
    *TROUBLE,
    *WAITING,
)
WITH_GUARD = (the_guard_is_reached_late, a_silent_guard_and_a_company_without_a_post)


def new_world(path: Path) -> World:
    """The fleet that a path starts with."""
    return World(*((G1, H1) if path in WITH_GUARD else ()), A1, A2, B1, CS)


# -- the watch of a guard period -----------------------------------------------------------------------------------------

WatchHandle = WorkflowHandle[GuardWatchWorkflow, GuardEnd]


async def a_guard_opened_late_with_a_mission_at_the_end(
    env: WorkflowEnvironment, world: GuardWorld, task_queue: str
) -> WatchHandle:
    """Nobody comes for forty minutes, the watch is told of the crew, and the crew is on a mission when it ends."""
    now = await env.get_current_time()
    watched = period(now + timedelta(hours=1), now + timedelta(hours=13))
    await start_guard_watch(env.client, watched, task_queue)
    handle = guard_watch_handle(env.client, watched.period_id)
    await env.sleep(timedelta(hours=1, minutes=40))
    since = await env.get_current_time()
    world.crews.append(Crew(since, busy_until=watched.ends_at + timedelta(minutes=3)))
    await handle.signal(GuardWatchWorkflow.guard_changed)
    await env.sleep(watched.ends_at + timedelta(hours=1) - since)
    return handle


async def a_guard_that_nobody_opens(
    env: WorkflowEnvironment, world: GuardWorld, task_queue: str
) -> WatchHandle:
    """Nobody ever comes."""
    del world
    now = await env.get_current_time()
    watched = period(now + timedelta(hours=1), now + timedelta(hours=13))
    await start_guard_watch(env.client, watched, task_queue)
    await env.sleep(timedelta(hours=14))
    return guard_watch_handle(env.client, watched.period_id)


WATCHES = (a_guard_opened_late_with_a_mission_at_the_end, a_guard_that_nobody_opens)
PROBED = "the_probe"
"""It has one path: it waits to be asked."""
