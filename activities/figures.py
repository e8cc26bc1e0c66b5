"""What recording tells whoever counts: how long ago it happened, and how long people waited."""

from collections.abc import Iterator
from datetime import datetime
from typing import Protocol
from uuid import UUID

from domain.facts import MissionAssigned, SolicitationOpened
from domain.messages import FactBatch
from storage.projection import Recorded

FIRST_ROUND = 1


class Figures(Protocol):
    """Whoever counts. Nothing may fail in it, and it is told ids for its own memory only."""

    def first_solicitation(self, received_at: datetime, now: datetime) -> None:
        """A demand asks somebody for the first time."""

    def confirmation(self, received_at: datetime, now: datetime) -> None:
        """A demand has its first vehicle."""

    def recording(self, demand_id: UUID, happened_at: datetime, now: datetime) -> None:
        """A batch is tried, whose oldest fact happened then."""

    def recorded(self, demand_id: UUID, kinds: Iterator[str], happened_at: datetime, now: datetime) -> None:
        """It is recorded; ``kinds`` are those of the facts that were new."""


class NoFigures:
    """Counts nothing."""

    def first_solicitation(self, *_: object) -> None:
        """Not counted."""

    def confirmation(self, *_: object) -> None:
        """Not counted."""

    def recording(self, *_: object) -> None:
        """Not counted."""

    def recorded(self, *_: object) -> None:
        """Not counted."""


def happened_at(batch: FactBatch) -> datetime:
    """When the oldest fact of a batch happened."""
    return min(fact.at for fact in batch.facts)  # the recorder sends none that is empty


def tell(figures: Figures, batch: FactBatch, recorded: Recorded, now: datetime) -> None:
    """Say what a recorded batch means. A batch that was recorded before adds nothing new."""
    kinds = (fact.body.kind for fact in recorded.facts)
    figures.recorded(batch.demand_id, kinds, happened_at(batch), now)
    if recorded.received_at is None:
        return
    bodies = [fact.body for fact in recorded.facts]
    if recorded.nobody_was_asked and any(
        isinstance(body, SolicitationOpened) and body.round == FIRST_ROUND for body in bodies
    ):
        figures.first_solicitation(recorded.received_at, now)
    if not recorded.had_mission and any(isinstance(body, MissionAssigned) for body in bodies):
        figures.confirmation(recorded.received_at, now)
