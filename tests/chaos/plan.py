"""What is done to the stack, drawn from a seed: the same seed, the same blows in the same order."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from simulation.clock import derive


class Kind(StrEnum):
    """A kind of process."""

    WORKER = "worker"
    API = "api"
    TEMPORAL = "temporal"
    POSTGRES = "postgres"


SLOTS = {Kind.WORKER: 2, Kind.API: 2, Kind.TEMPORAL: 1, Kind.POSTGRES: 1}
"""How many processes of each kind run."""


class Deed(StrEnum):
    """What is done to a process."""

    KILL = "kill -9"
    FREEZE = "freeze"
    FREEZE_AND_KILL = "freeze, kill -9"
    RESTART = "restart"


@dataclass(frozen=True, slots=True)
class Target:
    """One process: the first or the second of its kind."""

    kind: Kind
    slot: int = 0

    def __str__(self) -> str:
        return f"{self.kind}-{self.slot + 1}" if SLOTS[self.kind] > 1 else str(self.kind)


@dataclass(frozen=True, slots=True)
class Strike:
    """One blow. The next one comes ``pause_s`` after the process is back, or, ``with_next``, at once beside it."""

    target: Target
    deed: Deed
    lasts_s: float = 0.0
    pause_s: float = 0.0
    with_next: bool = False


@dataclass(frozen=True, slots=True)
class Temper:
    """How hard it is done: seconds between two blows and of a freeze, chance that two fall together, rounds before
    each rolling restart.
    """

    pause_s: tuple[float, float] = (2.0, 7.0)
    freeze_s: tuple[float, float] = (2.0, 7.0)
    together: float = 0.2
    rounds: int = 3


SHORT = Temper(pause_s=(0.3, 1.0), freeze_s=(1.0, 1.5), together=0.0, rounds=1)


def rounds(seed: int, temper: Temper) -> Iterator[list[Strike]]:
    """Rounds without end: in each, every kind is killed once and one process is frozen."""
    rng = derive(seed, "plan")
    frozen: list[Kind] = []
    while True:
        if not frozen:
            frozen = rng.sample(list(Kind), len(Kind))
        freeze = rng.choice((Deed.FREEZE, Deed.FREEZE, Deed.FREEZE_AND_KILL))
        deeds = [(kind, Deed.KILL) for kind in Kind] + [(frozen.pop(), freeze)]
        rng.shuffle(deeds)
        yield [_strike(rng, temper, kind, deed) for kind, deed in deeds]


def _strike(rng: random.Random, temper: Temper, kind: Kind, deed: Deed) -> Strike:
    return Strike(
        target=Target(kind, rng.randrange(SLOTS[kind])),
        deed=deed,
        lasts_s=0.0 if deed is Deed.KILL else rng.uniform(*temper.freeze_s),
        pause_s=rng.uniform(*temper.pause_s),
        with_next=rng.random() < temper.together,
    )


def rolling() -> list[Target]:
    """Each worker and each API, one after the other."""
    return [target for target in everything() if target.kind in {Kind.WORKER, Kind.API}]


def everything() -> list[Target]:
    """Every process."""
    return [Target(kind, slot) for kind in Kind for slot in range(SLOTS[kind])]
