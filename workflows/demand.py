"""One demand, one durable workflow: the procedure of the dispatch room."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from uuid import UUID

from temporalio import workflow
from temporalio.exceptions import (
    ActivityError,
    ApplicationError,
    FailureError,
    is_cancelled_exception,
)

with workflow.unsafe.imports_passed_through():
    from activities.engagement import EngagementActivities
    from domain.demand import Demand
    from domain.edition import LATEST, Edition
    from domain.messages import (
        Acceptance,
        AlarmSight,
        Amendment,
        Arbitration,
        Cancellation,
        Carence,
        CounterProposal,
        DemandEnd,
        DemandStart,
        Destination,
        EngageRequest,
        EngageResult,
        FromOutside,
        Intervention,
        MissionExit,
        ReceiptReport,
        Refusal,
        ReleaseRequest,
        Relief,
        Reply,
        StepReport,
        StepUndo,
        Unavailability,
        VehicleTaken,
    )
    from domain.outcomes import Outcome
    from domain.people import Actor, Role
    from domain.vocabulary import Tier
    from workflows.ids import workflow_id
    from workflows.lookout import Lookout
    from workflows.options import ENGAGE
    from workflows.recorder import Recorder
    from workflows.sign import Sign

RIVALS_TOLD = 20
"""Beyond, a rival learns from its next survey, or from the answer to an acceptance: a crisis must not be quadratic."""


@workflow.defn(name="Demand")
class DemandWorkflow:
    """Finds a vehicle for one demand and follows it until it is free again."""

    @workflow.init
    def __init__(self, start: DemandStart) -> None:
        """Open the file; messages may come before the first line of :meth:`run`."""
        self._demand = Demand(start, _edition())
        self._recorder = Recorder(self._demand.ledger, start.demand_id, start.samu_id)
        self._sign = Sign(self._demand)
        self._lookout = Lookout(self._demand, start.received_at)
        self._one_claim_at_a_time = asyncio.Lock()
        self._rivals: list[tuple[UUID, VehicleTaken]] = []
        self._answers = 0

    @workflow.run
    async def run(self, start: DemandStart) -> DemandEnd:
        """Ask the guard, then the vehicles, then the sites; let the SAMU arbitrate; follow the mission."""
        del start  # taken by __init__
        self._sign.show()
        self._recorder.start()
        try:
            while self._demand.is_open:
                while tier := self._demand.next_tier():
                    await self._ask(tier)
                await self._let_the_samu_arbitrate()
                await self._follow_the_mission()
        except (asyncio.CancelledError, ActivityError) as error:
            if not is_cancelled_exception(error):
                raise
            self._give_up()
        await self._end()
        return self._demand.summary()

    # -- the procedure ---------------------------------------------------------------------------------------------

    async def _ask(self, tier: Tier) -> None:
        candidates = await self._lookout.who_could_come(tier)
        if self._demand.next_tier() is not tier:
            return  # somebody spoke meanwhile: an end, an amendment
        self._demand.open_tier(tier, candidates, workflow.now())
        while self._demand.is_asking(tier):
            await self._wait_for_the_next_moment()

    async def _let_the_samu_arbitrate(self) -> None:
        self._demand.open_arbitration(workflow.now())
        while self._demand.is_in_arbitration():
            await self._wait_for_the_next_moment()

    async def _follow_the_mission(self) -> None:
        while self._demand.is_on_mission:
            await self._wait_for_the_next_moment()

    async def _wait_for_the_next_moment(self) -> None:
        """Sleep until something is due or the procedure moved on, then do what is due."""
        self._sign.update()
        # Read before anything is awaited: what moves on meanwhile must not be slept through.
        mark = self._demand.mark
        await self._tell_rivals()
        moment = self._demand.next_moment()
        pause = moment - workflow.now() if moment else None
        if pause is None or pause > timedelta(0):
            with suppress(TimeoutError):  # what matters is the state now, not which came first
                await workflow.wait_condition(
                    lambda: self._demand.mark != mark or self._lookout.has_seen_newcomers,
                    timeout=pause,
                    timeout_summary=self._demand.status,
                )
        self._demand.pass_time(workflow.now())
        await self._lookout.welcome_newcomers()

    def _give_up(self) -> None:
        """An operator cancelled the workflow, as a last resort: the vehicle is freed and everybody is told."""
        if self._demand.is_open:
            by = Actor(role=Role.ADMIN, name="operator")
            order = Cancellation(reason="ended by an operator", received_at=workflow.now(), by=by)
            self._demand.samu.abandon(order)

    async def _end(self) -> None:
        """Answer whoever still waits, and write the last facts. An operator who cancels now cuts neither off."""
        self._lookout.stop()
        self._sign.update()
        ending = asyncio.create_task(self._last_words())
        while not ending.done():
            with suppress(asyncio.CancelledError):
                await asyncio.shield(ending)
        ending.result()  # its own failure is not suppressed

    async def _last_words(self) -> None:
        await workflow.wait_condition(workflow.all_handlers_finished)
        await self._recorder.finish()

    # -- companies: updates, because the caller waits for the verdict ----------------------------------------------

    @workflow.update  # the wire name is the method's: the SDK's types do not know a named update that is async
    async def accept(self, answer: Acceptance) -> Reply:
        """A company takes the mission; it is theirs only when this answers ``confirmed`` (rule 28)."""
        self._answers += 1
        reply = self._demand.companies.claim(answer)
        if reply.outcome is not Outcome.CLAIM_ALLOWED:
            return reply
        if self._demand.case.edition < Edition.REVIEW:
            async with self._one_claim_at_a_time:
                await self._terms_are_settled()
                return await self._claim(answer)
        while True:
            # Not under the lock: an amendment that mends the one before must not wait behind us.
            await self._terms_are_settled()
            async with self._one_claim_at_a_time:
                if not self._demand.is_reevaluating:
                    return await self._claim(answer)

    async def _claim(self, answer: Acceptance) -> Reply:
        """One at a time: whoever waited asks again, and learns that somebody else has won."""
        reply = self._demand.companies.claim(answer)
        if reply.outcome is not Outcome.CLAIM_ALLOWED:
            return reply
        return await self._engage(answer)

    async def _terms_are_settled(self) -> None:
        """Amended a moment ago: an acceptance is judged once the fleet was held against the new terms."""
        await workflow.wait_condition(lambda: not self._demand.is_reevaluating)

    @accept.validator
    def _not_too_many_acceptances(self, answer: Acceptance) -> None:
        self._keep_room_for_the_samu(answer)

    def _keep_room_for_the_samu(self, answer: FromOutside) -> None:
        """The engine takes 2,000 updates a workflow: a company that repeats itself must not use them all."""
        if self._answers >= self._demand.case.policy.most_answers:
            message = f"{answer.by.name}: no more answers are taken for this demand"
            raise ApplicationError(message, type="too_many_answers", non_retryable=True)

    async def _engage(self, answer: Acceptance) -> Reply:
        companies = self._demand.companies
        wanted = companies.engagement(answer)
        engaged = await self._engage_vehicle(wanted)
        if engaged.vehicle is None:
            return companies.engagement_refused(answer, wanted, engaged.outcome)
        reply = companies.confirm(answer, wanted, engaged.vehicle)
        if reply.outcome is Outcome.CONFIRMED:
            self._note_rivals(wanted, engaged)
        else:
            await self._give_back(wanted)  # cancelled or amended while we asked
        return reply

    async def _engage_vehicle(self, wanted: EngageRequest) -> EngageResult:
        return await workflow.execute_activity_method(
            EngagementActivities.engage, wanted, summary="engage the vehicle", **ENGAGE
        )

    async def _give_back(self, wanted: EngageRequest) -> None:
        await workflow.execute_activity_method(
            EngagementActivities.release,
            ReleaseRequest(mission_id=wanted.mission_id, vehicle_id=wanted.vehicle_id),
            summary="give the vehicle back",
            **ENGAGE,
        )

    def _note_rivals(self, wanted: EngageRequest, engaged: EngageResult) -> None:
        taken = VehicleTaken(vehicle_id=wanted.vehicle_id, demand_id=wanted.demand_id, at=workflow.now())
        self._rivals += [(rival, taken) for rival in engaged.rivals]

    async def _tell_rivals(self) -> None:
        """The other demands that solicit this vehicle close that solicitation at once (rule 94)."""
        rivals, self._rivals = self._rivals[:RIVALS_TOLD], []
        await asyncio.gather(*(self._tell_rival(rival, taken) for rival, taken in rivals))

    async def _tell_rival(self, rival: UUID, taken: VehicleTaken) -> None:
        other: workflow.ExternalWorkflowHandle[DemandWorkflow] = workflow.get_external_workflow_handle_for(
            DemandWorkflow.run, workflow_id(rival)
        )
        try:
            await other.signal(DemandWorkflow.vehicle_taken, taken)
        except FailureError:
            workflow.logger.info("rival demand %s has ended", rival)

    @workflow.update(name="refuse")
    def refuse(self, answer: Refusal) -> Reply:
        """A company refuses."""
        self._answers += 1
        return self._demand.companies.refuse(answer)

    @workflow.update(name="propose_delay")
    def propose_delay(self, answer: CounterProposal) -> Reply:
        """A company promises a longer delay."""
        self._answers += 1
        return self._demand.companies.propose_delay(answer)

    @workflow.update(name="declare_unavailable")
    def declare_unavailable(self, answer: Unavailability) -> Reply:
        """A guard crew cannot come."""
        self._answers += 1
        return self._demand.companies.declare_unavailable(answer)

    @refuse.validator
    def _not_too_many_refusals(self, answer: Refusal) -> None:
        self._keep_room_for_the_samu(answer)

    @propose_delay.validator
    def _not_too_many_promises(self, answer: CounterProposal) -> None:
        self._keep_room_for_the_samu(answer)

    @declare_unavailable.validator
    def _not_too_many_unavailabilities(self, answer: Unavailability) -> None:
        self._keep_room_for_the_samu(answer)

    # -- the SAMU --------------------------------------------------------------------------------------------------

    @workflow.update(name="arbitrate")
    def arbitrate(self, decision: Arbitration) -> Reply:
        """The SAMU decides on the counter-proposals."""
        return self._demand.samu.arbitrate(decision)

    @workflow.update(name="cancel")
    def cancel(self, order: Cancellation) -> Reply:
        """The SAMU needs nobody any more."""
        return self._demand.samu.cancel(order)

    @workflow.update(name="declare_carence")
    def declare_carence(self, order: Carence) -> Reply:
        """The SAMU declares that nobody could come."""
        return self._demand.samu.declare_carence(order)

    @workflow.update  # named by its method, as accept is
    async def amend(self, order: Amendment) -> Reply:
        """The SAMU changes the terms; never while a vehicle is being engaged on the old ones."""
        async with self._one_claim_at_a_time:
            return self._demand.samu.amend(order)

    @workflow.update(name="set_destination")
    def set_destination(self, order: Destination) -> Reply:
        """The facility is known."""
        return self._demand.samu.set_destination(order)

    # -- the crew --------------------------------------------------------------------------------------------------

    @workflow.signal(name="step_reported")
    def step_reported(self, report: StepReport) -> None:
        """A step was passed. A signal: it is kept even when no worker is up."""
        self._demand.crew.report_step(report)
        self._sign.update()

    @workflow.update(name="undo_step")
    def undo_step(self, order: StepUndo) -> Reply:
        """The last step is taken back."""
        return self._demand.crew.undo_step(order)

    @workflow.update(name="break_down")
    def break_down(self, order: MissionExit) -> Reply:
        """The vehicle cannot go on."""
        return self._demand.crew.break_down(order)

    @workflow.update(name="end_without_transport")
    def end_without_transport(self, order: MissionExit) -> Reply:
        """Nobody is carried."""
        return self._demand.crew.end_without_transport(order)

    @workflow.update  # named by its method, as accept is
    async def relieve(self, order: Relief) -> Reply:
        """Another vehicle of the company takes over."""
        async with self._one_claim_at_a_time:
            wanted = self._demand.crew.relief(order)
            if isinstance(wanted, Reply):
                return wanted
            engaged = await self._engage_vehicle(wanted)
            if engaged.vehicle is None:
                return Reply(outcome=engaged.outcome)
            reply = self._demand.crew.relieve(order, engaged.vehicle)
            if reply.outcome is Outcome.CONFIRMED:
                self._note_rivals(wanted, engaged)
            else:
                await self._give_back(wanted)  # the mission ended while we asked
            return reply

    @workflow.signal(name="mission_received")
    def mission_received(self, report: ReceiptReport) -> None:
        """A device of the company has the mission, or somebody read it."""
        self._demand.crew.receive(report)
        self._sign.update()

    # -- operators -------------------------------------------------------------------------------------------------

    @workflow.update(name="operate")
    def operate(self, order: Intervention) -> Reply:
        """An operator helps a demand that is stuck. By our clock: that of the operator's machine may be an hour ahead."""
        if self._demand.case.edition >= Edition.REVIEW:
            order = order.model_copy(update={"received_at": workflow.now()})
        reply = self._demand.operators.act(order)
        self._sign.show()
        return reply

    # -- alarms ----------------------------------------------------------------------------------------------------

    @workflow.update(name="see_alarm")
    def see_alarm(self, sight: AlarmSight) -> Reply:
        """Somebody looks after an alarm."""
        return self._demand.samu.see_alarm(sight)

    # -- other demands ---------------------------------------------------------------------------------------------

    @workflow.signal(name="vehicle_taken")
    def vehicle_taken(self, taken: VehicleTaken) -> None:
        """A vehicle solicited here was given to another demand."""
        self._demand.companies.vehicle_taken(taken)

    @workflow.query(name="snapshot")
    def snapshot(self) -> DemandEnd:
        """Status and number of facts, for support and tests; pages read the database."""
        return self._demand.summary()


def _edition() -> Edition:
    """A demand that began under older code keeps writing what that code wrote: its facts are numbered (ADR 11)."""
    if workflow.patched("2026-11-review"):
        return LATEST
    if workflow.patched("2026-11-operators"):
        return Edition.OPERATORS
    return Edition.REGULATION if workflow.patched("2026-11-regulation") else Edition.FIRST
