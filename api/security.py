"""Who is calling: people by a signed token, software by a key. Whatever is outside their scope does not exist."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID, uuid4

import jwt
from fastapi import Depends, Header, Request
from fastapi.security import APIKeyHeader, OAuth2PasswordBearer
from sqlalchemy.ext.asyncio import AsyncConnection

from api.problems import Problem
from api.resources import ApiConfig, Resources, resources_of
from domain.lease import Post
from domain.people import Actor, Role
from domain.vocabulary import DeviceKind
from storage import accounts, devices, sessions
from storage.accounts import Person, secret_hash
from storage.devices import Device
from storage.views import Scope

ISSUER = "rescousse"
AUDIENCE = "rescousse-api"
ALGORITHM = "HS256"
LONGEST_CREDENTIAL = 4096

_oauth2 = OAuth2PasswordBearer(tokenUrl="/v1/token", auto_error=False, description="People")
_api_key = APIKeyHeader(name="X-API-Key", auto_error=False, description="Software of a SAMU")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, with their one role and scope. ``id`` is the account's, of a person or of software.

    ``session_id`` is the login that a person's token comes from; null for software and for tokens of the first version.
    """

    id: UUID
    name: str
    role: Role
    samu_id: UUID | None
    company_id: UUID | None
    is_person: bool
    session_id: UUID | None = None

    @property
    def ident(self) -> str:
        """A name for records: kind and id of the account."""
        return f"{'person' if self.is_person else 'key'}:{self.id}"

    @property
    def scope(self) -> Scope:
        """What the caller may see."""
        return Scope(self.samu_id, self.company_id, everything=self.role is Role.ADMIN)

    def actor(self, device_id: UUID | None) -> Actor:
        """The caller as the journal keeps them."""
        return Actor(
            role=self.role,
            name=self.name,
            person_id=self.id if self.is_person else None,
            device_id=device_id,
            company_id=self.company_id,
        )


@dataclass(frozen=True, slots=True)
class TokenOf:
    """Whose a valid access token is, and from which login."""

    person_id: UUID
    session_id: UUID | None


def sign_token(config: ApiConfig, person: Person, session_id: UUID, at: datetime) -> str:
    """An access token of a session that says who the person is and what they may see."""
    claims: dict[str, object] = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": str(person.id),
        "sid": str(session_id),
        "name": person.username,
        "role": person.role.value,
        "samu": str(person.samu_id) if person.samu_id else None,
        "company": str(person.company_id) if person.company_id else None,
        "iat": at,
        "exp": at + timedelta(minutes=config.access_token_minutes),
        "jti": uuid4().hex,
    }
    key = config.signing_keys[0]
    return jwt.encode(claims, key, ALGORITHM, headers={"kid": key_id(key)})


def key_id(key: str) -> str:
    """A short name for a signing key, from which it cannot be guessed: keys are long and random."""
    return hashlib.sha256(f"rescousse/kid/{key}".encode()).hexdigest()[:16]


def _key_of(config: ApiConfig, token: str) -> str:
    """The key that a token says it is signed with; the first one for tokens that do not say it."""
    named = jwt.get_unverified_header(token).get("kid")
    keys = {key_id(key): key for key in config.signing_keys}
    return keys.get(str(named), config.signing_keys[0])


def read_token(config: ApiConfig, token: str) -> TokenOf:
    """What a valid token stands for. Raises Problem 401."""
    try:
        claims = jwt.decode(
            token,
            _key_of(config, token),
            algorithms=[ALGORITHM],
            issuer=ISSUER,
            audience=AUDIENCE,
            options={"require": ["exp", "iat", "sub", "iss", "aud"]},
        )
        return TokenOf(UUID(claims["sub"]), UUID(claims["sid"]) if "sid" in claims else None)
    except jwt.ExpiredSignatureError as error:
        raise Problem("token_expired") from error
    except (jwt.InvalidTokenError, ValueError, TypeError, AttributeError) as error:
        raise Problem("invalid_credentials") from error


async def authenticate(request: Request) -> Caller:
    """Who sends this request, found out once for each. Raises Problem 401."""
    known = getattr(request.state, "caller", None)
    if isinstance(known, Caller):
        return known
    resources = resources_of(request)
    key = request.headers.get("X-API-Key")
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if key:
        caller = await _software(resources, key)
    elif scheme.lower() == "bearer" and token:
        caller = await _person(resources, token.strip())
    else:
        raise Problem("missing_credentials")
    request.state.caller = caller
    # Whoever reads in a loop must not keep a demand from being posted: two counts. The edge calls `leave` at the end.
    reads = request.method in {"GET", "HEAD"}
    request.state.leave = resources.pace.enter(caller.ident if reads else f"{caller.ident} writes")
    return caller


async def _software(resources: Resources, key: str) -> Caller:
    found = None
    if len(key) <= LONGEST_CREDENTIAL:
        found = await resources.software_key(secret_hash(key))
    if found is None:
        raise Problem("invalid_credentials")
    return Caller(found.id, found.name, Role.SAMU, found.samu_id, None, is_person=False)


async def _person(resources: Resources, token: str) -> Caller:
    """The account is read again: a disabled one is out at once, a changed role counts, and so does logging out."""
    if len(token) > LONGEST_CREDENTIAL:
        raise Problem("invalid_credentials")
    told = read_token(resources.config, token)
    person = await resources.person(told.person_id)
    if person is None:
        raise Problem("invalid_credentials")
    if told.session_id is not None and not await resources.session_is_open(told.session_id):
        raise Problem("session_ended")
    return Caller(
        id=person.id,
        name=person.username,
        role=person.role,
        samu_id=person.samu_id,
        company_id=person.company_id,
        is_person=True,
        session_id=told.session_id,
    )


def allow(*roles: Role) -> Callable[..., Awaitable[Caller]]:
    """A dependency that lets these roles in; for all others the route does not exist."""

    async def caller(
        request: Request,
        _token: Annotated[str | None, Depends(_oauth2)] = None,
        _key: Annotated[str | None, Depends(_api_key)] = None,
    ) -> Caller:
        found = await authenticate(request)
        if found.role not in roles or not _has_scope(found):
            raise Problem("not_found")
        return found

    return caller


def _has_scope(caller: Caller) -> bool:
    if caller.role in {Role.REGULATOR, Role.CREW}:
        return caller.company_id is not None
    return caller.role is Role.ADMIN or caller.samu_id is not None


async def _leaver(
    request: Request,
    _token: Annotated[str | None, Depends(_oauth2)] = None,
    _key: Annotated[str | None, Depends(_api_key)] = None,
) -> Caller | None:
    """Who logs out; ``None`` when that login has ended already. Raises Problem 401 for anybody else."""
    try:
        return await authenticate(request)
    except Problem as problem:
        if problem.code != "session_ended":
            raise
        return None


Leaver = Annotated[Caller | None, Depends(_leaver)]
AnyCaller = Annotated[Caller, Depends(allow(*Role))]
SamuCaller = Annotated[Caller, Depends(allow(Role.SAMU))]
CompanyCaller = Annotated[Caller, Depends(allow(Role.REGULATOR, Role.CREW))]
RegulatorCaller = Annotated[Caller, Depends(allow(Role.REGULATOR))]
WatcherCaller = Annotated[Caller, Depends(allow(Role.SAMU, Role.COORDINATOR, Role.ADMIN))]

DeviceHeader = Annotated[
    UUID | None,
    Header(alias="X-Device-Id", description="The device that the person is on (POST /v1/devices)"),
]


async def company_actor(request: Request, caller: CompanyCaller, x_device_id: DeviceHeader = None) -> Actor:
    """Who answers or passes a step for a company, with the device that they do it on."""
    device = await _needed_device(request, caller, x_device_id)
    return caller.actor(device.id)


async def company_post(request: Request, caller: CompanyCaller, x_device_id: DeviceHeader = None) -> Post:
    """Who regulates, or is in a vehicle, for a company, and on what kind of device."""
    device = await _needed_device(request, caller, x_device_id)
    return post_of(caller, device)


async def check_login(connection: AsyncConnection, caller: Caller) -> None:
    """Before identity is shown: whatever this process remembers, the login or the key may have ended. Raises 401."""
    if caller.session_id is not None and not await sessions.is_open(connection, caller.session_id):
        raise Problem("session_ended")
    if not caller.is_person and not await accounts.is_live_key(connection, caller.id):
        raise Problem("invalid_credentials")


def post_of(caller: Caller, device: Device) -> Post:
    """The caller on a device of theirs."""
    return Post(device_id=device.id, kind=DeviceKind(device.kind), by=caller.actor(device.id))


async def samu_actor(request: Request, caller: SamuCaller, x_device_id: DeviceHeader = None) -> Actor:
    """Who decides for the SAMU; people may say on which device."""
    if x_device_id is None:
        return caller.actor(None)
    return caller.actor((await own_device(request, caller, x_device_id)).id)


async def _needed_device(request: Request, caller: Caller, device_id: UUID | None) -> Device:
    if device_id is None:
        raise Problem("device_required")
    return await own_device(request, caller, device_id)


async def own_device(request: Request, caller: Caller, device_id: UUID) -> Device:
    """An open device of the caller's. Raises Problem 404 for any other, 409 for one that was closed."""
    async with resources_of(request).reading.connect() as connection:
        device = await devices.find_device(connection, device_id, caller.id)
    return checked(device)


def checked(device: Device | None) -> Device:
    """A device that may be used. Raises Problem 404 for none, 409 for one that was closed."""
    if device is None:
        raise Problem("not_found", "This device is not registered, or not yours.")
    if device.closed_at is not None:
        raise Problem("device_closed")
    return device


CompanyActor = Annotated[Actor, Depends(company_actor)]
CompanyPost = Annotated[Post, Depends(company_post)]
SamuActor = Annotated[Actor, Depends(samu_actor)]


def received_at(request: Request) -> datetime:
    """When the request arrived, stamped before anything else was done with it (temporal paper, finding 3)."""
    stamped = request.state.received_at
    assert isinstance(stamped, datetime)  # noqa: S101 - the edge put it there
    return stamped


ReceivedAt = Annotated[datetime, Depends(received_at)]
