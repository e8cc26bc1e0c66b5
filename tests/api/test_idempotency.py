"""The same key and the same request give the same answer."""

import asyncio
import hashlib
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from api.posting import content_of
from api.schemas.demands import DemandPosted
from domain.demand import Demand
from storage import tables
from storage.keyring import Keyring
from tests.api.caller import Caller, assert_problem, demand
from tests.api.conftest import Api, another_device
from tests.api.engine import RuleEngine


async def _open(regulator: Caller) -> str:
    found = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    return f"/v1/solicitations/{found[0]['id']}"


async def test_the_same_key_and_body_give_the_same_answer(samu: Caller, rules: RuleEngine) -> None:
    posted = demand()
    first = await samu.post("/v1/demands", posted, Idempotency_Key="k1")
    again = await samu.post("/v1/demands", posted, Idempotency_Key="k1")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["idempotency-replayed"] == "true"
    assert len(rules.starts) == 1


async def test_another_body_or_address_is_a_mismatch(samu: Caller) -> None:
    posted = demand()
    await samu.post("/v1/demands", posted, Idempotency_Key="k1")
    other = await samu.post("/v1/demands", posted | {"volume": "ASSU"}, Idempotency_Key="k1")
    assert_problem(other, 409, "idempotency_mismatch")
    elsewhere = await samu.post("/v1/positions", posted, Idempotency_Key="k1")
    assert_problem(elsewhere, 409, "idempotency_mismatch")


async def test_keys_belong_to_their_caller(samu: Caller, neighbour: Caller) -> None:
    posted = demand()
    assert (await samu.post("/v1/demands", posted, Idempotency_Key="k1")).status_code == 201
    assert_problem(await neighbour.post("/v1/demands", posted, Idempotency_Key="k1"), 422, "outside_area")


async def test_a_refusal_is_an_answer_too(samu: Caller, api: Api) -> None:
    bad = demand(volume="BUS")
    first = await samu.post("/v1/demands", bad, Idempotency_Key="k1")
    again = await samu.post("/v1/demands", bad, Idempotency_Key="k1")
    assert_problem(again, 422, "invalid_request")
    assert again.content == first.content


async def test_an_outage_is_not(samu: Caller, regulator: Caller, rules: RuleEngine) -> None:
    await samu.post("/v1/demands", demand())
    path = await _open(regulator)
    rules.away = True
    first = await regulator.post(f"{path}/refusal", {}, Idempotency_Key="k1")
    assert_problem(first, 503, "engine_unavailable")
    assert int(first.headers["retry-after"]) >= 1
    rules.away = False
    again = await regulator.post(f"{path}/refusal", {}, Idempotency_Key="k1")
    assert again.json()["outcome"] == "RECORDED"


async def test_two_at_once_are_served_once(samu: Caller, regulator: Caller, rules: RuleEngine) -> None:
    await samu.post("/v1/demands", demand())
    path = await _open(regulator)
    answers = await asyncio.gather(
        *(regulator.post(f"{path}/acceptance", {}, Idempotency_Key="k1") for _ in range(5))
    )
    assert {each.status_code for each in answers} == {200}
    assert len({each.content for each in answers}) == 1
    assert len(rules.asked) == 1


async def test_a_key_being_answered_is_told_so(samu: Caller, api: Api) -> None:
    posted = demand()
    first = await samu.post("/v1/demands", posted, Idempotency_Key="k1")
    async with api.resources.database.begin() as connection:
        now = api.resources.clock()
        await connection.execute(sa.update(tables.idempotency_keys).values(status=None, claimed_at=now))
    response = await samu.post("/v1/demands", posted, Idempotency_Key="k1")
    assert_problem(response, 409, "idempotency_in_progress")
    assert response.headers["retry-after"] == "1"
    # the process that held it died half a minute ago: the next one takes over, and finds the same demand
    async with api.resources.database.begin() as connection:
        await connection.execute(
            sa.update(tables.idempotency_keys).values(
                claimed_at=tables.idempotency_keys.c.claimed_at - timedelta(seconds=31)
            )
        )
    response = await samu.post("/v1/demands", posted, Idempotency_Key="k1")
    assert response.status_code == 200
    assert response.json()["id"] == first.json()["id"]


async def test_a_repetition_after_a_crash_sends_the_same_update(
    samu: Caller, regulator: Caller, rules: RuleEngine, api: Api
) -> None:
    await samu.post("/v1/demands", demand())
    path = await _open(regulator)
    first = await regulator.post(f"{path}/acceptance", {}, Idempotency_Key="k1")
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.delete(tables.idempotency_keys))  # as if the answer was never stored
    again = await regulator.post(f"{path}/acceptance", {}, Idempotency_Key="k1")
    assert again.json() == first.json()
    assert len(rules.asked) == 1


@pytest.mark.parametrize("key", ["", "x" * 201, "a\tb"])
async def test_keys_have_a_shape(samu: Caller, key: str) -> None:
    response = await samu.post("/v1/demands", demand(), Idempotency_Key=key)
    assert_problem(response, 422, "invalid_request")


async def test_what_was_not_there_may_be_there_when_it_is_asked_again(
    samu: Caller, regulator: Caller, rules: RuleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await samu.post("/v1/demands", demand())
    kept: list[Demand] = []
    step = {"step": "ACQUITTE", "step_id": str(uuid4())}

    async def later(running: Demand) -> None:
        kept.append(running)

    path = await _open(regulator)
    with monkeypatch.context() as patched:
        patched.setattr(rules, "record", later)
        mission = (await regulator.post(f"{path}/acceptance", {})).json()["mission_id"]
        early = await regulator.post(f"/v1/missions/{mission}/steps", step, Idempotency_Key="k1")
        assert_problem(early, 404, "not_found")
    await rules.record(kept[0])
    again = await regulator.post(f"/v1/missions/{mission}/steps", step, Idempotency_Key="k1")
    assert (again.status_code, again.json()["status"]) == (200, "recorded")


async def test_what_is_kept_to_compare_cannot_be_guessed(samu: Caller, api: Api) -> None:
    posted = demand()
    await samu.post("/v1/demands", posted, Idempotency_Key="k1")
    keyring = api.resources.keyring
    content = content_of(DemandPosted.model_validate(posted))
    async with api.resources.database.connect() as connection:
        kept = bytes((await connection.execute(sa.select(tables.demands.c.content_hash))).scalar_one())
        asked = bytes(
            (await connection.execute(sa.select(tables.idempotency_keys.c.request_hash))).scalar_one()
        )
    assert kept == keyring.digests("demand", content)[0] != hashlib.sha256(content).digest()
    assert len(asked) == len(kept) == 32
    rotated = Keyring({"two": b"2" * 32, "one": b"1" * 32})
    assert kept in rotated.digests("demand", content)
    assert kept not in rotated.digests("request", content)
    assert kept not in Keyring({"two": b"2" * 32}).digests("demand", content)


async def test_rule_037_a_key_is_not_the_same_request_on_another_device_or_under_another_regulation(
    regulator: Caller, api: Api
) -> None:
    other = await another_device(regulator, "WEB")
    path = f"/v1/sites/{api.world.cathare.site_id}/availability"
    body = {"available": False}

    async def tick(caller: Caller, **headers: str) -> httpx.Response:
        sent = caller.headers | {"Idempotency-Key": "one"} | headers
        return await caller.http.put(path, json=body, headers=sent)

    assert (await tick(regulator)).status_code == 200
    assert (await tick(regulator)).headers["Idempotency-Replayed"] == "true"
    assert_problem(await tick(other), 409, "idempotency_mismatch")
    assert_problem(await tick(regulator, **{"X-Lease-Epoch": "7"}), 409, "idempotency_mismatch")


async def test_a_name_that_nobody_can_see_is_refused(regulator: Caller) -> None:
    for name in ("\u200b", "\u202e\u200b ", "   "):
        refused = await regulator.post("/v1/devices", {"kind": "WEB", "name": name})
        assert_problem(refused, 422, "invalid_request")
