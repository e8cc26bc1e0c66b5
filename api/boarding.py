"""Getting in and out of vehicles: one transaction each, and what waits in the vehicle."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from api.closing import Running
from api.mission_reading import mission_line
from api.problems import Problem, refused
from api.regulation_reading import vehicle_mode
from api.resources import Resources
from api.schemas.regulation import CrewAnswer, CrewGiven, CrewShown, CrewsShown, MemberShown, ShiftOfVehicle
from api.security import Caller
from api.sentences import NOW_R4, WAITING_MISSION
from domain import boarding
from domain.boarding import Crew, Declaration, Known
from domain.duty_facts import CrewMember
from domain.lease import Post
from domain.outcomes import Outcome
from domain.vocabulary import CrewLeft, Mode
from storage import crews, devices, duty, means, regulation, views
from storage.views import Scope


async def declare(
    resources: Resources, caller: Caller, post: Post, vehicle_id: UUID, given: CrewGiven, at: datetime
) -> CrewAnswer:
    """Bind the caller's phone to a vehicle of the company. Raises Problem 404 or 409."""
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    said = Declaration(
        crew_id=uuid7(),
        company_id=caller.company_id,
        vehicle_id=vehicle_id,
        post=post,
        members=tuple(CrewMember(name=each.name, diploma=each.diploma) for each in given.members),
        primary=given.primary,
        confirmed=given.confirm,
    )
    async with resources.database.begin() as connection:
        await duty.lock(connection, said.company_id)
        await _check_own(connection, said.company_id, vehicle_id)
        known = await known_of(connection, said, at)
        declared = boarding.declare(said, known, at)
        if isinstance(declared, Outcome):
            raise await _refusal(connection, declared, known, post, at)
        crew, changes = declared
        await crews.write(connection, changes, at)
        await devices.note_seen(connection, post.device_id, at)
        is_new = known.own is None or known.own.vehicle_id != vehicle_id
        answer = await _answer(connection, caller, crew, at, is_new=is_new)
        await duty.tell(connection, changes.facts)
    return answer


async def _refusal(
    connection: AsyncConnection, outcome: Outcome, known: Known, post: Post, at: datetime
) -> Problem:
    if outcome is Outcome.CONFIRMATION_REQUIRED:
        return Running(open_guard_shifts=known.guards_left).problem()
    if outcome is Outcome.LEASE_HELD:
        site = await regulation.site_regulated_by(connection, post.device_id, at)
        detail = f"This vehicle is on guard, and this phone regulates the site {site}: give its regulation up first."
        return Problem(outcome.value, detail)
    return refused(outcome)


async def _check_own(connection: AsyncConnection, company_id: UUID, vehicle_id: UUID) -> None:
    if vehicle_id not in await means.own_vehicles(connection, company_id, [vehicle_id]):
        raise Problem("not_found")


async def known_of(connection: AsyncConnection, said: Declaration, at: datetime | None = None) -> Known:
    """Who is where, as it matters to a phone that gets into a vehicle.

    Without ``at`` it is not looked at what the phone regulates: whoever opens a guard has looked before.
    """
    device_id = said.post.device_id
    own = await crews.of_device(connection, device_id)
    behind = []
    if own is not None and own.vehicle_id != said.vehicle_id:
        behind = [e for e in await crews.of_vehicle(connection, own.vehicle_id) if e.device_id != device_id]
    site = await regulation.site_regulated_by(connection, device_id, at) if at is not None else None
    return Known(
        aboard=await crews.of_vehicle(connection, said.vehicle_id),
        own=own,
        left_behind=behind,
        mission_id=await crews.running_mission(connection, said.vehicle_id),
        on_guard=await crews.open_shift(connection, said.vehicle_id) is not None,
        regulates=site is not None,
        guards_left=await regulation.guards_alone(connection, device_id, staying_in=said.vehicle_id),
    )


async def _answer(
    connection: AsyncConnection, caller: Caller, crew: Crew, at: datetime, *, is_new: bool
) -> CrewAnswer:
    """What the crew finds in its vehicle. That a Master phone is in R4 now is said once (rule 47)."""
    mission_id = await crews.running_mission(connection, crew.vehicle_id)
    mission = await views.read_mission(connection, caller.scope, mission_id) if mission_id else None
    shift = await crews.open_shift(connection, crew.vehicle_id)
    mode = await _mode(connection, crew, at)
    notices = [NOW_R4] if mode is Mode.R4 else []
    notices += [WAITING_MISSION] if mission else []
    return CrewAnswer(
        crew_id=crew.id,
        vehicle_id=crew.vehicle_id,
        is_primary=crew.is_primary,
        mode=mode,
        notice=" ".join(notices) or None if is_new else None,
        mission=mission_line(mission) if mission else None,
        guard=ShiftOfVehicle.model_validate(shift) if shift else None,
    )


async def _mode(connection: AsyncConnection, crew: Crew, at: datetime) -> Mode | None:
    """A phone that regulates any site and is in a vehicle is in R4 (rule 51)."""
    scope = Scope(company_id=crew.company_id)
    sites = await means.sites_of(connection, scope)
    vehicle = next(v for v in await means.vehicles_of(connection, scope) if v.id == crew.vehicle_id)
    if not vehicle.on_guard and any(each.lease.is_held_by(crew.device_id, at) for each in sites):
        return Mode.R4
    phones = [each.device_id for each in await crews.of_vehicle(connection, crew.vehicle_id)]
    return vehicle_mode(vehicle.site_id, phones, sites, at, on_guard=vehicle.on_guard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """A phone that leaves a vehicle. ``confirmed``: yes, although a guard is left without a phone."""

    vehicle_id: UUID
    device_id: UUID
    at: datetime
    confirmed: bool = False


async def leave(resources: Resources, caller: Caller, leaving: Leaving) -> None:
    """Take a phone out of a vehicle of the company. Raises Problem 404 for a vehicle that is not its own, 409 when it
    is the only phone of an open guard.
    """
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    vehicle_id, device_id, at = leaving.vehicle_id, leaving.device_id, leaving.at
    async with resources.database.begin() as connection:
        await duty.lock(connection, caller.company_id)
        await _check_own(connection, caller.company_id, vehicle_id)
        aboard = await crews.of_vehicle(connection, vehicle_id)
        crew = next((each for each in aboard if each.device_id == device_id), None)
        if crew is not None and not leaving.confirmed:
            Running(open_guard_shifts=await regulation.guards_alone(connection, device_id)).check()
        others = [each for each in aboard if each.device_id != device_id]
        changes = boarding.leave(crew, others, CrewLeft.LEFT, caller.actor(device_id), at)
        await crews.write(connection, changes, at)
        await duty.tell(connection, changes.facts)


async def read_crews(resources: Resources, caller: Caller, vehicle_id: UUID) -> CrewsShown:
    """The phones in a vehicle that the caller may see. Raises Problem 404."""
    async with resources.database.connect() as connection:
        seen = {each.id: each for each in await means.vehicles_of(connection, caller.scope)}
        if vehicle_id not in seen:
            raise Problem("not_found")
        found = await crews.of_vehicle(connection, vehicle_id)
        phones = await crews.phones_of(connection, [seen[vehicle_id].company_id])
    own = caller.company_id == seen[vehicle_id].company_id
    heard = {each.device_id: each.last_seen_at for each in phones}
    ordered = sorted(found, key=lambda each: not each.is_primary)
    items = [_shown(each, heard.get(each.device_id), own=own) for each in ordered]
    return CrewsShown(vehicle_id=vehicle_id, phone_bound=bool(items), items=items)


def _shown(crew: Crew, last_seen_at: datetime | None, *, own: bool) -> CrewShown:
    return CrewShown(
        crew_id=crew.id,
        device_id=crew.device_id if own else None,
        is_primary=crew.is_primary,
        members=[MemberShown.model_validate(each) for each in crew.members] if own else [],
        member_count=len(crew.members),
        bound_at=crew.bound_at,
        last_seen_at=last_seen_at,
    )
