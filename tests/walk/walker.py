"""Random stories, thousands of them: drawn from a seed, counted, and cut down to the shortest one that still breaks."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from domain.vocabulary import DemandStatus
from tests.walk.moves import MOVES
from tests.walk.play import Phase, Play

SHORTEST, LONGEST = 10, 20
AFTER_THE_END = 2
"""Moves that are tried on a demand that has ended: nothing may come of them."""
LEFT_ALONE_EVERY = 16
"""Every so many stories are left alone in the end, to see that the search ends by itself: it takes as long as five moves."""

Drawn = tuple[str, int]
"""A move, and how."""


@dataclass
class Seen:
    """What happened in many stories."""

    stories: int = 0
    moves: Counter[tuple[str, Phase]] = field(default_factory=Counter)
    """How often each move was made in each phase."""
    told: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each move was answered how."""
    facts: Counter[str] = field(default_factory=Counter)
    """How often something happened."""
    ends: Counter[DemandStatus] = field(default_factory=Counter)
    """Where the demands stood in the end."""


class BreachError(AssertionError):
    """A story broke a sentence; the text is the sentence, the seed and the shortest story found that breaks it."""


def _weights(*told: str) -> dict[str, int]:
    """``"accept 14, refuse 12"`` as a table."""
    return {name: int(times) for line in told for name, times in (each.split() for each in line.split(", "))}


# How often each move is drawn: everything may be tried at any time, what fits the phase is tried more often.
_EVERYWHERE = dict.fromkeys(MOVES, 2)
_SEARCHED = _weights(
    "accept 14, accept_and_wait 8, the_database_answers 6, refuse 12, counter 12, declare_unavailable 4",
    "another_demand_takes_a_vehicle 4, the_fleet_changes 4, amend 3, cancel 1, give_up 1",
    "time_passes 10, a_countdown_ends 8, the_fleet_is_seen 20",
)
_CARRIED = _weights(
    "pass_the_next_step 60, pass_any_step 6, carry_the_patient 8, undo_the_last_step 8, break_down 3",
    "end_without_transport 5, relieve 5, receive_the_mission 6, give_a_destination 5, see_an_alarm 4",
    "accept 5, refuse 4, amend 5, cancel 1, give_up 1",
    "time_passes 8, a_countdown_ends 5, the_database_answers 5",
)
_RARE = {**_SEARCHED, **dict.fromkeys(("cancel", "give_up", "operate", "break_down", "arbitrate"), 4)}
_WEIGHTS: dict[Phase, dict[str, int]] = {
    Phase.LOOKED_FOR: {"the_fleet_is_seen": 120, "accept": 6},
    Phase.GUARD: _SEARCHED,
    Phase.VEHICLES: _SEARCHED,
    Phase.SITES: _RARE,
    Phase.FREE_CHOICE: _RARE,
    Phase.ARBITRATION: {**_SEARCHED, "arbitrate": 30, "declare_carence": 3},
    Phase.ON_THE_WAY: _CARRIED,
    Phase.ON_BOARD: _CARRIED,
    Phase.ENDED: {},
}
_URNS = {
    phase: [name for name, times in {**_EVERYWHERE, **weights}.items() for _ in range(times)]
    for phase, weights in _WEIGHTS.items()
}


def walk(seed: int, stories: int) -> Seen:
    """Play so many stories from a seed. Raises :class:`BreachError` with the shortest story found."""
    dice, seen = Random(seed), Seen()
    for number in range(stories):
        opening = dice.getrandbits(32)
        drawn: list[Drawn] = []
        try:
            _play(opening, drawn, dice, seen, alone=number % LEFT_ALONE_EVERY == 0)
        except Exception as broken:  # whatever the rulebook raises is a breach
            raise BreachError(_report(seed, number, opening, drawn, broken)) from broken
        seen.stories += 1
    return seen


def _play(opening: int, drawn: list[Drawn], dice: Random, seen: Seen, *, alone: bool) -> None:
    """One story, drawn while it is played: what is done depends on where the demand stands."""
    play = Play(opening)
    left = dice.randint(SHORTEST, LONGEST)
    moves, told = seen.moves, seen.told
    while left:
        left -= 1
        phase = play.phase
        if phase is Phase.ENDED:
            left = min(left, AFTER_THE_END)
        urn, bits = _URNS[phase], dice.getrandbits(32)
        name = urn[dice.getrandbits(16) % len(urn)]
        drawn.append((name, bits))
        outcome = MOVES[name](play, bits)
        play.look()
        moves[name, phase] += 1
        told[name, str(outcome)] += 1
    if alone:
        play.leave_alone()
    seen.ends[play.demand.status] += 1
    seen.facts.update(fact.body.kind for fact in play.demand.ledger.pending)


# -- after a breach ------------------------------------------------------------------------------------------------------


def _report(seed: int, number: int, opening: int, drawn: list[Drawn], broken: Exception) -> str:
    shortest = shorten(opening, drawn)
    lines = [f"  {place}. {line}" for place, line in enumerate(tell(opening, shortest), 1)]
    return "\n".join(
        [
            f"{_what(broken)}",
            f"seed {seed}, story {number}, {len(drawn)} moves; {len(shortest)} are enough:",
            *lines,
            f"again: tell({opening}, {shortest!r})",
        ]
    )


def _what(broken: Exception) -> str:
    return f"{type(broken).__name__}: {broken}"


def breaks(opening: int, drawn: Sequence[Drawn]) -> Exception | None:
    """Play a story again, and then leave it alone; what it breaks."""
    try:
        play = Play(opening)
        for name, bits in drawn:
            MOVES[name](play, bits)
            play.look()
        play.leave_alone()
    except Exception as broken:  # noqa: BLE001 - whatever the rulebook raises is a breach
        return broken
    return None


def shorten(opening: int, drawn: Sequence[Drawn]) -> list[Drawn]:
    """Drop moves, half the story at first and then ever fewer, as long as what is left still breaks something."""
    kept, size = list(drawn), max(1, len(drawn) // 2)
    while size:
        place, before = 0, len(kept)
        while place < len(kept):
            shorter = kept[:place] + kept[place + size :]
            if breaks(opening, shorter) is not None:
                kept = shorter
            else:
                place += size
        size = size if size == 1 and len(kept) < before else size // 2
    return kept


def tell(opening: int, drawn: Sequence[Drawn]) -> list[str]:
    """A story as sentences: what was done when, where the demand stood, what was answered, what was written."""
    play, lines = Play(opening), []
    written = 0
    for name, bits in [("the_demand_is_posted", 0), *drawn, ("it_is_left_alone", 0)]:
        phase = play.phase
        try:
            outcome = _do(play, name, bits)
        except Exception as broken:  # noqa: BLE001 - told as the last line
            outcome = f"BROKEN: {_what(broken)}"
        facts = [fact.body.kind for fact in play.demand.ledger.pending[written:]]
        written += len(facts)
        seconds = (play.clock - play.demand.case.received_at).total_seconds()
        sentence = name.replace("_", " ")
        lines.append(
            f"{seconds:7.1f} s, {phase}: {sentence} -> {outcome}; written: {', '.join(facts) or '-'}"
        )
        if str(outcome).startswith("BROKEN"):
            break
    return lines


def _do(play: Play, name: str, bits: int) -> str:
    if name == "it_is_left_alone":
        play.leave_alone()
        return str(play.demand.status)
    outcome = str(MOVES[name](play, bits)) if name in MOVES else str(play.demand.status)
    play.look()
    return outcome
