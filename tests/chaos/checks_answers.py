"""What clients were told, held against the journal: a confirmation is kept, a verdict is written down. Pure."""

from collections import Counter
from collections.abc import Callable

from tests.chaos.checks import Tally, unanswered
from tests.chaos.evidence import Book, Evidence, Intent

ACCEPT = "POST solicitations/acceptance"
CONFIRMED = "CONFIRMED"
CARRIED_OUT = frozenset({"COMPLETED", "NO_TRANSPORT"})


def confirmations_are_kept(evidence: Evidence) -> Tally:
    """Whoever was told CONFIRMED has the mission in the journal, won by what they accepted, with that vehicle."""
    tally = Tally()
    for intent in _acceptances(evidence, CONFIRMED):
        tally.counted += 1
        solicitation_id, mission_id = intent.words[1], str(intent.answer.get("mission_id"))
        demand_id = evidence.book.asked.get(solicitation_id, "-")
        given = evidence.book.missions.get(mission_id)
        if given is None or given.demand_id != demand_id:
            tally.found(demand_id, f"was confirmed as mission {mission_id}, which is not in its journal")
        elif not _won(evidence.book, demand_id, solicitation_id):
            tally.found(demand_id, f"was confirmed for solicitation {solicitation_id}, which has not won")
        elif intent.body.get("vehicle_id") not in {None, given.vehicle_id}:
            tally.found(demand_id, f"was confirmed with another vehicle than {given.vehicle_id}")
    return tally


def nobody_was_told_of_anothers_mission(evidence: Evidence) -> Tally:
    """No company was told CONFIRMED for a mission that the journal gave to another one."""
    tally = Tally()
    for intent in _acceptances(evidence, CONFIRMED):
        tally.counted += 1
        given = evidence.book.missions.get(str(intent.answer.get("mission_id")))
        if given is not None and given.company_id != intent.caller:
            tally.found(given.demand_id, f"was given to {given.company_id} and confirmed to {intent.caller}")
    return tally


def nobody_was_told_no_and_has_it(evidence: Evidence) -> Tally:
    """A company whose every acceptance of a solicitation was refused has not won with it; unless the mission was over
    again, and not carried out, when it learnt of it: then the truth is that there is nothing any more.
    """
    tally, told = Tally(), dict[str, list[Intent]]()
    gone = {
        line.data["mission_id"]
        for line in evidence.journal
        if line.kind == "mission_ended" and line.data["reason"] not in CARRIED_OUT
    }
    for intent in evidence.intents:
        if intent.what == ACCEPT:
            told.setdefault(intent.words[1], []).append(intent)
    for mission_id, given in evidence.book.missions.items():
        tally.counted += 1
        answers = told.get(given.solicitation_id, [])
        if not answers:
            tally.found(given.demand_id, f"was given for {given.solicitation_id}, which nobody accepted")
        elif mission_id not in gone and not _was_confirmed(answers):
            verdicts = ", ".join(each.verdict for each in answers)
            tally.found(given.demand_id, f"was given to {given.company_id}, who was told {verdicts}")
    return tally


def _was_confirmed(answers: list[Intent]) -> bool:
    """Or may have been: one was never answered."""
    return bool(unanswered(answers)) or any(each.verdict == CONFIRMED for each in answers)


def verdicts_are_written_down(evidence: Evidence) -> Tally:
    """Every other answer that was taken is a fact: refusals, promises, decisions, exits, steps."""
    tally = Tally()
    for intent in evidence.intents:
        written = WRITTEN.get(intent.what)
        if written is None or not intent.taken:
            continue
        tally.counted += 1
        demand_id = demand_of(evidence.book, intent)
        if not written(evidence.book, demand_id, intent):
            tally.found(
                demand_id, f"has no fact of {intent.what} by {intent.caller}, answered {intent.verdict}"
            )
    return tally


def nothing_was_done_twice(evidence: Evidence) -> Tally:
    """However often it was sent, what was wanted once is written once."""
    tally = Tally()
    wanted = Counter(each.words[1] for each in evidence.intents if each.what == "PATCH demands")
    for demand_id in list(evidence.book.demands):
        amended = len(evidence.book.told(demand_id, "demand_amended"))
        tally.counted += amended
        if amended > wanted[demand_id]:
            tally.found(demand_id, f"was amended {amended} times, and {wanted[demand_id]} times wanted")
        steps = Counter(line.data["step_id"] for line in evidence.book.told(demand_id, "step_passed"))
        tally.counted += len(steps)
        for step_id in [each for each, times in steps.items() if times > 1]:
            tally.found(demand_id, f"has step {step_id} {steps[step_id]} times")
    return tally


def demand_of(book: Book, intent: Intent) -> str:
    """The demand that a call was about; a dash if nobody knows."""
    if len(intent.words) < 2:
        return "-"
    about, found = intent.words[:2]
    if about == "demands":
        return found
    if about == "solicitations":
        return book.asked.get(found, "-")
    return book.missions[found].demand_id if found in book.missions else "-"


def _acceptances(evidence: Evidence, verdict: str) -> list[Intent]:
    return [each for each in evidence.intents if each.what == ACCEPT and each.verdict == verdict]


def _won(book: Book, demand_id: str, solicitation_id: str) -> bool:
    kinds = ("mission_assigned", "mission_reconfirmed")
    return any(book.told(demand_id, kind, solicitation_id=solicitation_id) for kind in kinds)


# -- the fact of each answer -----------------------------------------------------------------------------------------

Written = Callable[[Book, str, Intent], bool]


def _of_a_solicitation(kind: str, *said: str) -> Written:
    """A fact of the solicitation, with what the body said."""

    def written(book: Book, demand_id: str, intent: Intent) -> bool:
        wanted = {name: intent.body.get(name) for name in said}
        return bool(book.told(demand_id, kind, solicitation_id=intent.words[1], **wanted))

    return written


def _of_the_demand(kind: str) -> Written:
    return lambda book, demand_id, _: bool(book.told(demand_id, kind))


def _of_the_mission(reason: str) -> Written:
    def written(book: Book, demand_id: str, intent: Intent) -> bool:
        return bool(book.told(demand_id, "mission_ended", mission_id=intent.words[1], reason=reason))

    return written


def _arbitrated(book: Book, demand_id: str, intent: Intent) -> bool:
    kind = "counter_proposal_accepted" if intent.body["decision"] == "ACCEPT" else "counter_proposal_refused"
    return bool(book.told(demand_id, kind, solicitation_id=intent.body.get("solicitation_id")))


def _stepped(book: Book, demand_id: str, intent: Intent) -> bool:
    """A step that was recorded is there; one that was kept is applied, turned away, or came after the end."""
    step_id = intent.body["step_id"]
    if book.told(demand_id, "step_passed", step_id=step_id):
        return True
    kept = intent.answer.get("status") != "recorded"
    mission_over = bool(book.told(demand_id, "mission_ended", mission_id=intent.words[1]))
    return kept and (mission_over or bool(book.told(demand_id, "step_turned_away", step_id=step_id)))


def _undone(book: Book, demand_id: str, intent: Intent) -> bool:
    return bool(book.told(demand_id, "step_undone", step_id=intent.words[3]))


WRITTEN: dict[str, Written] = {
    "POST solicitations/refusal": _of_a_solicitation("solicitation_refused"),
    "POST solicitations/counter-proposal": _of_a_solicitation("delay_proposed", "delay_minutes"),
    "POST demands/cancellation": _of_the_demand("demand_cancelled"),
    "POST demands/carence": _of_the_demand("demand_unfulfilled"),
    "POST demands/arbitration": _arbitrated,
    "PATCH demands": _of_the_demand("demand_amended"),
    "POST missions/steps": _stepped,
    "DELETE missions/steps": _undone,
    "POST missions/breakdown": _of_the_mission("BREAKDOWN"),
    "POST missions/no-transport": _of_the_mission("NO_TRANSPORT"),
}
"""Which fact follows from each call that was taken."""
