"""The workflow's part, without an engine: the procedure as a generator that stops wherever the workflow awaits.

It is :mod:`workflows.demand` in small: the same order, the same waits, the same lock. Because it stops there, everything
that may happen while the workflow waits for the fleet or for the database can be made to happen.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterator
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from domain.demand import Demand
from domain.edition import Edition
from domain.fleet import VehicleCard, Volume, serves
from domain.messages import Acceptance, Amendment, Candidate, EngageRequest, Relief, Reply
from domain.outcomes import Outcome
from domain.vocabulary import Tier

FRESH_SURVEY = timedelta(seconds=2)


MOST_AT_ONCE = 200
"""Turns of the procedure in which no time passes."""


class RestlessError(AssertionError):
    """The procedure goes round and round: what is due is not done. The engine would fail its workflow task."""


class Waits(Enum):
    """What the procedure waits for."""

    TIME = auto()
    FLEET = auto()


class Lock(Enum):
    """What the holder of the lock waits for."""

    TERMS = auto()
    DATABASE = auto()


Work = Generator[Lock, Outcome | None, None]
"""What is done under the lock: sent what the database answered."""


class Procedure:
    """Drives one demand as its workflow does. ``clock`` is set by whoever plays; :meth:`go_on` after each thing done."""

    def __init__(self, demand: Demand, clock: datetime, fleet: list[Candidate]) -> None:
        self.demand, self.clock, self.fleet = demand, clock, fleet
        self.engaged: tuple[UUID, UUID] | None = None
        """The demand's one row in the table of engagements: its vehicle, and for which mission."""
        self.restless = 0
        self.timer: datetime | None = None
        self.mark = -1
        self.last_survey: list[Candidate] = []
        self.surveyed_at = clock - timedelta(days=1)
        self.surveyed_round = 0
        self.asked_round = 0
        """The round of the look at the fleet that a tier waits for."""
        self.fleet_came = False
        self.newcomers: int | None = None
        """The round of the look for newcomers that is under way: nothing waits for it (`workflows.lookout`)."""
        self.newcomers_seen = False
        self.told: Callable[[Reply], None] = lambda _: None
        self.holder: Work | None = None
        self.holder_waits: Lock | None = None
        self.queue: deque[Work] = deque()
        self.outside: deque[tuple[Acceptance, Volume]] = deque()
        """Acceptances that wait for settled terms, and not for the lock."""
        self._main = self._run()
        self.waits: Waits | None = next(self._main, None)

    # -- what comes back ---------------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Do what can be done now without anybody: wake up if something is due, or moved on; wait for no fleet in vain."""
        self._turn_the_lock()
        while self.waits is Waits.FLEET and not self._is_wanted(self.asked_round):
            self._resume()
        while self.waits is Waits.TIME and self._is_awake():
            self._resume()
            self._turn_the_lock()

    def _is_awake(self) -> bool:
        due = self.timer is not None and self.timer <= self.clock
        return due or self.demand.mark != self.mark or self.newcomers_seen

    def _is_wanted(self, round_: int) -> bool:
        """Whether a look at the fleet is still to be answered, that was asked for in this round."""
        if not self.reviewed:
            return self.demand.is_open
        return self.demand.case.is_searching and self.demand.round == round_

    @property
    def reviewed(self) -> bool:
        """Whether nothing but a tier waits for the fleet."""
        return self.demand.case.edition >= Edition.REVIEW

    @property
    def awaits_the_fleet(self) -> bool:
        """Whether a survey has not answered yet."""
        return self.waits is Waits.FLEET or (self.newcomers is not None and not self.newcomers_seen)

    def fleet_comes(self) -> None:
        """The survey answers, with the fleet as it is now."""
        if self.waits is Waits.FLEET:
            self.fleet_came = True
            self._resume()
            self.go_on()
        elif self.newcomers is not None:
            self.newcomers_seen = True
            self.go_on()

    def database_answers(self, outcome: Outcome) -> None:
        """The engagement answers: the vehicle is ours, if nobody else has it, or the rule that forbids it."""
        if self.holder is not None and self.holder_waits is Lock.DATABASE:
            self._step(self.holder, outcome)
            self.go_on()

    def _resume(self) -> None:
        self.waits = next(self._main, None)

    # -- the procedure: DemandWorkflow.run ---------------------------------------------------------------------------

    def _run(self) -> Iterator[Waits]:
        demand = self.demand
        while demand.is_open:
            self._busy()
            while tier := demand.next_tier():
                yield from self._ask(tier)
            demand.open_arbitration(self.clock)
            while demand.is_in_arbitration():
                yield from self._wait()
            while demand.is_on_mission:
                yield from self._wait()

    def _ask(self, tier: Tier) -> Iterator[Waits]:
        self._look_for_newcomers(None)
        fresh = self.clock - self.surveyed_at < FRESH_SURVEY
        if not (fresh and self.surveyed_round == self.demand.round):
            yield from self._survey()
        if self.demand.next_tier() is not tier:
            return
        self.demand.open_tier(tier, self.last_survey, self.clock)
        while self.demand.is_asking(tier):
            yield from self._wait()

    def _wait(self) -> Iterator[Waits]:
        demand = self.demand
        self.mark, self.timer = demand.mark, demand.next_moment()
        if self.timer is None or self.timer > self.clock:
            self.restless = 0
            yield Waits.TIME
        self._busy()
        demand.pass_time(self.clock)
        yield from self._welcome_newcomers()

    def _welcome_newcomers(self) -> Iterator[Waits]:
        demand = self.demand
        if not self.reviewed:
            if demand.survey_is_due(self.clock):
                yield from self._survey()
                demand.welcome(self.last_survey, self.clock)
        elif self.newcomers is not None and not self._is_wanted(self.newcomers):
            self._look_for_newcomers(None)
        elif self.newcomers_seen:
            self._look_for_newcomers(None)
            self._note_fleet()
            demand.welcome(self.last_survey, self.clock)
        elif demand.survey_is_due(self.clock):
            self._look_for_newcomers(demand.round)

    def _look_for_newcomers(self, round_: int | None) -> None:
        self.newcomers, self.newcomers_seen = round_, False
        self.demand.look_for_newcomers(under_way=round_ is not None)

    def _busy(self) -> None:
        self.restless += 1
        if self.restless > MOST_AT_ONCE:
            raise RestlessError("what is due is done, and then the procedure rests")

    def _survey(self) -> Iterator[Waits]:
        while True:
            self.asked_round, self.fleet_came = self.demand.round, False
            yield Waits.FLEET
            if not (self.demand.case.is_searching if self.reviewed else self.demand.is_open):
                return
            if self.fleet_came and self.asked_round == self.demand.round:
                self._note_fleet()
                return

    def _note_fleet(self) -> None:
        self.last_survey, self.surveyed_round = list(self.fleet), self.demand.round
        self.surveyed_at = self.clock

    # -- one at a time: accept, relieve, amend -----------------------------------------------------------------------

    def accept(self, answer: Acceptance, volume: Volume) -> Reply | None:
        """A company accepts; ``None`` while the database, or whoever came before, is waited for."""
        reply = self.demand.companies.claim(answer)
        if reply.outcome is not Outcome.CLAIM_ALLOWED:
            return reply
        self._enter(self._claim(answer, volume))
        return None

    def relieve(self, order: Relief, volume: Volume) -> None:
        """Another vehicle of the company is to take over."""
        self._enter(self._take_over(order, volume))

    def amend(self, order: Amendment) -> None:
        """The SAMU changes the terms, never while a vehicle is being engaged on the old ones."""
        self._enter(self._change(order))

    def _enter(self, work: Work) -> None:
        self.queue.append(work)
        self._turn_the_lock()

    def _turn_the_lock(self) -> None:
        """Whoever holds the lock goes on if the terms are settled; when it is free, the next one enters."""
        if self.holder is not None and self.holder_waits is Lock.TERMS and not self.demand.is_reevaluating:
            self._step(self.holder, None)
        while self.outside and not self.demand.is_reevaluating:
            self.queue.append(self._claim(*self.outside.popleft()))
        while self.holder is None and self.queue:
            self.holder = self.queue.popleft()
            self._step(self.holder, None)

    def _step(self, work: Work, given: Outcome | None) -> None:
        try:
            self.holder_waits = work.send(given)
        except StopIteration:
            self.holder = self.holder_waits = None

    def _claim(self, answer: Acceptance, volume: Volume) -> Work:
        companies = self.demand.companies
        if self.reviewed and self.demand.is_reevaluating:
            self.outside.append((answer, volume))  # the SAMU's next amendment must not wait behind us
            return
        while self.demand.is_reevaluating:
            yield Lock.TERMS
        reply = companies.claim(answer)
        if reply.outcome is not Outcome.CLAIM_ALLOWED:
            self.told(reply)
            return
        wanted = companies.engagement(answer)
        outcome = self._engage(wanted, (yield Lock.DATABASE), volume)
        if outcome is not Outcome.CONFIRMED:
            self.told(companies.engagement_refused(answer, wanted, outcome))
            return
        card = VehicleCard(vehicle_id=wanted.vehicle_id, company_id=wanted.company_id, volume=volume)
        self._keep(wanted, companies.confirm(answer, wanted, card))

    def _take_over(self, order: Relief, volume: Volume) -> Work:
        crew = self.demand.crew
        wanted = crew.relief(order)
        if isinstance(wanted, Reply):
            self.told(wanted)
            return
        outcome = self._engage(wanted, (yield Lock.DATABASE), volume)
        if outcome is not Outcome.CONFIRMED:
            self.told(Reply(outcome=outcome))
            return
        card = VehicleCard(vehicle_id=wanted.vehicle_id, company_id=wanted.company_id, volume=volume)
        self._keep(wanted, crew.relieve(order, card))

    def _change(self, order: Amendment) -> Work:
        self.told(self.demand.samu.amend(order))
        yield from ()

    # -- the table of engagements ------------------------------------------------------------------------------------

    def _engage(self, wanted: EngageRequest, found: Outcome | None, volume: Volume) -> Outcome:
        """``found`` is the rule that forbids it, or ``CONFIRMED``. What was left behind is moved, not doubled."""
        if not serves(volume, wanted.volume):
            return Outcome.VEHICLE_TOO_SMALL
        if found is not Outcome.CONFIRMED:
            return found or Outcome.VEHICLE_UNKNOWN
        if wanted.replaces and (self.engaged is None or self.engaged[1] != wanted.mission_id):
            return Outcome.MISSION_ENDED
        self.engaged = (wanted.vehicle_id, wanted.mission_id)
        return Outcome.CONFIRMED

    def _keep(self, wanted: EngageRequest, reply: Reply) -> None:
        """Given back if the demand changed while we asked."""
        if reply.outcome is not Outcome.CONFIRMED:
            self.release(wanted.mission_id)
        self.told(reply)

    def release(self, mission_id: UUID) -> None:
        """Given back, or its mission ended: with that fact the vehicle is free (ADR 4)."""
        if self.engaged is not None and self.engaged[1] == mission_id:
            self.engaged = None
