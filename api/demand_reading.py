"""Reads a demand with all that hangs on it, as far as the caller may see."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from api.destinations import read_destination
from api.resources import Resources
from api.schemas.common import DestinationShown, PatientShown, Place
from api.schemas.demands import (
    CounterProposalShown,
    DemandLine,
    DemandShown,
    GuardPhone,
    MissionOfDemand,
    SearchState,
    SolicitationOfDemand,
    StepShown,
)
from api.security import Caller, check_login
from domain.fleet import Point
from domain.people import Role
from domain.vocabulary import DemandStatus, SolicitationState, Tier
from storage import guard, identity, regulation, views
from storage.keyring import UnreadableError
from storage.views import DemandView, MissionView, SolicitationView, StepView

SILENT_AFTER = timedelta(seconds=5)
"""The first tier is opened, or skipped, within a second: longer means that no worker is there."""

log = logging.getLogger(__name__)


async def read_demand(
    connection: AsyncConnection,
    resources: Resources,
    caller: Caller,
    demand_id: UUID,
    *,
    with_patient: bool,
    is_new: bool = False,
) -> DemandShown | None:
    """The demand, if the caller may see it. Its patient only for its own SAMU, and each time written down.

    Of one that is new, as it was received: sixty that come at once must not read who is asked for the first of them.
    """
    found = await views.read_demand(connection, caller.scope, demand_id)
    if found is None:
        return None
    asked = [] if is_new else await views.solicitations_of(connection, caller.scope, demand_id)
    missions = [] if is_new else await views.missions_of(connection, caller.scope, demand_id)
    last = next((each for each in missions if each.id == found.mission_id), None)
    mission = await _mission(connection, caller, last) if last else None
    patient = None
    if with_patient and caller.role is Role.SAMU and caller.samu_id == found.samu_id:
        await check_login(connection, caller)
        patient = await read_patient(connection, resources, caller, demand_id)
    knows = caller.company_id is None or mission is not None
    if not knows and not any(_promises(each) for each in asked):
        own = found.received_at + timedelta(minutes=found.max_delay_minutes)
        found = replace(found, deadline=own)  # a rival's promise is between the SAMU and that rival
    line = demand_line(found, resources.clock(), knows=knows)
    shown = _shown(found, line, asked, mission, patient, knows=knows)
    return shown.model_copy(
        update={
            "destination": await read_destination(connection, found) if knows else DestinationShown(),
            "counter_proposals": await counter_proposals(connection, asked, resources.clock()),
            "guard_by_phone": await _guard_by_phone(connection, resources, caller, found),
        }
    )


async def _guard_by_phone(
    connection: AsyncConnection, resources: Resources, caller: Caller, found: DemandView
) -> list[GuardPhone]:
    """Whom the SAMU telephones while it looks for somebody: crews on a guard that it has not approved yet."""
    if caller.company_id is not None or not DemandStatus(found.status).is_searching:
        return []
    sector_id = await resources.sector_at(found.samu_id, Point(lat=found.lat, lon=found.lon))
    if sector_id is None:
        return []
    waiting = await guard.guards_by_phone(connection, sector_id, resources.clock())
    return [GuardPhone.model_validate(each) for each in waiting]


def _promises(asked: SolicitationView) -> bool:
    return asked.tier == Tier.FREE_CHOICE and asked.state == SolicitationState.OPEN


def _shown(
    found: DemandView,
    line: DemandLine,
    asked: Sequence[SolicitationView],
    mission: MissionOfDemand | None,
    patient: PatientShown | None,
    *,
    knows: bool,
) -> DemandShown:
    """``knows``: the caller may read where the patient is and why, not only the terms."""
    return DemandShown(
        **dict(line),
        motive=found.motive if knows else None,
        instructions=found.instructions if knows else None,
        company_id=found.company_id if knows else None,
        smur_reference=found.smur_reference if knows else None,
        end_reason=found.end_reason if knows else None,
        destination=DestinationShown(),
        patient=patient,
        solicitations=[SolicitationOfDemand.model_validate(each) for each in asked],
        counter_proposals=[],
        mission=mission,
    )


def demand_line(found: DemandView, at: datetime, *, knows: bool = True) -> DemandLine:
    """A demand as a line of a list, as it stands at ``at``."""
    return DemandLine(
        id=found.id,
        reference=found.reference if knows else "",
        status=DemandStatus(found.status),
        search=_search(found, at),
        received_at=found.received_at,
        deadline=found.deadline,
        tier_deadline=found.tier_deadline,
        max_delay_minutes=found.max_delay_minutes,
        volume=found.volume,
        pickup=place(found, knows=knows),
        revision=found.revision,
        carence_proposed=found.carence_proposed,
        exercise=found.exercise,
        mission_id=found.mission_id if knows else None,
        ended_at=found.ended_at,
    )


def _search(found: DemandView, at: datetime) -> SearchState:
    """Delayed until the engine has the demand, and when it has it and nothing comes of it (rule 97)."""
    silent = found.version == 1 and at - found.received_at > SILENT_AFTER
    return SearchState.RUNNING if found.started and not silent else SearchState.DELAYED


def place(found: DemandView | MissionView, *, knows: bool = True) -> Place:
    """The place; the address only for who goes there or sent them."""
    return Place(
        lat=found.lat,
        lon=found.lon,
        address=found.address if knows else None,
        access=found.access if knows else None,
    )


async def counter_proposals(
    connection: AsyncConnection, asked: Sequence[SolicitationView], at: datetime
) -> list[CounterProposalShown]:
    """Standing counter-proposals in the order of rule 10, each with whether its company is there to keep it."""
    standing = _counter_proposals(asked)
    live = await regulation.live_companies(connection, {each.company_id for each in standing}, at)
    return [each.model_copy(update={"regulated": each.company_id in live}) for each in standing]


def _counter_proposals(asked: Sequence[SolicitationView]) -> list[CounterProposalShown]:
    """Standing counter-proposals in the order of rule 10: delay, exact volume, earliest received."""
    standing = [
        (each.counter_delay_minutes, not each.exact_volume, each.answered_at or each.opened_at, each)
        for each in asked
        if each.state == SolicitationState.COUNTERED
        and not each.counter_refused
        and each.counter_delay_minutes is not None
    ]
    ordered = sorted(standing, key=lambda entry: entry[:3])
    return [
        CounterProposalShown(
            solicitation_id=each.id, company_id=each.company_id, delay_minutes=minutes, best=rank == 0
        )
        for rank, (minutes, _, _, each) in enumerate(ordered)
    ]


async def _mission(connection: AsyncConnection, caller: Caller, found: MissionView) -> MissionOfDemand:
    steps = await views.steps_of(connection, found.id)
    return MissionOfDemand(
        id=found.id,
        vehicle_id=found.vehicle_id,
        company_id=found.company_id,
        assigned_at=found.assigned_at,
        promised_at=found.promised_at,
        deadline=found.deadline,
        step=found.step,
        alarm=found.alarm,
        ended_at=found.ended_at,
        end_reason=found.end_reason,
        end_detail=found.end_detail,
        steps=steps_shown(steps, names=caller.company_id == found.company_id),
    )


def steps_shown(steps: Sequence[StepView], *, names: bool) -> list[StepShown]:
    """The steps that stand: those taken back are in the journal. ``names``: to their own company only."""
    shown = [StepShown.model_validate(each) for each in steps if each.undone_at is None]
    return shown if names else [each.model_copy(update={"by": each.by_role}) for each in shown]


async def read_patient(
    connection: AsyncConnection, resources: Resources, caller: Caller, demand_id: UUID
) -> PatientShown | None:
    """Who the patient is. Whether the caller may read it is decided before; the reading is written down."""
    try:
        found = await identity.read_identity(
            connection, resources.keyring, demand_id, reader=f"{caller.ident} {caller.name}", role=caller.role
        )
    except UnreadableError:
        log.error("the identity of demand %s cannot be opened: is a key missing?", demand_id)
        return None
    return PatientShown.model_validate(found) if found else None
