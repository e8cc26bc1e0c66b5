"""The table of a run: each thing that must hold, how much was looked at, and the figures beside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from tests.chaos import checks, checks_answers
from tests.chaos.checks import Check, Tally, accepted, unanswered
from tests.chaos.checks_answers import ACCEPT, CONFIRMED
from tests.chaos.evidence import Evidence

MOST_SENTENCES = 40
CHECKS: Sequence[tuple[str, Check]] = (
    ("accepted demands have ended or are answerable", checks.demands_live_on),
    ("a demand that is sent again is one demand", checks.one_demand_a_reference),
    ("no demand has two missions at once", checks.one_mission_a_demand),
    ("no vehicle has two open missions", checks.one_mission_a_vehicle),
    ("engaged vehicles are those of the open missions", checks.engagements_are_the_open_missions),
    ("confirmations are in the journal", checks_answers.confirmations_are_kept),
    ("nobody was confirmed another's mission", checks_answers.nobody_was_told_of_anothers_mission),
    ("nobody was told no and has the mission", checks_answers.nobody_was_told_no_and_has_it),
    ("other verdicts are in the journal", checks_answers.verdicts_are_written_down),
    ("nothing was done twice", checks_answers.nothing_was_done_twice),
    ("journals are numbered 1 to n", checks.journals_have_no_hole),
    ("the read model is the fold of the journal", checks.read_model_is_the_fold),
    ("streams told every fact once, in order", checks.streams_told_everything_once),
    ("no task fails again and again, nothing runs on", checks.engine_is_quiet),
    ("rolling restarts turn nobody away", checks.rolling_restarts_turn_nobody_away),
    ("every process came back", checks.processes_came_back),
)
"""Everything that must hold, by its name in the table."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of a run."""

    evidence: Evidence
    tallies: dict[str, Tally]

    @classmethod
    def of(cls, evidence: Evidence) -> "Verdict":
        """Judge."""
        return cls(evidence, {name: check(evidence) for name, check in CHECKS})

    @property
    def sentences(self) -> list[str]:
        """One for each breach, naming the demand."""
        return [
            f"{name}: demand {each.demand_id} {each.sentence}"
            if each.demand_id != "-"
            else f"{name}: {each.sentence}"
            for name, tally in self.tallies.items()
            for each in tally.breaches
        ]


def show(verdict: Verdict, console: Console) -> None:
    """Print the table, the figures, and a sentence for each breach."""
    table = Table("what must hold", "looked at", "breaches", title="chaos")
    for name, tally in verdict.tallies.items():
        table.add_row(name, f"{tally.counted:,}", str(len(tally.breaches)))
    console.print(table)
    for name, value in figures(verdict.evidence).items():
        console.print(f"{name}: {value}", highlight=False, soft_wrap=True)
    for sentence in verdict.sentences[:MOST_SENTENCES]:
        console.print(f"BREACH {sentence}", highlight=False, soft_wrap=True)
    if len(verdict.sentences) > MOST_SENTENCES:
        console.print(f"… and {len(verdict.sentences) - MOST_SENTENCES} more", highlight=False)


def figures(evidence: Evidence) -> dict[str, str]:
    """What is told beside the breaches."""
    intents = evidence.intents
    ends = Counter(evidence.book.end_of(demand_id) or "open" for demand_id in accepted(evidence))
    answers = Counter(f"{i.words[-1]} {i.verdict}" for i in intents if i.words[0] == "solicitations")
    longest = max(evidence.blows, key=lambda blow: blow.away_s or 0.0, default=None)
    return {
        "blows": _counted(Counter(f"{_kind(blow.process)} {blow.deed}" for blow in evidence.blows)),
        "longest away": f"{longest.process}, {longest.away_s:.1f} s ({longest.deed})"
        if longest and longest.away_s is not None
        else "-",
        "demands": _counted(ends),
        "answers": _counted(answers),
        "calls": _counted(evidence.calls),
        "calls that had no answer and were made again": _counted(Counter(f.phase for f in evidence.failures)),
        "connections closed under a call, which was made again at once": _counted(evidence.reconnects),
        "why calls failed": _counted(Counter(f.why.strip() for f in evidence.failures)),
        "never answered": str(len(unanswered(intents))),
        "streams": ", ".join(f"{ear.name} {ear.connections} connections" for ear in evidence.ears),
        "received → first solicitation written, s": _spread(first_solicitations(evidence)),
        "acceptance → confirmed, repetitions included, s": _spread(confirmations(evidence)),
    }


def first_solicitations(evidence: Evidence) -> list[float]:
    """Seconds from the reception of a demand to its first solicitation in the journal."""
    took = []
    for demand_id in accepted(evidence):
        lines = evidence.book.demands.get(demand_id, [])
        asked = next((line.recorded_at for line in lines if line.kind == "solicitation_opened"), None)
        if asked is not None:
            took.append((asked - lines[0].at).total_seconds())
    return took


def confirmations(evidence: Evidence) -> list[float]:
    """Seconds that clients waited for a confirmation."""
    return [i.ended - i.began for i in evidence.intents if i.what == ACCEPT and i.verdict == CONFIRMED]


def _spread(seconds: list[float]) -> str:
    if not seconds:
        return "-"
    ordered = sorted(seconds)
    last = ordered[min(len(ordered) - 1, round(0.99 * (len(ordered) - 1)))]
    return f"median {ordered[len(ordered) // 2]:.2f}, p99 {last:.2f}, most {ordered[-1]:.2f} ({len(ordered)})"


def _counted(counts: "Counter[str] | object") -> str:
    told = dict(counts) if isinstance(counts, dict) else {}
    return ", ".join(f"{name} {number:,}" for name, number in sorted(told.items())) or "none"


def _kind(process: str) -> str:
    return process.rstrip("-0123456789")
