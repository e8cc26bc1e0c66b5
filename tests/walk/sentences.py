"""What is true of a demand whatever happens to it, in whatever order: one sentence, one check.

A :class:`Witness` looks at a demand after everything that was done to it. It reads each fact once, so that a look costs the
same in a long story as in a short one, and keeps of the journal what a reader of the journal would: who was asked, who has
the mission, which step was passed. The sentences hold that against the journal's next line and against the demand itself.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from domain.demand import Demand
from domain.edition import Edition
from domain.facts import Fact
from domain.people import Role
from domain.solicitation import Solicitation
from domain.vocabulary import STEPS, MissionEndReason, SolicitationState, Step, Tier

ENDS = frozenset({"demand_completed", "demand_cancelled", "demand_unfulfilled"})
MAY_WIN = frozenset(
    {"solicitation_opened", "solicitation_refused", "delay_proposed", "solicitation_unavailable"}
    | {"solicitation_expired"}
)
"""The last thing that was written of a solicitation which may still win: who answered may change their mind, and who is
learnt of late was in time."""
SILENT = frozenset({"solicitation_opened", "solicitation_expired"})
IN_ORDER = (Tier.FREE_CHOICE, Tier.GUARD, Tier.VEHICLE, Tier.SITE)
BY_THE_CREW = frozenset({MissionEndReason.COMPLETED, MissionEndReason.BREAKDOWN})


class BrokenSentenceError(AssertionError):
    """A sentence does not hold; the text is the sentence."""


@dataclass(slots=True)
class Asked:
    """One solicitation, as the journal tells it."""

    answer_before: datetime
    last: str = "solicitation_opened"
    revised: bool = False


@dataclass(slots=True)
class Reader:
    """Who reads a journal fact by fact. :meth:`read` raises :class:`BrokenSentenceError`."""

    next_seq: int = 0
    mission: UUID | None = None
    vehicle: UUID | None = None
    rank: int = -1
    assigned: list[UUID] = field(default_factory=list)
    asked: dict[UUID, Asked] = field(default_factory=dict)
    broken: set[UUID] = field(default_factory=set)
    alarms: set[UUID] = field(default_factory=set)
    round: int = 0
    tiers: list[Tier] = field(default_factory=list)
    carence: int = 0
    ended: bool = False

    @property
    def vehicle_engaged(self) -> UUID | None:
        """The vehicle that is not free, as the journal tells it."""
        return self.vehicle if self.mission is not None else None

    def read(self, facts: Iterable[Fact]) -> None:
        """Hold these facts, which follow those read so far, against every sentence of facts."""
        for fact in facts:
            body = fact.body
            for sentence in OF_FACTS.get(body.kind, OF_ANY_FACT):
                if sentence(self, fact, body) is False:
                    raise BrokenSentenceError(say(sentence))


@dataclass(slots=True, kw_only=True)
class Witness(Reader):
    """Who looks at a demand after each thing that was done to it. :meth:`look` raises :class:`BrokenSentenceError`."""

    demand: Demand
    confirmed: list[UUID] = field(default_factory=list)
    """The missions that somebody was told to have, in order: written by whoever got the answer."""
    awaited: bool = False
    """Whether a look at the fleet is under way: what comes next depends on it."""
    seen: int = 0
    mark: int = -1
    rings: list[Solicitation] = field(default_factory=list)
    promises: list[Solicitation] = field(default_factory=list)

    def look(self) -> bool:
        """Read what was written since the last look, and hold the demand against every sentence; whether anything was."""
        facts, mark = self.demand.ledger.pending, self.demand.mark
        if not self.seen:
            self.next_seq = self.demand.ledger.next_seq - len(facts)
        elif len(facts) == self.seen and mark == self.mark:
            return False  # nothing was written, nothing moved on
        self.read(facts[self.seen :])
        self.seen, self.mark = len(facts), mark
        self._read_the_book()
        for condition in OF_THE_DEMAND:
            if not condition(self):
                raise BrokenSentenceError(say(condition))
        return True

    def _read_the_book(self) -> None:
        rings, promises = [], []
        for each in self.demand.case.book:
            if each.state is SolicitationState.OPEN:
                rings.append(each)
            elif each.state is SolicitationState.COUNTERED and each.proposes:
                promises.append(each)
        self.rings, self.promises = rings, promises


def say(sentence: Callable[..., object]) -> str:
    """The sentence that a check stands for."""
    return sentence.__name__.replace("_", " ")


def read_journal(facts: Iterable[Fact]) -> Reader:
    """What a whole journal tells, from its first fact on. Raises as a look does."""
    reader = Reader(next_seq=1)
    reader.read(facts)
    return reader


# -- of every fact -------------------------------------------------------------------------------------------------------


def facts_are_numbered_without_a_hole(w: Reader, fact: Fact, body: Any) -> bool:
    expected, w.next_seq = w.next_seq, fact.seq + 1
    return fact.seq == expected


def nothing_is_written_after_the_end(w: Reader, fact: Fact, body: Any) -> bool:
    after, w.ended = w.ended, w.ended or body.kind in ENDS
    return not after


# -- of tiers and solicitations ------------------------------------------------------------------------------------------


def the_tiers_of_a_round_come_once_and_in_their_order(w: Reader, fact: Fact, body: Any) -> bool:
    if body.round != w.round:
        newer, w.round, w.tiers = body.round > w.round, body.round, []
        if not newer:
            return False
    w.tiers.append(body.tier)
    places = [IN_ORDER.index(tier) for tier in w.tiers]
    return all(earlier < later for earlier, later in pairwise(places))


def a_vehicle_that_broke_down_on_this_demand_is_not_asked_again(w: Reader, fact: Fact, body: Any) -> bool:
    w.asked[body.solicitation_id] = Asked(body.answer_before)
    """But by its company: it may name the vehicle, repaired; then its re-confirmation is asked of whoever has the mission."""
    return body.vehicle_id not in w.broken or body.vehicle_id == w.vehicle_engaged


def who_is_asked_has_time_to_answer(w: Reader, fact: Fact, body: Any) -> bool:
    return bool(body.answer_before > fact.at)


def only_who_rings_is_revised(w: Reader, fact: Fact, body: Any) -> bool:
    asked = w.asked[body.solicitation_id]
    asked.answer_before, asked.revised = body.answer_before, True
    return asked.last == "solicitation_opened"


def nobody_is_taken_back_or_expires_who_does_not_ring(w: Reader, fact: Fact, body: Any) -> bool:
    asked = w.asked[body.solicitation_id]
    before, asked.last = asked.last, body.kind
    return before == "solicitation_opened"


def what_was_taken_back_or_won_is_answered_no_more(w: Reader, fact: Fact, body: Any) -> bool:
    return w.asked[body.solicitation_id].last in MAY_WIN


def an_answer_that_came_too_late_never_counts(w: Reader, fact: Fact, body: Any) -> bool:
    asked = w.asked[body.solicitation_id]
    before, asked.last = asked.last, body.kind
    return before not in SILENT or fact.at <= asked.answer_before


def carence_is_proposed_once_a_round(w: Reader, fact: Fact, body: Any) -> bool:
    before, w.carence = w.carence, body.round
    return bool(body.round > before)


# -- of missions ---------------------------------------------------------------------------------------------------------


def there_is_never_a_second_mission_beside_a_running_one(w: Reader, fact: Fact, body: Any) -> bool:
    alone, w.mission, w.vehicle, w.rank = w.mission is None, body.mission_id, body.vehicle_id, -1
    w.assigned.append(body.mission_id)
    return alone and w.assigned.count(body.mission_id) == 1


def who_has_the_mission_was_the_one_who_accepted(w: Reader, fact: Fact, body: Any) -> bool:
    return w.asked[body.solicitation_id].last == "solicitation_accepted"


def steps_pass_in_the_strict_order_only(w: Reader, fact: Fact, body: Any) -> bool:
    w.rank += 1
    return body.mission_id == w.mission and STEPS[w.rank] is body.step


def only_the_last_step_is_taken_back_and_never_the_first(w: Reader, fact: Fact, body: Any) -> bool:
    last, w.rank = w.rank, w.rank - 1
    return body.mission_id == w.mission and last > 0 and STEPS[last] is body.step


def a_relief_replaces_the_vehicle_that_has_the_mission(w: Reader, fact: Fact, body: Any) -> bool:
    before, w.vehicle = w.vehicle, body.vehicle_id
    return bool(body.mission_id == w.mission and body.relieved_vehicle_id == before != body.vehicle_id)


def a_mission_ends_with_the_vehicle_that_has_it_on_the_step_that_it_reached(
    w: Reader, fact: Fact, body: Any
) -> bool:
    mission, w.mission = w.mission, None
    if body.reason is MissionEndReason.BREAKDOWN:
        w.broken.add(body.vehicle_id)
    return (body.mission_id, body.vehicle_id, body.last_step) == (mission, w.vehicle, STEPS[w.rank])


def with_the_patient_on_board_only_the_crew_ends_a_mission(w: Reader, fact: Fact, body: Any) -> bool:
    """But for the operator's last resort."""
    if body.last_step.rank < Step.EN_CHARGE.rank or (body.by and body.by.role is Role.ADMIN):
        return True
    return body.reason in BY_THE_CREW


def a_demand_is_completed_by_the_last_step_or_without_transport_after_the_bilan(
    w: Reader, fact: Fact, body: Any
) -> bool:
    return w.rank == (Step.DISPONIBLE if body.transported else Step.BILAN_REALISE).rank


def no_mission_and_no_alarm_outlives_its_demand(w: Reader, fact: Fact, body: Any) -> bool:
    return w.mission is None and not w.alarms


# -- of alarms -----------------------------------------------------------------------------------------------------------


def _note_alarm(w: Reader, fact: Fact, body: Any) -> None:
    if body.alarm_id is not None:  # demands of the first edition have alarms that nobody can answer
        w.alarms.add(body.alarm_id)


def who_sees_an_alarm_sees_one_that_stands(w: Reader, fact: Fact, body: Any) -> bool:
    return body.alarm_id in w.alarms


def an_alarm_is_closed_once_after_it_was_raised(w: Reader, fact: Fact, body: Any) -> bool:
    stood = body.alarm_id in w.alarms
    w.alarms.discard(body.alarm_id)
    return stood


# -- of the demand -------------------------------------------------------------------------------------------------------


def the_demand_is_open_until_its_last_fact(w: Witness) -> bool:
    return w.demand.is_open is not w.ended


def the_mission_of_the_journal_is_the_mission_of_the_demand(w: Witness) -> bool:
    mission = w.demand.case.mission
    if mission is None:
        return w.mission is None
    return (mission.id, mission.vehicle_id, mission.step.rank) == (w.mission, w.vehicle, w.rank)


def every_confirmation_is_in_the_journal_once(w: Witness) -> bool:
    return w.assigned == w.confirmed


def after_an_assignment_only_its_reconfirmation_may_ring(w: Witness) -> bool:
    mission = w.demand.case.mission
    if mission is None:
        return True
    return all(s.id == mission.reconfirmation for s in w.rings)


def nobody_rings_after_the_end(w: Witness) -> bool:
    return not (w.ended and w.rings)


def a_search_always_has_something_to_wait_for(w: Witness) -> bool:
    demand = w.demand
    if w.ended or w.awaited or demand.case.mission is not None:
        return True
    return demand.next_moment() is not None


def who_rings_is_asked_for_what_is_searched_now(w: Witness) -> bool:
    case = w.demand.case
    if case.mission is not None or case.search.amended:
        return True
    return all(s.round == case.search.round for s in w.rings)


def a_promise_that_stands_was_made_on_the_terms_of_now(w: Witness) -> bool:
    """But for those that come in while the fleet is held against the new terms: they lapse as soon as it is."""
    case = w.demand.case
    if not w.promises or case.mission is not None or case.edition < Edition.OPERATORS or case.search.amended:
        return True
    return all(s.round == case.search.round for s in w.promises)


def no_promise_stands_after_the_end(w: Witness) -> bool:
    return not (w.ended and w.promises)


def nobody_is_asked_twice_at_once_for_the_same_thing(w: Witness) -> bool:
    """Nor to keep a promise beside coming within the demand's delay; in older editions that was another thing."""
    old = w.demand.case.edition < Edition.REVIEW
    return len({(s.target, s.promise if old else None) for s in w.rings}) == len(w.rings)


def guard_vehicles_are_asked_one_after_the_other(w: Witness) -> bool:
    """But for those that were asked already when the terms changed: they all ring again."""
    if w.demand.case.search.tier is not Tier.GUARD:
        return True
    waiting = [s for s in w.rings if s.tier is Tier.GUARD and not s.rung]
    return sum(not w.asked[s.id].revised for s in waiting) <= 1


def the_deadline_is_never_restarted(w: Witness) -> bool:
    """It is counted from the reception of the demand, whatever was lost, amended or begun again meanwhile."""
    case = w.demand.case
    return case.search.agreed_deadline == case.received_at + timedelta(minutes=case.search.max_delay_minutes)


# -- which sentence is of what -------------------------------------------------------------------------------------------

OfFact = Callable[[Reader, Fact, Any], bool | None]
OF_ANY_FACT: tuple[OfFact, ...] = (facts_are_numbered_without_a_hole, nothing_is_written_after_the_end)
_ANSWERED: tuple[OfFact, ...] = (
    what_was_taken_back_or_won_is_answered_no_more,
    an_answer_that_came_too_late_never_counts,
)
_OF_KIND: dict[str, Iterable[OfFact]] = {
    "tier_opened": (the_tiers_of_a_round_come_once_and_in_their_order,),
    "tier_skipped": (the_tiers_of_a_round_come_once_and_in_their_order,),
    "solicitation_opened": (
        a_vehicle_that_broke_down_on_this_demand_is_not_asked_again,
        who_is_asked_has_time_to_answer,
    ),
    "solicitation_revised": (only_who_rings_is_revised,),
    "solicitation_withdrawn": (nobody_is_taken_back_or_expires_who_does_not_ring,),
    "solicitation_expired": (nobody_is_taken_back_or_expires_who_does_not_ring,),
    "solicitation_accepted": _ANSWERED,
    "solicitation_refused": _ANSWERED,
    "delay_proposed": _ANSWERED,
    "solicitation_unavailable": _ANSWERED,
    "mission_reconfirmed": (),
    "carence_proposed": (carence_is_proposed_once_a_round,),
    "mission_assigned": (
        there_is_never_a_second_mission_beside_a_running_one,
        who_has_the_mission_was_the_one_who_accepted,
    ),
    "step_passed": (steps_pass_in_the_strict_order_only,),
    "step_undone": (only_the_last_step_is_taken_back_and_never_the_first,),
    "vehicle_relieved": (a_relief_replaces_the_vehicle_that_has_the_mission,),
    "mission_ended": (
        a_mission_ends_with_the_vehicle_that_has_it_on_the_step_that_it_reached,
        with_the_patient_on_board_only_the_crew_ends_a_mission,
    ),
    "demand_completed": (
        a_demand_is_completed_by_the_last_step_or_without_transport_after_the_bilan,
        no_mission_and_no_alarm_outlives_its_demand,
    ),
    "demand_cancelled": (no_mission_and_no_alarm_outlives_its_demand,),
    "demand_unfulfilled": (no_mission_and_no_alarm_outlives_its_demand,),
    "alarm_raised": (_note_alarm,),
    "alarm_seen": (who_sees_an_alarm_sees_one_that_stands,),
    "alarm_closed": (an_alarm_is_closed_once_after_it_was_raised,),
}
OF_FACTS: dict[str, tuple[OfFact, ...]] = {
    kind: (*OF_ANY_FACT, *sentences) for kind, sentences in _OF_KIND.items()
}
OF_THE_DEMAND: tuple[Callable[[Witness], bool], ...] = (
    the_demand_is_open_until_its_last_fact,
    the_mission_of_the_journal_is_the_mission_of_the_demand,
    every_confirmation_is_in_the_journal_once,
    after_an_assignment_only_its_reconfirmation_may_ring,
    nobody_rings_after_the_end,
    a_search_always_has_something_to_wait_for,
    who_rings_is_asked_for_what_is_searched_now,
    a_promise_that_stands_was_made_on_the_terms_of_now,
    no_promise_stands_after_the_end,
    nobody_is_asked_twice_at_once_for_the_same_thing,
    guard_vehicles_are_asked_one_after_the_other,
    the_deadline_is_never_restarted,
)
