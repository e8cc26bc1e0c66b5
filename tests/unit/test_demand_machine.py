"""Random stories that hypothesis draws and shortens: whatever everybody does, every sentence of `tests.walk` stays true."""

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.fleet import Volume
from domain.messages import Decision
from domain.outcomes import Outcome
from domain.vocabulary import (
    STEPS,
    Receipt,
    Step,
)
from tests.unit.stories import Story, uid
from tests.walk.play import COMPANY, FLEET, LASTING
from tests.walk.sentences import Witness

NAMES = COMPANY | {
    candidate.vehicle_id or candidate.site_id: name
    for candidate, name in zip(FLEET, ["G1", "G2", "A1", "A2", "B1", "C1", "As", "Ds"], strict=True)
}


def _names_one(name: str) -> bool:
    """A site, or a company in free choice, is answered by naming a vehicle."""
    return name.endswith("s") or len(name) == 1


class AnyStory(RuleBasedStateMachine):
    """One demand, seven who may be asked, a SAMU and a crew, all doing what they like."""

    @initialize(fleet=st.lists(st.sampled_from(FLEET), unique=True), delay=st.sampled_from([20, 40, 60]))
    def post(self, fleet: list[object], delay: int) -> None:
        self.story = Story(*fleet, delay=delay)  # type: ignore[arg-type]  # drawn from FLEET
        self.witness = Witness(demand=self.story.demand)

    def _asked(self, pick: int) -> str | None:
        book = [s for s in self.story.demand.case.book if s.target[1] in NAMES]
        return NAMES[book[pick % len(book)].target[1]] if book else None

    @rule(pick=st.integers(0, 99), late=st.floats(0, 120), named=st.sampled_from([None, "A7"]))
    def accept(self, pick: int, late: float, named: str | None) -> None:
        name = self._asked(pick)
        if name is None:
            return
        before = self.story.demand.case.mission
        reply = self.story.accept(name, named=named if _names_one(name) else None, late=late)
        if reply.outcome is Outcome.CONFIRMED and before is None:
            assert reply.mission_id is not None
            self.witness.confirmed.append(reply.mission_id)

    @rule(pick=st.integers(0, 99))
    def accept_a_vehicle_that_is_engaged_elsewhere(self, pick: int) -> None:
        name = self._asked(pick)
        searching = self.story.demand.case.is_searching
        if name and searching and self.story.asked(name).is_open:
            self.story.accept_engaged(name, named="A7" if _names_one(name) else None)

    @rule(pick=st.integers(0, 99))
    def refuse(self, pick: int) -> None:
        if name := self._asked(pick):
            self.story.refuse(name)

    @rule(pick=st.integers(0, 99))
    def declare_unavailable(self, pick: int) -> None:
        if name := self._asked(pick):
            self.story.unavailable(name)

    @rule(receipt=st.sampled_from(Receipt))
    def receive(self, receipt: Receipt) -> None:
        self.story.receive(receipt)

    @rule(pick=st.integers(0, 99))
    def see_an_alarm(self, pick: int) -> None:
        alarms = self.story.bodies("alarm_raised")
        if alarms:
            self.story.see(alarms[pick % len(alarms)].alarm_id)

    @rule(pick=st.integers(0, 99), minutes=st.integers(10, 300))
    def counter(self, pick: int, minutes: int) -> None:
        if name := self._asked(pick):
            self.story.counter(name, minutes)

    @rule(seconds=st.sampled_from([0.5, 5, 15, 44, 60, 110, 300]))
    def wait(self, seconds: float) -> None:
        self.story.wait(seconds)

    @rule(fleet=st.lists(st.sampled_from(FLEET), unique=True))
    def the_fleet_changes(self, fleet: list[object]) -> None:
        self.story.fleet = fleet  # type: ignore[assignment]  # drawn from FLEET

    @rule(decision=st.sampled_from(list(Decision)))
    def arbitrate(self, decision: Decision) -> None:
        self.story.arbitrate(decision)

    @rule(delay=st.sampled_from([20, 40, 60]), volume=st.sampled_from([None, *Volume]))
    def amend(self, delay: int, volume: Volume | None) -> None:
        self.story.amend(max_delay_minutes=delay, volume=volume)

    @precondition(lambda self: self.story.demand.is_on_mission)
    @rule(step=st.sampled_from(STEPS))
    def report(self, step: Step) -> None:
        mission = self.story.demand.case.mission
        assert mission is not None
        expected = mission.expected_step
        outcome = self.story.step(step)
        assert (outcome is Outcome.RECORDED) == (step is expected), "steps pass in the strict order only"

    @precondition(lambda self: self.story.demand.is_on_mission)
    @rule()
    def break_down(self) -> None:
        mission = self.story.demand.case.mission
        assert mission is not None
        self.story.break_down()
        assert mission.vehicle_id not in self.story.open(), "a broken vehicle is not asked again"

    @rule()
    def cancel(self) -> None:
        self.story.cancel()

    @precondition(lambda self: self.story.demand.is_on_mission)
    @rule()
    def carry_the_patient(self) -> None:
        """Steps come fast to where most of them matter."""
        mission = self.story.demand.case.mission
        while mission is not None and mission.step.rank < Step.EN_CHARGE.rank:
            assert mission.expected_step is not None
            self.story.step(mission.expected_step)

    @rule()
    def declare_carence(self) -> None:
        self.story.declare_carence()

    # -- what must be true, always ---------------------------------------------------------------------------------

    @invariant()
    def every_sentence_holds(self) -> None:
        self.witness.look()

    def teardown(self) -> None:
        """Left alone, every search comes to arbitration: every tier ends."""
        if hasattr(self, "story"):
            self.story.wait(300)
            assert self.story.status() in LASTING
            assert uid("demand") == self.story.demand.case.id


AnyStory.TestCase.settings = settings(
    max_examples=100, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestAnyStory = AnyStory.TestCase
