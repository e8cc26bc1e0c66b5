"""Accounts: people, keys of software, refresh tokens, and what a SAMU may do."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from domain.people import Role
from domain.policy import Policy
from storage.tables import api_keys, companies, conventions, persons, refresh_tokens, samus

REPEATED_WITHIN = timedelta(minutes=2)
"""A telephone in a tunnel asks again until it hears the answer."""
FAMILY_BYTES = 16
"""A refresh token's hash begins with that of its family, so that a stolen one ends the whole family."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who logs in, with the one role and the one scope that they have."""

    id: UUID
    username: str
    role: Role
    samu_id: UUID | None
    company_id: UUID | None
    password_hash: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True)
class SoftwareKey:
    """A SAMU's software."""

    id: UUID
    name: str
    samu_id: UUID


@dataclass(frozen=True, slots=True)
class SamuProfile:
    """What the API needs of a SAMU: its area as H3 cells, its timings, where crews call it (rule 22)."""

    id: UUID
    name: str
    phone: str | None
    area_cells: tuple[int, ...] = field(repr=False)
    policy: Policy


@dataclass(frozen=True, slots=True)
class TokenUse:
    """What came of a refresh token, and whose it was. Tokens of the first version belong to no session."""

    renewal: "Renewal"
    person_id: UUID | None = None
    session_id: UUID | None = None


class Renewal(Enum):
    """What became of a refresh token that was presented."""

    GRANTED = "granted"
    UNKNOWN = "unknown"
    REUSED = "reused"


def secret_hash(secret: str) -> bytes:
    """Hash a long random secret for storage: SHA-256 is enough for what cannot be guessed."""
    return hashlib.sha256(secret.encode()).digest()


def refresh_token_hash(token: str) -> bytes:
    """Hash a refresh token, ``family.secret``: the family's hash first, then that of the whole."""
    family = token.partition(".")[0]
    return secret_hash(family)[:FAMILY_BYTES] + secret_hash(token)


async def person_by_username(connection: AsyncConnection, username: str) -> Person | None:
    """Find an account that is not disabled, with its password hash."""
    return await _person(connection, persons.c.username == username)


async def person_by_id(connection: AsyncConnection, person_id: UUID) -> Person | None:
    """Find an account that is not disabled."""
    return await _person(connection, persons.c.id == person_id)


async def _person(connection: AsyncConnection, condition: sa.ColumnElement[bool]) -> Person | None:
    found = await connection.execute(sa.select(persons).where(condition, ~persons.c.disabled))
    row = found.one_or_none()
    if row is None:
        return None
    return Person(row.id, row.username, Role(row.role), row.samu_id, row.company_id, row.password_hash)


async def is_unchanged(connection: AsyncConnection, person: Person) -> bool:
    """Whether an account is as it was when its password was checked. It is held so until the transaction ends."""
    same = (
        (persons.c.id == person.id) & (persons.c.password_hash == person.password_hash) & ~persons.c.disabled
    )
    return await connection.scalar(sa.select(persons.c.id).where(same).with_for_update(read=True)) is not None


async def key_by_hash(connection: AsyncConnection, key_hash: bytes) -> SoftwareKey | None:
    """Find a key that was not revoked, by its SHA-256."""
    live = sa.select(api_keys.c.id, api_keys.c.name, api_keys.c.samu_id).where(
        api_keys.c.key_hash == key_hash, api_keys.c.revoked_at.is_(None)
    )
    row = (await connection.execute(live)).one_or_none()
    return SoftwareKey(row.id, row.name, row.samu_id) if row else None


async def is_live_key(connection: AsyncConnection, key_id: UUID) -> bool:
    """Whether a key was not revoked."""
    live = sa.select(api_keys.c.id).where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None))
    return await connection.scalar(live) is not None


async def keep_refresh_token(
    connection: AsyncConnection, token: str, person_id: UUID, expires_at: datetime, session_id: UUID
) -> None:
    """Store the hash of a new refresh token of a session."""
    row = {
        "token_hash": refresh_token_hash(token),
        "person_id": person_id,
        "expires_at": expires_at,
        "session_id": session_id,
    }
    await connection.execute(sa.insert(refresh_tokens).values(row))


async def use_refresh_token(connection: AsyncConnection, token: str, at: datetime) -> TokenUse:
    """Use a refresh token up. One that was used before ends its family, and the caller ends its session: somebody has
    a copy.

    Not within REPEATED_WITHIN: then its answer was lost on the way, and whoever asked again must not be thrown out.
    """
    hashed = refresh_token_hash(token)
    found = await connection.execute(
        sa.select(refresh_tokens).where(refresh_tokens.c.token_hash == hashed).with_for_update()
    )
    row = found.one_or_none()
    if row is None or row.expires_at <= at:
        return TokenUse(Renewal.UNKNOWN)
    if row.used_at is not None and at - row.used_at <= REPEATED_WITHIN:
        return TokenUse(Renewal.GRANTED, row.person_id, row.session_id)
    if row.used_at is not None:
        family = sa.func.substring(refresh_tokens.c.token_hash, 1, FAMILY_BYTES) == hashed[:FAMILY_BYTES]
        await connection.execute(
            sa.delete(refresh_tokens).where(refresh_tokens.c.person_id == row.person_id, family)
        )
        return TokenUse(Renewal.REUSED, row.person_id, row.session_id)
    await connection.execute(
        sa.update(refresh_tokens).where(refresh_tokens.c.token_hash == hashed).values(used_at=at)
    )
    return TokenUse(Renewal.GRANTED, row.person_id, row.session_id)


async def forget_expired_tokens(connection: AsyncConnection, at: datetime) -> None:
    """Delete refresh tokens that nobody can use any more."""
    await connection.execute(sa.delete(refresh_tokens).where(refresh_tokens.c.expires_at <= at))


async def samu_profile(connection: AsyncConnection, samu_id: UUID) -> SamuProfile | None:
    """Read a SAMU with its area and policy."""
    row = (await connection.execute(sa.select(samus).where(samus.c.id == samu_id))).one_or_none()
    if row is None:
        return None
    return SamuProfile(row.id, row.name, row.phone, tuple(row.area_cells), Policy.model_validate(row.policy))


async def may_solicit(connection: AsyncConnection, samu_id: UUID, company_id: UUID) -> bool:
    """Whether the SAMU may solicit the company (rule 99)."""
    agreed = sa.select(
        sa.exists().where(conventions.c.samu_id == samu_id, conventions.c.company_id == company_id)
    )
    return bool(await connection.scalar(agreed))


async def scope_name(
    connection: AsyncConnection, samu_id: UUID | None, company_id: UUID | None
) -> str | None:
    """The name of the company, or of the SAMU, that an account belongs to."""
    table, id_ = (companies, company_id) if company_id is not None else (samus, samu_id)
    name: str | None = await connection.scalar(sa.select(table.c.name).where(table.c.id == id_))
    return name


async def samu_of_company(connection: AsyncConnection, company_id: UUID) -> UUID | None:
    """The first SAMU, by name, that the company has a convention with."""
    agreed = (conventions.c.samu_id == samus.c.id) & (conventions.c.company_id == company_id)
    query = sa.select(samus.c.id).join(conventions, agreed).order_by(samus.c.name).limit(1)
    found: UUID | None = await connection.scalar(query)
    return found


async def clock_of(connection: AsyncConnection, samu_id: UUID | None, company_id: UUID | None) -> str | None:
    """The time zone of the SAMU; a company's is that of `samu_of_company`."""
    if company_id is not None:
        samu_id = await samu_of_company(connection, company_id)
    zone: str | None = await connection.scalar(sa.select(samus.c.timezone).where(samus.c.id == samu_id))
    return zone
