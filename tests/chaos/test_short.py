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
LEAST_DEMANDS = 16

log = logging.getLogger(__name__)


async def test_nothing_is_lost_and_nobody_has_anything_twice() -> None:
    verdict = await chaos(short(SEED), log.info, asyncio.Event())
    log.info("%s", figures(verdict.evidence))
    assert verdict.sentences == []
    _was_worth_it(verdict)


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
