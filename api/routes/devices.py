"""Devices: what a person is on when they regulate, answer or pass a step."""

from uuid import UUID

from fastapi import APIRouter, Request
from uuid_utils.compat import uuid7

from api.documents import WRITES
from api.idempotent import IdempotentRoute, TakesKey
from api.problems import Problem
from api.resources import resources_of
from api.schemas.accounts import DeviceGiven, DeviceShown
from api.security import AnyCaller, Caller, ReceivedAt
from storage import devices
from storage.devices import Device

router = APIRouter(prefix="/v1/devices", tags=["accounts"], route_class=IdempotentRoute)


def _person(caller: Caller) -> Caller:
    """Software has no device: for it this address does not exist."""
    if not caller.is_person:
        raise Problem("not_found")
    return caller


@router.post("", status_code=201, summary="Register a device", responses=WRITES, dependencies=[TakesKey])
async def register(request: Request, caller: AnyCaller, at: ReceivedAt, given: DeviceGiven) -> DeviceShown:
    """The id that comes back goes in the header `X-Device-Id` of answers and steps."""
    device = Device(uuid7(), _person(caller).id, given.kind, given.name, at, None)
    push = given.push_subscription
    subscription = push.model_dump(mode="json", by_alias=True) if push else None
    async with resources_of(request).database.begin() as connection:
        await devices.add_device(connection, device, subscription)
    return DeviceShown.model_validate(device)


@router.delete("/{device_id}", status_code=204, summary="Close a device", responses=WRITES)
async def close(request: Request, caller: AnyCaller, at: ReceivedAt, device_id: UUID) -> None:
    """Nothing is taken from a closed device any more. Closing it again changes nothing."""
    async with resources_of(request).database.begin() as connection:
        known = await devices.close_device(connection, device_id, _person(caller).id, at)
    if not known:
        raise Problem("not_found")
