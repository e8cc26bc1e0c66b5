"""One story: a demand, its procedure, whoever speaks, and the witness who looks after each move."""

from datetime import datetime, timedelta
from enum import StrEnum

from domain.demand import Demand
from domain.edition import LATEST, Edition
from domain.fleet import Volume
from domain.messages import Candidate, DemandStart, Reply
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.policy import Policy
from domain.vocabulary import DemandStatus, Tier
from tests.unit.stories import CARCASSONNE, START, guard, regulator, site, uid, vehicle
from tests.walk.procedure import Lock, Procedure, Waits
from tests.walk.sentences import BrokenSentenceError, Witness

FLEET = (
    guard("G1"),
    guard("G2", eta=19),
    vehicle("A1", eta=5),
    vehicle("A2", eta=9, exact=False),
    vehicle("B1", eta=12),
    vehicle("C1", eta=15),
    site("As"),
    site("Ds"),
)
"""Two guard crews and three companies' vehicles, one company twice and with a site, and a site alone."""
COMPANY = {uid(letter): letter for letter in "ABCDG"}
REGULATORS = {company: regulator(letter) for company, letter in COMPANY.items()}
CREW = regulator("crew")
OPERATOR = Actor(role=Role.ADMIN, name="operator")
POLICIES = (*(Policy(),) * 5, Policy(wave_size=1), Policy(wave_size=2), Policy(guard_ring_again_s=15))
DELAYS = (20, 40, 40, 60)
EDITIONS = (Edition.FIRST, Edition.REGULATION, Edition.OPERATORS, *(LATEST,) * 5)
"""A demand ends by the edition that it began with: some began long ago."""
LASTING = frozenset(
    {DemandStatus.ARBITRATION, DemandStatus.ASSIGNED, *(s for s in DemandStatus if s.has_ended)}
)
SOON = timedelta(seconds=0.5)
LEFT_ALONE = timedelta(seconds=600)


class Phase(StrEnum):
    """Where a demand stands, as finely as it matters for what may be done."""

    LOOKED_FOR = "looked for"
    GUARD = "guard asked"
    VEHICLES = "vehicles asked"
    SITES = "sites asked"
    FREE_CHOICE = "free choice"
    ARBITRATION = "arbitration"
    ON_THE_WAY = "on the way"
    ON_BOARD = "on board"
    ENDED = "ended"


_PHASES = {
    DemandStatus.RECEIVED: Phase.LOOKED_FOR,
    DemandStatus.SOLICITING_GUARD: Phase.GUARD,
    DemandStatus.SOLICITING_VEHICLES: Phase.VEHICLES,
    DemandStatus.SOLICITING_SITES: Phase.SITES,
    DemandStatus.SOLICITING_FREE_CHOICE: Phase.FREE_CHOICE,
    DemandStatus.ARBITRATION: Phase.ARBITRATION,
}


class Play:
    """Begin a story: ``bits`` choose the terms, the fleet and the timings."""

    def __init__(self, bits: int) -> None:
        self.clock: datetime = START
        self.replies: list[Reply] = []
        self.fleet_is_hidden = False
        """Surveys fail until they are told not to: they answer only who asks for that (`the_fleet_is_seen`)."""
        self.chosen = uid("A") if bits & 7 == 0 else None
        start = DemandStart(
            demand_id=DEMAND,
            samu_id=SAMU_ID,
            reference="DRM-1",
            received_at=START,
            max_delay_minutes=DELAYS[bits >> 3 & 3],
            volume=Volume.ASSU if bits & 32 else Volume.AMBULANCE,
            place=CARCASSONNE,
            policy=POLICIES[bits >> 6 & 7],
            chosen_company_id=self.chosen,
        )
        self.demand = Demand(start, EDITIONS[bits >> 9 & 7])
        self.witness = Witness(demand=self.demand)
        self.procedure = Procedure(self.demand, START, self._fleet(bits >> 12))
        self.procedure.told = self.note
        self.look()

    def _fleet(self, bits: int) -> list[Candidate]:
        fleet = [each for place, each in enumerate(FLEET) if bits >> place & 1]
        if self.chosen and bits & 256:
            fleet.append(Candidate(tier=Tier.FREE_CHOICE, company_id=self.chosen))
        return fleet

    def fleet_is(self, bits: int) -> None:
        """Who is near from now on."""
        self.procedure.fleet = self._fleet(bits)

    @property
    def phase(self) -> Phase:
        """Where the demand stands."""
        case = self.demand.case
        if case.end is not None:
            return Phase.ENDED
        if case.mission is not None:
            return Phase.ON_BOARD if case.mission.patient_on_board else Phase.ON_THE_WAY
        return _PHASES[case.search.status]

    def note(self, reply: Reply) -> None:
        """Somebody got an answer. Who is told to have a mission has it (rule 28)."""
        self.replies.append(reply)
        confirmed = self.witness.confirmed
        if reply.outcome is Outcome.CONFIRMED and reply.mission_id not in confirmed:
            assert reply.mission_id is not None
            confirmed.append(reply.mission_id)

    def look(self) -> None:
        """After each move: the procedure goes on as far as it can, and every sentence must hold."""
        procedure, witness = self.procedure, self.witness
        procedure.go_on()
        witness.awaited = procedure.awaits_the_fleet
        if witness.look():
            self._free_what_ended()
            self._hold_what_waits()
        if self.demand.case.edition >= Edition.REVIEW:
            self._hold_who_waits_for_the_fleet()

    def _free_what_ended(self) -> None:
        procedure, running = self.procedure, self.witness.vehicle_engaged
        if procedure.engaged is not None and procedure.engaged[1] != self.witness.mission:
            procedure.release(procedure.engaged[1])
        if (procedure.engaged[0] if procedure.engaged else None) != running:
            raise BrokenSentenceError("a vehicle is engaged while its mission runs and only then")

    def _hold_what_waits(self) -> None:
        """Whatever makes something due earlier must say so: the procedure sleeps until then, or until a mark moves."""
        procedure = self.procedure
        if procedure.waits is not Waits.TIME or self.demand.case.edition < Edition.OPERATORS:
            return
        due, timer = self.demand.next_moment(), procedure.timer
        if due is not None and due != timer and (timer is None or due < timer):
            raise BrokenSentenceError("who sleeps is woken in time for what is due")

    def _hold_who_waits_for_the_fleet(self) -> None:
        procedure, clock = self.procedure, self.clock
        if procedure.waits is Waits.FLEET and self.demand.next_tier() is None:
            raise BrokenSentenceError("only a tier that is to be asked waits for the fleet")
        if procedure.holder_waits is Lock.TERMS:
            raise BrokenSentenceError("an amendment never waits for the fleet")
        sleeps = procedure.waits is Waits.TIME and self.demand.case.is_searching
        if sleeps and any(each.is_open and each.answer_before <= clock for each in self.witness.rings):
            raise BrokenSentenceError("countdowns end whether or not the fleet can be seen")

    def wait(self, pause: timedelta) -> None:
        """Time passes, moment by moment, as the workflow's timers do; fleet and database answer within a second."""
        until = self.clock + pause
        if pause > SOON:
            self._the_world_answers()
        while (due := self.procedure.timer) is not None and due <= until and self._sleeps():
            self._clock_is(max(self.clock, due))
            self._the_world_answers()
        self._clock_is(until)

    def _sleeps(self) -> bool:
        return self.procedure.waits is Waits.TIME

    def _clock_is(self, now: datetime) -> None:
        self.clock = self.procedure.clock = now
        self.procedure.go_on()

    def _the_world_answers(self) -> None:
        procedure = self.procedure
        if procedure.holder_waits is Lock.DATABASE:
            procedure.database_answers(Outcome.CONFIRMED)
        while procedure.awaits_the_fleet and not self.fleet_is_hidden:
            procedure.fleet_comes()

    def leave_alone(self) -> None:
        """Nobody speaks any more: every search comes to arbitration, because every tier ends."""
        self.fleet_is_hidden = False
        self.wait(LEFT_ALONE)
        self.look()
        if self.demand.status not in LASTING:
            raise BrokenSentenceError("left alone every search comes to arbitration")


DEMAND, SAMU_ID = uid("demand"), uid("samu")
