"""The Temporal UI reads in clear text what an administrator may read, from the one address where it is."""

import base64
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import httpx
import pytest
from temporalio.api.common.v1 import Payload

from api.resources import Resources
from storage import audit
from storage.keyring import Keyring
from tests.api.caller import Caller
from tests.api.conftest import Login, serving
from tests.api.people import PASSWORD, People
from workflows.codec import EncryptingCodec

UI, ELSEWHERE = "http://127.0.0.1:8233", "http://127.0.0.1:9999"
CODEC = EncryptingCodec(Keyring({"one": b"p" * 32}))
FOREIGN = EncryptingCodec(Keyring({"gone": b"g" * 32}))


@dataclass
class Door:
    """The API with a codec, and what is asked of it."""

    http: httpx.AsyncClient
    resources: Resources
    token: str

    @property
    def admin(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    async def decode(self, *payloads: Payload, **headers: str) -> httpx.Response:
        body = {"payloads": [_wire(each) for each in payloads]}
        where = "/v1/codec/decode?preserveStorageRefs=true"  # as the UI asks
        return await self.http.post(where, json=body, headers={"X-Namespace": "default", **headers})


@pytest.fixture
async def door(resources: Resources, people: People) -> AsyncIterator[Door]:
    config = replace(resources.config, temporal_ui_origin=UI)
    with_codec = replace(resources, config=config, codec=CODEC)
    async with serving(with_codec) as url, httpx.AsyncClient(base_url=url, timeout=20) as http:
        form = {"username": people.admin.username, "password": PASSWORD}
        told = (await http.post("/v1/token", data=form)).raise_for_status().json()
        yield Door(http, with_codec, told["access_token"])


async def sealed(content: bytes, codec: EncryptingCodec = CODEC) -> Payload:
    [made] = await codec.encode([Payload(metadata={"encoding": b"json/plain"}, data=content)])
    return made


async def test_payloads_come_back_in_their_order_opened(door: Door) -> None:
    plain = Payload(metadata={"encoding": b"json/plain"}, data=b'"plain"')
    unreadable = await sealed(b'"lost"', FOREIGN)
    answer = await door.decode(await sealed(b'{"a": 1}'), plain, unreadable, **door.admin)
    assert answer.status_code == 200, answer.text
    first, second, third = answer.json()["payloads"]
    assert base64.b64decode(first["data"]) == b'{"a": 1}'
    assert base64.b64decode(first["metadata"]["encoding"]) == b"json/plain"
    assert (second, third) == (_wire(plain), _wire(unreadable))


async def test_who_is_no_administrator_finds_nothing_here(door: Door, people: People) -> None:
    payload = await sealed(b'"x"')
    assert (await door.decode(payload)).status_code == 401
    assert (await door.decode(payload, **{"X-API-Key": people.api_key})).status_code == 404


async def test_a_look_at_a_demand_is_one_line_of_the_audit_trail(door: Door, people: People) -> None:
    one, other = str(uuid4()), str(uuid4())
    for demand in (one, one, other):
        told = f'{{"demand_id":"{demand}"}}'.encode()
        (await door.decode(await sealed(told), await sealed(told), **door.admin)).raise_for_status()
    (await door.decode(await sealed(b'"no demand"'), **door.admin)).raise_for_status()
    async with door.resources.database.connect() as connection:
        lines = await audit.events(connection, None, (audit.AuditKind.HISTORY_DECODED,), 10)
    assert [line.subject for line in reversed(lines)] == [one, other, None]
    assert all(line.actor.endswith(f" {people.admin.username}") for line in lines)


async def test_the_ui_asks_with_the_cookie_of_its_browser(door: Door) -> None:
    payload = await sealed(b'"x"')
    opened = await door.http.post("/v1/codec/session", headers=door.admin)
    assert opened.status_code == 204
    [cookie] = opened.headers.get_list("set-cookie")
    for wanted in ("HttpOnly", "SameSite=strict", "Path=/v1/codec/", "Max-Age=900"):
        assert wanted.lower() in cookie.lower()
    asked = await door.decode(payload, Origin=UI)
    assert asked.status_code == 200
    assert asked.headers["access-control-allow-origin"] == UI
    assert asked.headers["access-control-allow-credentials"] == "true"
    assert (await door.decode(payload)).status_code == 401, "no page asked"
    assert (await door.decode(payload, Origin=ELSEWHERE)).status_code == 401, "another page asked"
    assert (await door.http.get("/v1/me")).status_code == 401, "the cookie opens nothing else"


async def test_a_browser_that_asks_first_is_told_for_the_ui_alone(door: Door) -> None:
    def asking(origin: str) -> dict[str, str]:
        wanted = "content-type,x-namespace"
        return {
            "Origin": origin,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": wanted,
        }

    allowed = await door.http.options("/v1/codec/decode", headers=asking(UI))
    assert allowed.status_code == 204
    assert {"content-type", "x-namespace"} <= set(allowed.headers["access-control-allow-headers"].split(", "))
    for path, origin in (("/v1/codec/decode", ELSEWHERE), ("/v1/demands", UI)):
        refused = await door.http.options(path, headers=asking(origin))
        assert "access-control-allow-origin" not in refused.headers, (path, origin)
    failed = await door.decode(await sealed(b'"x"'), Origin=UI)
    assert failed.status_code == 401
    assert failed.headers["access-control-allow-origin"] == UI, "the UI must see why"


async def test_without_a_codec_there_is_nothing(log_in: Login, people: People, samu: Caller) -> None:
    admin = await log_in(people.admin)
    assert (await admin.post("/v1/codec/decode", {"payloads": []})).status_code == 404


def _wire(payload: Payload) -> dict[str, Any]:
    metadata = {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()}
    return {"metadata": metadata, "data": base64.b64encode(payload.data).decode()}
