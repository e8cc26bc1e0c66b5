"""The beginning of a company's day: desk connected, positions sent, sites and vehicles ticked."""

import asyncio

from simulation.client import ApiClient
from simulation.fleet import Fleet, Leg, Vehicle
from simulation.runtime import CompanyAccount
from simulation.stage import Stage
from simulation.telematics import Telematics
from simulation.wire import Created, Point

# A version of the server without leases answers one of these on the route of the lease.
NOT_IN_THIS_VERSION = frozenset({404, 405, 501})
HEARTBEAT_EVERY = 10.0


async def open_desk(
    account: CompanyAccount, client: ApiClient, stage: Stage, fleet: Fleet, telematics: Telematics
) -> bool:
    """Connect a company's regulator. Returns whether it holds leases, which must then be kept."""
    await register_device(client, stage, "PLUGIN", f"Poste de {account.name}")
    for vehicle in fleet.vehicles.values():
        _settle_in(vehicle, account.name, stage)
    await telematics.report()
    leased = [await _take_lease(client, stage, site.id) for site in account.sites]
    for site in account.sites:
        await _tick(client, stage, f"/v1/sites/{site.id}", available=True)
    for vehicle in fleet.vehicles.values():
        await _tick(client, stage, f"/v1/vehicles/{vehicle.info.id}", available=vehicle.on_duty)
    return any(leased)


async def register_device(client: ApiClient, stage: Stage, kind: str, name: str) -> bool:
    """Register the device that a person is on; its id goes with later calls of ``client``."""
    reply = await client.post("/v1/devices", {"kind": kind, "name": name})
    created = reply.read(Created) if stage.ledger.judge("register device", reply) else None
    client.device_id = created.id if created else None
    return created is not None


async def keep_leases(client: ApiClient, stage: Stage) -> None:
    """Send the heartbeat of the desk until cancelled: the server suspends a silent desk after 30 real s."""
    while True:
        stage.ledger.judge("heartbeat", await client.post("/v1/regulation/heartbeat", {}))
        await asyncio.sleep(HEARTBEAT_EVERY)


async def _take_lease(client: ApiClient, stage: Stage, site_id: str) -> bool:
    """Take the regulation of a site, where the server knows of leases."""
    reply = await client.put(f"/v1/regulation/sites/{site_id}", {})
    return reply.status not in NOT_IN_THIS_VERSION and stage.ledger.judge("take lease", reply)


async def _tick(client: ApiClient, stage: Stage, path: str, *, available: bool) -> None:
    """Tick or untick a box."""
    reply = await client.put(f"{path}/availability", {"available": available})
    if stage.ledger.judge("tick", reply):
        stage.ledger.moved()


def _settle_in(vehicle: Vehicle, company: str, stage: Stage) -> None:
    """Draw whether the crew begins later, and whether the vehicle is some kilometres from its site."""
    rng = stage.rng(company, vehicle.info.name, "morning")
    vehicle.on_duty = rng.random() >= stage.habits.late_on_duty
    if rng.random() < stage.habits.on_the_road:
        lat = vehicle.home.lat + rng.uniform(-0.04, 0.04)
        lon = vehicle.home.lon + rng.uniform(-0.05, 0.05)
        place = Point(lat=lat, lon=lon)
        vehicle.leg = Leg(place, place, 0.0, 0.0)
