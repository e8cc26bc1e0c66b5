"""Who has access: accounts and keys as an operator lists, makes and ends them. Only hashes of secrets are kept."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import sessions
from storage.accounts import secret_hash
from storage.tables import api_keys, companies, persons, samus
from storage.tables import sessions as sessions_table


@dataclass(frozen=True, slots=True)
class AccountLine:
    """A person's account, with how many logins are open."""

    id: UUID
    username: str
    role: str
    organisation: str | None
    disabled: bool
    open_sessions: int
    last_login: datetime | None


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of a SAMU's software; the key itself is known to nobody here."""

    id: UUID
    name: str
    samu: str
    created_at: datetime
    revoked_at: datetime | None


async def accounts_of(connection: AsyncConnection, named: str | None = None) -> list[AccountLine]:
    """Every account by its name, or the one of this name or id."""
    is_open = sessions_table.c.ended_at.is_(None)
    query = (
        sa.select(
            persons.c.id,
            persons.c.username,
            persons.c.role,
            sa.func.coalesce(companies.c.name, samus.c.name).label("organisation"),
            persons.c.disabled,
            sa.func.count(sessions_table.c.id).filter(is_open).label("open_sessions"),
            sa.func.max(sessions_table.c.opened_at).label("last_login"),
        )
        .outerjoin(companies, companies.c.id == persons.c.company_id)
        .outerjoin(samus, samus.c.id == persons.c.samu_id)
        .outerjoin(sessions_table, sessions_table.c.person_id == persons.c.id)
        .group_by(persons.c.id, companies.c.name, samus.c.name)
        .order_by(persons.c.username)
    )
    if named is not None:
        query = query.where(_is_named(persons.c.id, persons.c.username, named))
    return [AccountLine(*row) for row in await connection.execute(query)]


async def keys_of(connection: AsyncConnection, named: str | None = None) -> list[KeyLine]:
    """Every key, the newest last, or those of this name or id."""
    query = (
        sa.select(api_keys.c.id, api_keys.c.name, samus.c.name, api_keys.c.created_at, api_keys.c.revoked_at)
        .join(samus, samus.c.id == api_keys.c.samu_id)
        .order_by(api_keys.c.created_at, api_keys.c.id)
    )
    if named is not None:
        query = query.where(_is_named(api_keys.c.id, api_keys.c.name, named))
    return [KeyLine(*row) for row in await connection.execute(query)]


async def samus_named(connection: AsyncConnection, named: str) -> Sequence[UUID]:
    """The SAMUs of this name or id."""
    query = sa.select(samus.c.id).where(_is_named(samus.c.id, samus.c.name, named))
    return list(await connection.scalars(query))


def _is_named(id_: sa.Column[UUID], name: sa.Column[str], named: str) -> sa.ColumnElement[bool]:
    return (name == named) | (sa.cast(id_, sa.Text) == named.lower())


async def add_key(
    connection: AsyncConnection, key_id: UUID, key: str, name: str, samu_id: UUID, at: datetime
) -> None:
    """Keep the hash of a new key."""
    row = {"id": key_id, "key_hash": secret_hash(key), "name": name, "samu_id": samu_id, "created_at": at}
    await connection.execute(sa.insert(api_keys).values(row))


async def revoke_key(connection: AsyncConnection, key_id: UUID, at: datetime) -> None:
    """Refuse a key from now on. Revoking it again changes nothing."""
    live = (api_keys.c.id == key_id) & api_keys.c.revoked_at.is_(None)
    await connection.execute(sa.update(api_keys).where(live).values(revoked_at=at))
    await sessions.tell_streams(connection)


async def set_disabled(connection: AsyncConnection, person_id: UUID, at: datetime, *, disabled: bool) -> None:
    """Shut an account, with all its logins, or open it again."""
    mine = persons.c.id == person_id
    await connection.execute(sa.update(persons).where(mine).values(disabled=disabled))
    if disabled:
        await end_sessions(connection, person_id, at)


async def set_password(
    connection: AsyncConnection, person_id: UUID, password_hash: str, at: datetime
) -> None:
    """Another password; every login that came from the old one ends."""
    mine = persons.c.id == person_id
    await connection.execute(sa.update(persons).where(mine).values(password_hash=password_hash))
    await end_sessions(connection, person_id, at)


async def end_sessions(connection: AsyncConnection, person_id: UUID, at: datetime) -> int:
    """End every login of a person: tokens, streams and notifications (storage/push.py) with it; how many were open.

    What their devices regulate is suspended after their silence, as if their network were gone.
    """
    theirs = (sessions_table.c.person_id == person_id) & sessions_table.c.ended_at.is_(None)
    found = list(await connection.scalars(sa.select(sessions_table.c.id).where(theirs)))
    for session_id in found:
        await sessions.end_session(connection, session_id, at)
    await sessions.tell_streams(connection)
    return len(found)
