"""Is the whole chain alive: this process, the engine, a worker, and back (rule 24)?"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from api.engine import Engine

EVERY_SECONDS = 3.0

log = logging.getLogger(__name__)


class EngineProbe:
    """Asks every few seconds, and remembers when the last answer came."""

    def __init__(self, engine: Engine, clock: Callable[[], datetime]) -> None:
        """Nothing is asked before ``run`` or ``ask``."""
        self._engine = engine
        self._clock = clock
        self._succeeded_at: datetime | None = None
        self._is_whole = False

    @property
    def succeeded_at(self) -> datetime | None:
        """When the chain was last seen whole."""
        return self._succeeded_at

    @property
    def is_whole(self) -> bool:
        """Whether it was, when it was last asked; not before the first answer."""
        return self._is_whole

    async def ask(self) -> bool:
        """Ask once."""
        asked_at, answered = self._clock(), False
        try:
            answered = await self._engine.probe()
        finally:
            self._is_whole = answered
        if answered:
            self._succeeded_at = asked_at  # what is known is known of the moment of asking
        return answered

    async def run(self) -> None:
        """Ask until cancelled; nothing that fails ends it."""
        was_whole = True
        while True:
            try:
                is_whole = await self.ask()
            except Exception as error:  # noqa: BLE001 - the probe must outlive every fault, and says which
                is_whole = False
                log.warning("probe: %s, trying again", type(error).__name__)
            if is_whole is not was_whole:
                log.warning("probe: the chain is %s", "whole again" if is_whole else "broken")
            was_whole = is_whole
            await asyncio.sleep(EVERY_SECONDS)
