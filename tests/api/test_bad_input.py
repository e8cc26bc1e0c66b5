"""What is not well-formed is refused with a stable code, never repeated, and changes nothing."""

import base64
import json
from typing import Any
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from storage import tables
from tests.api.caller import Caller, assert_problem, demand
from tests.api.conftest import Api

PICKUP = demand()["pickup"]


async def _rows(api: Api) -> int:
    async with api.resources.database.connect() as connection:
        return int(await connection.scalar(sa.select(sa.func.count()).select_from(tables.demands)) or 0)


BAD: dict[str, tuple[dict[str, Any], str, str]] = {
    "unknown field": ({"colour": "red"}, "/colour", "unknown_field"),
    "unknown field below": ({"pickup": PICKUP | {"z": 1}}, "/pickup/z", "unknown_field"),
    "latitude out of range": ({"pickup": PICKUP | {"lat": 91}}, "/pickup/lat", "out_of_range"),
    "longitude out of range": ({"pickup": PICKUP | {"lon": -181}}, "/pickup/lon", "out_of_range"),
    "latitude as text": ({"pickup": PICKUP | {"lat": "43.2"}}, "/pickup/lat", "wrong_type"),
    "no place": ({"pickup": None}, "/pickup", "wrong_type"),
    "delay too short": ({"max_delay_minutes": 4}, "/max_delay_minutes", "out_of_range"),
    "delay too long": ({"max_delay_minutes": 481}, "/max_delay_minutes", "out_of_range"),
    "delay as text": ({"max_delay_minutes": "20"}, "/max_delay_minutes", "wrong_type"),
    "delay with a fraction": ({"max_delay_minutes": 20.5}, "/max_delay_minutes", "wrong_type"),
    "delay true": ({"max_delay_minutes": True}, "/max_delay_minutes", "wrong_type"),
    "huge delay": ({"max_delay_minutes": 10**30}, "/max_delay_minutes", "out_of_range"),
    "unknown volume": ({"volume": "BUS"}, "/volume", "not_in_list"),
    "volume in small letters": ({"volume": "ambulance"}, "/volume", "not_in_list"),
    "empty reference": ({"reference": " "}, "/reference", "too_short"),
    "long reference": ({"reference": "r" * 101}, "/reference", "too_long"),
    "long text": ({"instructions": "x" * 2001}, "/instructions", "too_long"),
    "NUL": ({"motive": "a\0b"}, "/motive", "bad_format"),
    "lone surrogate": ({"motive": "a\ud800b"}, "/motive", "bad_format"),
    "no telephone number": ({"callback_phone": "call me"}, "/callback_phone", "bad_format"),
    "weight": ({"patient": {"weight_kg": 5000}}, "/patient/weight_kg", "out_of_range"),
    "birth year": ({"patient": {"birth_year": 1066}}, "/patient/birth_year", "out_of_range"),
    "company": ({"company_id": "ours"}, "/company_id", "bad_format"),
    "exercise": ({"exercise": "no"}, "/exercise", "wrong_type"),
}


@pytest.mark.parametrize(("change", "pointer", "code"), BAD.values(), ids=BAD.keys())
async def test_bad_demands_are_refused(
    samu: Caller, api: Api, change: dict[str, Any], pointer: str, code: str
) -> None:
    content = json.dumps(demand(**change))
    headers = samu.headers | {"Content-Type": "application/json"}
    response = await samu.http.post("/v1/demands", content=content, headers=headers)
    told = assert_problem(response, 422, "invalid_request")
    assert {"pointer": pointer, "code": code} in [
        {name: error[name] for name in ("pointer", "code")} for error in told["errors"]
    ], told["errors"]
    assert "EXEMPLE" not in response.text
    assert await _rows(api) == 0


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_numbers_that_are_none(samu: Caller, value: str) -> None:
    content = json.dumps(demand()).replace("43.213", value)
    headers = samu.headers | {"Content-Type": "application/json"}
    response = await samu.http.post("/v1/demands", content=content, headers=headers)
    assert assert_problem(response, 422, "invalid_request")["errors"][0]["code"] == "out_of_range"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "invalid_request"),
        (b"", "invalid_request"),
        (b"[]", "invalid_request"),
        (b"null", "invalid_request"),
        (b"\xff\xfe", "invalid_request"),
        (b"[" * 100_000, "malformed_body"),
        (b'{"max_delay_minutes": ' + b"9" * 10_000 + b"}", "malformed_body"),
    ],
)
async def test_bodies_that_are_none(samu: Caller, content: bytes, code: str) -> None:
    headers = samu.headers | {"Content-Type": "application/json"}
    assert_problem(await samu.http.post("/v1/demands", content=content, headers=headers), 422, code)


async def test_a_body_of_another_type(samu: Caller) -> None:
    for given in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        response = await samu.http.post("/v1/demands", content=b"a=b", headers=samu.headers | given)
        assert_problem(response, 415, "unsupported_media_type")


async def test_a_text_of_one_megabyte(samu: Caller, api: Api) -> None:
    response = await samu.post("/v1/demands", demand(motive="x" * 1_000_000))
    assert_problem(response, 413, "body_too_large")
    assert await _rows(api) == 0


async def test_a_large_body_that_does_not_say_its_length(samu: Caller) -> None:
    async def chunks() -> Any:
        for _ in range(20):
            yield b"x" * 50_000

    response = await samu.http.post("/v1/demands", content=chunks(), headers=samu.headers)
    assert_problem(response, 413, "body_too_large")


async def test_latitude_and_longitude_exchanged(samu: Caller, api: Api) -> None:
    swapped = PICKUP | {"lat": PICKUP["lon"], "lon": PICKUP["lat"]}
    told = assert_problem(await samu.post("/v1/demands", demand(pickup=swapped)), 422, "outside_area")
    assert "look exchanged" in told["detail"]
    assert told["looks_swapped"] is True
    assert await _rows(api) == 0


async def test_a_place_far_away(samu: Caller) -> None:
    paris = PICKUP | {"lat": 48.85, "lon": 2.35}
    told = assert_problem(await samu.post("/v1/demands", demand(pickup=paris)), 422, "outside_area")
    assert 400 < told["distance_km"] < 700
    assert "km outside the area of SAMU de test" in told["detail"]
    assert "exchanged" not in told["detail"]


async def test_a_company_that_the_samu_may_not_solicit(samu: Caller, api: Api) -> None:
    stranger = str(api.people.other_samu_id)
    response = await samu.post("/v1/demands", demand(company_id=stranger))
    assert_problem(response, 422, "unknown_company")
    assert await _rows(api) == 0


@pytest.mark.parametrize("moment", ["2026-11-15T14:05:00", "5", 5, "soon", "9999-12-31T23:59:59-23:59"])
async def test_instants_need_a_zone_and_a_sane_year(regulator: Caller, api: Api, moment: object) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    body = {"lat": 43.2, "lon": 2.3, "recorded_at": moment}
    response = await regulator.send("PUT", f"/v1/vehicles/{vehicle}/position", body)
    assert_problem(response, 422, "invalid_request")


async def test_unknown_routes_and_methods(http: httpx.AsyncClient) -> None:
    assert_problem(await http.get("/v1/nothing"), 404, "not_found")
    response = await http.delete("/v1/token")
    assert_problem(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


async def test_ids_that_are_none(samu: Caller) -> None:
    assert_problem(await samu.get("/v1/demands/first"), 422, "invalid_request")


@pytest.mark.parametrize("cursor", ["x", "W10", "eyJhIjoxfQ", "WyJhIiwiYiJd", "é", "W" * 300])
async def test_cursors_that_are_not_ours(samu: Caller, cursor: str) -> None:
    assert_problem(await samu.get("/v1/demands", cursor=cursor), 422, "invalid_request")


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        ("/verdicts", [1, "\ud800", str(uuid4()), 1]),
        ("/verdicts", [1, "VEHICLE\0", str(uuid4()), 1]),
        ("/verdicts", [1, "VEHICLE", "\udfff", 1]),
        ("/journal", ["\ud800"]),
        ("", ["\ud800", str(uuid4())]),
        ("", ["2026-01-01T00:00:00", str(uuid4())]),
        ("", ["0001-01-01T00:00:00+23:59", str(uuid4())]),
        ("", ["9999-12-31T23:59:59-23:59", str(uuid4())]),
    ],
)
async def test_cursors_that_are_not_ours_are_refused(samu: Caller, path: str, parts: list[object]) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")
    posted = (await samu.post("/v1/demands", demand())).json()
    address = f"/v1/demands/{posted['id']}{path}" if path else "/v1/demands"
    assert_problem(await samu.get(address, cursor=cursor), 422, "invalid_request")
