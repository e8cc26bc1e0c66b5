"""A demand told as a story: the clock is a number of seconds, the actors are few, the facts are what is asserted."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from domain.demand import Demand
from domain.edition import LATEST, Edition
from domain.eligibility import Arrival
from domain.facts import Fact
from domain.fleet import Point, VehicleCard, Volume
from domain.messages import (
    Acceptance,
    AlarmSight,
    Amendment,
    Arbitration,
    Cancellation,
    Candidate,
    Carence,
    CounterProposal,
    Decision,
    DemandStart,
    MissionExit,
    ReceiptReport,
    Refusal,
    Reply,
    StepReport,
    StepUndo,
    Unavailability,
)
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.policy import Policy
from domain.solicitation import Solicitation
from domain.vocabulary import STEPS, DemandStatus, Receipt, Step, Tier

NAMES = UUID(int=0)
START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
CARCASSONNE = Point(lat=43.2130, lon=2.3491)
SAMU = Actor(role=Role.SAMU, name="arm.un")


def uid(name: str) -> UUID:
    """The same id for the same name."""
    return uuid5(NAMES, name)


def arriving(earliest_s: float, latest_s: float | None = None) -> Arrival:
    """There after so many seconds, at the latest after so many."""
    return Arrival(earliest_s, earliest_s if latest_s is None else latest_s, earliest_s)


def regulator(company: str) -> Actor:
    """The regulator of a company."""
    return Actor(role=Role.REGULATOR, name=f"regulation.{company}", company_id=uid(company))


def vehicle(name: str, company: str | None = None, eta: int = 10, exact: bool = True) -> Candidate:
    """A vehicle that could be there."""
    return Candidate(
        tier=Tier.VEHICLE,
        company_id=uid(company or name[0]),
        vehicle_id=uid(name),
        eta_minutes=eta,
        exact_volume=exact,
    )


def site(name: str, company: str | None = None, eta: int = 15) -> Candidate:
    """A site within the delay."""
    return Candidate(tier=Tier.SITE, company_id=uid(company or name[0]), site_id=uid(name), eta_minutes=eta)


def guard(name: str, eta: int = 8) -> Candidate:
    """A guard vehicle of the sector."""
    return Candidate(tier=Tier.GUARD, company_id=uid(name[0]), vehicle_id=uid(name), eta_minutes=eta)


class Story:
    """Drives one demand as the workflow does, with a fleet that is told from outside."""

    def __init__(
        self,
        *fleet: Candidate,
        delay: int = 40,
        policy: Policy | None = None,
        begun_after: float = 0,
        edition: Edition = LATEST,
        regulated: bool = True,
        **start: Any,
    ) -> None:
        self.clock = START + timedelta(seconds=begun_after)
        self.fleet = list(fleet)
        if regulated and start.get("chosen_company_id"):
            self.fleet.append(Candidate(tier=Tier.FREE_CHOICE, company_id=start["chosen_company_id"]))
        self.demand = Demand(
            DemandStart(
                demand_id=uid("demand"),
                samu_id=uid("samu"),
                reference="DRM-1",
                received_at=START,
                max_delay_minutes=delay,
                place=CARCASSONNE,
                policy=policy or Policy(),
                **{"volume": Volume.AMBULANCE, **start},
            ),
            edition,
        )
        self.proceed()

    @property
    def facts(self) -> list[Fact]:
        """All facts so far: nothing is taken from the ledger in a story."""
        return self.demand.ledger.pending

    def status(self) -> DemandStatus:
        """Where the demand stands; a call, so that a type checker does not believe it constant."""
        return self.demand.status

    def kinds(self) -> list[str]:
        """The kinds of all facts, in order."""
        return [fact.body.kind for fact in self.facts]

    def last(self, kind: str) -> Any:
        """The last fact of a kind."""
        return [fact for fact in self.facts if fact.body.kind == kind][-1].body

    def bodies(self, kind: str) -> list[Any]:
        """All facts of a kind."""
        return [fact.body for fact in self.facts if fact.body.kind == kind]

    # -- the workflow's part ---------------------------------------------------------------------------------------

    def proceed(self) -> None:
        """Open what is to be opened now."""
        while tier := self.demand.next_tier():
            self.demand.open_tier(tier, self.fleet, self.clock)
            if self.demand.is_asking(tier):
                return
        if not self.demand.is_in_arbitration():
            self.demand.open_arbitration(self.clock)

    def wait(self, seconds: float) -> None:
        """Let time pass, moment by moment, as the workflow's timers do."""
        until = self.clock + timedelta(seconds=seconds)
        while (moment := self.demand.next_moment()) and moment <= until:
            self.clock = max(self.clock, moment)
            self.tick()
        self.clock = until
        self.tick()

    def tick(self) -> None:
        """Wake up now."""
        self.demand.pass_time(self.clock)
        if self.demand.survey_is_due(self.clock):
            self.demand.welcome(self.fleet, self.clock)
        self.settle()

    def settle(self) -> None:
        """Go on with the procedure if the running tier is over."""
        search = self.demand.case.search
        if self.demand.case.is_searching and search.tier is None and search.arbitration_since is None:
            self.proceed()

    # -- who may speak ---------------------------------------------------------------------------------------------

    def asked(self, name: str) -> Solicitation:
        """The last solicitation of a vehicle, a site or a company."""
        target = uid(name)
        return [s for s in self.demand.case.book if target in _ids(s.candidate)][-1]

    def open(self) -> set[UUID]:
        """The vehicles, sites or companies that are asked right now."""
        return {s.target[1] for s in self.demand.case.book.still_open()}

    def accept(
        self, name: str, named: str | None = None, late: float = 0, volume: Volume = Volume.ASSU
    ) -> Reply:
        """Accept, engage, confirm; ``late`` seconds before now it was received."""
        answer = self._acceptance(name, named, late)
        companies = self.demand.companies
        reply = companies.claim(answer)
        if reply.outcome is Outcome.CLAIM_ALLOWED:
            wanted = companies.engagement(answer)
            card = VehicleCard(vehicle_id=wanted.vehicle_id, company_id=wanted.company_id, volume=volume)
            reply = companies.confirm(answer, wanted, card)
        self.settle()
        return reply

    def accept_engaged(self, name: str, named: str | None = None) -> Reply:
        """Accept with a vehicle that another demand already has."""
        answer = self._acceptance(name, named, 0)
        companies = self.demand.companies
        assert companies.claim(answer).outcome is Outcome.CLAIM_ALLOWED
        reply = companies.engagement_refused(answer, companies.engagement(answer), Outcome.VEHICLE_ENGAGED)
        self.settle()
        return reply

    def _acceptance(self, name: str, named: str | None, late: float) -> Acceptance:
        return Acceptance(
            solicitation_id=self.asked(name).id,
            vehicle_id=uid(named) if named else None,
            received_at=self.clock - timedelta(seconds=late),
            by=regulator(name[0]),
        )

    def refuse(self, name: str, reason: str | None = None) -> Reply:
        """A company refuses."""
        reply = self.demand.companies.refuse(self.refusal(name, reason))
        self.settle()
        return reply

    def refusal(self, name: str, reason: str | None = None) -> Refusal:
        """What a company sends."""
        asked = self.asked(name)
        return Refusal(solicitation_id=asked.id, reason=reason, received_at=self.clock, by=regulator(name[0]))

    def unavailable(self, name: str, reason: str = "panne") -> Reply:
        """A guard crew cannot come."""
        answer = Unavailability(
            solicitation_id=self.asked(name).id, reason=reason, received_at=self.clock, by=regulator(name[0])
        )
        reply = self.demand.companies.declare_unavailable(answer)
        self.tick()
        return reply

    def counter(self, name: str, minutes: int) -> Reply:
        """A company promises a longer delay."""
        answer = CounterProposal(
            solicitation_id=self.asked(name).id,
            delay_minutes=minutes,
            received_at=self.clock,
            by=regulator(name[0]),
        )
        reply = self.demand.companies.propose_delay(answer)
        self.settle()
        return reply

    def arbitrate(self, decision: Decision, name: str | None = None, reason: str | None = None) -> Reply:
        """The SAMU decides."""
        chosen = self.asked(name).id if name else None
        order = Arbitration(
            decision=decision, solicitation_id=chosen, reason=reason, received_at=self.clock, by=SAMU
        )
        return self.demand.samu.arbitrate(order)

    def cancel(self) -> Reply:
        """The SAMU cancels."""
        return self.demand.samu.cancel(self.cancellation())

    def cancellation(self) -> Cancellation:
        """What the SAMU sends."""
        return Cancellation(reason="plus besoin", received_at=self.clock, by=SAMU)

    def declare_carence(self) -> Reply:
        """The SAMU declares that nobody could come."""
        return self.demand.samu.declare_carence(Carence(received_at=self.clock, by=SAMU))

    def amend(self, **terms: Any) -> Reply:
        """The SAMU changes the terms."""
        reply = self.demand.samu.amend(Amendment(received_at=self.clock, by=SAMU, **terms))
        self.settle()
        return reply

    def step(self, step: Step, name: str | None = None, occurred: float | None = None) -> Outcome:
        """A step is reported; ``occurred`` seconds before now it happened."""
        report = StepReport(
            mission_id=self._mission_id(),
            step_id=uid(name or f"{step}:{len(self.facts)}"),
            step=step,
            occurred_at=self.clock - timedelta(seconds=occurred) if occurred is not None else None,
            received_at=self.clock,
            by=regulator("crew"),
        )
        return self.demand.crew.report_step(report)

    def steps_until(self, last: Step) -> None:
        """Pass every step up to one, a minute apart."""
        mission = self.demand.case.mission
        assert mission is not None
        for step in STEPS[mission.step.rank + 1 : last.rank + 1]:
            self.wait(60)
            assert self.step(step) is Outcome.RECORDED

    def receive(self, receipt: Receipt) -> Outcome:
        """A device of the company has the mission, or somebody reads it."""
        report = ReceiptReport(
            mission_id=self._mission_id(), receipt=receipt, received_at=self.clock, by=regulator("crew")
        )
        return self.demand.crew.receive(report)

    def see(self, alarm_id: UUID) -> Reply:
        """The SAMU looks after an alarm."""
        return self.demand.samu.see_alarm(AlarmSight(alarm_id=alarm_id, received_at=self.clock, by=SAMU))

    def undo(self, name: str) -> Reply:
        """A step is taken back."""
        order = StepUndo(
            mission_id=self._mission_id(), step_id=uid(name), received_at=self.clock, by=regulator("crew")
        )
        return self.demand.crew.undo_step(order)

    def exit(self) -> MissionExit:
        """A legal exit, to be given to the crew's desk."""
        return MissionExit(
            mission_id=self._mission_id(), reason="panne", received_at=self.clock, by=regulator("crew")
        )

    def break_down(self) -> Reply:
        """The vehicle cannot go on."""
        reply = self.demand.crew.break_down(self.exit())
        self.settle()
        return reply

    def _mission_id(self) -> UUID:
        mission = self.demand.case.mission
        return mission.id if mission else uid("no mission")


def _ids(candidate: Candidate) -> Iterable[UUID | None]:
    if candidate.vehicle_id or candidate.site_id:
        return (candidate.vehicle_id, candidate.site_id)
    return (candidate.company_id,)
