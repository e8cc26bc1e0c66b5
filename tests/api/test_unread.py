"""Positions are read faster than other bodies, and refused in the same words; instants are read fast, and as strictly."""

import json
from datetime import UTC, datetime, timedelta, timezone
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from api.fields import Instant
from api.schemas.fleet import PositionBatch
from tests.api.caller import Caller, Json, assert_problem

PATH = "/v1/positions"
INSTANT = TypeAdapter(Instant)
PLAIN = TypeAdapter(datetime)


def good() -> Json:
    return {
        "vehicle_id": str(uuid4()),
        "lat": 43.2,
        "lon": 2,
        "recorded_at": "2026-11-15T14:05:00Z",
        "heading": None,
    }


@pytest.mark.parametrize(
    ("fault", "pointer", "code"),
    [
        ({"lat": 91}, "/positions/1/lat", "out_of_range"),
        ({"lat": "43.2"}, "/positions/1/lat", "wrong_type"),
        ({"lon": True}, "/positions/1/lon", "wrong_type"),
        ({"recorded_at": "2026-11-15T14:05:00"}, "/positions/1/recorded_at", "bad_format"),
        ({"recorded_at": "1999-12-31T23:59:59Z"}, "/positions/1/recorded_at", "bad_format"),
        ({"recorded_at": "2026-13-15T14:05:00Z"}, "/positions/1/recorded_at", "wrong_type"),
        ({"recorded_at": 1763215500}, "/positions/1/recorded_at", "bad_format"),
        ({"vehicle_id": "first"}, "/positions/1/vehicle_id", "bad_format"),
        ({"altitude": 12}, "/positions/1/altitude", "unknown_field"),
        ({"speed_kmh": -1}, "/positions/1/speed_kmh", "out_of_range"),
    ],
)
async def test_which_position_of_a_batch_is_wrong_and_why(
    regulator: Caller, fault: Json, pointer: str, code: str
) -> None:
    response = await regulator.post(PATH, {"positions": [good(), {**good(), **fault}, good()]})
    told = assert_problem(response, 422, "invalid_request")
    assert [(each["pointer"], each["code"]) for each in told["errors"]] == [(pointer, code)]
    with pytest.raises(ValidationError) as refused:  # in the words of a body that is read as any other
        PositionBatch.model_validate({"positions": [good(), {**good(), **fault}]})
    message = str(refused.value.errors()[0]["msg"]).removeprefix("Value error, ")
    assert told["errors"][0]["detail"] in {message, "this field is not known here", "should be a UUID"}


async def test_what_lacks_is_named_and_a_single_position_is_read_the_same_way(regulator: Caller) -> None:
    lacking = {name: value for name, value in good().items() if name != "lon"}
    told = assert_problem(await regulator.post(PATH, {"positions": [lacking]}), 422, "invalid_request")
    assert (told["errors"][0]["pointer"], told["errors"][0]["code"]) == ("/positions/0/lon", "missing")
    response = await regulator.send("PUT", f"/v1/vehicles/{uuid4()}/position", {**good(), "lat": 91})
    told = assert_problem(response, 422, "invalid_request")
    assert [each["pointer"] for each in told["errors"]] == ["/lat", "/vehicle_id"]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "bad_json"),
        (b"\xff\xfe", "bad_json"),
        (b"[" * 100_000, "bad_json"),
        (b"", "missing"),
        (b"[]", "wrong_type"),
        (b"null", "wrong_type"),
        (json.dumps({"positions": [good()]}).replace("43.2", "NaN").encode(), "out_of_range"),
        (json.dumps({"positions": [good()]}).replace("43.2", "1e999").encode(), "out_of_range"),
    ],
)
async def test_a_body_that_is_none(regulator: Caller, content: bytes, code: str) -> None:
    headers = regulator.headers | {"Content-Type": "application/json"}
    response = await regulator.http.post(PATH, content=content, headers=headers)
    assert assert_problem(response, 422, "invalid_request")["errors"][0]["code"] == code


async def test_the_document_describes_positions_and_not_a_text(regulator: Caller) -> None:
    document = (await regulator.get("/openapi.json")).json()
    posted = document["paths"][PATH]["post"]["requestBody"]["content"]["application/json"]["schema"]
    assert posted["$ref"] == "#/components/schemas/PositionBatch"
    one = document["components"]["schemas"]["VehiclePositionGiven"]["properties"]["recorded_at"]
    assert (one["type"], one["format"]) == ("string", "date-time")


ZONES = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))
TEXTS = st.builds(
    lambda at, digits, tee: f"{at:%Y-%m-%d}{tee}{at:%H:%M:%S}{digits}",
    st.datetimes(datetime(1990, 1, 1), datetime(2210, 1, 1)),  # noqa: DTZ001 - the zone is written behind it
    st.one_of(st.just(""), st.text("0123456789", min_size=1, max_size=9).map(".{}".format)),
    st.sampled_from("Tt "),
)
TAILS = st.one_of(st.sampled_from(["Z", "z", "-00:00", ""]), ZONES.map(lambda zone: str(zone)[3:] or "Z"))


@settings(max_examples=300, deadline=None, database=None)
@given(text=TEXTS, tail=TAILS)
def test_instants_are_what_pydantic_makes_of_them_in_utc_or_refused(text: str, tail: str) -> None:
    plain = PLAIN.validate_python(text + tail)
    if tail and datetime(2000, 1, 1, tzinfo=UTC) <= plain < datetime(2200, 1, 1, tzinfo=UTC):
        instant = INSTANT.validate_python(text + tail)
        assert (instant, instant.tzinfo) == (plain, UTC)
    else:
        with pytest.raises(ValidationError):
            INSTANT.validate_python(text + tail)


@pytest.mark.parametrize(
    "text",
    ["2026-W46-7T14:05:00Z", "20261115T140500Z", "2026-11-15T14:05Z", "2026-11-15T14:05:00,5Z", "2026-11-15",
     "2026-11-15T14:05:00+0100", "2026-11-15T14:05:00+01", "2026-11-15T14:05:00.1234567890Z", "1763215500"],
)  # fmt: skip
def test_other_spellings_of_an_instant_are_none(text: str) -> None:
    with pytest.raises(ValidationError, match="RFC 3339"):
        INSTANT.validate_python(text)
