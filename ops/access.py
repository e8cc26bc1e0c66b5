"""`rescousse access`: who may log in and which software may call; makes, changes and ends it, each time written down."""

import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer
from pwdlib import PasswordHash
from rich.console import Console
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from ops.audit import answered
from ops.demand_rows import NotFoundError
from ops.operators import By, operator
from ops.where import DATA_DIR
from storage import access, audit
from storage.access import AccountLine, KeyLine
from storage.audit import AuditEvent, AuditKind

KEY_BYTES = 32
PASSWORD_BYTES = 12
"""16 signs: nobody guesses it, and it can be dictated."""

Where = Annotated[Path | None, typer.Option(file_okay=False, help=DATA_DIR)]
User = Annotated[str, typer.Argument(metavar="USER", help="The user name, or the account's id.")]
Named = TypeVar("Named", AccountLine, KeyLine)
Deed = Callable[[AsyncConnection, "Subject"], Awaitable[str]]


@dataclass(frozen=True, slots=True)
class Subject:
    """Whom something is done to, at which moment."""

    id: UUID
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Doing:
    """What an operator does to one account, and who the operator is."""

    user: str
    kind: AuditKind
    actor: str
    data_dir: Path | None


def list_command(data_dir: Where = None) -> None:
    """List accounts and keys: who, in which role, whether they may come in, and when they last did."""

    async def read(connection: AsyncConnection) -> tuple[list[AccountLine], list[KeyLine]]:
        return await access.accounts_of(connection), await access.keys_of(connection)

    people, keys = answered(read, data_dir)
    _show(
        ("account", "role", "of", "state", "logins", "last login"),
        [
            (
                one.username,
                one.role,
                one.organisation or "",
                "disabled" if one.disabled else "",
                str(one.open_sessions),
                _day(one.last_login),
            )
            for one in people
        ],
    )
    _show(
        ("key", "id", "of", "made", "revoked"),
        [(one.name, str(one.id), one.samu, _day(one.created_at), _day(one.revoked_at)) for one in keys],
    )


def new_key_command(
    samu: Annotated[str, typer.Argument(metavar="SAMU", help="Its name, or its id.")],
    name: Annotated[str, typer.Argument(metavar="NAME", help="Which software will have it.")],
    by: By = "",
    data_dir: Where = None,
) -> None:
    """Make a key for a SAMU's software, and show it this once.

    To replace a key: make one, give it to the software, then revoke the old one.
    """
    actor, key = operator(by), secrets.token_urlsafe(KEY_BYTES)

    async def make(connection: AsyncConnection) -> str:
        found = await access.samus_named(connection, samu)
        if len(found) != 1:
            raise NotFoundError(f"{'no' if not found else 'more than one'} SAMU is called {samu!r}")
        made = Subject(uuid7(), name, datetime.now(UTC))
        await access.add_key(connection, made.id, key, name, found[0], made.at)
        await _note(connection, AuditKind.KEY_MADE, actor, f"key:{made.id} {name}", made.at)
        return str(made.id)

    key_id = answered(make, data_dir)
    typer.echo(f"The key {name} ({key_id}), shown this once:\n{key}")


def revoke_key_command(
    key: Annotated[str, typer.Argument(metavar="KEY", help="The key's id, or its name.")],
    by: By = "",
    data_dir: Where = None,
) -> None:
    """Refuse a key: its software is out within five seconds, its streams at once."""
    actor = operator(by)

    async def revoke(connection: AsyncConnection) -> str:
        live = [one for one in await access.keys_of(connection, key) if one.revoked_at is None]
        one = _only(live, f"key {key!r} that is not revoked")
        at = datetime.now(UTC)
        await access.revoke_key(connection, one.id, at)
        await _note(connection, AuditKind.KEY_REVOKED, actor, f"key:{one.id} {one.name}", at)
        return f"The key {one.name} ({one.id}) is revoked."

    typer.echo(answered(revoke, data_dir))


def disable_command(user: User, by: By = "", data_dir: Where = None) -> None:
    """Shut an account: its logins end, and no new one begins. What it wrote stays."""

    async def disable(connection: AsyncConnection, who: Subject) -> str:
        await access.set_disabled(connection, who.id, who.at, disabled=True)
        return f"{who.name} is disabled: every login has ended."

    _do(Doing(user, AuditKind.ACCOUNT_DISABLED, operator(by), data_dir), disable)


def enable_command(user: User, by: By = "", data_dir: Where = None) -> None:
    """Open an account again that was disabled."""

    async def enable(connection: AsyncConnection, who: Subject) -> str:
        await access.set_disabled(connection, who.id, who.at, disabled=False)
        return f"{who.name} may log in again."

    _do(Doing(user, AuditKind.ACCOUNT_ENABLED, operator(by), data_dir), enable)


def new_password_command(user: User, by: By = "", data_dir: Where = None) -> None:
    """Give an account a new password, and show it this once; every login ends."""
    password = secrets.token_urlsafe(PASSWORD_BYTES)
    hashed = PasswordHash.recommended().hash(password)

    async def change(connection: AsyncConnection, who: Subject) -> str:
        await access.set_password(connection, who.id, hashed, who.at)
        return f"The new password of {who.name}, shown this once:\n{password}"

    _do(Doing(user, AuditKind.PASSWORD_CHANGED, operator(by), data_dir), change)


def end_sessions_command(user: User, by: By = "", data_dir: Where = None) -> None:
    """End every login of an account: a telephone was lost. Whoever knows the password may log in again."""

    async def end(connection: AsyncConnection, who: Subject) -> str:
        count = await access.end_sessions(connection, who.id, who.at)
        return f"{count} logins of {who.name} have ended."

    _do(Doing(user, AuditKind.SESSIONS_ENDED, operator(by), data_dir), end)


def _do(doing: Doing, deed: Deed) -> None:
    """Do something to one account and write it down, both or neither."""

    async def both(connection: AsyncConnection) -> str:
        one = _only(await access.accounts_of(connection, doing.user), f"account {doing.user!r}")
        who = Subject(one.id, one.username, datetime.now(UTC))
        said = await deed(connection, who)
        await _note(connection, doing.kind, doing.actor, f"person:{who.id} {who.name}", who.at)
        return said

    typer.echo(answered(both, doing.data_dir))


async def _note(connection: AsyncConnection, kind: AuditKind, actor: str, subject: str, at: datetime) -> None:
    await audit.write(connection, AuditEvent(at=at, kind=kind, actor=actor, subject=subject))


def _only(found: Sequence[Named], what: str) -> Named:
    if len(found) != 1:
        raise NotFoundError(
            f"there is {'no' if not found else 'more than one'} {what}: see `rescousse access list`"
        )
    return found[0]


def _show(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(box=None, pad_edge=False)
    for head in heads:
        table.add_column(head, overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(highlight=False, markup=False).print(table)


def _day(at: datetime | None) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}Z" if at else ""
