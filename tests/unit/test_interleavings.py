"""A hundred thousand random stories of one demand, on the real rulebook, in each run: no sentence may break.

``RESCOUSSE_INTERLEAVINGS`` says how many in all, ``RESCOUSSE_SEED`` from which seed on: the same seed, the same stories.
"""

import os
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain import facts
from domain.alarms import AlarmBoard
from domain.answers import Answers
from domain.case import SEARCH_TIERS, Case
from domain.crew import CrewDesk
from domain.facts import Fact
from domain.fleet import VehicleCard
from domain.ledger import Ledger
from domain.messages import Acceptance, EngageRequest, Reply
from domain.mission import Mission, PassedStep
from domain.outcomes import Outcome
from domain.search import Search
from domain.solicitation import Solicitation, SolicitationBook
from domain.vocabulary import DemandStatus, Step, WithdrawalReason
from tests.walk.moves import MOVES
from tests.walk.play import Phase
from tests.walk.procedure import Procedure
from tests.walk.sentences import OF_FACTS
from tests.walk.walker import BreachError, Seen, walk

INTERLEAVINGS = int(os.environ.get("RESCOUSSE_INTERLEAVINGS", "100000"))
SEED = int(os.environ.get("RESCOUSSE_SEED", "2026"))
CHUNKS = 16
"""So that the processes of a parallel run share them evenly."""
ENOUGH = 5_000
"""From so many stories on, everything that can happen must have happened."""

pytestmark = pytest.mark.timeout(900)

SAID = {
    "accept": {
        "confirmed",
        "already_assigned",
        "too_late",
        "vehicle_engaged",
        "vehicle_required",
        "lease_lost",
    }
    | {"vehicle_not_solicited", "vehicle_too_small", "solicitation_closed", "demand_closed", "guard_ended"},
    "accept_and_wait": {"not yet"},
    "the_database_answers": {"confirmed", "already_assigned", "demand_closed"},
    "refuse": {"recorded", "guard_must_accept", "too_late", "already_assigned", "solicitation_closed"},
    "counter": {"recorded", "counter_delay_not_longer", "counter_delay_too_long", "too_late"},
    "declare_unavailable": {"recorded", "not_a_guard_solicitation", "too_late"},
    "arbitrate": {"recorded", "not_in_arbitration", "counter_proposal_unknown"},
    "amend": {"recorded", "not yet", "too_late_to_amend", "demand_closed"},
    "cancel": {"recorded", "too_late_to_cancel", "demand_closed"},
    "declare_carence": {"recorded", "carence_not_proposed", "demand_closed"},
    "give_a_destination": {"recorded", "destination_too_early", "destination_given_by_samu", "mission_ended"},
    "operate": {"recorded", "nothing_to_ring", "no_tier_running", "reason_required", "too_late_to_reassign"},
    "pass_the_next_step": {"recorded", "mission_ended", "mission_unknown"},
    "pass_any_step": {"recorded", "wrong_step"},
    "undo_the_last_step": {"recorded", "step_not_last", "undo_too_late"},
    "break_down": {"recorded", "mission_ended"},
    "end_without_transport": {"recorded", "no_transport_not_allowed"},
    "relieve": {"confirmed", "not yet", "mission_ended", "vehicle_too_small"},
    "receive_the_mission": {"recorded"},
    "see_an_alarm": {"recorded", "alarm_closed"},
}
"""What each move must have been answered, among all stories."""
LASTING = {DemandStatus.COMPLETED, DemandStatus.UNFULFILLED, DemandStatus.CANCELLED, DemandStatus.ASSIGNED}
NEVER_WRITTEN = {"demand_received"}
"""The API writes the first fact."""


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_random_stories_break_no_sentence(chunk: int) -> None:
    stories = len(range(chunk, INTERLEAVINGS, CHUNKS))
    seen = walk(SEED * CHUNKS + chunk, stories)
    assert seen.stories == stories
    if stories >= ENOUGH:
        assert _never_seen(seen) == []


def _never_seen(seen: Seen) -> list[str]:
    """What no story had in it: stories that never come to a breakdown prove nothing about breakdowns."""
    least = max(1, seen.stories // ENOUGH)
    never = [
        f"{move} in {phase}: {seen.moves[move, phase]} times"
        for move in MOVES
        for phase in Phase
        if seen.moves[move, phase] < least
    ]
    never += [f"{m} -> {told}" for m, all_told in SAID.items() for told in all_told if not seen.told[m, told]]
    never += [f"the end {end}" for end in LASTING if seen.ends[end] < least]
    return never + [f"the fact {kind}" for kind in set(OF_FACTS) - NEVER_WRITTEN if seen.facts[kind] < least]


# -- the walker notices when the rulebook is wrong -----------------------------------------------------------------------


def _confirm_unseen(desk: Answers, answer: Acceptance, engaged: EngageRequest, vehicle: VehicleCard) -> Reply:
    """Confirms what was allowed when the database was asked, whatever happened since, as long as the demand is open."""
    if not desk.case.is_open:
        return Reply(outcome=Outcome.DEMAND_CLOSED)
    desk._assign(desk._asked(answer), answer, engaged, vehicle)
    return Reply(outcome=Outcome.CONFIRMED, mission_id=engaged.mission_id)


def _assign_twice(case: Case, mission: Mission, won: Solicitation, at: datetime) -> None:
    [assigned] = [fact.body for fact in case.ledger.pending[-3:] if fact.body.kind == "mission_assigned"]
    case.ledger.add(assigned.model_copy(update={"mission_id": won.id}), at)
    case.mission = mission
    case.search.stop(won, at)


def _undo_another(mission: Mission) -> PassedStep:
    return mission.steps.pop(len(mission.steps) // 2)


def _write_after_the_end(desk: Answers, asked: Solicitation, answer: Any, outcome: Outcome, *_: Any) -> None:
    body = facts.AnswerTurnedAway(solicitation_id=asked.id, answer="?", outcome=outcome, by=answer.by)
    desk.case.ledger.add(body, answer.received_at)


def _stop_silently(search: Search, won: Solicitation, at: datetime) -> None:
    """The others are not told that somebody else has won."""
    search.tier = search.tier_deadline = search.promised = search.arbitration_since = None
    search.mark += 1


def _skip_a_number(ledger: Ledger, body: Any, at: datetime, *audience: UUID) -> None:
    ledger.next_seq += body.kind == "mission_ended"
    ledger.pending.append(Fact(seq=ledger.next_seq, at=at, audience=audience, body=body))
    ledger.next_seq += 1


def _begin_the_delay_again(case: Case, at: datetime) -> None:
    case.search.agreed_deadline = at + timedelta(minutes=case.search.max_delay_minutes)
    case.search.dismiss(WithdrawalReason.DEMAND_AMENDED, at)
    case.search.new_round(list(SEARCH_TIERS), at)


def _propose_again_and_again(search: Search, at: datetime) -> None:
    search.carence_proposed = True
    search.ledger.add(facts.CarenceProposed(round=search.round), at)


MUTANTS: dict[str, tuple[type, str, object]] = {
    "there is never a second mission beside a running one": (Case, "begin_mission", _assign_twice),
    "an answer that came too late never counts": (Solicitation, "answerable", lambda *_: True),
    "what was taken back or won is answered no more": (Answers, "confirm", _confirm_unseen),
    "steps pass in the strict order only": (
        *(Mission, "expected_step"),
        property(lambda mission: Step.EN_CHARGE if mission.step is Step.EN_APPROCHE else mission.step.next),
    ),
    "only the last step is taken back and never the first": (Mission, "undo", _undo_another),
    "nothing is written after the end": (Answers, "_turn_away", _write_after_the_end),
    "facts are numbered without a hole": (Ledger, "add", _skip_a_number),
    "with the patient on board only the crew ends a mission": (
        *(Mission, "patient_on_board"),
        property(lambda _: False),
    ),
    "a vehicle that broke down on this demand is not asked again": (
        *(SolicitationBook, "may_ask"),
        lambda *_: True,
    ),
    "after an assignment only its reconfirmation may ring": (Search, "stop", _stop_silently),
    "the deadline is never restarted": (Case, "search_again", _begin_the_delay_again),
    "no mission and no alarm outlives its demand": (AlarmBoard, "close_all", lambda *_: None),
    "no promise stands after the end": (Search, "lapse", lambda *_, **__: None),
    "carence is proposed once a round": (Search, "propose_carence", _propose_again_and_again),
    "guard vehicles are asked one after the other": (Search, "_wave", lambda _, fresh: fresh),
    "who sleeps is woken in time for what is due": (CrewDesk, "_wake_if_stuck", lambda *_: None),
    "only a tier that is to be asked waits for the fleet": (
        *(Procedure, "reviewed"),
        property(lambda _: False),
    ),
    "what is due is done": (Search, "_expire", lambda *_: None),
}
"""Sentence by sentence: what would break it, if the rulebook, or the workflow, did it."""
SOON_ENOUGH = 4_000


@pytest.mark.parametrize("sentence", MUTANTS)
def test_the_walker_notices_when_a_rule_is_broken(sentence: str, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, name, wrong = MUTANTS[sentence]
    assert hasattr(owner, name)
    monkeypatch.setattr(owner, name, wrong)
    with pytest.raises(BreachError, match=sentence):
        walk(SEED, SOON_ENOUGH)
