"""The short form of the chaos: each kind of process is killed once, one is frozen, then a rolling restart.

A file of its own, and of the first to begin: it waits for processes to come back while the other files run beside it.
"""

import asyncio
import logging

import pytest

from tests.chaos.evidence import Phase
from tests.chaos.report import Verdict, figures
from tests.chaos.run import chaos, short

pytestmark = pytest.mark.timeout(600)

SEED = 11
LEAST_DEMANDS = 24

log = logging.getLogger(__name__)


async def test_nothing_is_lost_and_nobody_has_anything_twice() -> None:
    verdict = await chaos(short(SEED), log.info, asyncio.Event())
    log.info("%s", figures(verdict.evidence))
    assert _beyond_slowness(verdict) == []
    _was_worth_it(verdict)


def _beyond_slowness(verdict: Verdict) -> list[str]:
    """Every breach. Two processors start processes and run other tests meanwhile: a call that somebody took too long for,
    and that was answered when it was made again, is let pass here in a rolling restart. `make chaos` does not.
    """
    evidence = verdict.evidence
    evidence.failures = [
        each for each in evidence.failures if not (each.waited and each.phase is Phase.ROLLING)
    ]
    return Verdict.of(evidence).sentences


def _was_worth_it(verdict: Verdict) -> None:
    """There were blows of each kind, and something to lose in each of them."""
    evidence = verdict.evidence
    assert len(evidence.book.demands) >= LEAST_DEMANDS
    assert len(evidence.book.missions) >= LEAST_DEMANDS // 4
    assert {blow.process.rstrip("-12") for blow in evidence.blows} == {
        "worker",
        "api",
        "temporal",
        "postgres",
    }
    assert evidence.calls[Phase.ROLLING] > 0
    assert all(ear.connections > 1 for ear in evidence.ears)
    counted = {name for name, tally in verdict.tallies.items() if tally.counted == 0}
    assert counted == set()
