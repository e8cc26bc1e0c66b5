"""Solicitations: what a company is asked, and its answers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request

from api.authority import Answering, EpochHeader, asked_of, check_right
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
    Confirmed,
    CounterProposalGiven,
    SolicitationPage,
    SolicitationShown,
    TermsShown,
)
from api.security import Caller, CompanyActor, CompanyCaller, DeviceHeader, ReceivedAt, checked
from api.sentences import NO_PHONE
from api.updates import answer
from domain.authority import Hands, Right, right_to_answer
from domain.messages import (
    Acceptance,
    CounterProposal,
    FromOutside,
    LeaseStamp,
    Refusal,
    Reply,
    Unavailability,
)
from domain.people import Actor
from domain.vocabulary import SolicitationState
from storage import crews, devices, regulation, views
from storage.standing import standing_of
from storage.views import SolicitationView
from telemetry.concern import concerns_demand

router = APIRouter(prefix="/v1/solicitations", tags=["company"], route_class=IdempotentRoute)


@router.get("", summary="List solicitations", responses=READS)
async def list_solicitations(
    request: Request,
    caller: CompanyCaller,
    page: Paged,
    at: ReceivedAt,
    x_device_id: DeviceHeader = None,
    state: Annotated[list[SolicitationState] | None, Query(max_length=20, description="Any of these")] = None,
) -> SolicitationPage:
    """The company's own, newest first; `state=OPEN` are those to answer now. With `X-Device-Id`, `answerable_here`
    says whether that device may answer.
    """
    company_id, hands = _company(caller), None
    async with resources_of(request).reading.connect() as connection:
        if x_device_id is not None:
            checked(await devices.find_device(connection, x_device_id, caller.id))
            hands = await regulation.hands_of(connection, company_id, x_device_id, at)
        found = await views.list_solicitations(connection, company_id, page, state or ())
    cursor = next_cursor(page, found, lambda each: (each.opened_at, each.id))
    return SolicitationPage(items=[_shown(each, hands) for each in found], next_cursor=cursor)


def _company(caller: Caller) -> UUID:
    assert caller.company_id is not None  # noqa: S101 - checked with the role
    return caller.company_id


def _shown(found: SolicitationView, hands: Hands | None) -> SolicitationShown:
    """No address and no motive before the mission is confirmed: the place and the terms decide."""
    names = (name for name in SolicitationShown.model_fields if name not in {"demand", "answerable_here"})
    here = None if hands is None else isinstance(right_to_answer(hands, asked_of(found)), Right)
    terms = TermsShown(
        max_delay_minutes=found.max_delay_minutes,
        volume=found.volume,
        deadline=found.deadline,
        pickup=Place(lat=found.lat, lon=found.lon),
        exercise=found.exercise,
        revision=found.revision,
    )
    return SolicitationShown.model_validate(
        {name: getattr(found, name) for name in names} | {"demand": terms, "answerable_here": here}
    )


@dataclass(frozen=True, slots=True)
class _Answer:
    """A company's answer on its way: who gives it, on which device, under which epoch."""

    request: Request
    actor: Actor
    at: datetime
    update_id: str
    epoch: int | None

    async def give(
        self, solicitation_id: UUID, update: Update, say: Callable[[LeaseStamp | None], FromOutside]
    ) -> tuple[SolicitationView, Reply]:
        """What was asked, and the verdict. The right to answer is judged first, whatever is decided already."""
        resources = resources_of(self.request)
        company_id, device_id = self.actor.company_id, self.actor.device_id
        assert company_id is not None  # noqa: S101 - checked with the role
        assert device_id is not None  # noqa: S101 - it was asked for
        answering = Answering(company_id=company_id, device_id=device_id, epoch=self.epoch, at=self.at)
        async with resources.reading.connect() as connection:
            asked = await views.read_solicitation(connection, company_id, solicitation_id)
            if asked is None:
                raise Problem("not_found")
            concerns_demand(asked.demand_id)
            stamp = await check_right(connection, asked, answering)
            standing = await standing_of(connection, asked.demand_id)
        return asked, await answer(resources, asked, standing, update, say(stamp), self.update_id)


def _answer(
    request: Request, actor: CompanyActor, at: ReceivedAt, update_id: UpdateId, epoch: EpochHeader = None
) -> _Answer:
    return _Answer(request, actor, at, update_id, epoch)


Answer = Annotated[_Answer, Depends(_answer)]


def _recorded(reply: Reply) -> Recorded:
    return Recorded(outcome=reply.outcome.name, mission_id=reply.mission_id)


@router.post("/{solicitation_id}/acceptance", summary="Accept", responses=ANSWERS, dependencies=[TakesKey])
async def accept(
    request: Request, given_by: Answer, solicitation_id: UUID, given: AcceptanceGiven | None = None
) -> Confirmed:
    """200 only once the mission is confirmed (rule 28). A site's or a free choice's names the vehicle (rule 27).

    With no phone in the vehicle, `notice` says so: call the crew (rule 31).
    """
    vehicle_id = given.vehicle_id if given else None

    def say(stamp: LeaseStamp | None) -> FromOutside:
        return Acceptance(
            received_at=given_by.at,
            by=given_by.actor,
            solicitation_id=solicitation_id,
            vehicle_id=vehicle_id,
            lease=stamp,
        )

    asked, reply = await given_by.give(solicitation_id, Update.ACCEPT, say)
    goes = vehicle_id or asked.vehicle_id
    async with resources_of(request).reading.connect() as connection:
        bound = await crews.has_phone(connection, goes) if goes else None
    return Confirmed(
        outcome=reply.outcome.name,
        mission_id=reply.mission_id,
        phone_bound=bound,
        notice=NO_PHONE if bound is False else None,
    )


@router.post("/{solicitation_id}/refusal", summary="Refuse", responses=ANSWERS, dependencies=[TakesKey])
async def refuse(given_by: Answer, solicitation_id: UUID, given: ReasonMaybe | None = None) -> Recorded:
    """A refusal may still be turned into an acceptance while the search is open (rule 7)."""
    reason = given.reason if given else None

    def say(_: LeaseStamp | None) -> FromOutside:
        return Refusal(
            received_at=given_by.at, by=given_by.actor, solicitation_id=solicitation_id, reason=reason
        )

    _, reply = await given_by.give(solicitation_id, Update.REFUSE, say)
    return _recorded(reply)


@router.post(
    "/{solicitation_id}/counter-proposal",
    summary="Promise a longer delay",
    responses=ANSWERS,
    dependencies=[TakesKey],
)
async def propose_delay(given_by: Answer, solicitation_id: UUID, given: CounterProposalGiven) -> Recorded:
    """Longer than the demand's delay, at most 240 minutes: a promise (rule 7)."""

    def say(_: LeaseStamp | None) -> FromOutside:
        return CounterProposal(
            received_at=given_by.at,
            by=given_by.actor,
            solicitation_id=solicitation_id,
            delay_minutes=given.delay_minutes,
        )

    _, reply = await given_by.give(solicitation_id, Update.PROPOSE_DELAY, say)
    return _recorded(reply)


@router.post(
    "/{solicitation_id}/unavailability",
    summary="Declare a guard vehicle unavailable",
    responses=ANSWERS,
    dependencies=[TakesKey],
)
async def declare_unavailable(given_by: Answer, solicitation_id: UUID, given: ReasonGiven) -> Recorded:
    """Only on guard, with the reason (rule 13)."""

    def say(_: LeaseStamp | None) -> FromOutside:
        return Unavailability(
            received_at=given_by.at, by=given_by.actor, solicitation_id=solicitation_id, reason=given.reason
        )

    _, reply = await given_by.give(solicitation_id, Update.DECLARE_UNAVAILABLE, say)
    return _recorded(reply)
