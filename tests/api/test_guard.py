"""Sectors, periods and shifts of the guard through the API: rules 39, 55-59, 65, 66, each refusal with its reason."""

import asyncio
import json
from datetime import datetime, timedelta
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from httpx_sse import aconnect_sse

from storage import guard as on_guard
from storage import tables
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, Clock, Login, another_device
from tests.api.engine import RuleEngine
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world

MINUTE = timedelta(minutes=1)
SHIFTS, PERIODS, MISSING = "/v1/guard/shifts", "/v1/guard/periods", "/v1/guard/missing-period"


@pytest.fixture
async def guard(api: Api) -> GuardWorld:
    return await build_guard_world(api)


@pytest.fixture
async def coordinator(log_in: Login, api: Api) -> Caller:
    return await log_in(api.people.coordinator)


@pytest.fixture
async def mate(log_in: Login, api: Api) -> Caller:
    """Another crew of the first company, on its own phone."""
    return await another_device(await log_in(api.people.regulators[0]), "MOBILE", "téléphone 2")


async def opened(crew: Caller, guard: GuardWorld, period_id: str, *, vehicle: int = 0) -> Json:
    response = await crew.post(SHIFTS, guard.opening(period_id, vehicle=vehicle))
    assert response.status_code == 201, response.text
    told: Json = response.json()
    return told


async def period(caller: Caller, period_id: str) -> Json:
    items = (await caller.get(PERIODS)).raise_for_status().json()["items"]
    return next(each for each in items if each["id"] == period_id)


async def vehicles_on_guard(api: Api) -> dict[UUID, UUID]:
    """Vehicle and sector, as the search sees them."""
    async with api.resources.database.connect() as connection:
        found = await on_guard.guard_vehicles(connection, api.world.samu_id, api.resources.clock())
        condition = on_guard.on_guard_condition(tables.vehicles.c.id)
        reserved = set(await connection.scalars(sa.select(tables.vehicles.c.id).where(condition)))
    assert reserved == {each.vehicle_id for each in found}
    return {each.vehicle_id: each.sector_id for each in found}


async def engage(api: Api, vehicle: int = 0) -> UUID:
    """The vehicle is on a mission."""
    mission_id, now = uuid4(), api.resources.clock()
    vehicle_id = api.world.cathare.vehicles[vehicle].id
    ids = {"vehicle_id": vehicle_id, "demand_id": uuid4()}
    async with api.resources.database.begin() as connection:
        await connection.execute(
            sa.insert(tables.engagements).values(**ids, mission_id=mission_id, engaged_at=now)
        )
        await connection.execute(
            sa.insert(tables.missions).values(
                **ids,
                id=mission_id,
                solicitation_id=uuid4(),
                company_id=api.world.cathare.id,
                assigned_at=now,
                promised_at=now,
                deadline=now,
                step="AFFECTE",
            )
        )
    return mission_id


async def free(api: Api, mission_id: UUID) -> None:
    async with api.resources.database.begin() as connection:
        mine = tables.engagements.c.mission_id == mission_id
        await connection.execute(sa.delete(tables.engagements).where(mine))
        ended = sa.update(tables.missions).where(tables.missions.c.id == mission_id)
        await connection.execute(ended.values(ended_at=api.resources.clock()))


async def solicit(api: Api, tier: str, state: str = "OPEN") -> None:
    now = api.resources.clock()
    async with api.resources.database.begin() as connection:
        await connection.execute(
            sa.insert(tables.solicitations).values(
                id=uuid4(),
                demand_id=uuid4(),
                round=1,
                tier=tier,
                company_id=api.world.cathare.id,
                vehicle_id=api.world.cathare.vehicles[0].id,
                exact_volume=True,
                to_confirm=False,
                state=state,
                opened_at=now,
                answer_before=now + MINUTE,
            )
        )


# -- opening ---------------------------------------------------------------------------------------------------------


async def test_rule_056_a_crew_opens_its_guard(
    crew: Caller, guard: GuardWorld, api: Api, rules: RuleEngine
) -> None:
    period_id = await guard.plan(-7 * MINUTE)
    shift = await opened(crew, guard, period_id)
    assert shift["late_s"] == pytest.approx(420, abs=5)
    assert shift["teammate"]["name"] == "Ada Fictive"
    assert shift["teammate"]["free_entry"] is False
    shown = await period(crew, period_id)
    assert shown["state"] == "OPEN"
    assert shown["shift"] == shift
    assert await guard.facts(period_id) == ["shift_opened"]
    assert rules.guard_news == [UUID(period_id)]
    assert await vehicles_on_guard(api) == {api.world.cathare.vehicles[0].id: guard.carcassonne}


async def test_rule_055_the_phone_is_in_the_vehicle_as_its_primary_one(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    await opened(crew, guard, await guard.plan(timedelta(0)))
    async with api.resources.database.connect() as connection:
        row = (await connection.execute(sa.select(tables.crews))).one()
    assert (row.vehicle_id, str(row.device_id)) == (
        api.world.cathare.vehicles[0].id,
        crew.headers["X-Device-Id"],
    )
    assert row.is_primary
    assert [each["name"] for each in row.members][1] == "Ada Fictive"
    assert "crew_bound" in await guard.facts(str(api.world.cathare.id))


async def test_rule_056_opening_again_answers_the_same_shift(crew: Caller, guard: GuardWorld) -> None:
    period_id = await guard.plan(timedelta(0))
    first = await opened(crew, guard, period_id)
    again = await crew.post(SHIFTS, guard.opening(period_id))
    assert again.status_code == 200
    assert again.json() == first
    assert await guard.facts(period_id) == ["shift_opened"]


async def test_rule_058_a_free_entry_is_flagged_to_the_company(crew: Caller, guard: GuardWorld) -> None:
    period_id = await guard.plan(timedelta(0))
    mate = {"name": "Fable Exemple", "diploma": "DEA", "diploma_number": "2019-11-042"}
    told = (await crew.post(SHIFTS, guard.opening(period_id) | {"teammate": mate})).json()
    assert told["teammate"] == {**mate, "staff_id": None, "free_entry": True}


@pytest.mark.parametrize(
    "teammate",
    [
        {},
        {"name": "Seule"},
        {"diploma": "DEA"},
        {"name": " ", "diploma": "DEA"},
        {"name": "X", "diploma": "MEDECIN"},
        {"staff_id": str(uuid4()), "name": "X", "diploma": "DEA"},
    ],
)
async def test_rule_058_a_teammate_is_of_the_list_or_has_name_and_diploma(
    crew: Caller, guard: GuardWorld, teammate: Json
) -> None:
    body = guard.opening(await guard.plan(timedelta(0))) | {"teammate": teammate}
    assert_problem(await crew.post(SHIFTS, body), 422, "invalid_request")


async def test_rule_056_a_teammate_of_the_list_is_of_the_company_and_has_not_left(
    crew: Caller, guard: GuardWorld, log_in: Login, api: Api
) -> None:
    period_id = await guard.plan(timedelta(0))
    for staff_id in (guard.left_id, uuid4()):
        body = guard.opening(period_id) | {"teammate": {"staff_id": str(staff_id)}}
        assert_problem(await crew.post(SHIFTS, body), 422, "unknown_teammate")
    listed = (await crew.get("/v1/guard/teammates")).json()["items"]
    assert listed == [{"id": str(guard.staff_id), "name": "Ada Fictive", "diploma": "DEA"}]
    other = await log_in(api.people.crews[1])
    assert (await other.get("/v1/guard/teammates")).json()["items"] == []


async def test_rule_056_from_15_minutes_before_until_the_end(
    crew: Caller, guard: GuardWorld, clock: Clock
) -> None:
    period_id = await guard.plan(16 * MINUTE, HOUR)
    told = assert_problem(await crew.post(SHIFTS, guard.opening(period_id)), 409, "guard_not_yet_open")
    assert datetime.fromisoformat(told["opens_at"]) > clock()
    assert (await period(crew, period_id))["state"] == "PLANNED"
    clock.advance(minutes=2)
    assert (await period(crew, period_id))["state"] == "OPENABLE"
    assert (await opened(crew, guard, period_id))["late_s"] == 0
    over = await guard.plan(-2 * HOUR, HOUR)
    assert_problem(await crew.post(SHIFTS, guard.opening(over, vehicle=1)), 409, "guard_period_over")
    assert (await period(crew, over))["state"] == "MISSED"


async def test_rule_039_guard_is_refused_without_a_slot_in_the_roster(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    withdrawn = await guard.plan(timedelta(0), withdrawn_at=api.resources.clock())
    told = assert_problem(await crew.post(SHIFTS, guard.opening(withdrawn)), 409, "guard_not_rostered")
    assert "roster" in told["detail"]
    foreign = await guard.plan(timedelta(0), company_id=api.world.minervois.id)
    for period_id in (foreign, str(uuid4())):
        assert_problem(await crew.post(SHIFTS, guard.opening(period_id)), 404, "not_found")


async def test_rule_056_the_vehicle_is_the_companys(crew: Caller, guard: GuardWorld, api: Api) -> None:
    period_id = await guard.plan(timedelta(0))
    for vehicle_id in (api.world.minervois.vehicles[0].id, uuid4()):
        body = guard.opening(period_id) | {"vehicle_id": str(vehicle_id)}
        assert_problem(await crew.post(SHIFTS, body), 409, "vehicle_unknown")


async def test_rule_055_guard_is_kept_on_a_phone(
    crew: Caller, guard: GuardWorld, log_in: Login, api: Api
) -> None:
    body = guard.opening(await guard.plan(timedelta(0)))
    on_a_page = await log_in(api.people.crews[0])
    assert_problem(await on_a_page.post(SHIFTS, body), 409, "phone_required")
    nowhere = Caller(crew.http, {"Authorization": crew.headers["Authorization"]})
    assert_problem(await nowhere.post(SHIFTS, body), 422, "device_required")
    elsewhere = crew.on_device(on_a_page.headers["X-Device-Id"]).on_device(str(uuid4()))
    assert_problem(await elsewhere.post(SHIFTS, body), 404, "not_found")


async def test_rule_057_a_phone_in_master_mode_gives_its_regulation_up_first(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    site = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    (await crew.send("PUT", site)).raise_for_status()
    body = guard.opening(await guard.plan(timedelta(0)))
    told = assert_problem(await crew.post(SHIFTS, body), 409, "lease_held")
    assert f"Site de {api.world.cathare.name}" in told["detail"]
    (await crew.send("DELETE", site)).raise_for_status()
    assert (await crew.post(SHIFTS, body)).status_code == 201


async def test_rule_055_a_vehicle_on_a_mission_off_guard_does_not_open(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    body = guard.opening(await guard.plan(timedelta(0)))
    mission_id = await engage(api)
    assert_problem(await crew.post(SHIFTS, body), 409, "vehicle_engaged")
    await free(api, mission_id)
    assert (await crew.post(SHIFTS, body)).status_code == 201


async def test_rule_056_two_crews_race_for_one_period(
    crew: Caller, mate: Caller, guard: GuardWorld, api: Api
) -> None:
    period_id = await guard.plan(timedelta(0))
    answers = await asyncio.gather(
        crew.post(SHIFTS, guard.opening(period_id)), mate.post(SHIFTS, guard.opening(period_id, vehicle=1))
    )
    lost = max(answers, key=lambda each: each.status_code)
    assert sorted(each.status_code for each in answers) == [201, 409]
    assert_problem(lost, 409, "guard_already_open")
    assert await guard.facts(period_id) == ["shift_opened"]
    assert len(await vehicles_on_guard(api)) == 1


async def test_rule_055_one_vehicle_races_for_two_periods(
    crew: Caller, mate: Caller, guard: GuardWorld, api: Api
) -> None:
    first, second = await guard.plan(timedelta(0)), await guard.plan(timedelta(0), sector_id=guard.limoux)
    answers = await asyncio.gather(
        crew.post(SHIFTS, guard.opening(first)), mate.post(SHIFTS, guard.opening(second))
    )
    assert sorted(each.status_code for each in answers) == [201, 409]
    assert_problem(max(answers, key=lambda each: each.status_code), 409, "guard_vehicle_taken")
    assert len(await vehicles_on_guard(api)) == 1


async def test_rule_055_one_phone_is_on_guard_in_one_vehicle(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    first, second = await guard.plan(timedelta(0)), await guard.plan(timedelta(0), sector_id=guard.limoux)
    await opened(crew, guard, first)
    told = await crew.post(SHIFTS, guard.opening(second, vehicle=1))
    assert_problem(told, 409, "guard_phone_taken")


async def test_rule_055_the_last_phone_of_a_guard_does_not_open_another(
    crew: Caller, mate: Caller, guard: GuardWorld, api: Api
) -> None:
    first, second = await guard.plan(timedelta(0)), await guard.plan(timedelta(0), sector_id=guard.limoux)
    await opened(mate, guard, first, vehicle=1)
    path = f"/v1/vehicles/{api.world.cathare.vehicles[1].id}/crew"
    aboard = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Ada Fictive"}]}
    (await crew.send("PUT", path, aboard)).raise_for_status()
    (await mate.send("DELETE", path)).raise_for_status()
    assert_problem(await crew.post(SHIFTS, guard.opening(second)), 409, "guard_phone_taken")
    assert await guard.facts(second) == []


# -- the end ---------------------------------------------------------------------------------------------------------


async def test_rule_066_leaving_before_the_end_is_confirmed(
    crew: Caller, guard: GuardWorld, api: Api, clock: Clock
) -> None:
    period_id = await guard.plan(timedelta(0), 12 * HOUR)
    shift = await opened(crew, guard, period_id)
    path = f"{SHIFTS}/{shift['id']}"
    clock.advance(hours=2)
    told = assert_problem(await crew.send("DELETE", path), 409, "confirmation_required")
    assert "confirm=true" in told["detail"]
    closed = (await crew.send("DELETE", f"{path}?confirm=true")).json()
    assert closed["close_reason"] == "CLOSED_BY_CREW"
    assert closed["served_s"] == pytest.approx(2 * 3600, abs=5)
    assert closed["overtime_s"] == 0
    again = await crew.send("DELETE", path)
    assert again.json() == closed, "it stays as it ended"
    assert await guard.facts(period_id) == ["shift_opened", "shift_closed"]
    assert await vehicles_on_guard(api) == {}
    assert (await period(crew, period_id))["state"] == "LATE", "its sector has nobody"
    assert (await crew.post(SHIFTS, guard.opening(period_id, vehicle=1))).status_code == 201


async def test_rule_066_near_the_end_nobody_is_asked(crew: Caller, guard: GuardWorld, clock: Clock) -> None:
    shift = await opened(crew, guard, await guard.plan(timedelta(0), HOUR))
    clock.advance(minutes=56)
    closed = (await crew.send("DELETE", f"{SHIFTS}/{shift['id']}")).json()
    assert closed["served_s"] == pytest.approx(56 * 60, abs=5)


async def test_rule_066_a_busy_crew_finishes_first_and_is_paid_for_it(
    crew: Caller, guard: GuardWorld, api: Api, clock: Clock
) -> None:
    period_id = await guard.plan(timedelta(0), HOUR)
    path = f"{SHIFTS}/{(await opened(crew, guard, period_id))['id']}?confirm=true"
    mission_id = await engage(api)
    clock.advance(minutes=100)
    assert_problem(await crew.send("DELETE", path), 409, "shift_busy")
    assert (await period(crew, period_id))["shift"]["missions"] == 1
    await free(api, mission_id)
    clock.advance(minutes=30)
    closed = (await crew.send("DELETE", path)).json()
    assert closed["overtime_s"] == pytest.approx(40 * 60, abs=5)
    assert closed["served_s"] == pytest.approx(100 * 60, abs=5)
    assert (await period(crew, period_id))["state"] == "CLOSED"


async def test_rule_066_a_solicited_crew_answers_first(crew: Caller, guard: GuardWorld, api: Api) -> None:
    path = f"{SHIFTS}/{(await opened(crew, guard, await guard.plan(timedelta(0))))['id']}?confirm=true"
    await solicit(api, "GUARD", "EXPIRED")
    await solicit(api, "VEHICLE")
    await solicit(api, "GUARD")
    assert_problem(await crew.send("DELETE", path), 409, "shift_busy")
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.update(tables.solicitations).values(state="REFUSED"))
    assert (await crew.send("DELETE", path)).status_code == 200


async def test_rule_066_consecutive_guards_chain(
    crew: Caller, guard: GuardWorld, api: Api, clock: Clock
) -> None:
    start = api.resources.clock()
    first = await guard.plan(timedelta(0), ends_at=start + HOUR)
    second = await guard.plan(HOUR, starts_at=start + HOUR, sector_id=guard.limoux)
    one = await opened(crew, guard, first)
    two = await opened(crew, guard, second)
    vehicle = api.world.cathare.vehicles[0].id
    assert await vehicles_on_guard(api) == {vehicle: guard.carcassonne}
    await engage(api)
    clock.advance(minutes=70)
    assert await vehicles_on_guard(api) == {vehicle: guard.limoux}
    done = (await crew.send("DELETE", f"{SHIFTS}/{one['id']}")).json()
    assert (done["served_s"], done["overtime_s"]) == (pytest.approx(3600, abs=5), 0), "the next one goes on"
    assert (await period(crew, second))["shift"]["id"] == two["id"]
    assert_problem(await crew.send("DELETE", f"{SHIFTS}/{two['id']}?confirm=true"), 409, "shift_busy")


async def test_rule_066_leaving_early_leaves_the_chained_guard_too(
    crew: Caller, guard: GuardWorld, api: Api
) -> None:
    start = api.resources.clock()
    first = await guard.plan(timedelta(0), ends_at=start + 3 * HOUR)
    second = await guard.plan(3 * HOUR, starts_at=start + 3 * HOUR)
    one, two = await opened(crew, guard, first), await opened(crew, guard, second)
    await crew.send("DELETE", f"{SHIFTS}/{one['id']}?confirm=true")
    assert await vehicles_on_guard(api) == {}
    shown = await period(crew, second)
    assert (shown["state"], shown["shift"]["id"], shown["shift"]["served_s"]) == ("PLANNED", two["id"], 0)
    assert await guard.facts(second) == ["shift_opened", "shift_closed"]


async def test_scope_shifts_of_others(
    crew: Caller, guard: GuardWorld, log_in: Login, api: Api, samu: Caller
) -> None:
    shift = await opened(crew, guard, await guard.plan(timedelta(0)))
    other = await another_device(await log_in(api.people.crews[1]), "MOBILE")
    for caller in (other, samu):
        for path in (f"{SHIFTS}/{shift['id']}?confirm=true", f"{SHIFTS}/{uuid4()}"):
            assert_problem(await caller.send("DELETE", path), 404, "not_found")
    assert_problem(await samu.post(SHIFTS, guard.opening(shift["period_id"])), 404, "not_found")


# -- a period that is missing ------------------------------------------------------------------------------------------


async def alarms_of(api: Api, period_id: str) -> list[tuple[str, bool]]:
    query = sa.select(tables.alarms).where(tables.alarms.c.subject_id == UUID(period_id))
    async with api.resources.database.connect() as connection:
        rows = (await connection.execute(query)).all()
    assert all(row.samu_id == api.world.samu_id for row in rows)
    return [(row.kind, row.closed_at is not None) for row in rows]


async def by_phone(api: Api, sector_id: UUID) -> list[tuple[str, str, str | None]]:
    async with api.resources.database.connect() as connection:
        found = await on_guard.guards_by_phone(connection, sector_id, api.resources.clock())
    return [(each.sector, each.company, each.phone) for each in found]


async def test_rule_059_a_missing_period_warns_the_samu_and_is_by_telephone_until_approved(
    crew: Caller, guard: GuardWorld, api: Api, coordinator: Caller, rules: RuleEngine
) -> None:
    asked = await crew.post(MISSING, guard.missing())
    assert asked.status_code == 201, asked.text
    told = asked.json()
    assert (told["state"], told["provisional"], told["phone"]) == ("ASKED", True, "0468000000")
    assert told["shift"]["teammate"]["free_entry"] is True
    assert await guard.facts(told["id"]) == ["guard_asked", "alarm_raised", "shift_opened"]
    assert await alarms_of(api, told["id"]) == [("GUARD_PERIOD_MISSING", False)]
    assert await vehicles_on_guard(api) == {}
    assert await by_phone(api, guard.carcassonne) == [("Carcassonne", api.world.cathare.name, "0468000000")]
    assert await by_phone(api, guard.limoux) == []
    shown = await period(coordinator, told["id"])
    assert (shown["phone"], shown["shift"]["teammate"]) == ("0468000000", None)
    approval = f"{PERIODS}/{told['id']}/approval"
    for _ in range(2):
        done = await coordinator.post(approval)
        assert done.status_code == 200, done.text
        assert done.json()["state"] == "OPEN"
    assert await guard.facts(told["id"]) == [
        "guard_asked",
        "alarm_raised",
        "shift_opened",
        "guard_approved",
        "alarm_closed",
    ]
    assert await alarms_of(api, told["id"]) == [("GUARD_PERIOD_MISSING", True)]
    assert await vehicles_on_guard(api) == {api.world.cathare.vehicles[0].id: guard.carcassonne}
    assert await by_phone(api, guard.carcassonne) == []
    assert rules.guard_news.count(UUID(told["id"])) >= 2
    assert_problem(
        await coordinator.post(f"{PERIODS}/{told['id']}/refusal", {"reason": "x"}),
        409,
        "guard_already_settled",
    )


async def test_rule_059_reporting_it_again_is_the_same_period(crew: Caller, guard: GuardWorld) -> None:
    first = (await crew.post(MISSING, guard.missing())).json()
    again = await crew.post(MISSING, guard.missing())
    assert (again.status_code, again.json()["id"]) == (200, first["id"])


async def test_rule_059_a_refused_guard_is_closed(
    crew: Caller, guard: GuardWorld, api: Api, samu: Caller, clock: Clock
) -> None:
    told = (await crew.post(MISSING, guard.missing())).json()
    clock.advance(minutes=3)
    path = f"{PERIODS}/{told['id']}/refusal"
    for _ in range(2):
        done = (await samu.post(path, {"reason": "Une autre équipe est de garde."})).json()
        assert (done["state"], done["shift"]["close_reason"]) == ("REFUSED", "REFUSED")
    assert await guard.facts(told["id"]) == [
        "guard_asked",
        "alarm_raised",
        "shift_opened",
        "guard_refused",
        "shift_closed",
        "alarm_closed",
    ]
    assert await by_phone(api, guard.carcassonne) == []
    assert_problem(await samu.post(f"{PERIODS}/{told['id']}/approval"), 409, "guard_already_settled")
    assert (await crew.post(MISSING, guard.missing())).status_code == 201, "it may ask again"


async def test_rule_059_what_the_roster_offers_is_not_missing(crew: Caller, guard: GuardWorld) -> None:
    offered = await guard.plan(5 * MINUTE)
    told = assert_problem(await crew.post(MISSING, guard.missing()), 409, "guard_period_offered")
    assert told["period_id"] == offered
    assert (await crew.post(MISSING, guard.missing(sector_id=str(guard.limoux)))).status_code == 201


async def test_rule_059_the_hours_of_a_missing_period(crew: Caller, guard: GuardWorld, clock: Clock) -> None:
    now = clock()
    cases = [
        ({"starts_at": now + HOUR}, "guard_not_yet_open"),
        ({"ends_at": now - HOUR}, "guard_period_over"),
        ({"ends_at": now + 27 * HOUR}, "guard_period_invalid"),
    ]
    for hours, code in cases:
        body = guard.missing(**{name: each.isoformat() for name, each in hours.items()})
        assert_problem(await crew.post(MISSING, body), 409, code)
    early = guard.missing(starts_at=(now - HOUR).isoformat(), ends_at=(now + HOUR).isoformat())
    told = (await crew.post(MISSING, early)).json()
    assert told["shift"]["late_s"] == pytest.approx(3600, abs=5)


async def test_rule_059_two_vehicles_of_one_company_have_two_ranks(
    crew: Caller, mate: Caller, guard: GuardWorld, clock: Clock, api: Api
) -> None:
    hours = {"starts_at": clock().isoformat(), "ends_at": (clock() + HOUR).isoformat()}
    first = (await crew.post(MISSING, guard.missing(**hours))).json()
    other = str(api.world.cathare.vehicles[1].id)
    second = (await mate.post(MISSING, guard.missing(**hours, vehicle_id=other))).json()
    assert (first["rank"], second["rank"]) == (1, 2)


async def test_scope_sectors_and_approvals_of_others(
    crew: Caller, guard: GuardWorld, api: Api, neighbour: Caller, log_in: Login
) -> None:
    assert_problem(await crew.post(MISSING, guard.missing(sector_id=str(uuid4()))), 422, "unknown_sector")
    told = (await crew.post(MISSING, guard.missing())).json()
    admin = await log_in(api.people.admin)
    for caller in (neighbour, crew, admin):
        for what, body in (("approval", None), ("refusal", {"reason": "x"})):
            assert_problem(await caller.post(f"{PERIODS}/{told['id']}/{what}", body), 404, "not_found")
    async with api.resources.database.begin() as connection:
        mine = tables.conventions.c.company_id == api.world.cathare.id
        await connection.execute(sa.delete(tables.conventions).where(mine))
    assert_problem(
        await crew.post(MISSING, guard.missing(sector_id=str(guard.limoux))), 422, "unknown_sector"
    )
    assert (await crew.get("/v1/guard/sectors")).json()["items"] == []


# -- reading -----------------------------------------------------------------------------------------------------------


async def test_scope_who_sees_which_periods(
    crew: Caller,
    guard: GuardWorld,
    api: Api,
    samu: Caller,
    neighbour: Caller,
    coordinator: Caller,
    log_in: Login,
) -> None:
    mine = await guard.plan(timedelta(0))
    theirs = await guard.plan(HOUR, company_id=api.world.minervois.id, sector_id=guard.limoux)
    await opened(crew, guard, mine)
    admin = await log_in(api.people.admin)
    cases = [
        (crew, [mine]),
        (samu, [mine, theirs]),
        (coordinator, [mine, theirs]),
        (neighbour, []),
        (admin, [mine, theirs]),
    ]
    for caller, expected in cases:
        items = (await caller.get(PERIODS)).json()["items"]
        assert [each["id"] for each in items] == expected, "the newest last"
        named = [each["shift"]["teammate"] for each in items if each["shift"]]
        assert all((each is not None) == (caller is crew) for each in named), (
            "staff is named to its company only"
        )
    assert [each["name"] for each in (await samu.get("/v1/guard/sectors")).json()["items"]] == [
        "Carcassonne",
        "Haute Vallée",
    ]
    assert (await neighbour.get("/v1/guard/sectors")).json()["items"] == []
    assert len((await crew.get("/v1/guard/sectors")).json()["items"]) == 2
    assert_problem(await samu.get("/v1/guard/teammates"), 404, "not_found")


async def test_periods_are_filtered_and_paged(samu: Caller, guard: GuardWorld, clock: Clock) -> None:
    old = await guard.plan(-30 * HOUR, HOUR)
    planned = [await guard.plan(each * HOUR, HOUR) for each in range(1, 6)]
    other = await guard.plan(9 * HOUR, HOUR, sector_id=guard.limoux)

    async def ids(**params: str) -> list[str]:
        return [each["id"] for each in (await samu.get(PERIODS, **params)).json()["items"]]

    assert await ids() == [*planned, other]
    long_ago = (clock() - 40 * HOUR).isoformat()
    assert await ids(**{"from": long_ago}) == [old, *planned, other]
    assert await ids(**{"from": long_ago, "state": "MISSED"}) == [old]
    assert await ids(to=(clock() + 2.5 * HOUR).isoformat()) == planned[:2]
    assert await ids(sector_id=str(guard.limoux)) == [other]
    pages: list[list[str]] = []
    cursor = None
    while cursor is not None or not pages:
        page = (await samu.get(PERIODS, limit="2", **({"cursor": cursor} if cursor else {}))).json()
        pages.append([each["id"] for each in page["items"]])
        cursor = page["next_cursor"]
    assert [each for page in pages for each in page] == [*planned, other]
    assert [len(each) for each in pages] == [2, 2, 2, 0]
    assert_problem(await samu.get(PERIODS, **{"from": "hier"}), 422, "invalid_request")


async def test_guard_facts_are_live_and_name_no_staff_to_others(
    crew: Caller, guard: GuardWorld, samu: Caller, http: httpx.AsyncClient
) -> None:
    shift = await opened(crew, guard, await guard.plan(timedelta(0)))
    for caller, named in ((crew, True), (samu, False)):
        headers = caller.headers | {"Last-Event-ID": "0"}
        async with asyncio.timeout(10), aconnect_sse(http, "GET", "/v1/stream", headers=headers) as source:
            event = await anext(each async for each in source.aiter_sse() if each.event == "shift_opened")
        told = json.loads(event.data)
        assert (told["subject"], told["subject_id"]) == ("GUARD", shift["period_id"])
        assert told["demand_id"] is None
        assert told["data"]["shift_id"] == shift["id"]
        assert ("Ada Fictive" in event.data) is named
