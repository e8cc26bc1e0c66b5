"""A period that the roster does not have is asked for, approved or refused (rule 59)."""

from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from storage import guard as on_guard
from storage import tables
from tests.api.caller import Caller, assert_problem
from tests.api.conftest import Api, Clock, Login, another_device
from tests.api.engine import RuleEngine
from tests.api.guard_steps import MINUTE, MISSING, PERIODS, period, vehicles_on_guard
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world


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
