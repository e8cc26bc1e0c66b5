"""Where a demand writes its facts, in order, until the recorder takes them."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.facts import AnyBody, Fact


@dataclass(slots=True)
class Ledger:
    """Numbers facts from ``next_seq`` without a hole and keeps those not yet taken."""

    next_seq: int
    pending: list[Fact] = field(default_factory=list)

    def add(self, body: AnyBody, at: datetime, *audience: UUID) -> None:
        """Append one fact that happened at ``at``; ``audience`` are the companies that may see it."""
        self.pending.append(Fact(seq=self.next_seq, at=at, audience=audience, body=body))
        self.next_seq += 1

    def take(self, at_most: int) -> tuple[Fact, ...]:
        """Take the oldest pending facts, in order."""
        batch, self.pending = self.pending[:at_most], self.pending[at_most:]
        return tuple(batch)
