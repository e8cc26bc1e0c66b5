"""Does what a plan says, and writes each deed into the audit trail; the caller's transaction holds all of it together."""

from datetime import datetime

import sqlalchemy as sa
from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from ops.directory.deeds import Deed, Plan, What, plain
from ops.directory.handing import Secrets, key_name
from ops.directory.known import TABLES, Kind
from storage import access, audit
from storage.audit import AuditEvent, AuditKind


async def write_plan(
    connection: AsyncConnection, plan: Plan, secrets: Secrets, actor: str, at: datetime
) -> None:
    """Insert and update, in the order in which rows refer to each other. Whoever gets another role is logged out."""
    for kind in Kind:
        new = [_row(deed, secrets) for deed in plan.those(What.NEW, kind)]
        if new:
            await connection.execute(sa.insert(TABLES[kind]), new)
        for deed in plan.those(What.CHANGED, kind):
            await _change(connection, deed, at)
    for deed in plan.deeds:
        await _note(connection, deed, actor, at)
    for deed in plan.those(What.NEW, Kind.SAMU):
        if deed.name in secrets.keys:
            await _add_key(connection, deed, secrets.keys[deed.name], actor, at)


def _row(deed: Deed, secrets: Secrets) -> dict[str, object]:
    more = {"password_hash": secrets.hashes[deed.name]} if deed.kind is Kind.PERSON else {}
    return {**deed.row, **more}


async def _change(connection: AsyncConnection, deed: Deed, at: datetime) -> None:
    table = TABLES[deed.kind]
    values = {column: value for column, (_, value) in deed.changes.items()}
    await connection.execute(sa.update(table).where(table.c.id == deed.row["id"]).values(values))
    if deed.kind is Kind.PERSON:
        await access.end_sessions(connection, deed.row["id"], at)


async def _note(connection: AsyncConnection, deed: Deed, actor: str, at: datetime) -> None:
    if deed.what is What.UNCHANGED:
        return
    is_account, is_new = deed.kind is Kind.PERSON, deed.what is What.NEW
    made, changed = (
        (AuditKind.ACCOUNT_MADE, AuditKind.ACCOUNT_CHANGED)
        if is_account
        else (AuditKind.DIRECTORY_ADDED, AuditKind.DIRECTORY_CHANGED)
    )
    event = AuditEvent(
        at=at,
        kind=made if is_new else changed,
        actor=actor,
        subject=deed.subject,
        detail=_added(deed) if is_new else _changed(deed),
    )
    await audit.write(connection, event)


def _added(deed: Deed) -> dict[str, JsonValue]:
    return {column: plain(column, value) for column, value in deed.row.items() if column != "id"}


def _changed(deed: Deed) -> dict[str, JsonValue]:
    return {
        column: [plain(column, before), plain(column, after)]
        for column, (before, after) in deed.changes.items()
    }


async def _add_key(connection: AsyncConnection, deed: Deed, key: str, actor: str, at: datetime) -> None:
    key_id, name = uuid7(), key_name(deed.name)
    await access.add_key(connection, key_id, key, name, deed.row["id"], at)
    subject = f"key:{key_id} {name}"
    await audit.write(connection, AuditEvent(at=at, kind=AuditKind.KEY_MADE, actor=actor, subject=subject))
