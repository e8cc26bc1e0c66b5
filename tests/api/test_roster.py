"""The import of a roster: who may, what it answers, what it writes."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa

from storage import tables
from tests.api.caller import Caller, Json, assert_problem
from tests.api.conftest import Api, Login
from tests.api.guard_world import HOUR, GuardWorld, build_guard_world

PATH = "/v1/guard/roster"
HEAD = "secteur;entreprise;debut;fin;rang\n"


@pytest.fixture
async def guard(api: Api) -> GuardWorld:
    return await build_guard_world(api)


@pytest.fixture
async def coordinator(log_in: Login, api: Api) -> Caller:
    return await log_in(api.people.coordinator)


def rows_of(
    api: Api, *days: int, company: str | None = None, sector: str = "haute vallee", start: str = "20:00"
) -> str:
    """One night a day, from the next New Year's day on."""
    name = company or api.world.minervois.name.upper()
    first = datetime(datetime.now(UTC).year + 1, 1, 1, tzinfo=UTC)
    nights = [(first + timedelta(days=day), first + timedelta(days=day + 1)) for day in days]
    return "".join(f"{sector};{name};{a:%d/%m/%Y} {start};{b:%d/%m/%Y} 08:00;1\n" for a, b in nights)


async def send(caller: Caller, text: str | bytes, query: str = "", **headers: str) -> httpx.Response:
    sent = caller.headers | {"Content-Type": "text/csv; charset=utf-8"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    return await caller.http.post(PATH + query, content=text, headers=sent)


async def count(api: Api, *conditions: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(tables.guard_periods).where(*conditions)
    async with api.resources.database.connect() as connection:
        return int(await connection.scalar(query) or 0)


async def test_rule_056_a_coordinator_imports_a_roster(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    response = await send(coordinator, HEAD + rows_of(api, 0, 1))
    assert response.status_code == 200, response.text
    told = response.json()
    assert (told["planned"], told["unchanged"], told["withdrawn"], told["dry_run"]) == (2, 0, 0, False)
    first = told["periods"][0]
    assert first["sector"] == {"id": str(guard.limoux), "name": "Haute Vallée"}
    assert first["company"]["id"] == str(api.world.minervois.id)
    assert first["starts_at"].endswith("-01-01T19:00:00Z"), "20:00 in Paris"
    assert await guard.facts(first["id"]) == ["guard_planned"]
    page = (await coordinator.get("/v1/guard/periods")).json()
    assert [each["state"] for each in page["items"]] == ["PLANNED", "PLANNED"]
    assert all(each["approved_at"] for each in page["items"])


async def test_rule_056_the_same_roster_twice_is_once(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    text = HEAD + rows_of(api, *range(20))
    first = (await send(coordinator, text)).json()
    for query in ("", "?replace=true"):
        again = (await send(coordinator, text, query)).json()
        assert (again["planned"], again["unchanged"], again["withdrawn"]) == (0, 20, 0)
    assert await count(api) == 20
    assert await guard.facts(first["periods"][0]["id"]) == ["guard_planned"]


async def test_rule_056_two_imports_at_once_plan_once(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    text = HEAD + rows_of(api, *range(5))
    answers = await asyncio.gather(*(send(coordinator, text) for _ in range(4)))
    assert sorted(each.json()["planned"] for each in answers) == [0, 0, 0, 5]
    assert await count(api) == 5


async def test_rule_056_the_same_key_gives_the_same_answer(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    text = HEAD + rows_of(api, 0)
    first = await send(coordinator, text, Idempotency_Key="k1")
    again = await send(coordinator, text, Idempotency_Key="k1")
    assert again.content == first.content
    assert again.headers["idempotency-replayed"] == "true"
    assert_problem(await send(coordinator, HEAD, Idempotency_Key="k1"), 409, "idempotency_mismatch")


async def test_rule_056_every_bad_line_is_named_and_nothing_is_imported(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    bad = "ailleurs;x;hier;demain;0\n"
    text = HEAD + rows_of(api, 0) + bad + rows_of(api, 0) + rows_of(api, 1, company="Ambulances Inconnues")
    told = assert_problem(await send(coordinator, text), 422, "invalid_roster")
    assert [(each["line"], each["code"], each.get("column")) for each in told["errors"]] == [
        (3, "unknown_sector", "sector"),
        (3, "unknown_company", "company"),
        (3, "bad_instant", "start"),
        (3, "bad_instant", "end"),
        (3, "bad_rank", "rank"),
        (4, "duplicate_line", None),
        (5, "unknown_company", "company"),
    ]
    assert told["error_count"] == 7
    assert "hier" not in str(told["errors"]), "what was sent is not repeated"
    assert await count(api) == 0


async def test_rule_056_of_many_errors_the_first_are_told(coordinator: Caller, guard: GuardWorld) -> None:
    told = assert_problem(await send(coordinator, HEAD + "a;b;c;d;e\n" * 100), 422, "invalid_roster")
    assert len(told["errors"]) == 200
    assert told["error_count"] == 500
    assert told["errors"][0]["line"] == 2
    assert told["errors"][-1]["line"] == 41


async def test_rule_056_a_company_without_convention_is_unknown(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    async with api.resources.database.begin() as connection:
        gone = tables.conventions.c.company_id == api.world.corbieres.id
        await connection.execute(sa.delete(tables.conventions).where(gone))
    for name in (api.world.corbieres.name, str(api.world.corbieres.id)):
        response = await send(coordinator, HEAD + rows_of(api, 0, company=name))
        told = assert_problem(response, 422, "invalid_roster")
        assert [each["code"] for each in told["errors"]] == ["unknown_company"]
        assert "convention" in told["errors"][0]["detail"]


async def test_rule_056_a_dry_run_judges_and_writes_nothing(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    told = (await send(coordinator, HEAD + rows_of(api, 0, 1), "?dry_run=true")).json()
    assert (told["planned"], told["dry_run"]) == (2, True)
    assert [each["id"] for each in told["periods"]] == [None, None]
    assert await count(api) == 0
    assert_problem(await send(coordinator, HEAD + "x\n", "?dry_run=true"), 422, "invalid_roster")


async def test_rule_056_a_new_roster_replaces_what_it_leaves_out(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    first = (await send(coordinator, HEAD + rows_of(api, 0, 1, 2))).json()
    changed = HEAD + rows_of(api, 0) + rows_of(api, 1, start="19:00") + rows_of(api, 2)
    told = assert_problem(await send(coordinator, changed), 422, "invalid_roster")
    assert [(each["line"], each["code"]) for each in told["errors"]] == [(3, "overlaps_planned")]
    done = (await send(coordinator, changed, "?replace=true")).json()
    assert (done["planned"], done["unchanged"], done["withdrawn"]) == (1, 2, 1)
    old = first["periods"][1]["id"]
    assert await guard.facts(old) == ["guard_planned", "guard_withdrawn"]
    page = (await coordinator.get("/v1/guard/periods", state="WITHDRAWN")).json()["items"]
    assert [each["id"] for each in page] == [old]
    back = (await send(coordinator, HEAD + rows_of(api, 1), "?replace=true")).json()
    assert (back["planned"], back["withdrawn"]) == (1, 1), "a withdrawn line may come back"


async def test_rule_056_json_is_a_roster_too(samu: Caller, guard: GuardWorld, api: Api) -> None:
    period: Json = {
        "sector": str(guard.limoux),
        "company": str(api.world.minervois.id),
        "starts_at": "2030-01-01T20:00",
        "ends_at": "2030-01-02T08:00:00+01:00",
        "rank": 2,
    }
    told = (await samu.post(PATH, {"periods": [period]})).json()
    assert told["planned"] == 1
    assert told["periods"][0]["rank"] == 2
    bad = await samu.post(PATH, {"periods": [period, period | {"rank": 0}]})
    told = assert_problem(bad, 422, "invalid_roster")
    assert [(each["pointer"], each["code"]) for each in told["errors"]] == [("/periods/1/rank", "bad_rank")]


async def test_rule_102_a_roster_of_the_nights_when_clocks_change(
    samu: Caller, guard: GuardWorld, api: Api
) -> None:
    company = str(api.world.cathare.id)
    nights = (("2030-03-30T20:00", "2030-03-31T08:00"), ("2030-10-26T20:00", "2030-10-27T08:00"))
    periods = [
        {"sector": "Carcassonne", "company": company, "starts_at": start, "ends_at": end}
        for start, end in nights
    ]
    told = (await samu.post(PATH, {"periods": periods})).json()
    spans = [
        datetime.fromisoformat(each["ends_at"]) - datetime.fromisoformat(each["starts_at"])
        for each in told["periods"]
    ]
    assert spans == [11 * HOUR, 13 * HOUR]


async def test_rule_101_the_clock_on_the_wall_is_the_samus(samu: Caller, guard: GuardWorld, api: Api) -> None:
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.update(tables.samus).values(timezone="Indian/Reunion"))
    told = (await send(samu, HEAD + rows_of(api, 0))).json()
    assert told["periods"][0]["starts_at"].endswith("T16:00:00Z")


async def test_rule_059_the_roster_confirms_what_a_crew_asked_for(
    coordinator: Caller, guard: GuardWorld, api: Api
) -> None:
    start = datetime(2030, 1, 1, 19, tzinfo=UTC)
    asked = await guard.plan(
        timedelta(0),
        starts_at=start,
        ends_at=start + 12 * HOUR,
        provisional=True,
        approved_at=None,
        asked_at=start,
    )
    row = f"Carcassonne;{api.world.cathare.id};01/01/2030 20:00;02/01/2030 08:00;1\n"
    done = (await send(coordinator, HEAD + row)).json()
    assert (done["planned"], done["unchanged"]) == (0, 1)
    assert await guard.facts(asked) == ["guard_approved", "alarm_closed"]


# -- who, and how ----------------------------------------------------------------------------------------------------


async def test_scope_a_roster_is_the_samus_and_the_coordinators(
    guard: GuardWorld, api: Api, log_in: Login, neighbour: Caller, http: httpx.AsyncClient
) -> None:
    text = HEAD + rows_of(api, 0)
    for person in (api.people.regulators[0], api.people.crews[0]):
        assert_problem(await send(await log_in(person), text), 404, "not_found")
    assert_problem(await send(Caller(http), text), 401, "missing_credentials")
    told = assert_problem(await send(neighbour, text), 422, "invalid_roster")
    assert {each["code"] for each in told["errors"]} == {"unknown_sector", "unknown_company"}
    doctor = await log_in(api.people.doctor)
    assert (await send(doctor, text)).status_code == 200
    other = f"?samu_id={api.people.other_samu_id}"
    assert_problem(await send(doctor, text, other), 404, "not_found")


async def test_an_administrator_says_whose_roster_it_is(guard: GuardWorld, api: Api, log_in: Login) -> None:
    admin = await log_in(api.people.admin)
    text = HEAD + rows_of(api, 0)
    assert_problem(await send(admin, text), 422, "samu_required")
    assert_problem(await send(admin, text, f"?samu_id={uuid4()}"), 404, "not_found")
    assert (await send(admin, text, f"?samu_id={api.world.samu_id}")).json()["planned"] == 1


async def test_a_roster_is_a_table_or_json(coordinator: Caller, guard: GuardWorld, api: Api) -> None:
    other = await send(coordinator, HEAD, Content_Type="application/pdf")
    assert_problem(other, 415, "unsupported_media_type")
    wrong = await coordinator.http.post(
        "/v1/guard/missing-period", content=HEAD, headers=coordinator.headers | {"Content-Type": "text/csv"}
    )
    assert_problem(wrong, 415, "unsupported_media_type")
    for body in ("", b"\xff\xff\xff", b"\x00" * 10):
        assert_problem(await send(coordinator, body), 422, "invalid_roster")
    too_long = await send(coordinator, HEAD + rows_of(api, 0) * 5000)
    told = assert_problem(too_long, 413, "body_too_large")
    assert "in parts" in told["detail"]


async def test_a_long_roster_is_planned_in_time(coordinator: Caller, guard: GuardWorld, api: Api) -> None:
    company = str(api.world.minervois.id)
    text = HEAD + rows_of(api, *range(2500), company=company, sector="Carcassonne")
    assert len(text) < 262_144
    started = datetime.now(UTC)
    told = (await send(coordinator, text)).raise_for_status().json()
    assert told["planned"] == 2500
    assert len(told["periods"]) == 50
    again = (
        await send(
            coordinator, HEAD + rows_of(api, 0, 2499, company=company, sector="Carcassonne"), "?replace=true"
        )
    ).json()
    assert (again["unchanged"], again["withdrawn"]) == (2, 2498)
    assert datetime.now(UTC) - started < timedelta(seconds=15)
