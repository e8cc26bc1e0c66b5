"""How the simulated people behave: every chance and every median duration, and their drawing."""

import random
from dataclasses import dataclass
from enum import StrEnum

from simulation.clock import around
from simulation.wire import OpenSolicitation

LONGEST_PROMISE = 240
"""Minutes; a longer counter-delay is refused (rule 7)."""


class Answer(StrEnum):
    """What a regulator does with a solicitation."""

    ACCEPT = "ACCEPT"
    REFUSE = "REFUSE"
    COUNTER = "COUNTER"
    SILENCE = "SILENCE"


@dataclass(frozen=True, slots=True)
class Habits:
    """Chances from 0 to 1; durations: medians in simulated seconds; speeds in km/h as the crow flies."""

    answer_after: float = 15.0
    arbitrate_after: float = 25.0
    declare_carence_after: float = 30.0
    hard_demand: float = 0.15
    accept_another: float = 0.15
    refuse_counter: float = 0.15
    cancel: float = 0.05
    cancel_within: float = 1500.0
    free_choice: float = 0.04
    destination_given: float = 0.4
    no_transport: float = 0.06
    breakdown: float = 0.02
    breakdown_lasts: float = 1800.0
    undo: float = 0.03
    late_on_duty: float = 0.07
    late_by: float = 1200.0
    on_the_road: float = 0.25
    crew_speed: tuple[float, float] = (46.0, 62.0)
    hand_over: float = 0.2
    freeze: float = 0.06
    open_at_night: float = 0.25
    guard_early: float = 0.6
    guard_late: float = 0.12
    guard_missed: float = 0.04
    guard_closed_by_crew: float = 0.4
    guard_misses_period: float = 0.06
    free_teammate: float = 0.1
    look_at_alarm_after: float = 90.0
    approve_guard_after: float = 240.0


ANSWERS = (Answer.ACCEPT, Answer.REFUSE, Answer.COUNTER, Answer.SILENCE)

# Chances of the four answers. Everybody is too busy for a hard demand: its tiers run to their end.
_WEIGHTS = {
    "GUARD": (90, 5, 0, 5),
    "VEHICLE": (38, 27, 15, 20),
    "SITE": (40, 30, 15, 15),
    "FREE_CHOICE": (85, 8, 0, 7),
}
_HARD_WEIGHTS = {
    "GUARD": (60, 20, 0, 20),
    "VEHICLE": (1, 55, 22, 22),
    "SITE": (2, 58, 30, 10),
    "FREE_CHOICE": (70, 15, 0, 15),
}

READS_AFTER = 12.0
"""Median simulated seconds between the ringing of a mission and the reading of its sheet."""

# Median simulated seconds that the crew takes before it passes each step, driving not included.
STEP_AFTER = {
    "ACQUITTE": 20.0,
    "EN_APPROCHE": 45.0,
    "LIEU_INTERVENTION": 10.0,
    "BILAN_REALISE": 300.0,
    "EN_CHARGE": 240.0,
    "LIEU_DESTINATION": 10.0,
    "DISPONIBLE": 240.0,
}

REFUSALS = ("Équipage en mission", "Véhicule trop éloigné", "Fin de service", "Effectif incomplet")
COUNTER_REFUSALS = ("Délai incompatible avec l'état du patient", "Autre moyen engagé")
GONE_HOME = "Plus personne à la régulation de cette société"
OTHER_CHOICES = ("Continuité des soins avec cette société", "Volume mieux adapté au patient")
CANCELLATIONS = ("Patient parti par ses moyens", "Renvoi vers le médecin traitant", "Appel en double")
NO_TRANSPORTS = ("Patient absent", "Soins sur place suffisants", "Pas de nécessité de soins")
UNAVAILABILITIES = ("Équipage en repas", "Patient encore à bord", "Problème matériel")
BREAKDOWNS = ("Crevaison", "Panne moteur", "Accrochage sans blessé")


def is_hard(place_rng: random.Random, habits: Habits) -> bool:
    """Draw whether everybody is too busy for a demand; all companies draw from the same source."""
    return place_rng.random() < habits.hard_demand


def choose_answer(rng: random.Random, tier: str, *, hard: bool) -> Answer:
    """Draw a regulator's answer to a solicitation; an unknown tier is answered like VEHICLE."""
    weights = (_HARD_WEIGHTS if hard else _WEIGHTS).get(tier, _WEIGHTS["VEHICLE"])
    return rng.choices(ANSWERS, weights)[0]


def counter_delay(rng: random.Random, solicitation: OpenSolicitation) -> int:
    """Return a promise in minutes: longer than what was asked, at most 240 (rule 7)."""
    asked = solicitation.demand.max_delay_minutes
    needed = max(asked, round(solicitation.eta_minutes or 0))
    return min(LONGEST_PROMISE, needed + rng.choice((5, 10, 15, 20)))


@dataclass(frozen=True, slots=True)
class Script:
    """What is going to happen on a mission; ``None`` where nothing out of the ordinary does."""

    undone_step: str | None
    breaks_down_after: str | None
    no_transport: bool
    speed_kmh: float


def draw_script(rng: random.Random, habits: Habits) -> Script:
    """Draw the course of a mission."""
    undone = rng.choice(("ACQUITTE", "EN_APPROCHE", "BILAN_REALISE"))
    broken = rng.choice(("ACQUITTE", "EN_APPROCHE"))
    return Script(
        undone_step=undone if rng.random() < habits.undo else None,
        breaks_down_after=broken if rng.random() < habits.breakdown else None,
        no_transport=rng.random() < habits.no_transport,
        speed_kmh=rng.uniform(*habits.crew_speed),
    )


def work_before(rng: random.Random, step: str) -> float:
    """Draw the simulated seconds of work that come before ``step`` is passed."""
    return around(rng, STEP_AFTER.get(step, 60.0), 0.4)


@dataclass(frozen=True, slots=True)
class Watch:
    """How a crew keeps a guard period: when it opens it (simulated seconds from its start; None: never), how it ends."""

    opens_at: float | None
    closes_itself: bool


def draw_watch(rng: random.Random, habits: Habits) -> Watch:
    """Draw a crew's guard: mostly opened a little early, else a little late, now and then much later or never."""
    early, soon, late = rng.uniform(-900.0, -60.0), rng.uniform(10.0, 240.0), rng.uniform(1200.0, 5400.0)
    mood, closes = rng.random(), rng.random() < habits.guard_closed_by_crew
    if mood < habits.guard_missed:
        return Watch(None, closes)
    if mood < habits.guard_missed + habits.guard_late:
        return Watch(late, closes)
    return Watch(early if rng.random() < habits.guard_early else soon, closes)
