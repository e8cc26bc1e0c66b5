"""A guard that the roster does not have: corrected by its crew, ended by its crew, told apart by the SAMU (rule 59)."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from storage import tables
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, Clock, Login
from tests.api.engine import RuleEngine
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world

SHIFTS, PERIODS, MISSING = "/v1/guard/shifts", "/v1/guard/periods", "/v1/guard/missing-period"


@pytest.fixture
async def guard(api: Api) -> GuardWorld:
    return await build_guard_world(api)


async def last_fact(api: Api, period_id: str) -> tuple[str, Json]:
    lines = tables.journal
    query = sa.select(lines.c.kind, lines.c.data).where(lines.c.subject_id == UUID(period_id))
    async with api.resources.database.connect() as connection:
        row = (await connection.execute(query.order_by(lines.c.seq.desc()).limit(1))).one()
    return row.kind, row.data


async def alarms(caller: Caller, **wanted: str) -> list[Json]:
    found: list[Json] = (await caller.get("/v1/alarms", **wanted)).raise_for_status().json()["items"]
    return found


# -- said again --------------------------------------------------------------------------------------------------------


async def test_rule_059_said_again_its_number_end_and_teammate_are_corrected_and_told(
    crew: Caller, guard: GuardWorld, api: Api, samu: Caller, clock: Clock, rules: RuleEngine
) -> None:
    first = (await crew.post(MISSING, guard.missing())).json()
    ends_at = (clock() + 3 * HOUR).replace(microsecond=0)
    teammate = {"staff_id": str(guard.staff_id)}
    news = len(rules.guard_news)
    corrected = guard.missing(phone="0611223344", ends_at=ends_at.isoformat(), teammate=teammate)
    for _ in range(2):
        again = await crew.post(MISSING, corrected)
        told: dict[str, Any] = again.json()
        assert (again.status_code, told["id"], told["phone"]) == (200, first["id"], "0611223344"), again.text
        assert told["ends_at"] == ends_at.isoformat().replace("+00:00", "Z")
        assert told["shift"]["teammate"]["name"] == "Ada Fictive"
    facts = await guard.facts(first["id"])
    assert facts == ["guard_asked", "alarm_raised", "shift_opened", "guard_corrected"]
    kind, data = await last_fact(api, first["id"])
    assert (kind, data["phone"], data["teammate"]["name"]) == (
        "guard_corrected",
        "0611223344",
        "Ada Fictive",
    )
    assert len(rules.guard_news) > news, "its watch goes by the new end"
    seen = (await samu.get(f"{PERIODS}/{first['id']}")).json()
    assert (seen["phone"], seen["ends_at"]) == ("0611223344", told["ends_at"])


async def test_rule_059_the_hours_of_an_approved_guard_are_corrected_no_more(
    crew: Caller, guard: GuardWorld, samu: Caller, clock: Clock
) -> None:
    told = (await crew.post(MISSING, guard.missing())).json()
    (await samu.post(f"{PERIODS}/{told['id']}/approval")).raise_for_status()
    later = guard.missing(ends_at=(clock() + 3 * HOUR).isoformat())
    assert_problem(await crew.post(MISSING, later), 409, "guard_already_settled")
    by_number = await crew.post(MISSING, guard.missing(phone="0611223344"))
    assert (by_number.status_code, by_number.json()["phone"]) == (200, "0611223344")


async def test_rule_059_a_correction_that_makes_no_sense_changes_nothing(
    crew: Caller, guard: GuardWorld, clock: Clock
) -> None:
    told = (await crew.post(MISSING, guard.missing())).json()
    over = guard.missing(phone="0611223344", ends_at=(clock() - HOUR).isoformat())
    assert_problem(await crew.post(MISSING, over), 409, "guard_period_over")
    shown = (await crew.get(f"{PERIODS}/{told['id']}")).json()
    assert (shown["phone"], shown["ends_at"]) == ("0468000000", told["ends_at"])


# -- ended by its crew -------------------------------------------------------------------------------------------------


async def test_rule_059_a_crew_that_leaves_takes_what_it_asked_for_with_it(
    crew: Caller, guard: GuardWorld, samu: Caller
) -> None:
    told = (await crew.post(MISSING, guard.missing())).json()
    (await crew.send("DELETE", f"{SHIFTS}/{told['shift']['id']}")).raise_for_status()
    assert (await guard.facts(told["id"]))[3:] == ["shift_closed", "guard_withdrawn", "alarm_closed"]
    assert await alarms(samu, state="OPEN") == []
    assert (await samu.get(f"{PERIODS}/{told['id']}")).json()["state"] == "WITHDRAWN"
    refused = assert_problem(await samu.post(f"{PERIODS}/{told['id']}/approval"), 409, "guard_ended")
    assert "has left" in refused["detail"]
    assert (await crew.post(MISSING, guard.missing())).status_code == 201, "it may ask again"


async def test_rule_059_a_guard_without_an_open_shift_is_not_approved(
    crew: Caller, guard: GuardWorld, samu: Caller, api: Api
) -> None:
    told = (await crew.post(MISSING, guard.missing())).json()
    async with api.resources.database.begin() as connection:
        closed = {"closed_at": api.resources.clock(), "close_reason": "PERIOD_OVER"}
        await connection.execute(sa.update(tables.guard_shifts).values(closed))
    assert_problem(await samu.post(f"{PERIODS}/{told['id']}/approval"), 409, "guard_ended")


# -- told apart --------------------------------------------------------------------------------------------------------


async def test_rule_059_alarms_of_missing_periods_are_told_apart(
    crew: Caller, guard: GuardWorld, samu: Caller, api: Api
) -> None:
    companies = tables.companies
    async with api.resources.database.begin() as connection:
        mine = sa.update(companies).where(companies.c.id == api.world.cathare.id)
        await connection.execute(mine.values(phone="0468000001"))
    told = (await crew.post(MISSING, guard.missing())).json()
    [alarm] = await alarms(samu)
    company, vehicle = api.world.cathare.name, api.world.cathare.vehicles[0].name
    assert (alarm["sector_name"], alarm["company_name"], alarm["vehicle_name"]) == (
        "Carcassonne",
        company,
        vehicle,
    )
    assert (alarm["company_phone"], alarm["period_id"]) == ("0468000001", told["id"])
    assert alarm["sentence"] == (
        f"Secteur Carcassonne, {vehicle}, {company} : garde absente du tableau, à joindre par téléphone ; "
        "approuvez-la ou refusez-la."
    )
    [to_company] = await alarms(crew)
    assert to_company["sentence"].startswith(f"Secteur Carcassonne, {vehicle} : votre garde")


# -- one period, read ---------------------------------------------------------------------------------------------------


async def test_scope_one_period_is_read_by_whom_it_concerns(
    crew: Caller, guard: GuardWorld, samu: Caller, neighbour: Caller, log_in: Login, api: Api
) -> None:
    period_id = await guard.plan(timedelta(0))
    path = f"{PERIODS}/{period_id}"
    opened = (await crew.post(SHIFTS, guard.opening(period_id))).json()
    shown = (await samu.get(path)).json()
    assert shown["shift"] == {**opened, "teammate": None}
    assert (opened["vehicle_name"], opened["phones"]) == (api.world.cathare.vehicles[0].name, 1)
    assert shown["company_phone"] is None
    rival = await log_in(api.people.crews[1])
    for stranger in (neighbour, rival):
        assert_problem(await stranger.get(path), 404, "not_found")
    assert_problem(await samu.get(f"{PERIODS}/{uuid4()}"), 404, "not_found")
    async with api.resources.database.begin() as connection:
        left = {"left_at": api.resources.clock(), "is_primary": False}
        await connection.execute(sa.update(tables.crews).values(left))
        await connection.execute(sa.update(tables.devices).values(closed_at=api.resources.clock()))
    assert (await samu.get(path)).json()["shift"]["phones"] == 0
