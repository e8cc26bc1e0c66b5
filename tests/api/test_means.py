"""Fleet, tick-boxes and positions."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from domain.policy import Policy
from storage import fleet, tables
from survey import states
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, get_in
from tests.fixtures.world import CARCASSONNE, fix_of, put_fixes


def _fix(at: datetime, **more: object) -> Json:
    return {"lat": 43.25, "lon": 2.4, "recorded_at": at.isoformat(), "speed_kmh": 60, **more}


async def _vehicle(caller: Caller, vehicle_id: object) -> Json:
    told = (await caller.get("/v1/fleet")).json()
    vehicles = [each for company in told["companies"] for each in company["vehicles"]]
    return next(each for each in vehicles if each["id"] == str(vehicle_id))


async def _place(api: Api, vehicle_id: UUID, age_s: float, speed_kmh: float) -> None:
    async with api.resources.database.begin() as connection:
        positions = tables.vehicle_positions
        await connection.execute(sa.delete(positions).where(positions.c.vehicle_id == vehicle_id))
        at = datetime.now(UTC)
        await put_fixes(connection, [fix_of(vehicle_id, CARCASSONNE, at, age_s=age_s, speed_kmh=speed_kmh)])


async def test_a_company_sees_its_own_means(regulator: Caller, samu: Caller, neighbour: Caller) -> None:
    assert len((await regulator.get("/v1/fleet")).json()["companies"]) == 1
    assert len((await samu.get("/v1/fleet")).json()["companies"]) == 3
    assert (await neighbour.get("/v1/fleet")).json()["companies"] == []


async def test_the_samu_reads_where_a_company_is_telephoned(
    regulator: Caller, samu: Caller, rival: Caller, api: Api
) -> None:
    companies = tables.companies
    known = sa.update(companies).where(companies.c.id == api.world.cathare.id)
    async with api.resources.database.begin() as connection:
        await connection.execute(known.values(phone="+33465711101"))
    told = {each["id"]: each["phone"] for each in (await samu.get("/v1/fleet")).json()["companies"]}
    assert told[str(api.world.cathare.id)] == "+33465711101"
    assert len(told) == 3
    assert (await regulator.get("/v1/fleet")).json()["companies"][0]["phone"] == "+33465711101"
    assert "+33465711101" not in (await rival.get("/v1/fleet")).text


async def test_rule_023_readiness_says_what_is_received_or_missing(regulator: Caller, api: Api) -> None:
    told = (await regulator.get("/v1/fleet")).json()["companies"][0]
    assert told["readiness"].startswith("Vous recevrez : site Site de")
    for path in [f"/v1/vehicles/{one.id}" for one in api.world.cathare.vehicles] + [
        f"/v1/sites/{api.world.cathare.site_id}"
    ]:
        ticked = await regulator.send("PUT", f"{path}/availability", {"available": False})
        assert ticked.json()["available"] is False
    told = (await regulator.get("/v1/fleet")).json()["companies"][0]
    assert told["readiness"] == "Vous ne recevez rien : aucun site ni véhicule n'est coché."


async def test_ticks_end(regulator: Caller, api: Api) -> None:
    path = f"/v1/vehicles/{api.world.cathare.vehicles[0].id}/availability"
    now = datetime.now(UTC)
    past = {"available": True, "until": (now - timedelta(minutes=1)).isoformat()}
    assert_problem(await regulator.send("PUT", path, past), 422, "until_in_the_past")
    later = {"available": True, "until": (now + timedelta(hours=1)).isoformat()}
    assert (await regulator.send("PUT", path, later)).status_code == 200


async def test_scope_means_of_others(regulator: Caller, api: Api, samu: Caller) -> None:
    theirs = api.world.minervois
    for path in (f"/v1/sites/{theirs.site_id}", f"/v1/vehicles/{theirs.vehicles[0].id}"):
        response = await regulator.send("PUT", f"{path}/availability", {"available": False})
        assert_problem(response, 404, "not_found")
        assert_problem(await samu.send("PUT", f"{path}/availability", {"available": False}), 404, "not_found")
    path = f"/v1/vehicles/{theirs.vehicles[0].id}/position"
    assert_problem(await regulator.send("PUT", path, _fix(datetime.now(UTC))), 404, "not_found")


async def test_an_older_fix_never_replaces_a_newer_one(regulator: Caller, api: Api) -> None:
    vehicle = api.world.cathare.vehicles[0].id
    path = f"/v1/vehicles/{vehicle}/position"
    now = datetime.now(UTC)
    assert (await regulator.send("PUT", path, _fix(now))).json() == {"accepted": True}
    older = _fix(now - timedelta(seconds=30), lat=43.0)
    assert (await regulator.send("PUT", path, older)).json() == {"accepted": False}
    assert (await _vehicle(regulator, vehicle))["position"]["lat"] == 43.25


@pytest.mark.parametrize(
    ("age_s", "speed_kmh", "expected"),
    [(60, 80.0, "FRESH"), (600, 0.0, "RESTING"), (600, 80.0, "SILENT"), (1000, 0.0, "SILENT")],
)
async def test_rule_006_the_fleet_shows_what_each_position_is_worth(
    samu: Caller, api: Api, age_s: float, speed_kmh: float, expected: str
) -> None:
    vehicle = api.world.minervois.vehicles[0]
    await _place(api, vehicle.id, age_s, speed_kmh)
    assert (await _vehicle(samu, vehicle.id))["freshness"] == expected
    nowhere = await _vehicle(samu, api.world.corbieres.vehicles[0].id)
    assert (nowhere["position"], nowhere["freshness"]) == (None, None)


async def test_rule_006_a_vehicle_that_stands_with_a_living_phone_rests_as_in_a_survey(
    samu: Caller, crew: Caller, api: Api
) -> None:
    vehicle = api.world.cathare.vehicles[0]
    await _place(api, vehicle.id, 7200, 0.0)
    assert (await _vehicle(samu, vehicle.id))["freshness"] == "SILENT"
    await get_in(crew, vehicle.id)
    shown = await _vehicle(samu, vehicle.id)
    assert shown["freshness"] == "RESTING"
    async with api.resources.database.connect() as connection:
        surveyed = await fleet.vehicle(connection, api.world.samu_id, vehicle.id)
    assert surveyed is not None
    assert shown["freshness"] == states.freshness(surveyed, datetime.now(UTC), Policy())


async def test_rule_006_a_company_is_shown_what_the_strictest_of_its_samus_makes_of_a_position(
    samu: Caller, neighbour: Caller, regulator: Caller, api: Api
) -> None:
    vehicle = api.world.cathare.vehicles[0]
    await _place(api, vehicle.id, 100, 80.0)
    async with api.resources.database.begin() as connection:
        other = api.people.other_samu_id
        await connection.execute(
            sa.update(tables.samus).where(tables.samus.c.id == other).values(policy={"position_moving_s": 90})
        )
        agreed = {"samu_id": other, "company_id": vehicle.company_id}
        await connection.execute(sa.insert(tables.conventions).values(agreed))
    api.resources.areas.forget(other)
    told = [(await _vehicle(one, vehicle.id))["freshness"] for one in (samu, neighbour, regulator)]
    assert told == ["FRESH", "SILENT", "SILENT"]


async def test_a_batch_takes_what_is_ours_and_names_the_rest(regulator: Caller, api: Api) -> None:
    now = datetime.now(UTC)
    own = [one.id for one in api.world.cathare.vehicles]
    stranger, other = uuid4(), api.world.minervois.vehicles[0].id
    fixes = [_fix(now, vehicle_id=str(one)) for one in (*own, stranger, other)]
    fixes.append(_fix(now - timedelta(hours=1), vehicle_id=str(own[0])))
    told = (await regulator.post("/v1/positions", {"positions": fixes})).json()
    assert told == {"accepted": 2, "stale": 1, "unknown": [str(stranger), str(other)]}


@pytest.mark.parametrize("count", [0, 1001])
async def test_a_batch_has_a_size(regulator: Caller, api: Api, count: int) -> None:
    one = {"lat": 43.2, "lon": 2.3, "recorded_at": "2026-11-15T14:05:00Z", "vehicle_id": str(uuid4())}
    assert_problem(
        await regulator.post("/v1/positions", {"positions": [one] * count}), 422, "invalid_request"
    )


async def test_facilities_are_listed(regulator: Caller) -> None:
    told = (await regulator.get("/v1/facilities")).json()
    assert [each["id"] for each in told["items"]] == ["110000023"]
