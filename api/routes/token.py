"""Logging in: tokens, and who one is."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Request
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from api.documents import READS, problems
from api.login import Attempt, actor_of, log_in
from api.problems import Problem
from api.resources import ApiConfig, Resources, resources_of
from api.schemas.accounts import Me, TokensGiven
from api.security import AnyCaller, ReceivedAt, sign_token
from storage import accounts, audit, sessions
from storage.accounts import Person, Renewal, TokenUse
from storage.audit import AuditEvent, AuditKind

LONGEST_NAME = 200
LONGEST_SECRET = 1000

router = APIRouter(prefix="/v1", tags=["accounts"])
Username = Annotated[str | None, Form(max_length=LONGEST_NAME)]
Secret = Annotated[str | None, Form(max_length=LONGEST_SECRET)]
GrantType = Annotated[
    str | None, Form(pattern="^(password|refresh_token)$", description="password by default")
]


@router.post(
    "/token",
    summary="Log in, or renew",
    response_model=TokensGiven,
    responses=problems(401, 408, 413, 422, 429, 500, 503),
)
async def token(
    request: Request,
    at: ReceivedAt,
    grant_type: GrantType = "password",
    username: Username = None,
    password: Secret = None,
    refresh_token: Secret = None,
) -> TokensGiven:
    """OAuth2 password form, or `grant_type=refresh_token`. A refresh token is used once, and may be repeated for two
    minutes by whoever did not hear the answer; using it again later ends the login that it came from, with all its
    tokens and streams.
    """
    resources = resources_of(request)
    if grant_type == "refresh_token":
        return await _renew(resources, _needed(refresh_token, "refresh_token"), at)
    name, secret = _needed(username, "username"), _needed(password, "password")
    attempt = Attempt(name, secret, request.client.host if request.client else "", at)
    person = await log_in(resources, attempt)
    return await _tokens(resources, person, attempt)


@dataclass(frozen=True, slots=True)
class _Login:
    """Where tokens come from: the family of refresh tokens, and the session if there is one already."""

    family: str
    session_id: UUID | None = None


def _needed(value: str | None, name: str) -> str:
    if not value or "\0" in value:
        fault = {"pointer": f"/{name}", "code": "missing", "detail": "this field is needed"}
        raise Problem("invalid_request", f"{name} is needed.", errors=[{**fault}])
    return value


async def _renew(resources: Resources, presented: str, at: ReceivedAt) -> TokensGiven:
    """Use one token up and give another in one transaction: nobody is left with none."""
    async with resources.database.begin() as connection:
        used = await accounts.use_refresh_token(connection, presented, at)
        if used.renewal is Renewal.GRANTED and used.person_id is not None:
            person = await accounts.person_by_id(connection, used.person_id)
            if person is not None:
                login = _Login(presented.partition(".")[0], used.session_id)
                return await _give(connection, resources.config, person, login, at)
        if used.renewal is Renewal.REUSED:
            await _end_stolen(connection, used, at)
    if used.renewal is Renewal.REUSED and used.session_id is not None:
        resources.sessions.forget(used.session_id)  # after the commit: nobody reads it open again
    raise Problem("invalid_credentials", "The refresh token is not valid: log in again.")


async def _end_stolen(connection: AsyncConnection, used: TokenUse, at: datetime) -> None:
    """Two have the token, and nobody knows which of them is the person: the login is over for both, at once."""
    whose = f"person:{used.person_id}"
    await audit.write(connection, AuditEvent(at=at, kind=AuditKind.TOKEN_REUSED, actor=whose))
    if used.session_id is not None:
        await sessions.end_session(connection, used.session_id, at)
        await sessions.tell_streams(connection)


async def _tokens(resources: Resources, person: Person, attempt: Attempt) -> TokensGiven:
    entered = AuditEvent(at=attempt.at, kind=AuditKind.LOGIN, actor=actor_of(person), address=attempt.address)
    login = _Login(secrets.token_urlsafe(16))
    async with resources.database.begin() as connection:
        if not await accounts.is_unchanged(connection, person):  # an operator was faster than the hashing
            raise Problem("invalid_credentials")
        await audit.write(connection, entered)
        return await _give(connection, resources.config, person, login, attempt.at)


async def _give(
    connection: AsyncConnection, config: ApiConfig, person: Person, login: _Login, at: datetime
) -> TokensGiven:
    """Tokens of a session: a new one, unless the login has one."""
    session_id = login.session_id or uuid7()
    refresh = f"{login.family}.{secrets.token_urlsafe(32)}"
    lifetime = timedelta(days=config.refresh_token_days)
    if login.session_id is None:
        await sessions.open_session(connection, session_id, person.id, at)
    elif not await sessions.is_open(connection, session_id):
        raise Problem("session_ended")
    await accounts.keep_refresh_token(connection, refresh, person.id, at + lifetime, session_id)
    return TokensGiven(
        access_token=sign_token(config, person, session_id, at),
        expires_in=config.access_token_minutes * 60,
        refresh_token=refresh,
        refresh_expires_in=int(lifetime.total_seconds()),
    )


@router.get("/me", summary="Who am I", response_model=Me, responses=READS)
async def me(request: Request, caller: AnyCaller) -> Me:
    """Account, role and scope."""
    async with resources_of(request).database.connect() as connection:
        name = await accounts.scope_name(connection, caller.samu_id, caller.company_id)
        zone = await accounts.clock_of(connection, caller.samu_id, caller.company_id)
    return Me(
        id=caller.id,
        name=caller.name,
        kind="person" if caller.is_person else "software",
        role=caller.role,
        samu_id=caller.samu_id,
        company_id=caller.company_id,
        scope_name=name,
        timezone=zone,
    )
