"""Logging out: whatever is sent to a device stops at once, and what it held is given up (rules 38, 54)."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from api.problems import Problem
from api.resources import Resources
from api.security import Caller, post_of
from domain import boarding
from domain import lease as rules
from domain.boarding import Crew, Declaration
from domain.duty_facts import DeviceClosed, DutyFact, of_company
from domain.lease import Change, Lease, Post
from domain.people import Actor
from domain.vocabulary import CrewLeft, DeviceKind
from storage import crews, devices, duty, regulation, sessions
from storage.devices import Device


class CloseReason(StrEnum):
    """Why a device was closed."""

    LOGGED_OUT = "LOGGED_OUT"
    REPLACED = "REPLACED"


@dataclass(slots=True)
class Running:
    """What would be left alone."""

    open_solicitations: int = 0
    running_missions: int = 0
    open_guard_shifts: int = 0

    def check(self) -> None:
        """Raise Problem 409 with the counts, unless there is nothing."""
        if self.open_solicitations or self.running_missions or self.open_guard_shifts:
            raise self.problem()

    def problem(self) -> Problem:
        """It is to be confirmed: the counts."""
        return Problem(
            "confirmation_required",
            open_solicitations=self.open_solicitations,
            running_missions=self.running_missions,
            open_guard_shifts=self.open_guard_shifts,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Registering:
    """A device to register, perhaps in the place of another one. ``confirmed``: yes, although that one leaves work."""

    device: Device
    push_subscription: dict[str, JsonValue] | None
    replaces: UUID | None
    confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Some devices of one caller go, in the middle of a transaction."""

    connection: AsyncConnection
    caller: Caller
    reason: CloseReason
    at: datetime
    successor: Post | None = None
    """The device that takes the place of the one that goes."""
    running: Running = field(default_factory=Running)
    facts: list[DutyFact] = field(default_factory=list)
    ended: list[UUID] = field(default_factory=list)
    """The logins that are over: forget them when this is committed."""

    async def close(self, device: Device) -> None:
        """Close one: it regulates nothing, is in no vehicle, and nothing is pushed to it."""
        company_id, by = self.caller.company_id, self.caller.actor(device.id)
        if company_id is not None:
            await self._give_up(company_id, device.id, by)
            await self._get_out(device.id, by)
        new = await devices.close_device(self.connection, device.id, self.reason, self.at)
        if new and company_id is not None:
            body = DeviceClosed(
                device_id=device.id, device_kind=DeviceKind(device.kind), reason=self.reason, by=by
            )
            self.facts.append(of_company(company_id, body, self.at))

    async def _give_up(self, company_id: UUID, device_id: UUID, by: Actor) -> None:
        named = await regulation.leases_on(self.connection, device_id)
        held = [each.site_id for each in named if each.is_held_by(device_id, self.at)]
        if held and not (self.successor and self.successor.may_regulate):
            counted = await left_alone(self.connection, company_id, held, self.at)
            self.running.open_solicitations += counted.open_solicitations
            self.running.running_missions += counted.running_missions
        for each in named:
            change = self._after(each, device_id, by)
            if each.device_id == device_id:
                lost = await regulation.loss_alarms(self.connection, each.site_id)
                self.facts.extend(rules.close_alarms(change.lease, lost, self.at))
            await regulation.save(self.connection, change.lease)
            self.facts.extend(change.facts)

    def _after(self, lease: Lease, device_id: UUID, by: Actor) -> Change:
        """What becomes of a lease that names the device: a successor goes on with what is live."""
        if lease.device_id != device_id:
            return rules.decline(lease, device_id, by, self.at)
        heir = self.successor
        if heir is not None and heir.may_regulate and lease.is_live(self.at):
            return rules.pass_on(lease, heir, self.at)
        given = rules.give_up(lease, device_id, by, self.at)
        assert isinstance(given, Change)  # noqa: S101 - it is this device's
        return given

    async def _get_out(self, device_id: UUID, by: Actor) -> None:
        crew = await crews.of_device(self.connection, device_id)
        heir = self.successor
        if heir is not None and heir.kind is DeviceKind.MOBILE:
            await self._seat(crew, device_id, heir)
            return
        self.running.open_guard_shifts += await regulation.guards_alone(self.connection, device_id)
        if crew is None:
            return
        others = [
            each
            for each in await crews.of_vehicle(self.connection, crew.vehicle_id)
            if each.device_id != device_id
        ]
        if not others:
            mission = await crews.running_mission(self.connection, crew.vehicle_id)
            self.running.running_missions += mission is not None
        changes = boarding.leave(crew, others, CrewLeft.DEVICE_CLOSED, by, self.at)
        await crews.write(self.connection, changes, self.at)
        self.facts.extend(changes.facts)

    async def _seat(self, crew: Crew | None, device_id: UUID, heir: Post) -> None:
        """The successor is in the vehicle, and on guard, where the other phone was."""
        await crews.pass_guard(self.connection, device_id, heir.device_id)
        if crew is None:
            return
        said = Declaration(
            crew_id=uuid7(),
            company_id=crew.company_id,
            vehicle_id=crew.vehicle_id,
            post=heir,
            members=crew.members,
        )
        mission_id = await crews.running_mission(self.connection, crew.vehicle_id)
        changes = boarding.replace_phone(crew, said, mission_id, self.at)
        await crews.write(self.connection, changes, self.at)
        self.facts.extend(changes.facts)


async def left_alone(
    connection: AsyncConnection, company_id: UUID, sites: Sequence[UUID], at: datetime
) -> Running:
    """What nobody regulates once these sites are given up (rule 38)."""
    others = await regulation.others_live(connection, company_id, sites, at)
    asked = await regulation.open_solicitations(connection, company_id)
    missions = await regulation.running_missions(connection, company_id)
    return Running(
        len(regulation.of_sites(asked, sites, others=others)),
        len(regulation.of_sites(missions, sites, others=others)),
    )


async def log_out_device(
    resources: Resources, caller: Caller, device_id: UUID, at: datetime, *, confirmed: bool
) -> None:
    """Close a device of the caller's; its login ends unless another device is on it. Raises Problem 404 or 409."""
    async with resources.database.begin() as connection:
        closing = Closing(connection=connection, caller=caller, reason=CloseReason.LOGGED_OUT, at=at)
        await _close(closing, [device_id], confirmed=confirmed)
        await _end_sessions(closing, [device_id])
        await _tell(closing)
    _forget(resources, closing.ended)


async def log_out(resources: Resources, caller: Caller, at: datetime, *, confirmed: bool) -> None:
    """End the caller's login with all its devices. Raises Problem 409 when something still runs on one of them."""
    session_id = caller.session_id
    if session_id is None:
        return
    async with resources.database.begin() as connection:
        closing = Closing(connection=connection, caller=caller, reason=CloseReason.LOGGED_OUT, at=at)
        await _close(closing, await sessions.devices_of(connection, session_id), confirmed=confirmed)
        await sessions.end_session(connection, session_id, at)
        await _tell(closing)
    _forget(resources, [session_id])


def _forget(resources: Resources, ended: Sequence[UUID]) -> None:
    """A login that ended is over in this process at once; in the others in a few seconds."""
    for session_id in ended:
        resources.sessions.forget(session_id)


async def register_device(resources: Resources, caller: Caller, registering: Registering) -> None:
    """Register a device. The one that it replaces is closed, and what that one regulated, the vehicle that it was in
    and its guard are the new one's in the same moment. Raises Problem 401, 404, or 409 when a device of this kind cannot
    go on with something.
    """
    device, replaced = registering.device, registering.replaces
    closing = None
    async with resources.database.begin() as connection:
        if not await sessions.still_there(connection, caller.session_id, None):
            raise Problem("session_ended")
        await devices.add_device(connection, device, registering.push_subscription)
        if replaced is not None:
            closing = Closing(
                connection=connection,
                caller=caller,
                reason=CloseReason.REPLACED,
                at=device.created_at,
                successor=post_of(caller, device),
            )
            await _close(closing, [replaced], confirmed=registering.confirmed)
            await _end_sessions(closing, [replaced])
            await _tell(closing)
    _forget(resources, closing.ended if closing else [])


async def _close(closing: Closing, ids: Sequence[UUID], *, confirmed: bool) -> None:
    """Every device is locked before any lease: a heartbeat does so, too."""
    if closing.caller.company_id is not None:
        await duty.lock(closing.connection, closing.caller.company_id)
    found = [
        await devices.find_device(closing.connection, device_id, closing.caller.id, for_update=True)
        for device_id in sorted(ids)
    ]
    for device in found:
        if device is None:
            raise Problem("not_found")
        if device.closed_at is None:
            await closing.close(device)
    if not confirmed:
        closing.running.check()


async def _end_sessions(closing: Closing, ids: Sequence[UUID]) -> None:
    """A login whose last device is closed is over; the one that replaces a device is not."""
    for device_id in ids:
        device = await devices.find_device(closing.connection, device_id, closing.caller.id)
        session_id = device.session_id if device else None
        if session_id is None or await sessions.devices_of(closing.connection, session_id):
            continue
        if closing.reason is CloseReason.REPLACED and session_id == closing.caller.session_id:
            continue
        await sessions.end_session(closing.connection, session_id, closing.at)
        closing.ended.append(session_id)


async def _tell(closing: Closing) -> None:
    """Tell the company; every stream looks whether it is still there, also those of people without a company."""
    await sessions.tell_streams(closing.connection)
    await duty.tell(closing.connection, closing.facts)
