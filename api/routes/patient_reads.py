"""Who read who the patient of a demand is: for the SAMU whose demand it is (rule 32)."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request

from api.documents import READS
from api.problems import Problem
from api.resources import resources_of
from api.schemas.patient_reads import PatientReadPage, PatientReadShown
from api.security import SamuCaller
from domain.people import Role
from storage import audit, views
from storage.audit import PatientRead, ReadsAsked

LARGEST_ID = 2**63 - 1

router = APIRouter(prefix="/v1/demands", tags=["demands"])

ROLE_NAMES = {
    Role.SAMU: "SAMU",
    Role.REGULATOR: "régulateur",
    Role.CREW: "équipage",
    Role.COORDINATOR: "coordonnateur",
    Role.ADMIN: "administrateur",
}


@router.get("/{demand_id}/patient-reads", summary="List who read who the patient is", responses=READS)
async def list_patient_reads(
    request: Request,
    caller: SamuCaller,
    demand_id: UUID,
    before: Annotated[
        int | None, Query(ge=1, le=LARGEST_ID, description="`next_before` of the page before")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> PatientReadPage:
    """Newest first. Reading this list reads nobody's identity, and is not written down."""
    async with resources_of(request).database.connect() as connection:
        if await views.read_demand(connection, caller.scope, demand_id) is None:
            raise Problem("not_found")
        asked = ReadsAsked(demand_id=demand_id, before=before, limit=limit)
        found = await audit.patient_reads_of(connection, asked)
    more = found[-1].id if len(found) == limit else None
    return PatientReadPage(items=[_shown(each) for each in found], next_before=more)


def _shown(found: PatientRead) -> PatientReadShown:
    return PatientReadShown(
        at=found.at,
        name=found.name,
        kind="person" if found.reader.startswith("person:") else "software",
        role=Role(found.role),
        organisation=found.organisation,
        sentence=sentence_of(found),
    )


def sentence_of(found: PatientRead) -> str:
    """Who it was, as the pages say it."""
    who = ", ".join(filter(None, (ROLE_NAMES[Role(found.role)], found.organisation)))
    return f"{found.name} ({who}) a lu l’identité du patient."
