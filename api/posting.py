"""Posting a demand: kept first, in one transaction, then handed to the engine if it is there (rule 97)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

import pydantic_core
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from api.engine import EngineAwayError, StartRefusedError
from api.places import check_place, policy_of
from api.problems import Problem
from api.resources import Resources
from api.schemas.demands import DemandPosted
from api.security import Caller
from domain.facts import DemandReceived, Fact
from domain.fleet import Point
from domain.messages import DemandStart, FactBatch
from domain.people import Actor
from storage import accounts, demands, identity, projection, starts
from storage.demands import NewDemand
from storage.identity import PatientIdentity
from telemetry.concern import concerns_demand


async def keep(
    resources: Resources, caller: Caller, actor: Actor, posted: DemandPosted, at: datetime
) -> tuple[DemandStart | None, UUID]:
    """Keep the demand; the start is ``None`` when it is known already. Raises Problem for what cannot be served."""
    assert caller.samu_id is not None  # noqa: S101 - checked with the role
    await check_place(resources, caller.samu_id, posted.pickup)
    policy = await policy_of(resources, caller.samu_id)
    start = DemandStart(
        demand_id=uuid7(),
        samu_id=caller.samu_id,
        reference=posted.reference,
        received_at=at,
        max_delay_minutes=posted.max_delay_minutes,
        volume=posted.volume,
        place=Point(lat=posted.pickup.lat, lon=posted.pickup.lon),
        chosen_company_id=posted.company_id,
        exercise=posted.exercise,
        smur_reference=posted.smur_reference,
        policy=policy,
    )
    async with resources.database.begin() as connection:
        known = await _insert(connection, resources, start, posted, actor)
    concerns_demand(known or start.demand_id)
    return (None, known) if known else (start, start.demand_id)


async def _insert(
    connection: AsyncConnection, resources: Resources, start: DemandStart, posted: DemandPosted, actor: Actor
) -> UUID | None:
    """Write everything, the journal last. Returns the demand that had the reference before, if any."""
    digests = resources.keyring.digests("demand", content_of(posted))
    if posted.company_id is not None and not await accounts.may_solicit(
        connection, start.samu_id, posted.company_id
    ):
        raise Problem("unknown_company")
    new = NewDemand(
        start=start,
        content_hash=digests[0],
        address=posted.pickup.address,
        access=posted.pickup.access,
        motive=posted.motive,
        instructions=posted.instructions,
    )
    if not await demands.insert_demand(connection, new):
        return await _known(connection, start, digests)
    await identity.keep_identity(connection, resources.keyring, start.demand_id, _identity(posted))
    await projection.record(connection, _first_fact(start, actor), is_new=True)
    return None


async def _known(connection: AsyncConnection, start: DemandStart, digests: Sequence[bytes]) -> UUID:
    known = await demands.demand_by_reference(connection, start.samu_id, start.reference)
    if known is None or known.content_hash not in digests:
        raise Problem("reference_reused")
    return known.id


def content_of(posted: DemandPosted) -> bytes:
    """Tell a repetition from another content: absent and null are the same, the order does not matter."""
    content = posted.model_dump(mode="json", exclude_none=True)
    return pydantic_core.to_json(dict(sorted(content.items())))


def _identity(posted: DemandPosted) -> PatientIdentity:
    patient = posted.patient
    if patient is None:
        return PatientIdentity(callback_phone=posted.callback_phone)
    return PatientIdentity(
        last_name=patient.last_name,
        first_name=patient.first_name,
        birth_year=patient.birth_year,
        sex=patient.sex,
        weight_kg=patient.weight_kg,
        callback_phone=posted.callback_phone,
    )


def _first_fact(start: DemandStart, actor: Actor) -> FactBatch:
    body = DemandReceived(
        reference=start.reference,
        max_delay_minutes=start.max_delay_minutes,
        volume=start.volume,
        place=start.place,
        deadline=start.received_at + timedelta(minutes=start.max_delay_minutes),
        chosen_company_id=start.chosen_company_id,
        exercise=start.exercise,
        smur_reference=start.smur_reference,
        by=actor,
    )
    fact = Fact(seq=1, at=start.received_at, body=body)
    return FactBatch(demand_id=start.demand_id, samu_id=start.samu_id, facts=(fact,))


async def hand_over(resources: Resources, start: DemandStart) -> bool:
    """Give the demand to the engine; false when it is away or does not take it: the sweeper will."""
    try:
        await resources.engine.start(start)
    except (EngineAwayError, StartRefusedError):
        return False
    async with resources.database.begin() as connection:
        await starts.mark_started(connection, start.demand_id, resources.clock())
    resources.metrics.started.labels("request").inc()
    return True
