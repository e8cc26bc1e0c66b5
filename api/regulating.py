"""Changing hands: reads a lease, asks the rules, writes and tells what they decided, in one transaction."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem, refused
from api.resources import Resources
from domain import lease as rules
from domain.lease import Change, Lease
from domain.outcomes import Outcome
from domain.vocabulary import LeaseState
from storage import devices, duty, regulation

Decide = Callable[[AsyncConnection, Lease], Awaitable[Change | Outcome]]


async def regulate(
    resources: Resources, company_id: UUID, site_id: UUID, at: datetime, decide: Decide
) -> Lease:
    """The site's lease after what was decided. Raises Problem 404 for a foreign site, 409 for a refusal."""
    async with resources.database.begin() as connection:
        lease = await regulation.lock_site(connection, company_id, site_id)
        if lease is None:
            raise Problem("not_found")
        change = await decide(connection, lease)
        if isinstance(change, Outcome):
            raise await refusal(connection, change, lease, at)
        facts = change.facts
        if change.lease != lease:
            await regulation.save(connection, change.lease)
        if change.lease.state is not LeaseState.SUSPENDED and change.lease.epoch != lease.epoch:
            lost = await regulation.loss_alarms(connection, site_id)
            facts = (*facts, *rules.close_alarms(change.lease, lost, at))
        await duty.tell(connection, facts)
    return change.lease


async def refusal(connection: AsyncConnection, outcome: Outcome, lease: Lease, at: datetime) -> Problem:
    """The refusal, which names who regulates the site now: to its own company."""
    if outcome not in {Outcome.LEASE_LOST, Outcome.LEASE_HELD_ELSEWHERE}:
        return refused(outcome)
    holder = await holder_of(connection, lease, at)
    if holder is None:
        detail = "Nobody regulates this site now: take the regulation first."
        return Problem(outcome.value, detail if outcome is Outcome.LEASE_LOST else None)
    detail = f"{holder['device_name']} ({holder['device_kind']}) regulates this site since {holder['since']}."
    return Problem(outcome.value, detail, holder=holder)


async def holder_of(connection: AsyncConnection, lease: Lease, at: datetime) -> dict[str, JsonValue] | None:
    """Who regulates a site at that moment, if anybody does."""
    if lease.device_id is None or not lease.is_live(at):
        return None
    found = await devices.holder(connection, lease.device_id)
    if found is None or lease.taken_at is None:
        return None
    return {
        "site_id": str(lease.site_id),
        "device_id": str(lease.device_id),
        "device_name": found.name,
        "device_kind": found.kind,
        "person": found.person,
        "since": lease.taken_at.isoformat().replace("+00:00", "Z"),
    }
