"""One solicitation, and the book of all solicitations of a demand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid5

from domain.messages import Candidate
from domain.vocabulary import SolicitationState, Tier, WithdrawalReason

State = SolicitationState


def target_of(candidate: Candidate) -> tuple[Tier, UUID]:
    """What a candidate is asked for: its vehicle, else its site, else any vehicle of the company."""
    return candidate.tier, candidate.vehicle_id or candidate.site_id or candidate.company_id


@dataclass(slots=True)
class Solicitation:
    """A company is asked for one vehicle, one site, or freely, until ``answer_before``."""

    id: UUID
    round: int
    candidate: Candidate
    opened_at: datetime
    answer_before: datetime
    state: SolicitationState = State.OPEN
    counter_delay_minutes: int | None = None
    answered_at: datetime | None = None
    withdrawn_for: WithdrawalReason | None = None
    counter_settled: bool = False
    counter_won: bool = False
    arrival_deadline: datetime | None = None
    promise: UUID | None = None
    """The counter-proposal that the SAMU accepted, if this is to keep it."""
    patients_choice: bool = False
    """It was asked as the patient's own company before it became that promise."""
    rung: bool = False

    @property
    def tier(self) -> Tier:
        """The tier that it belongs to."""
        return self.candidate.tier

    @property
    def company_id(self) -> UUID:
        """The company that is asked."""
        return self.candidate.company_id

    @property
    def target(self) -> tuple[Tier, UUID]:
        """What is asked: at most one solicitation of a round is open for the same target."""
        return target_of(self.candidate)

    @property
    def is_open(self) -> bool:
        """Whether the company has not answered yet."""
        return self.state is State.OPEN

    @property
    def proposes(self) -> bool:
        """Whether a counter-proposal stands that the SAMU may still accept."""
        return self.state is State.COUNTERED and not (self.counter_settled or self.counter_won)

    def answerable(self, received_at: datetime) -> bool:
        """Whether an answer received then counts (rules 7 and 28).

        In time is in time, even if the worker learnt of it later. Whoever answered in time may change their mind
        while the search is open; whoever stayed silent may not come back after the end.
        """
        if self.state in {State.OPEN, State.EXPIRED}:
            return received_at <= self.answer_before
        return self.state in {State.REFUSED, State.COUNTERED, State.UNAVAILABLE}

    def close(self, state: SolicitationState, at: datetime | None = None) -> None:
        """Move to a state; ``at`` is given when the company itself answered."""
        self.state = state
        self.answered_at = at or self.answered_at


@dataclass(slots=True)
class SolicitationBook:
    """All solicitations of one demand, in the order in which they were opened."""

    demand_id: UUID
    out_of_order: set[UUID] = field(default_factory=set)
    _by_id: dict[UUID, Solicitation] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Solicitation]:
        """Iterate in the order of opening."""
        return iter(self._by_id.values())

    def get(self, solicitation_id: UUID) -> Solicitation | None:
        """The solicitation, or ``None`` if this demand never made it."""
        return self._by_id.get(solicitation_id)

    def open(self, candidate: Candidate, round_: int, at: datetime, answer_before: datetime) -> Solicitation:
        """Ask a candidate. The id follows from what is asked, so that a replay gives the same."""
        name = f"{round_}:{candidate.tier}:{len(self._by_id)}"
        made = Solicitation(uuid5(self.demand_id, name), round_, candidate, at, answer_before)
        self._by_id[made.id] = made
        return made

    def still_open(self, tier: Tier | None = None) -> list[Solicitation]:
        """Open solicitations, of one tier or of all."""
        return [s for s in self._by_id.values() if s.is_open and (tier is None or s.tier is tier)]

    def may_ask(self, candidate: Candidate, round_: int) -> bool:
        """Whether the candidate was not yet asked in this round; a vehicle that came back may be asked again.

        One that broke down on this very demand, or was taken off it by an operator, may not.
        """
        if candidate.vehicle_id in self.out_of_order:
            return False
        asked = [s for s in self if s.round == round_ and s.target == target_of(candidate)]
        return all(s.withdrawn_for is WithdrawalReason.VEHICLE_ENGAGED for s in asked)

    def counter_proposals(self) -> list[Solicitation]:
        """Standing counter-proposals, the best first (rule 10).

        Smallest promised delay, then exact volume, then earliest received.
        """
        standing = [s for s in self if s.proposes]
        return sorted(
            standing,
            key=lambda s: (s.counter_delay_minutes, not s.candidate.exact_volume, s.answered_at),
        )
