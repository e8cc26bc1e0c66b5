"""An API that sends notifications, the push service that it may call, and phones whose browsers read them."""

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from push.config import PushConfig, configured
from push.keys import new_key
from push.sender import Sender
from storage import tables
from tests.api.caller import Caller, Json, demand
from tests.api.conftest import Api, Login, another_device, get_in, regulating
from tests.api.people import Person
from tests.fixtures.push_service import (
    PATIENCE_SECONDS,
    Browser,
    Certificates,
    PushService,
)
from tests.fixtures.world import Vehicle

CONTACT = "mailto:operator@rescousse.example"


def push_config(service: PushService, certificates: Certificates) -> PushConfig:
    """What an operator sets to have this push service called."""
    made = configured(new_key(), CONTACT, f"push.example, {service.host}", certificates.authority)
    assert made is not None
    return made


@dataclass(frozen=True, slots=True)
class Phone:
    """A person's phone with its browser."""

    caller: Caller
    browser: Browser

    @property
    def path(self) -> str:
        """Where its subscription is."""
        return f"/v1/devices/{self.caller.headers['X-Device-Id']}/push-subscription"


@dataclass(frozen=True, slots=True)
class PushWorld:
    """Everything that a test of notifications plays with."""

    api: Api
    service: PushService
    config: PushConfig
    log_in: Login

    async def phone(self, person: Person) -> Phone:
        """A phone that has subscribed."""
        caller = await another_device(await self.log_in(person), "MOBILE", "téléphone")
        phone = Phone(caller, self.service.browser())
        (await caller.send("PUT", phone.path, phone.browser.subscription)).raise_for_status()
        return phone

    async def master(self, company: int = 0) -> Phone:
        """The phone that regulates a company's site (R3)."""
        phone = await self.phone(self.api.people.crews[company])
        await regulating(phone.caller, self.api.world.companies[company].site_id)
        return phone

    async def aboard(self, vehicle: int = 0, company: int = 0) -> Phone:
        """A phone in a company's vehicle."""
        phone = await self.phone(self.api.people.crews[company])
        await get_in(phone.caller, self.api.world.companies[company].vehicles[vehicle].id)
        return phone

    def sender(self) -> Sender:
        """One more process that would send."""
        return self.api.resources.sender(self.config)

    def figure(self, name: str, **labels: str) -> float:
        """What the metrics count."""
        registry: Any = self.api.resources.metrics._registry
        return float(registry.get_sample_value(name, labels or None) or 0)


async def asked_of(caller: Caller) -> list[Json]:
    found: list[Json] = (
        (await caller.get("/v1/solicitations", state="OPEN")).raise_for_status().json()["items"]
    )
    return found


async def accept_with(caller: Caller, vehicle: Vehicle) -> Json:
    """Accept with this vehicle."""
    asked = next(each for each in await asked_of(caller) if each["vehicle_id"] == str(vehicle.id))
    answer = await caller.post(f"/v1/solicitations/{asked['id']}/acceptance", {})
    told: Json = answer.raise_for_status().json()
    return told


async def post_demand(samu: Caller, **more: object) -> Json:
    told: Json = (await samu.post("/v1/demands", demand(**more))).raise_for_status().json()
    return told


async def settled(world: PushWorld) -> None:
    """Everything that was recorded so far has been told, or will never be."""
    journal, cursor, letters = tables.journal, tables.push_cursor, tables.notifications
    told_of = sa.select(sa.func.max(journal.c.position)).where(journal.c.kind.like("%solicitation%"))
    due = sa.select(sa.func.count()).where(letters.c.try_at.is_not(None))
    query = sa.select(
        told_of.scalar_subquery(), sa.select(cursor.c.position).scalar_subquery(), due.scalar_subquery()
    )
    async with asyncio.timeout(PATIENCE_SECONDS), world.api.resources.database.connect() as connection:
        while True:
            last, reached, waiting = (await connection.execute(query)).one()
            await connection.rollback()
            if not waiting and reached is not None and reached >= last:
                return
            await asyncio.sleep(0.02)


async def put_off(world: PushWorld) -> None:
    """Everything that is to be sent waits for longer than our own patience: the push service has asked for it."""
    try_at = tables.notifications.c.try_at
    soonest = sa.select(sa.func.min(try_at))
    async with asyncio.timeout(PATIENCE_SECONDS), world.api.resources.database.connect() as connection:
        while True:
            found = await connection.scalar(soonest)
            await connection.rollback()
            if found is not None and found > world.api.resources.clock() + timedelta(seconds=5):
                return
            await asyncio.sleep(0.02)
