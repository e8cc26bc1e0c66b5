"""A worker whose code has a fault, for a picture: `python -m tests.browser.faulty_worker DATA_DIR`. Ends on SIGTERM."""

import asyncio
import sys
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import worker
from domain.demand import Demand
from domain.messages import Candidate
from domain.vocabulary import Tier
from ops.where import settings_for


def open_tier(self: Demand, tier: Tier, candidates: Iterable[Candidate], at: datetime) -> NoReturn:
    """What a release that nobody tried may do."""
    del self, candidates, at
    raise KeyError(f"no window for tier {tier}")


if __name__ == "__main__":
    Demand.open_tier = open_tier  # type: ignore[method-assign]  # that is the fault
    asyncio.run(worker.main(settings_for(Path(sys.argv[1]))))
