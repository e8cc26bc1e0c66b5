"""Where a phone is notified: its browser's subscription (Web Push). Nothing is called that the operator has not named."""

from uuid import UUID

from fastapi import APIRouter, Request

from api.documents import WRITES
from api.idempotent import IdempotentRoute, TakesKey
from api.problems import Problem
from api.push_subscribing import subscription_of
from api.resources import resources_of
from api.schemas.accounts import PushSubscription
from api.security import AnyCaller, Caller, checked
from domain.vocabulary import DeviceKind
from storage import devices, push

router = APIRouter(prefix="/v1/devices", tags=["accounts"], route_class=IdempotentRoute)


@router.put(
    "/{device_id}/push-subscription",
    status_code=204,
    summary="Be notified",
    responses=WRITES,
    dependencies=[TakesKey],
)
async def subscribe(request: Request, caller: AnyCaller, device_id: UUID, given: PushSubscription) -> None:
    """What this phone has to answer, and its missions, are told to it even with the page closed.

    Subscribe with `push_key` of `GET /v1/client-settings`; without one the platform notifies nobody (409
    `push_not_configured`). A browser that was another device before is this one from now on. It ends when the device is
    logged out, and when its push service does not know it any more: subscribe again at every start.
    """
    resources = resources_of(request)
    async with resources.database.begin() as connection:
        device = checked(
            await devices.find_device(connection, device_id, _person(caller).id, for_update=True)
        )
        if resources.config.push is None:
            raise Problem("push_not_configured")
        subscription = subscription_of(resources.config.push, given)
        if DeviceKind(device.kind) is not DeviceKind.MOBILE:
            raise Problem("phone_required")
        await push.subscribe(connection, device_id, subscription)


@router.delete(
    "/{device_id}/push-subscription",
    status_code=204,
    summary="Be notified no more",
    responses=WRITES,
    dependencies=[TakesKey],
)
async def unsubscribe(request: Request, caller: AnyCaller, device_id: UUID) -> None:
    """From now on, also while a notification is under way. Without a subscription nothing changes."""
    async with resources_of(request).database.begin() as connection:
        checked(await devices.find_device(connection, device_id, _person(caller).id, for_update=True))
        await push.unsubscribe(connection, device_id)


def _person(caller: Caller) -> Caller:
    """Software has no device: for it this address does not exist."""
    if not caller.is_person:
        raise Problem("not_found")
    return caller
