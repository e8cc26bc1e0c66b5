"""Methods that take turns: each is asked the same questions, in another order each time, and told apart by its clock.

What else the machine does then hits all alike. Answers are held against the truth once the clock has stopped.
"""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from bench.report import Line

WARM_UP = 20

Numbers = NDArray[np.int64]
Question = TypeVar("Question")


@dataclass(frozen=True, slots=True)
class Method(Generic[Question]):
    """One way to ask, and how its answer is read once the clock has stopped: the numbers of the vehicles found."""

    name: str
    ask: Callable[[Question], Any]
    numbers: Callable[[Any], Numbers] | None = None
    """None for what finds nobody, such as a bare round trip."""
    against: str | None = None
    at_most: int | None = None
    """Asked no more questions than this: it is slow."""


@dataclass(slots=True)
class Tally:
    """What one method needed, and whom it told."""

    took_ms: list[float] = field(default_factory=list)
    found: list[int] = field(default_factory=list)
    missed: int = 0
    extra: int = 0

    def counts(self) -> dict[str, float]:
        """Vehicles found at the mean; missed and too many in all."""
        if not self.found:
            return {}
        found = round(sum(self.found) / len(self.found), 1)
        return {"found": found, "missed": self.missed, "extra": self.extra}


def measure(
    methods: Sequence[Method[Question]],
    questions: Sequence[Question],
    truth: Callable[[Question], Numbers],
) -> list[Line]:
    """Ask every method every question; one line a method. The first are asked to warm up, and not counted."""
    tallies, order, rng = [Tally() for _ in methods], list(range(len(methods))), random.Random(3)
    for question in questions[:WARM_UP]:
        for method in methods:
            if method.at_most is None:
                method.ask(question)
    for number, question in enumerate(questions[WARM_UP:]):
        rng.shuffle(order)
        right = truth(question)
        for which in order:
            method = methods[which]
            if method.at_most is None or number < method.at_most:
                _ask(method, question, right, tallies[which])
    return [
        Line(method.name, tally.took_ms, method.against, tally.counts())
        for method, tally in zip(methods, tallies, strict=True)
    ]


def _ask(method: Method[Question], question: Question, truth: Numbers, tally: Tally) -> None:
    began = time.perf_counter()
    answer = method.ask(question)
    tally.took_ms.append((time.perf_counter() - began) * 1000)
    if method.numbers is not None:
        told = method.numbers(answer)
        tally.found.append(len(told))
        tally.missed += len(np.setdiff1d(truth, told))
        tally.extra += len(np.setdiff1d(told, truth))
