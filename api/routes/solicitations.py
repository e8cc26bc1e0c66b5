"""Solicitations: what a company is asked, and its answers."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.cursors import Paged, next_cursor
from api.documents import ANSWERS, READS
from api.engine import Update
from api.idempotent import IdempotentRoute, TakesKey, UpdateId
from api.problems import Problem
from api.resources import resources_of
from api.schemas.common import Place, Recorded
from api.schemas.demands import ReasonGiven, ReasonMaybe
from api.schemas.missions import (
    AcceptanceGiven,
    CounterProposalGiven,
    SolicitationPage,
    SolicitationShown,
    TermsShown,
)
from api.security import Caller, CompanyActor, CompanyCaller, ReceivedAt
from api.updates import answer
from domain.messages import Acceptance, CounterProposal, FromOutside, Refusal, Unavailability
from domain.vocabulary import SolicitationState
from storage import views
from storage.standing import standing_of
from storage.views import SolicitationView

router = APIRouter(prefix="/v1/solicitations", tags=["company"], route_class=IdempotentRoute)


@router.get("", summary="List solicitations", responses=READS)
async def list_solicitations(
    request: Request,
    caller: CompanyCaller,
    page: Paged,
    state: Annotated[list[SolicitationState] | None, Query(max_length=20, description="Any of these")] = None,
) -> SolicitationPage:
    """The company's own, newest first; `state=OPEN` are those to answer now."""
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    async with resources_of(request).database.connect() as connection:
        found = await views.list_solicitations(connection, caller.company_id, page, state or ())
    cursor = next_cursor(page, found, lambda each: (each.opened_at, each.id))
    return SolicitationPage(items=[_shown(each) for each in found], next_cursor=cursor)


def _shown(found: SolicitationView) -> SolicitationShown:
    """No address and no motive before the mission is confirmed: the place and the terms decide."""
    names = (name for name in SolicitationShown.model_fields if name != "demand")
    terms = TermsShown(
        max_delay_minutes=found.max_delay_minutes,
        volume=found.volume,
        deadline=found.deadline,
        pickup=Place(lat=found.lat, lon=found.lon),
        exercise=found.exercise,
        revision=found.revision,
    )
    return SolicitationShown.model_validate(
        {name: getattr(found, name) for name in names} | {"demand": terms}
    )


async def _answer(
    request: Request,
    caller: Caller,
    solicitation_id: UUID,
    update: Update,
    message: FromOutside,
    update_id: str,
) -> Recorded:
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    resources = resources_of(request)
    async with resources.database.connect() as connection:
        asked = await views.read_solicitation(connection, caller.company_id, solicitation_id)
        if asked is None:
            raise Problem("not_found")
        standing = await standing_of(connection, asked.demand_id)
    reply = await answer(resources, asked, standing, update, message, update_id)
    return Recorded(outcome=reply.outcome.name, mission_id=reply.mission_id)


@router.post("/{solicitation_id}/acceptance", summary="Accept", responses=ANSWERS, dependencies=[TakesKey])
async def accept(
    request: Request,
    caller: CompanyCaller,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    solicitation_id: UUID,
    given: AcceptanceGiven | None = None,
) -> Recorded:
    """200 only once the mission is confirmed (rule 28). A site's or a free choice's names the vehicle (rule 27)."""
    vehicle_id = given.vehicle_id if given else None
    message = Acceptance(received_at=at, by=actor, solicitation_id=solicitation_id, vehicle_id=vehicle_id)
    return await _answer(request, caller, solicitation_id, Update.ACCEPT, message, update_id)


@router.post("/{solicitation_id}/refusal", summary="Refuse", responses=ANSWERS, dependencies=[TakesKey])
async def refuse(
    request: Request,
    caller: CompanyCaller,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    solicitation_id: UUID,
    given: ReasonMaybe | None = None,
) -> Recorded:
    """A refusal may still be turned into an acceptance while the search is open (rule 7)."""
    reason = given.reason if given else None
    message = Refusal(received_at=at, by=actor, solicitation_id=solicitation_id, reason=reason)
    return await _answer(request, caller, solicitation_id, Update.REFUSE, message, update_id)


@router.post(
    "/{solicitation_id}/counter-proposal",
    summary="Promise a longer delay",
    responses=ANSWERS,
    dependencies=[TakesKey],
)
async def propose_delay(
    request: Request,
    caller: CompanyCaller,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    solicitation_id: UUID,
    given: CounterProposalGiven,
) -> Recorded:
    """Longer than the demand's delay, at most 240 minutes: a promise (rule 7)."""
    message = CounterProposal(
        received_at=at, by=actor, solicitation_id=solicitation_id, delay_minutes=given.delay_minutes
    )
    return await _answer(request, caller, solicitation_id, Update.PROPOSE_DELAY, message, update_id)


@router.post(
    "/{solicitation_id}/unavailability",
    summary="Declare a guard vehicle unavailable",
    responses=ANSWERS,
    dependencies=[TakesKey],
)
async def declare_unavailable(
    request: Request,
    caller: CompanyCaller,
    actor: CompanyActor,
    at: ReceivedAt,
    update_id: UpdateId,
    solicitation_id: UUID,
    given: ReasonGiven,
) -> Recorded:
    """Only on guard, with the reason (rule 13)."""
    message = Unavailability(received_at=at, by=actor, solicitation_id=solicitation_id, reason=given.reason)
    return await _answer(request, caller, solicitation_id, Update.DECLARE_UNAVAILABLE, message, update_id)
