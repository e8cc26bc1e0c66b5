"""Notes what a stream tells, and hands it on."""

import json
from collections.abc import Callable

from simulation.stream import StreamEvent
from tests.chaos.evidence import Ear, Heard, Json


class Listener:
    """Writes every event down before anybody acts on it."""

    def __init__(self, ear: Ear, then: Callable[[StreamEvent, Json], None]) -> None:
        self._ear, self._then = ear, then

    def connected(self) -> None:
        """One more connection."""
        self._ear.connections += 1

    def take(self, event: StreamEvent) -> None:
        """Note an event of the journal; one without a place in it is a goodbye."""
        if not event.id:
            return
        told: Json = json.loads(event.text)
        self._ear.heard.append(Heard(int(event.id), told["subject_id"], told["seq"], event.kind))
        self._then(event, told)
