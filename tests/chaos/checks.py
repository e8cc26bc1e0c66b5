"""What must hold after any chaos: each check counts what it looked at and names every breach in a sentence. Pure."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from tests.chaos.evidence import Evidence, Intent, Line, Phase

OPEN_ANSWERS = "RUNNING"


@dataclass(frozen=True, slots=True)
class Breach:
    """Something that must never be, and of which demand (a dash: of none)."""

    demand_id: str
    sentence: str


@dataclass(slots=True)
class Tally:
    """How much was looked at, and what was wrong."""

    counted: int = 0
    breaches: list[Breach] = field(default_factory=list)

    def found(self, demand_id: str, sentence: str) -> None:
        """One breach."""
        self.breaches.append(Breach(demand_id, sentence))


Check = Callable[[Evidence], Tally]


def demands_live_on(evidence: Evidence) -> Tally:
    """Every demand that a client was told is kept has ended, or its workflow answers and shows what it waits for."""
    tally = Tally()
    for demand_id in accepted(evidence):
        tally.counted += 1
        workflow = evidence.workflows.get(demand_id)
        if demand_id not in evidence.book.demands:
            tally.found(demand_id, "was accepted and is not in the journal")
        elif evidence.book.end_of(demand_id) is not None:
            continue
        elif workflow is None or workflow.status != OPEN_ANSWERS or not workflow.answers:
            told = "none" if workflow is None else workflow.status
            tally.found(demand_id, f"is open and nobody answers for it (workflow: {told})")
        elif not workflow.waits_for:
            tally.found(demand_id, "is open and does not say what it waits for")
    return tally


def accepted(evidence: Evidence) -> list[str]:
    """The demands that clients were told are kept, each once."""
    posts = (intent for intent in evidence.intents if intent.what == "POST demands" and intent.taken)
    return list(dict.fromkeys(str(post.answer["id"]) for post in posts))


def one_demand_a_reference(evidence: Evidence) -> Tally:
    """However often a demand was sent, it is one demand."""
    tally, known = Tally(), dict[str, str]()
    for demand_id in list(evidence.book.demands):
        for line in evidence.book.told(demand_id, "demand_received"):
            tally.counted += 1
            first = known.setdefault(line.data["reference"], demand_id)
            if first != demand_id:
                tally.found(demand_id, f"has the reference of {first}")
    for intent in evidence.intents:
        if intent.what == "POST demands" and intent.taken:
            reference, told = str(intent.body["reference"]), str(intent.answer["id"])
            if known.get(reference) != told:
                tally.found(told, f"was told for reference {reference}, which is {known.get(reference)}")
    return tally


def one_mission_a_demand(evidence: Evidence) -> Tally:
    """No demand has two missions at once, and none after its end."""
    tally = Tally()
    for demand_id, lines in evidence.book.demands.items():
        tally.counted += 1
        running: str | None = None
        for line in lines:
            mission_id = line.data.get("mission_id")
            if line.kind == "mission_assigned":
                if running is not None:
                    tally.found(demand_id, f"got mission {mission_id} while {running} ran")
                running = mission_id
            elif line.kind == "mission_ended" and mission_id == running:
                running = None
    return tally


def one_mission_a_vehicle(evidence: Evidence) -> Tally:
    """No vehicle has two open missions at any moment.

    The moment is the place in the journal: a vehicle is given back in the transaction that writes the end of its
    mission, so whoever has it next is written after that.
    """
    tally, holders = Tally(), dict[str, tuple[str, str]]()
    for line in sorted(evidence.journal, key=lambda each: each.position):
        if line.kind == "mission_assigned":
            tally.counted += 1
            _take(tally, holders, line, line.data["vehicle_id"])
        elif line.kind == "vehicle_relieved":
            _give_back(holders, line)
            _take(tally, holders, line, line.data["vehicle_id"])
        elif line.kind == "mission_ended":
            _give_back(holders, line)
    return tally


def _take(tally: Tally, holders: dict[str, tuple[str, str]], line: Line, vehicle_id: str) -> None:
    if vehicle_id in holders:
        other = holders[vehicle_id][0]
        tally.found(line.subject_id, f"got vehicle {vehicle_id}, which was on its way for {other}")
    holders[vehicle_id] = (line.subject_id, line.data["mission_id"])


def _give_back(holders: dict[str, tuple[str, str]], line: Line) -> None:
    for vehicle_id in [each for each, held in holders.items() if held[1] == line.data["mission_id"]]:
        del holders[vehicle_id]


def engagements_are_the_open_missions(evidence: Evidence) -> Tally:
    """Each open mission has its vehicle in the database, each engaged vehicle its mission, and nothing is there twice."""
    tally = Tally(counted=len(evidence.book.missions))
    ended = {line.data["mission_id"] for line in evidence.journal if line.kind == "mission_ended"}
    moved = {
        line.data["mission_id"]: line.data["vehicle_id"]
        for line in evidence.journal
        if line.kind == "vehicle_relieved"
    }
    is_open = {
        mission_id: (given.demand_id, moved.get(mission_id, given.vehicle_id))
        for mission_id, given in evidence.book.missions.items()
        if mission_id not in ended
    }
    for row in evidence.engagements:
        if is_open.get(row.mission_id) != (row.demand_id, row.vehicle_id):
            tally.found(
                row.demand_id,
                f"holds vehicle {row.vehicle_id} for mission {row.mission_id}, which is not open",
            )
    rows = {row.mission_id for row in evidence.engagements}
    for mission_id in is_open.keys() - rows:
        tally.found(is_open[mission_id][0], f"has mission {mission_id} whose vehicle is not engaged")
    for name, values in (
        ("vehicle", [row.vehicle_id for row in evidence.engagements]),
        ("demand", [row.demand_id for row in evidence.engagements]),
    ):
        for twice in {value for value in values if values.count(value) > 1}:
            tally.found(twice if name == "demand" else "-", f"{name} {twice} is engaged twice")
    return tally


def journals_have_no_hole(evidence: Evidence) -> Tally:
    """The facts of each demand are numbered 1 to n, and stand in the journal in that order."""
    tally = Tally()
    for demand_id, lines in evidence.book.demands.items():
        tally.counted += len(lines)
        numbers = [line.seq for line in lines]
        if numbers != list(range(1, len(lines) + 1)):
            tally.found(demand_id, f"has facts numbered {numbers}")
        places = [line.position for line in lines]
        if places != sorted(set(places)):
            tally.found(demand_id, "has facts that stand in the journal in another order than theirs")
    return tally


def read_model_is_the_fold(evidence: Evidence) -> Tally:
    """The journal folded again gives the very rows that people read."""
    tally = Tally(counted=evidence.folded_rows)
    for each in evidence.differences:
        tally.found(each.demand_id, each.sentence)
    return tally


def streams_told_everything_once(evidence: Evidence) -> Tally:
    """Whoever reconnected with `Last-Event-ID` heard every fact of their scope once, in order, and no other."""
    tally = Tally()
    journal = sorted(evidence.journal, key=lambda line: line.position)
    for ear in evidence.ears:
        theirs = [line for line in journal if line.position <= ear.until and ear.may_hear(line)]
        expected = [(e.position, e.subject_id, e.seq, e.kind) for e in theirs]
        heard = [(e.position, e.subject_id, e.seq, e.kind) for e in ear.heard if e.position <= ear.until]
        tally.counted += len(expected)
        if heard == expected:
            continue
        positions = [each[0] for each in heard]
        gaps = [each for each in expected if each not in set(heard)]
        foreign = [each for each in heard if each not in set(expected)]
        doubles = sorted({place for place in positions if positions.count(place) > 1})
        for what, found in (("never heard", gaps), ("heard, out of its scope,", foreign)):
            for place, subject_id, seq, kind in found:
                tally.found(subject_id, f"{ear.name} {what} {kind}, fact {seq} at {place}")
        if doubles:
            tally.found("-", f"{ear.name} heard twice what stands at {doubles}")
        if positions != sorted(positions):
            tally.found("-", f"{ear.name} heard facts out of their order")
    return tally


def engine_is_quiet(evidence: Evidence) -> Tally:
    """No workflow task fails again and again, and nothing runs on for a demand that has ended."""
    tally = Tally()
    for demand_id, workflow in evidence.workflows.items():
        tally.counted += 1
        ended = evidence.book.end_of(demand_id) is not None
        if ended and workflow.status != "COMPLETED":
            tally.found(demand_id, f"has ended and its workflow is {workflow.status}")
        if workflow.attempt > 1:
            tally.found(demand_id, f"has a workflow task that is tried for the {workflow.attempt}th time")
    for workflow_id, workflow in evidence.others.items():
        tally.counted += 1
        if workflow.attempt > 1:
            tally.found(
                "-", f"workflow {workflow_id} has a task that is tried for the {workflow.attempt}th time"
            )
    return tally


def rolling_restarts_turn_nobody_away(evidence: Evidence) -> Tally:
    """While workers and APIs are restarted one after the other, nobody is turned away: a call is answered, or told in so many
    words that nothing is lost and to send it again (503 with Retry-After, a claim that another process still holds).
    """
    tally = Tally(counted=evidence.calls.get(Phase.ROLLING, 0))
    for failure in evidence.failures:
        if failure.phase is Phase.ROLLING and not failure.waited:
            tally.found("-", f"{failure.what} of {failure.caller} failed in a rolling restart: {failure.why}")
    return tally


def processes_came_back(evidence: Evidence) -> Tally:
    """Whatever was killed, frozen or restarted answers again."""
    tally = Tally(counted=len(evidence.blows))
    for blow in evidence.blows:
        if blow.away_s is None:
            tally.found("-", f"{blow.process} did not come back after {blow.deed}")
    return tally


def unanswered(intents: Iterable[Intent]) -> list[Intent]:
    """What was never answered for good: a client that stopped in the middle, or gave up."""
    return [each for each in intents if each.status == 0 or each.status >= 500]
