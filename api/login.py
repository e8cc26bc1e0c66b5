"""Checks a password: slowly for whoever guesses, at the same pace for names that nobody has, and written down.

Behind one address are a hospital, a company or a mobile operator's customers: a name that logged in from there of late is
not kept waiting for what others guess there, only for what was guessed of itself.
"""

import asyncio
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, IPv6Network, ip_address
from math import ceil

from pwdlib import PasswordHash
from pwdlib.exceptions import PwdlibError

from api.problems import Problem
from api.resources import Resources
from storage import accounts, audit, login_failures, login_places
from storage.accounts import Person
from storage.audit import AuditEvent, AuditKind
from storage.login_failures import Bound

FREE_FAILURES = 5
"""Wrong passwords in a row for one name from one address before it has to wait. Nobody is locked out from elsewhere."""
WAIT = timedelta(seconds=30)
FREE_FAILURES_OF_AN_ADDRESS = 100
"""Wrong passwords from one address, under any names, before names that are new there have to wait: a company behind
one address mistypes less."""
ADDRESS_WAIT = timedelta(seconds=3)
HASHING_SECONDS = 10.0

_hasher = PasswordHash.recommended()
_NOBODY = "$argon2id$v=19$m=65536,t=3,p=4$MDEyMzQ1Njc4OWFiY2RlZg$vE2xXWgCw0M2IIeQq2xbDUjsMnYiFIcuqUe0ZW0xTmI"
"""A hash that no password has: an unknown name costs as much time as a wrong password."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody gives a name and a password, from an address, at a moment."""

    username: str
    password: str
    address: str
    at: datetime

    def __repr__(self) -> str:
        """Without what was typed: a password may stand in the wrong field."""
        return f"Attempt(from {self.address})"


async def log_in(resources: Resources, attempt: Attempt) -> Person:
    """The account of this name and password. Raises Problem 401, or 429 for whoever must wait.

    What failed is looked up in its turn, so that a thousand attempts at once are no more than a few.
    """
    own, shared = _bounds(resources.config.secret_key, attempt)
    try:
        async with asyncio.timeout(HASHING_SECONDS), resources.hashing:
            person = await _found(resources, (own, shared), attempt)
            right = await _is_right(person, attempt.password)
            await _note(resources, (own, shared), attempt, person, right=right)
    except TimeoutError as error:
        raise Problem("too_many_attempts", headers={"Retry-After": "1"}) from error
    if person is None or not right:
        raise Problem("invalid_credentials")
    return person


def _bounds(secret: str, attempt: Attempt) -> tuple[Bound, Bound]:
    """Kept under keyed digests: what was typed as a name may be a password."""

    def key(*parts: str) -> bytes:
        return hmac.digest(secret.encode(), "\0".join(("login", *parts)).encode(), "sha256")

    place = place_of(attempt.address)
    own = Bound(key(attempt.username, place), FREE_FAILURES, WAIT)
    return own, Bound(key(place), FREE_FAILURES_OF_AN_ADDRESS, ADDRESS_WAIT)


def place_of(address: str) -> str:
    """Whom an address belongs to: a customer has a whole /64 of IPv6, which counts as one address."""
    try:
        known = ip_address(address)
    except ValueError:
        return address
    if isinstance(known, IPv4Address):
        return address
    return str(known.ipv4_mapped or IPv6Network((int(known), 64), strict=False))


async def _found(resources: Resources, bounds: tuple[Bound, Bound], attempt: Attempt) -> Person | None:
    own, shared = bounds
    async with resources.database.connect() as connection:
        known = await login_places.is_known(connection, own.key, attempt.at)
        wait = await login_failures.wait_of(connection, (own,) if known else (own, shared), attempt.at)
        if wait > timedelta():
            seconds = max(1, ceil(wait.total_seconds()))
            raise Problem("too_many_attempts", headers={"Retry-After": str(seconds)})
        return await accounts.person_by_username(connection, attempt.username)


async def _is_right(person: Person | None, password: str) -> bool:
    """Argon2 is slow on purpose: in a thread."""
    hashed = person.password_hash if person else _NOBODY
    try:
        return await asyncio.to_thread(_hasher.verify, password, hashed)
    except PwdlibError:
        return False


async def _note(
    resources: Resources,
    bounds: tuple[Bound, Bound],
    attempt: Attempt,
    person: Person | None,
    *,
    right: bool,
) -> None:
    """A failure counts and is written down; success is written down with its session, forgives the name, and makes it
    known where it came from.
    """
    async with resources.database.begin() as connection:
        if person is not None and right:
            await login_failures.forgive(connection, bounds[0])
            await login_places.remember(connection, bounds[0].key, attempt.at)
            return
        await login_failures.count(connection, bounds, attempt.at)
        await audit.write(
            connection,
            AuditEvent(
                at=attempt.at,
                kind=AuditKind.LOGIN_FAILED,
                actor=actor_of(person) if person else audit.UNKNOWN,
                address=attempt.address,
            ),
        )


def actor_of(person: Person) -> str:
    """A person as the trail names them."""
    return f"person:{person.id} {person.username}"
