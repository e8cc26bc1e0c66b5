"""Devices: what a person is on when they regulate, answer or pass a step; and logging out of them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from uuid_utils.compat import uuid7

from api.closing import log_out, log_out_device, replace_device
from api.documents import WRITES
from api.idempotent import IdempotentRoute, TakesKey
from api.problems import Problem
from api.resources import resources_of
from api.schemas.accounts import DeviceGiven, DeviceShown
from api.security import AnyCaller, Caller, ReceivedAt
from storage import devices, sessions
from storage.devices import Device

router = APIRouter(prefix="/v1", tags=["accounts"], route_class=IdempotentRoute)

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

    `replaces` closes another device of the same person: nothing is sent to it any more.
    """
    device = Device(
        id=uuid7(),
        person_id=_person(caller).id,
        kind=given.kind,
        name=given.name,
        created_at=at,
        session_id=caller.session_id,
    )
    push = given.push_subscription
    subscription = push.model_dump(mode="json", by_alias=True) if push else None
    async with resources_of(request).database.begin() as connection:
        if not await sessions.still_there(connection, caller.session_id, None):
            raise Problem("session_ended")
        await devices.add_device(connection, device, subscription)
        if given.replaces is not None:
            await replace_device(connection, caller, given.replaces, at)
    return DeviceShown.model_validate(device)


@router.delete("/devices/{device_id}", status_code=204, summary="Log a device out", responses=WRITES)
async def close(
    request: Request, caller: AnyCaller, at: ReceivedAt, device_id: UUID, confirm: Confirmed = False
) -> None:
    """Its regulation is given up, it is in no vehicle any more, its streams end, and so does its login with the last
    device that is on it. Closing it again changes nothing.
    """
    await log_out_device(resources_of(request), _person(caller), device_id, at, confirmed=confirm)


@router.post("/logout", status_code=204, summary="Log out", responses=WRITES, dependencies=[TakesKey])
async def logout(request: Request, caller: AnyCaller, at: ReceivedAt, confirm: Confirmed = False) -> None:
    """Ends this login with all its devices; its tokens are refused from now on."""
    await log_out(resources_of(request), _person(caller), at, confirmed=confirm)
