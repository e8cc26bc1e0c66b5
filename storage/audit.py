"""The audit trail: who read which patient, who logged in, what operators did. Written and listed, never changed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.tables import api_keys, audit_events, companies, demands, patient_reads, persons, samus

UNKNOWN = "unknown"
"""Whoever sent a name that nobody has: what was typed may be a password, and is not kept."""


class AuditKind(StrEnum):
    """What can be done that is worth a line."""

    LOGIN = "LOGIN"
    LOGIN_FAILED = "LOGIN_FAILED"
    TOKEN_REUSED = "TOKEN_REUSED"  # noqa: S105 - a word
    ACCOUNT_MADE = "ACCOUNT_MADE"
    ACCOUNT_CHANGED = "ACCOUNT_CHANGED"
    """It has another role; every login has ended."""
    ACCOUNT_DISABLED = "ACCOUNT_DISABLED"
    ACCOUNT_ENABLED = "ACCOUNT_ENABLED"
    PASSWORD_CHANGED = "PASSWORD_CHANGED"  # noqa: S105 - a word
    SESSIONS_ENDED = "SESSIONS_ENDED"
    KEY_MADE = "KEY_MADE"
    KEY_REVOKED = "KEY_REVOKED"
    DIRECTORY_ADDED = "DIRECTORY_ADDED"
    """A SAMU, a company, a site, a vehicle or a convention; the detail has its columns."""
    DIRECTORY_CHANGED = "DIRECTORY_CHANGED"
    """One of these; the detail has of each column what it was and what it is."""
    RING_KEY_ADDED = "RING_KEY_ADDED"
    """A ring has a new first key: what is written from then on is sealed with it."""
    PATIENTS_RESEALED = "PATIENTS_RESEALED"
    """Every identity is opened and sealed again with the first key; written before the first of them."""
    RING_KEY_RETIRED = "RING_KEY_RETIRED"
    HISTORY_DECODED = "HISTORY_DECODED"
    """An operator read what the engine keeps of a demand in clear text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEvent:
    """One line of the trail. ``detail`` holds no secret and nothing of a patient."""

    at: datetime
    kind: str
    actor: str
    address: str | None = None
    subject: str | None = None
    detail: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PatientRead:
    """Somebody read who the patient of a demand is. ``organisation``: their company or SAMU, as it is called now."""

    id: int
    at: datetime
    demand_id: UUID
    reference: str
    reader: str
    """``person:<id>`` or ``key:<id>``."""
    name: str
    role: str
    organisation: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadsAsked:
    """Which reads: all that is given must hold. ``before`` is an id: pages go back from it."""

    demand_id: UUID | None = None
    since: datetime | None = None
    reader: str | None = None
    """Part of a name, or an id of an account."""
    before: int | None = None
    limit: int = 100


async def write(connection: AsyncConnection, event: AuditEvent) -> None:
    """Add a line, in the caller's transaction."""
    row = {name: getattr(event, name) for name in ("at", "kind", "actor", "address", "subject")}
    await connection.execute(sa.insert(audit_events).values(**row, detail=dict(event.detail)))


async def events(
    connection: AsyncConnection, since: datetime | None, kinds: tuple[str, ...], limit: int
) -> list[AuditEvent]:
    """The newest lines first, of these kinds if any are named."""
    query = sa.select(audit_events).order_by(audit_events.c.id.desc()).limit(limit)
    if since is not None:
        query = query.where(audit_events.c.at >= since)
    if kinds:
        query = query.where(audit_events.c.kind.in_(kinds))
    rows = await connection.execute(query)
    return [
        AuditEvent(
            at=row.at,
            kind=row.kind,
            actor=row.actor,
            address=row.address,
            subject=row.subject,
            detail=row.detail,
        )
        for row in rows
    ]


async def patient_reads_of(connection: AsyncConnection, asked: ReadsAsked) -> list[PatientRead]:
    """The newest reads first."""
    reads = patient_reads.c
    query = _with_readers().order_by(reads.id.desc()).limit(asked.limit)
    if asked.demand_id is not None:
        query = query.where(reads.demand_id == asked.demand_id)
    if asked.since is not None:
        query = query.where(reads.at >= asked.since)
    if asked.before is not None:
        query = query.where(reads.id < asked.before)
    if asked.reader is not None:
        query = query.where(reads.reader.icontains(asked.reader, autoescape=True))
    return [_read(row) for row in await connection.execute(query)]


def _with_readers() -> sa.Select[tuple[object, ...]]:
    """A reader is written ``person:<id> <name>``: the name as it was then, the organisation as it is now."""
    reads = patient_reads.c
    ident = sa.func.split_part(reads.reader, " ", 1)
    company, samu = companies.alias(), samus.alias()
    return (
        sa.select(
            reads.id,
            reads.at,
            reads.demand_id,
            demands.c.reference,
            reads.reader,
            reads.role,
            sa.func.coalesce(company.c.name, samu.c.name).label("organisation"),
        )
        .join(demands, demands.c.id == reads.demand_id)
        .outerjoin(persons, ident == sa.func.concat("person:", persons.c.id))
        .outerjoin(api_keys, ident == sa.func.concat("key:", api_keys.c.id))
        .outerjoin(company, company.c.id == persons.c.company_id)
        .outerjoin(samu, samu.c.id == sa.func.coalesce(persons.c.samu_id, api_keys.c.samu_id))
    )


def _read(row: sa.Row[tuple[object, ...]]) -> PatientRead:
    found = row._mapping
    ident, _, name = str(found["reader"]).partition(" ")
    values = {key: found[key] for key in ("id", "at", "demand_id", "reference", "role", "organisation")}
    return PatientRead(**values, reader=ident, name=name)
