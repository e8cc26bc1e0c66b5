"""Devices: what a person is on when they regulate, answer or pass a step; and logging out of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from uuid_utils.compat import uuid7

from api.closing import Registering, log_out, log_out_device, register_device
from api.documents import READS, WRITES
from api.idempotent import CheckedRoute, IdempotentRoute, TakesKey
from api.problems import Problem
from api.push_subscribing import subscription_of
from api.resources import resources_of
from api.schemas.accounts import DeviceGiven, DeviceLine, DeviceList, DeviceShown, PlaceOfDevice
from api.security import AnyCaller, Caller, Leaver, ReceivedAt
from domain.vocabulary import DeviceKind
from storage import devices
from storage.devices import Device, OpenDevice

router = APIRouter(prefix="/v1", tags=["accounts"], route_class=IdempotentRoute)
unkeyed = APIRouter(prefix="/v1", tags=["accounts"], route_class=CheckedRoute)

Confirmed = Annotated[
    bool, Query(description="Yes, although solicitations are open or missions run (rule 38)")
]


def _person(caller: Caller) -> Caller:
    """Software has no device: for it this address does not exist."""
    if not caller.is_person:
        raise Problem("not_found")
    return caller


@router.post(
    "/devices", status_code=201, summary="Register a device", responses=WRITES, dependencies=[TakesKey]
)
async def register(request: Request, caller: AnyCaller, at: ReceivedAt, given: DeviceGiven) -> DeviceShown:
    """The id that comes back goes in the header `X-Device-Id` of all that regulates, answers or passes a step.

    `replaces` closes another device of the same person: nothing is sent to it any more. What that one regulated (under
    a new epoch), the vehicle that it was in and its guard are the new one's in the same moment; what a device of this
    kind cannot go on with is to be confirmed (`confirm`).
    """
    device = Device(
        id=uuid7(),
        person_id=_person(caller).id,
        kind=given.kind,
        name=given.name,
        created_at=at,
        last_seen_at=at,
        session_id=caller.session_id,
    )
    push = given.push_subscription
    subscription = subscription_of(resources_of(request).config.push, push) if push else None
    registering = Registering(
        device=device, push_subscription=subscription, replaces=given.replaces, confirmed=given.confirm
    )
    await register_device(resources_of(request), caller, registering)
    return DeviceShown.model_validate(device)


@router.delete("/devices/{device_id}", status_code=204, summary="Log a device out", responses=WRITES)
async def close(
    request: Request, caller: AnyCaller, at: ReceivedAt, device_id: UUID, confirm: Confirmed = False
) -> None:
    """Its regulation is given up, it is in no vehicle any more, its streams end, and so does its login with the last
    device that is on it. Closing it again changes nothing.
    """
    await log_out_device(resources_of(request), _person(caller), device_id, at, confirmed=confirm)


@router.get("/devices", summary="List the open devices", responses=READS)
async def list_devices(request: Request, caller: AnyCaller, at: ReceivedAt) -> DeviceList:
    """Of one's own company: among them is the post that a site is handed over to. People of a SAMU read their own."""
    person = _person(caller)
    async with resources_of(request).database.connect() as connection:
        found = await devices.open_devices(connection, person.id, person.company_id, at)
    return DeviceList(items=[_line(each, person) for each in found])


def _line(found: OpenDevice, caller: Caller) -> DeviceLine:
    return DeviceLine(
        id=found.id,
        kind=DeviceKind(found.kind),
        name=found.name,
        person=found.person,
        mine=found.person_id == caller.id,
        created_at=found.created_at,
        last_seen_at=found.last_seen_at,
        sites=[PlaceOfDevice.model_validate(each) for each in found.sites],
        vehicle=PlaceOfDevice.model_validate(found.vehicle) if found.vehicle else None,
    )


@unkeyed.post("/logout", status_code=204, summary="Log out", responses=WRITES)
async def logout(request: Request, caller: Leaver, at: ReceivedAt, confirm: Confirmed = False) -> None:
    """Ends this login with all its devices; its tokens are refused from now on. To log out of a login that has ended
    changes nothing; it takes no `Idempotency-Key`.
    """
    if caller is not None:
        await log_out(resources_of(request), _person(caller), at, confirmed=confirm)
