"""The regulation of sites: taken, given up, handed over, kept by heartbeats (rules 14, 37, 38, 39)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy.ext.asyncio import AsyncConnection

from api.closing import left_alone
from api.documents import WRITES
from api.idempotent import CheckedRoute, IdempotentRoute, TakesKey
from api.problems import Problem
from api.regulating import Decide, regulate
from api.regulation_reading import beat
from api.resources import Resources, resources_of
from api.schemas.common import Empty
from api.schemas.regulation import HandoverGiven, LeaseShown, ReadinessShown, TakingGiven
from api.security import CompanyCaller, CompanyPost, DeviceHeader, ReceivedAt
from domain import lease as rules
from domain.lease import Change, Lease, Post
from domain.outcomes import Outcome
from storage import devices, regulation

router = APIRouter(prefix="/v1/regulation", tags=["regulation"], route_class=IdempotentRoute)
unkeyed = APIRouter(prefix="/v1/regulation", tags=["regulation"], route_class=CheckedRoute)

Confirmed = Annotated[
    bool, Query(description="Yes, although solicitations are open or missions run (rule 38)")
]


def _company(post: Post) -> UUID:
    assert post.by.company_id is not None  # noqa: S101 - checked with the role
    return post.by.company_id


def _shown(lease: Lease) -> LeaseShown:
    return LeaseShown.model_validate(lease)


@router.put("/sites/{site_id}", summary="Regulate a site", responses=WRITES)
async def take_regulation(
    request: Request, post: CompanyPost, at: ReceivedAt, site_id: UUID, given: TakingGiven | None = None
) -> LeaseShown:
    """One device at a time. The same device again keeps what it has; a regulator may take over from another, which is
    told. A crew regulates on its phone (Master), and takes nothing from anybody.
    """
    take_over = given is not None and given.take_over

    async def decide(connection: AsyncConnection, lease: Lease) -> Change | Outcome:
        on_guard = await regulation.is_guard_phone(connection, post.device_id)
        return rules.take(lease, post, at, take_over=take_over, on_guard=on_guard)

    return await _seen(resources_of(request), post, at, site_id, decide)


@router.delete("/sites/{site_id}", summary="Regulate a site no more", responses=WRITES)
async def give_up_regulation(
    request: Request, post: CompanyPost, at: ReceivedAt, site_id: UUID, confirm: Confirmed = False
) -> LeaseShown:
    """With open solicitations or running missions it asks for confirmation first (rule 38)."""

    async def decide(connection: AsyncConnection, lease: Lease) -> Change | Outcome:
        if not confirm and lease.is_held_by(post.device_id, at):
            (await left_alone(connection, lease.company_id, [site_id], at)).check()
        return rules.give_up(lease, post.device_id, post.by, at)

    return _shown(await regulate(resources_of(request), _company(post), site_id, at, decide))


@router.post("/sites/{site_id}/handover", summary="Offer a site", responses=WRITES, dependencies=[TakesKey])
async def offer_regulation(
    request: Request, post: CompanyPost, at: ReceivedAt, site_id: UUID, given: HandoverGiven
) -> LeaseShown:
    """To another device of the company. Whoever offers regulates until that one accepts: no minute without anybody."""

    async def decide(connection: AsyncConnection, lease: Lease) -> Change | Outcome:
        if not await devices.is_open_in(connection, given.to_device_id, lease.company_id):
            raise Problem("not_found", "This device is not one of your company's, or was closed.")
        return rules.offer(lease, post, given.to_device_id, at)

    return _shown(await regulate(resources_of(request), _company(post), site_id, at, decide))


@router.delete("/sites/{site_id}/handover", summary="Take an offer back", responses=WRITES)
async def withdraw_offer(request: Request, post: CompanyPost, at: ReceivedAt, site_id: UUID) -> LeaseShown:
    """The site stays where it is."""

    async def decide(_: AsyncConnection, lease: Lease) -> Change | Outcome:
        return rules.withdraw(lease, post, at)

    return _shown(await regulate(resources_of(request), _company(post), site_id, at, decide))


@router.post(
    "/sites/{site_id}/handover/acceptance",
    summary="Accept a site",
    responses=WRITES,
    dependencies=[TakesKey],
)
async def accept_regulation(
    request: Request, post: CompanyPost, at: ReceivedAt, site_id: UUID, given: Empty | None = None
) -> LeaseShown:
    """Only on the device that it was offered to. Open solicitations follow; the old device answers them no more."""
    del given

    async def decide(connection: AsyncConnection, lease: Lease) -> Change | Outcome:
        on_guard = await regulation.is_guard_phone(connection, post.device_id)
        waiting = await _waiting(connection, lease, at)
        return rules.accept(lease, post, at, waiting, on_guard=on_guard)

    return await _seen(resources_of(request), post, at, site_id, decide)


async def _seen(resources: Resources, post: Post, at: datetime, site_id: UUID, decide: Decide) -> LeaseShown:
    """Taking a site is a sign of life, too. Written afterwards: a heartbeat locks a device before its leases."""
    lease = await regulate(resources, _company(post), site_id, at, decide)
    async with resources.database.begin() as connection:
        await devices.note_seen(connection, post.device_id, at)
    return _shown(lease)


async def _waiting(connection: AsyncConnection, lease: Lease, at: datetime) -> int:
    asked = await regulation.open_solicitations(connection, lease.company_id)
    others = await regulation.others_live(connection, lease.company_id, [lease.site_id], at)
    return len(regulation.of_sites(asked, [lease.site_id], others=others))


@unkeyed.post("/heartbeat", summary="Still here", responses=WRITES)
async def heartbeat(
    request: Request,
    caller: CompanyCaller,
    at: ReceivedAt,
    x_device_id: DeviceHeader = None,
    given: Empty | None = None,
) -> ReadinessShown:
    """Every five seconds. Keeps what the device regulates, and tells what it will receive or what is missing.

    What was lost is not brought back: take the site again. An `Idempotency-Key` is ignored: the answer to an earlier
    heartbeat would renew nothing.
    """
    del given
    if x_device_id is None:
        raise Problem("device_required")
    resources: Resources = resources_of(request)
    return await beat(resources, caller, x_device_id, at)
