"""Coverage: who counts as free, when a commune falls, and that one alarm stands as long as anything is still beyond."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain.alarm_facts import AlarmClosed, AlarmRaised
from domain.coverage import (
    MOST_NAMED,
    RING_AGAIN,
    Commune,
    Look,
    Ringing,
    Seen,
    Standing,
    Watched,
    could_serve,
    gaps,
    look,
)
from domain.duty_facts import CoverageLost, CoverageRestored
from domain.eligibility import GuardDuty, VehicleState
from domain.fleet import Volume
from domain.policy import Policy
from domain.vocabulary import AlarmKind, LeaseState, Subject

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SAMU = uuid4()
WATCHED = Watched(SAMU, Volume.ASSU, threshold=30, apart=timedelta(seconds=30))
TOWN, VILLAGE, HAMLET = (
    Commune("11069", "Ville", 46_000),
    Commune("11001", "Bourg", 584),
    Commune("11004", "X", 9),
)

Standings = dict[str, Standing]


class Watch:
    """A SAMU that is looked at again and again, with what is kept in between."""

    def __init__(self, watched: Watched = WATCHED) -> None:
        self.watched = watched
        self.standings: Standings = {}
        self.ringing: Ringing | None = None
        self.at = AT
        self.done: Look | None = None

    def look(self, *minutes: int | None, after: timedelta = MINUTE) -> list[str]:
        """The town, the village and the hamlet as they are now; the kinds of the facts that are told."""
        found = [Seen(one, each) for one, each in zip((TOWN, VILLAGE, HAMLET), minutes, strict=False)]
        return self.look_at(found, after)

    def look_at(self, found: Sequence[Seen], after: timedelta = MINUTE) -> list[str]:
        self.at += after
        self.done = done = look(self.watched, self.standings, found, self.ringing, self.at)
        self.standings = {k: v for k, v in {**self.standings, **done.standings}.items() if k not in done.gone}
        for fact in done.facts:
            assert (fact.subject, fact.subject_id, fact.samu_id, fact.audience) == (
                Subject.SAMU,
                SAMU,
                SAMU,
                (),
            )
            if isinstance(fact.body, AlarmRaised):
                assert fact.body.alarm_id is not None
                self.ringing = Ringing(fact.body.alarm_id, fact.body.level, fact.at)
            if isinstance(fact.body, AlarmClosed):
                assert self.ringing is not None
                assert fact.body.alarm_id == self.ringing.alarm_id
                self.ringing = None
        return [fact.body.kind for fact in done.facts]

    def lost(self) -> CoverageLost:
        assert self.done is not None
        [body] = [fact.body for fact in self.done.facts if isinstance(fact.body, CoverageLost)]
        return body

    def raised(self) -> AlarmRaised:
        assert self.done is not None
        [body] = [fact.body for fact in self.done.facts if isinstance(fact.body, AlarmRaised)]
        return body


LOST = ["coverage_lost", "alarm_raised"]
OVER = ["coverage_restored", "alarm_closed"]


# -- when a commune falls ----------------------------------------------------------------------------------------------


def test_a_commune_falls_when_it_was_covered_and_is_beyond_in_two_looks_in_a_row() -> None:
    watch = Watch()
    assert watch.look(12) == []
    assert watch.look(31) == []
    assert watch.look(33) == LOST
    assert watch.lost().communes[0].model_dump() == {
        "insee": "11069",
        "name": "Ville",
        "population": 46_000,
        "minutes": 33,
    }
    raised = watch.raised()
    assert (raised.alarm, raised.level, raised.volume) == (AlarmKind.COVERAGE_LOST, 1, Volume.ASSU)


def test_one_look_without_anybody_is_no_fall() -> None:
    watch = Watch()
    for minutes in (12, None, 12, None, 12, None, None):
        last = watch.look(minutes)
        assert (last == LOST) == (minutes is None and watch.at == AT + 7 * MINUTE)


def test_the_threshold_itself_is_covered() -> None:
    watch = Watch()
    assert [watch.look(30) for _ in range(3)] == [[], [], []]
    assert watch.standings["11069"].covered


def test_what_was_never_covered_cannot_fall() -> None:
    watch = Watch()
    assert [watch.look(None) for _ in range(4)] == [[]] * 4
    assert watch.standings == {}
    assert watch.look(20) == []
    assert [watch.look(45) for _ in range(2)] == [[], LOST]


def test_two_processes_that_look_at_once_make_no_fall() -> None:
    watch = Watch()
    watch.look(12)
    assert watch.look(None) == []
    assert watch.look(None, after=timedelta(seconds=29)) == []
    assert watch.look(None, after=timedelta(seconds=1)) == LOST


def test_a_commune_is_covered_again_when_two_looks_in_a_row_say_so() -> None:
    watch = Watch()
    for minutes in (12, None, None):
        watch.look(minutes)
    assert watch.look(None) == []
    assert watch.look(30) == []
    assert not watch.standings["11069"].covered
    assert watch.look(30, after=timedelta(seconds=29)) == []
    assert watch.look(30, after=timedelta(seconds=1)) == OVER
    assert watch.ringing is None
    assert watch.done is not None
    restored = watch.done.facts[0].body
    assert isinstance(restored, CoverageRestored)
    assert (restored.volume, restored.threshold_minutes) == (Volume.ASSU, 30)


@pytest.mark.parametrize("turns", [(31, 30), (31, 31, 30), (None, None, None, 30)])
def test_a_commune_at_the_threshold_warns_once_and_not_at_every_turn(turns: tuple[int | None, ...]) -> None:
    watch = Watch()
    for minutes in (12, 31, 31):
        watch.look(minutes)
    assert watch.raised().level == 1
    told = [watch.look(minutes) for _ in range(60 // len(turns)) for minutes in turns]
    assert told == [[]] * len(told)
    assert watch.ringing is not None


def test_nothing_is_written_of_what_stands_as_before() -> None:
    watch = Watch()
    watch.look(12, 20)
    watch.look(12, 21)
    assert watch.done is not None
    assert set(watch.done.standings) == {"11001"}
    assert watch.standings["11001"].since == AT + MINUTE


# -- the alarm -----------------------------------------------------------------------------------------------------------


def test_one_alarm_stands_for_all_communes_until_the_last_is_covered_again() -> None:
    watch = Watch()
    watch.look(12, 12, 12)
    watch.look(None, None, 12)
    assert watch.look(None, None, 12) == LOST
    assert [watch.look(12, None, 12) for _ in range(2)] == [[], []]
    assert [watch.look(12, 12, 12) for _ in range(2)] == [[], OVER]


def test_it_rings_again_when_more_people_fall_out_but_not_within_ten_minutes() -> None:
    watch = Watch()
    watch.look(12, 12, 12)
    watch.look(12, None, 12)
    assert watch.look(12, None, 12) == LOST
    first = watch.raised()
    watch.look(None, None, 12)
    assert watch.look(None, None, 12) == ["coverage_lost"]
    lost = watch.lost()
    assert (lost.population, lost.uncovered_population, lost.uncovered_communes) == (46_000, 46_584, 2)
    assert watch.look(None, None, 12, after=RING_AGAIN - 3 * MINUTE) == []
    assert watch.look(None, None, 12) == ["alarm_raised"]
    assert (watch.raised().alarm_id, watch.raised().level) == (first.alarm_id, 2)
    assert watch.look(None, None, 12, after=2 * RING_AGAIN) == []


def test_another_fall_is_another_alarm() -> None:
    watch = Watch()
    for minutes in (12, None, None):
        watch.look(minutes)
    first = watch.raised()
    for minutes in (12, 12, None, None):
        watch.look(minutes)
    assert watch.raised().alarm_id != first.alarm_id
    assert watch.raised().level == 1


def test_the_most_populous_are_named_and_all_are_counted() -> None:
    many = [Commune(f"{number:05}", "x", number) for number in range(MOST_NAMED + 20)]
    watch = Watch()
    for minutes in (12, None, None):
        watch.look_at([Seen(one, minutes) for one in many])
    lost = watch.lost()
    assert [each.population for each in lost.communes] == list(range(119, 19, -1))
    assert (lost.commune_count, lost.population) == (120, 119 * 120 // 2)


def test_a_commune_that_is_watched_no_more_ends_what_it_began() -> None:
    watch = Watch()
    for minutes in (12, None, None):
        watch.look(minutes)
    assert watch.look() == OVER
    assert watch.standings == {}


def test_without_a_threshold_nobody_is_warned_and_what_stands_is_over() -> None:
    watch = Watch()
    for minutes in (12, None, None):
        watch.look(minutes)
    watch.watched = replace(WATCHED, threshold=None)
    assert watch.look(None) == OVER
    assert [watch.look(None) for _ in range(3)] == [[], [], []]
    assert watch.standings == {}


def test_the_gaps_are_all_communes_beyond_fallen_or_not_the_most_populous_first() -> None:
    seen = [Seen(HAMLET, None), Seen(TOWN, 31), Seen(VILLAGE, 30)]
    assert gaps(seen, 30) == [Seen(TOWN, 31), Seen(HAMLET, None)]
    assert gaps(seen, None) == []


def test_the_policy_says_how_far_and_how_often() -> None:
    policy = Policy(coverage_alarm_minutes=20, coverage_look_every_s=90)
    assert Watched.by(policy, SAMU, Volume.ASSU) == Watched(SAMU, Volume.ASSU, 20, timedelta(seconds=45))
    assert Watched.by(Policy(coverage_alarm_minutes=None), SAMU, Volume.ASSU).threshold is None


# -- who counts ----------------------------------------------------------------------------------------------------------

FREE = VehicleState(
    vehicle_id=uuid4(),
    company_id=uuid4(),
    site_id=uuid4(),
    volume=Volume.AMBULANCE,
    available=True,
    engaged=False,
    on_guard=False,
    fix_at=AT,
)
ON_GUARD = FREE._replace(on_guard=True, available=False, fix_at=None, guard=GuardDuty(reach=0))


@pytest.mark.parametrize(
    ("state", "volume", "counts"),
    [
        (FREE, Volume.AMBULANCE, True),
        (FREE, Volume.ASSU, False),
        (FREE._replace(volume=Volume.ASSU), Volume.AMBULANCE, True),
        (FREE._replace(available=False), Volume.AMBULANCE, False),
        (FREE._replace(engaged=True), Volume.AMBULANCE, False),
        (FREE._replace(regulation=LeaseState.FREE), Volume.AMBULANCE, False),
        (FREE._replace(regulation=LeaseState.SUSPENDED), Volume.AMBULANCE, False),
        (FREE._replace(fix_at=None), Volume.AMBULANCE, False),
        (FREE._replace(fix_at=AT - timedelta(hours=7)), Volume.AMBULANCE, False),
        (FREE._replace(on_guard=True), Volume.AMBULANCE, False),
        (ON_GUARD, Volume.AMBULANCE, True),
        (ON_GUARD._replace(engaged=True), Volume.AMBULANCE, False),
        (ON_GUARD._replace(guard=GuardDuty(reach=0, phone=False)), Volume.AMBULANCE, False),
    ],
)
def test_rule_006_whoever_would_be_asked_if_near_enough_counts(
    state: VehicleState, volume: Volume, counts: bool
) -> None:
    assert could_serve(state, volume, AT, Policy()) is counts


# -- whatever happens ------------------------------------------------------------------------------------------------------

PLACES = (TOWN, VILLAGE, HAMLET)
minutes = st.sampled_from([5, 30, 31, None])


class CoverageMachine(RuleBasedStateMachine):
    """Three communes, vehicles that come and go, and looks at any time; beside it the rule told in the simplest way."""

    @initialize()
    def begin(self) -> None:
        self.watch = Watch()
        self.history: dict[str, list[tuple[datetime, bool]]] = {one.insee: [] for one in PLACES}
        self.fallen: dict[str, bool] = {one.insee: False for one in PLACES}
        self.standing: UUID | None = None
        self.level = 0
        self.rung_at = AT

    @rule(found=st.tuples(minutes, minutes, minutes), seconds=st.sampled_from([0, 10, 30, 60, 600, 660]))
    def look(self, found: tuple[int | None, ...], seconds: int) -> None:
        before = dict(self.fallen)
        self.watch.look(*found, after=timedelta(seconds=seconds))
        for one, each in zip(PLACES, found, strict=True):
            self._note(one.insee, each is None or each > 30)
        new = {insee for insee, is_fallen in self.fallen.items() if is_fallen and not before[insee]}
        assert self.watch.done is not None
        told = {
            each.insee
            for fact in self.watch.done.facts
            if isinstance(fact.body, CoverageLost)
            for each in fact.body.communes
        }
        assert told == new
        self._hear(self.watch.done, new)

    def _note(self, insee: str, is_beyond: bool) -> None:
        """It changes sides when it was on the other one without a break for half a minute; the first side is no fall."""
        past = self.history[insee]
        past.append((self.watch.at, is_beyond))
        since = next((i for i in range(len(past), 0, -1) if past[i - 1][1] != is_beyond), 0)
        was_covered = since > 0
        if was_covered and len(past) - since > 1 and self.watch.at - past[since][0] >= WATCHED.apart:
            self.fallen[insee] = is_beyond

    def _hear(self, done: Look, new: set[str]) -> None:
        for fact in done.facts:
            if isinstance(fact.body, AlarmRaised):
                if self.standing is None:
                    self.standing, self.level = fact.body.alarm_id, 0
                    assert new
                else:
                    assert fact.at - self.rung_at >= RING_AGAIN
                self.level += 1
                self.rung_at = fact.at
                assert (fact.body.alarm_id, fact.body.level) == (self.standing, self.level)
            if isinstance(fact.body, AlarmClosed):
                assert fact.body.alarm_id == self.standing
                self.standing = None

    @invariant()
    def an_alarm_stands_as_long_as_something_is_fallen(self) -> None:
        assert (self.standing is not None) == any(self.fallen.values())

    @invariant()
    def what_is_kept_says_what_has_fallen(self) -> None:
        kept: Mapping[str, Standing] = self.watch.standings
        for insee, is_fallen in self.fallen.items():
            assert (insee in kept and not kept[insee].covered) == is_fallen


CoverageMachine.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestCoverage = CoverageMachine.TestCase
