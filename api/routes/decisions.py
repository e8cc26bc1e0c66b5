"""What the SAMU decides on a demand: new terms, arbitration, cancellation, carence, destination."""

from contextlib import nullcontext
from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request

from api.demand_reading import counter_proposals
from api.destinations import destination_given, facility_named, read_destination
from api.documents import READS, WRITES
from api.engine import Update
from api.idempotent import IdempotentRoute, TakesKey, UpdateId
from api.moving import moving
from api.places import check_place
from api.problems import Problem
from api.resources import resources_of
from api.schemas.common import DestinationShown, Recorded
from api.schemas.demands import (
    ArbitrationGiven,
    DemandAmended,
    DestinationGiven,
    ReasonGiven,
    ReasonMaybe,
)
from api.security import AnyCaller, Caller, ReceivedAt, SamuActor, SamuCaller
from api.updates import ask
from domain.fleet import Point
from domain.messages import Amendment, Arbitration, Cancellation, Carence, Decision, Destination, FromOutside
from storage import views
from storage.views import DemandView

router = APIRouter(prefix="/v1/demands/{demand_id}", tags=["demands"], route_class=IdempotentRoute)


async def _own(request: Request, caller: Caller, demand_id: UUID) -> DemandView:
    async with resources_of(request).database.connect() as connection:
        found = await views.read_demand(connection, caller.scope, demand_id)
    if found is None:
        raise Problem("not_found")
    return found


async def _decide(
    request: Request, caller: Caller, demand_id: UUID, update: Update, message: FromOutside, update_id: str
) -> Recorded:
    resources = resources_of(request)
    await _own(request, caller, demand_id)
    reply = await ask(resources, demand_id, update, message, update_id)
    return Recorded(outcome=reply.outcome.name, mission_id=reply.mission_id)


@router.patch("", summary="Amend a demand", responses=WRITES, dependencies=[TakesKey])
async def amend(
    request: Request,
    caller: SamuCaller,
    actor: SamuActor,
    at: ReceivedAt,
    update_id: UpdateId,
    demand_id: UUID,
    given: DemandAmended,
) -> Recorded:
    """Change place, delay or volume while it runs (rule 91): a mission must then be confirmed again.

    A pickup takes `lat` and `lon`; its `address` and `access` stay as they are when they are left out, and are
    emptied by null.
    """
    resources, place = resources_of(request), given.pickup
    if place is not None:
        await check_place(resources, _samu(caller), place)
    message = Amendment(
        received_at=at,
        by=actor,
        place=Point(lat=place.lat, lon=place.lon) if place else None,
        max_delay_minutes=given.max_delay_minutes,
        volume=given.volume,
    )
    found = await _own(request, caller, demand_id)
    async with moving(resources, found, place) if place else nullcontext():
        reply = await ask(resources, demand_id, Update.AMEND, message, update_id)
    return Recorded(outcome=reply.outcome.name, mission_id=reply.mission_id)


def _samu(caller: Caller) -> UUID:
    assert caller.samu_id is not None  # noqa: S101 - checked with the role
    return caller.samu_id


@router.post("/arbitration", summary="Decide on counter-proposals", responses=WRITES, dependencies=[TakesKey])
async def arbitrate(
    request: Request,
    caller: SamuCaller,
    actor: SamuActor,
    at: ReceivedAt,
    update_id: UpdateId,
    demand_id: UUID,
    given: ArbitrationGiven,
) -> Recorded:
    """Accept or refuse (rule 10). Another than the best needs a reason.

    A promise of a company that nobody regulates is not accepted blindly (rule 37): 409 `company_not_regulated`, unless
    `confirm` says that it was telephoned.
    """
    if given.decision is Decision.ACCEPT and not given.confirm:
        await _somebody_is_there(request, caller, demand_id, given.solicitation_id, at)
    message = Arbitration(
        received_at=at,
        by=actor,
        decision=given.decision,
        solicitation_id=given.solicitation_id,
        reason=given.reason,
    )
    return await _decide(request, caller, demand_id, Update.ARBITRATE, message, update_id)


async def _somebody_is_there(
    request: Request, caller: Caller, demand_id: UUID, solicitation_id: UUID | None, at: datetime
) -> None:
    """Raises Problem 409 when nobody would receive the free choice that follows an accepted promise; 404 for a demand
    that is not theirs, before anything is said about who promised what.
    """
    await _own(request, caller, demand_id)
    async with resources_of(request).database.connect() as connection:
        asked = await views.solicitations_of(connection, caller.scope, demand_id)
        standing = await counter_proposals(connection, asked, at)
    chosen = next((each for each in standing if solicitation_id in (None, each.solicitation_id)), None)
    if chosen is not None and not chosen.regulated:
        raise Problem("company_not_regulated")


@router.post("/cancellation", summary="Cancel a demand", responses=WRITES, dependencies=[TakesKey])
async def cancel(
    request: Request,
    caller: SamuCaller,
    actor: SamuActor,
    at: ReceivedAt,
    update_id: UpdateId,
    demand_id: UUID,
    given: ReasonGiven,
) -> Recorded:
    """At any moment before EN_CHARGE (rules 44 and 90)."""
    message = Cancellation(received_at=at, by=actor, reason=given.reason)
    return await _decide(request, caller, demand_id, Update.CANCEL, message, update_id)


@router.post("/carence", summary="Declare that nobody could come", responses=WRITES, dependencies=[TakesKey])
async def declare_carence(
    request: Request,
    caller: SamuCaller,
    actor: SamuActor,
    at: ReceivedAt,
    update_id: UpdateId,
    demand_id: UUID,
    given: ReasonMaybe | None = None,
) -> Recorded:
    """The machine only proposes it."""
    message = Carence(received_at=at, by=actor, reason=given.reason if given else None)
    return await _decide(request, caller, demand_id, Update.DECLARE_CARENCE, message, update_id)


@router.put("/destination", summary="Give the destination", responses=WRITES)
async def set_destination(
    request: Request,
    caller: SamuCaller,
    actor: SamuActor,
    at: ReceivedAt,
    update_id: UpdateId,
    demand_id: UUID,
    given: DestinationGiven,
) -> DestinationShown:
    """The facility given at the bilan (rule 36), from `GET /v1/facilities`. It stands above what a crew has given."""
    facility = await facility_named(resources_of(request), given.facility_id)
    message = Destination(received_at=at, by=actor, facility_id=facility.id, name=facility.name)
    await _decide(request, caller, demand_id, Update.SET_DESTINATION, message, update_id)
    return destination_given(facility, actor.role)


@router.get("/destination", summary="Read the destination", responses=READS)
async def get_destination(request: Request, caller: AnyCaller, demand_id: UUID) -> DestinationShown:
    """All null while none is known. A company reads that of its own mission."""
    async with resources_of(request).database.connect() as connection:
        found = await views.read_demand(connection, caller.scope, demand_id)
        if found is None:
            raise Problem("not_found")
        if caller.company_id is not None:
            missions = await views.missions_of(connection, caller.scope, demand_id)
            if all(each.id != found.mission_id for each in missions):
                raise Problem("not_found")
        return await read_destination(connection, found)
