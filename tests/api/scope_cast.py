"""Everybody who may knock at the door, with the headers that they send: insiders, strangers, and those without a login."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import jwt
import sqlalchemy as sa

from api.security import ALGORITHM
from domain.people import Role
from storage import tables
from storage.accounts import secret_hash
from tests.api.caller import Caller
from tests.api.conftest import SECRET, Api
from tests.api.people import PASSWORD, PASSWORD_HASH, Person

MOBILE = "MOBILE"
WITHOUT_LOGIN = (
    "nobody",
    "wrong_key",
    "revoked_key",
    "forged_token",
    "expired_token",
    "ended_session",
    "disabled_account",
)
"""Who is answered 401 wherever an account is needed."""


async def cast_of(api: Api, http: httpx.AsyncClient) -> dict[str, Caller]:
    """Everybody by the name that scopes.toml has for them."""
    people, world = api.people, api.world
    own_kind = {
        "doctor": people.doctor,
        "coordinator": people.coordinator,
        "admin": people.admin,
        "regulator": people.regulators[0],
        "crew": people.crews[0],
        "rival_regulator": people.regulators[1],
        "rival_crew": people.crews[1],
        "neighbour_doctor": _person("doctor", Role.SAMU, people.other_samu_id),
        "neighbour_coordinator": _person("coordinator", Role.COORDINATOR, people.other_samu_id),
        "without_company": _person("nowhere", Role.REGULATOR),
        "disabled_account": _person("gone", Role.SAMU, world.samu_id),
        "ended_session": replace(people.doctor),
    }
    await _insert(api, [own_kind[name] for name in _ADDED])
    revoked = await _revoked_key(api)
    cast = {
        "software": Caller(http, {"X-API-Key": people.api_key}),
        "neighbour_software": Caller(http, {"X-API-Key": people.other_key}),
        "nobody": Caller(http),
        "wrong_key": Caller(http, {"X-API-Key": "nobody's key"}),
        "revoked_key": Caller(http, {"X-API-Key": revoked}),
        "forged_token": _token(http, people.admin, "another secret, of thirty-two bytes or more", 60),
        "expired_token": _token(http, people.admin, SECRET, -60),
    }
    for name, person in own_kind.items():
        cast[name] = await logged_in(http, name, person)
    (await cast["ended_session"].post("/v1/logout")).raise_for_status()
    async with api.resources.database.begin() as connection:
        gone = tables.persons.c.id == own_kind["disabled_account"].id
        await connection.execute(sa.update(tables.persons).where(gone).values(disabled=True))
    api.resources.people._kept.clear()
    return cast


_ADDED = ("neighbour_doctor", "neighbour_coordinator", "without_company", "disabled_account")


def _person(name: str, role: Role, samu_id: object = None) -> Person:
    return Person(uuid4(), f"{name}-{uuid4().hex[:6]}", role, samu_id)  # type: ignore[arg-type]  # a UUID or None


async def _insert(api: Api, persons: list[Person]) -> None:
    rows = [
        {
            "id": one.id,
            "username": one.username,
            "password_hash": PASSWORD_HASH,
            "role": one.role.value,
            "samu_id": one.samu_id,
        }
        for one in persons
    ]
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.insert(tables.persons), rows)


async def _revoked_key(api: Api) -> str:
    key = f"revoked-{uuid4().hex}"
    row = {"id": uuid4(), "key_hash": secret_hash(key), "name": "old LRM", "samu_id": api.world.samu_id}
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.insert(tables.api_keys).values(row | {"revoked_at": datetime.now(UTC)}))
    return key


def _token(http: httpx.AsyncClient, person: Person, secret: str, seconds: int) -> Caller:
    now = datetime.now(UTC)
    claims = {"iss": "rescousse", "aud": "rescousse-api", "sub": str(person.id), "iat": now}
    signed = jwt.encode(claims | {"exp": now + timedelta(seconds=seconds)}, secret, ALGORITHM)
    return Caller(http, {"Authorization": f"Bearer {signed}"})


async def logged_in(http: httpx.AsyncClient, name: str, person: Person) -> Caller:
    """On a device of their own, where that is possible: a crew's is a phone."""
    form = {"username": person.username, "password": PASSWORD}
    tokens = (await http.post("/v1/token", data=form)).raise_for_status().json()
    caller = Caller(http, {"Authorization": f"Bearer {tokens['access_token']}"})
    if name in {"without_company", "disabled_account"}:
        return caller.on_device(str(uuid4()))
    device = {"kind": MOBILE if person.role is Role.CREW else "WEB", "name": name}
    told = (await caller.post("/v1/devices", device)).raise_for_status().json()
    return caller.on_device(told["id"])
