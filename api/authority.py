"""Fencing of answers: who regulates, or is on guard, answers; nobody else (rules 14, 37, 38, 55)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import Header
from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem, refused
from api.regulating import holder_of, refusal
from domain.authority import Asked, Hands, right_to_answer
from domain.messages import LeaseStamp
from domain.outcomes import Outcome
from domain.vocabulary import Tier
from storage import means, regulation
from storage.views import Scope, SolicitationView

LARGEST_EPOCH = 2**31 - 1

EpochHeader = Annotated[
    int | None,
    Header(
        alias="X-Lease-Epoch",
        ge=0,
        le=LARGEST_EPOCH,
        description="The epoch of the lease that the device holds: an older one is refused",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """A device answers for its company, at a moment, perhaps under an epoch that it names."""

    company_id: UUID
    device_id: UUID
    epoch: int | None
    at: datetime


async def check_right(
    connection: AsyncConnection, asked: SolicitationView, answering: Answering
) -> LeaseStamp | None:
    """Under which lease the device answers; null for a guard phone. Raises Problem 409 that names who regulates."""
    hands = await regulation.hands_of(connection, answering.company_id, answering.device_id, answering.at)
    right = right_to_answer(hands, asked_of(asked), answering.epoch)
    if right is Outcome.LEASE_LOST:
        raise await _lost(connection, hands, asked, answering)
    if isinstance(right, Outcome):
        raise refused(right)
    return right.lease


def asked_of(found: SolicitationView) -> Asked:
    """What a solicitation asks for, as the rules see it."""
    return Asked(tier=Tier(found.tier), site_id=found.site_id, vehicle_id=found.vehicle_id)


async def _lost(
    connection: AsyncConnection, hands: Hands, asked: SolicitationView, answering: Answering
) -> Problem:
    site_id = asked.site_id or hands.site_of.get(asked.vehicle_id or UUID(int=0))
    cards = await means.sites_of(connection, Scope(company_id=answering.company_id))
    leases = [each.lease for each in cards if site_id in {None, each.id}]
    for lease in leases:
        holder = await holder_of(connection, lease, answering.at)
        if holder is None:
            continue
        if lease.device_id != answering.device_id:
            return await refusal(connection, Outcome.LEASE_LOST, lease, answering.at)
        detail = "The epoch is not that of this device's regulation: read it again (heartbeat)."
        return Problem(Outcome.LEASE_LOST.value, detail, holder=holder)
    detail = "Nobody regulates this site now: take the regulation first."
    return Problem(Outcome.LEASE_LOST.value, detail)
