"""Facts of a search: tiers, solicitations, answers, arbitration. Read them through ``domain.facts``."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.fact_body import Body
from domain.people import Actor
from domain.vocabulary import Tier, WithdrawalReason


class TierOpened(Body):
    """A tier is asked until ``tier_deadline`` at the latest."""

    kind: Literal["tier_opened"] = "tier_opened"
    tier: Tier
    round: int
    tier_deadline: datetime
    candidates: int


class TierSkipped(Body):
    """A tier had no candidate, and took no time."""

    kind: Literal["tier_skipped"] = "tier_skipped"
    tier: Tier
    round: int


class TierClosed(Body):
    """Nothing in the tier is open any more, or its deadline passed, or somebody (``by``) ended it before."""

    kind: Literal["tier_closed"] = "tier_closed"
    tier: Tier
    round: int
    reason: str | None = None
    by: Actor | None = None


class SolicitationOpened(Body):
    """A company is asked, with a countdown until ``answer_before``.

    ``eta_minutes`` is the latest arrival, which is promised; ``earliest_minutes`` the earliest.
    """

    kind: Literal["solicitation_opened"] = "solicitation_opened"
    solicitation_id: UUID
    tier: Tier
    round: int
    company_id: UUID
    site_id: UUID | None = None
    vehicle_id: UUID | None = None
    eta_minutes: int | None = None
    answer_before: datetime
    exact_volume: bool = True
    to_confirm: bool = False
    earliest_minutes: int | None = None


class SolicitationRevised(Body):
    """This solicitation still holds, on new terms: the demand was amended (rule 91), or what the company is asked in free
    choice has become the promise that the SAMU accepted (rule 11).

    ``round`` is the one that it holds in from now on. The last three are null in what was written before there were any.
    """

    kind: Literal["solicitation_revised"] = "solicitation_revised"
    solicitation_id: UUID
    eta_minutes: int | None = None
    answer_before: datetime
    earliest_minutes: int | None = None
    round: int | None = None
    exact_volume: bool | None = None
    to_confirm: bool | None = None


class SolicitationsRung(Body):
    """The second ring for one company's open solicitations, or one more that an operator (``by``) gave."""

    kind: Literal["solicitations_rung"] = "solicitations_rung"
    company_id: UUID
    solicitation_ids: tuple[UUID, ...]
    reason: str | None = None
    by: Actor | None = None


class SolicitationAccepted(Body):
    """An acceptance won, with this vehicle."""

    kind: Literal["solicitation_accepted"] = "solicitation_accepted"
    solicitation_id: UUID
    vehicle_id: UUID
    by: Actor


class SolicitationRefused(Body):
    """A company refused."""

    kind: Literal["solicitation_refused"] = "solicitation_refused"
    solicitation_id: UUID
    reason: str | None = None
    by: Actor


class DelayProposed(Body):
    """A company refused with a counter-delay, in minutes."""

    kind: Literal["delay_proposed"] = "delay_proposed"
    solicitation_id: UUID
    company_id: UUID
    delay_minutes: int
    by: Actor


class SolicitationUnavailable(Body):
    """A guard crew declared that it cannot come."""

    kind: Literal["solicitation_unavailable"] = "solicitation_unavailable"
    solicitation_id: UUID
    reason: str
    by: Actor


class SolicitationExpired(Body):
    """Nobody answered in time: counted apart from refusals (rule 7)."""

    kind: Literal["solicitation_expired"] = "solicitation_expired"
    solicitation_id: UUID


class SolicitationWithdrawn(Body):
    """The solicitation was taken back; the devices stop ringing."""

    kind: Literal["solicitation_withdrawn"] = "solicitation_withdrawn"
    solicitation_id: UUID
    reason: WithdrawalReason


class AnswerTurnedAway(Body):
    """An answer that a rule refused, kept for the proof."""

    kind: Literal["answer_turned_away"] = "answer_turned_away"
    solicitation_id: UUID
    answer: str
    outcome: str
    vehicle_id: UUID | None = None
    by: Actor


class ArbitrationOpened(Body):
    """Nobody accepted: the SAMU decides. ``best`` is the solicitation of the best counter-proposal (rule 10)."""

    kind: Literal["arbitration_opened"] = "arbitration_opened"
    round: int
    counter_proposals: int
    best: UUID | None = None


class CounterProposalAccepted(Body):
    """The SAMU accepted a promise: the deadline of arrival is now accepted + counter-delay."""

    kind: Literal["counter_proposal_accepted"] = "counter_proposal_accepted"
    solicitation_id: UUID
    company_id: UUID
    delay_minutes: int
    deadline: datetime
    reason: str | None = None
    by: Actor


class CounterProposalRefused(Body):
    """The SAMU refused a counter-proposal."""

    kind: Literal["counter_proposal_refused"] = "counter_proposal_refused"
    solicitation_id: UUID
    company_id: UUID
    reason: str | None = None
    by: Actor


class CounterProposalLapsed(Body):
    """A promise that stood is not needed any more, or was made on other terms; its company is told at once."""

    kind: Literal["counter_proposal_lapsed"] = "counter_proposal_lapsed"
    solicitation_id: UUID
    company_id: UUID
    reason: WithdrawalReason


class PromiseWithdrawn(Body):
    """The company did not stand by its accepted counter-delay (rule 11). ``deadline`` is in force again."""

    kind: Literal["promise_withdrawn"] = "promise_withdrawn"
    solicitation_id: UUID
    company_id: UUID
    deadline: datetime


class CarenceProposed(Body):
    """The machine found nobody; only the SAMU declares it."""

    kind: Literal["carence_proposed"] = "carence_proposed"
    round: int
