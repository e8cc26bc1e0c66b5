"""Alarms: who sees them, who looks after them, and that they are over when their cause is."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from api.alarm_reading import TO_THE_COMPANY, TO_THE_SAMU
from domain.alarm_facts import AlarmClosed, AlarmRaised
from domain.duty_facts import DutyFact, of_company
from domain.vocabulary import AlarmKind
from storage import duty, tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api, Login
from tests.api.engine import RuleEngine
from tests.api.people import People
from tests.fixtures.world import World


async def alarms(caller: Caller, **wanted: str) -> list[Json]:
    found: list[Json] = (await caller.get("/v1/alarms", **wanted)).raise_for_status().json()["items"]
    return found


async def facts(samu: Caller, demand_id: str) -> list[Json]:
    found: list[Json] = (await samu.get(f"/v1/demands/{demand_id}/journal")).json()["items"]
    return [each for each in found if each["kind"].startswith("alarm_")]


@pytest.fixture
async def unreached(samu: Caller, regulator: Caller, rules: RuleEngine) -> Json:
    """A mission of the first company that nobody there was reached for."""
    posted: Json = (await samu.post("/v1/demands", demand())).json()
    [first, *_] = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    accepted = await regulator.post(f"/v1/solicitations/{first['id']}/acceptance", {})
    told = rules.demands[UUID(posted["id"])]
    assert told.case.mission is not None
    told.pass_time(told.case.mission.assigned_at + timedelta(seconds=61))
    await rules.record(told)
    return {"demand": posted["id"], "mission": accepted.json()["mission_id"]}


async def test_rule_028_the_samu_and_the_company_are_warned_that_no_device_is_reached(
    samu: Caller, regulator: Caller, rival: Caller, neighbour: Caller, unreached: Json
) -> None:
    [seen_by_samu] = await alarms(samu)
    assert seen_by_samu["kind"] == "DEVICE_UNREACHED"
    assert seen_by_samu["state"] == "RAISED"
    assert seen_by_samu["demand_id"] == unreached["demand"]
    assert seen_by_samu["mission_id"] == unreached["mission"]
    assert "appelez" in seen_by_samu["sentence"]
    assert [each["id"] for each in await alarms(regulator)] == [seen_by_samu["id"]]
    assert await alarms(rival) == await alarms(neighbour) == []


async def test_an_alarm_is_acknowledged_once_by_a_person_that_the_journal_names(
    samu: Caller, regulator: Caller, unreached: Json
) -> None:
    [alarm] = await alarms(samu)
    path = f"/v1/alarms/{alarm['id']}/acknowledgement"
    told = await asyncio.gather(*(samu.post(path) for _ in range(3)))
    assert [(each.status_code, each.json()["state"]) for each in told] == [(200, "SEEN")] * 3
    assert told[0].json()["seen_by"] == "LRM"
    [to_company] = await alarms(regulator)
    assert (to_company["state"], to_company["seen_by_role"], to_company["seen_by"]) == ("SEEN", "SAMU", None)
    kinds = [each["kind"] for each in await facts(samu, unreached["demand"])]
    assert kinds == ["alarm_raised", "alarm_seen"]


async def test_an_alarm_is_closed_by_the_end_of_its_cause_and_then_refuses(
    samu: Caller, regulator: Caller, unreached: Json
) -> None:
    step = {"step": "ACQUITTE", "step_id": str(uuid4())}
    (await regulator.post(f"/v1/missions/{unreached['mission']}/steps", step)).raise_for_status()
    assert await alarms(samu, state="OPEN") == []
    [closed] = await alarms(samu, state="CLOSED")
    assert closed["state"] == "CLOSED"
    assert_problem(await samu.post(f"/v1/alarms/{closed['id']}/acknowledgement"), 409, "alarm_closed")


async def test_scope_an_alarm_of_others_does_not_exist(
    rival: Caller, neighbour: Caller, samu: Caller, unreached: Json
) -> None:
    [alarm] = await alarms(samu)
    for stranger in (rival, neighbour):
        path = f"/v1/alarms/{alarm['id']}/acknowledgement"
        assert_problem(await stranger.post(path), 404, "not_found")
    assert_problem(await samu.post(f"/v1/alarms/{uuid4()}/acknowledgement"), 404, "not_found")


async def test_an_alarm_of_a_demand_waits_for_the_engine_and_says_so(
    samu: Caller, rules: RuleEngine, unreached: Json
) -> None:
    [alarm] = await alarms(samu)
    rules.away = True
    assert_problem(await samu.post(f"/v1/alarms/{alarm['id']}/acknowledgement"), 503, "engine_unavailable")
    rules.away = False
    assert (await samu.post(f"/v1/alarms/{alarm['id']}/acknowledgement")).json()["state"] == "SEEN"


# -- alarms that are not a demand's --------------------------------------------------------------------------------------


class Lost:
    """A company whose post fell silent while it was asked."""

    def __init__(self, engine: AsyncEngine, world: World) -> None:
        self.engine, self.world, self.alarm_id = engine, world, uuid4()

    def fact(self, body: Any) -> DutyFact:
        return of_company(self.world.cathare.id, body, self.world.at, samu_id=self.world.samu_id)

    async def tell(self, body: Any) -> None:
        async with self.engine.begin() as connection:
            await duty.tell(connection, [self.fact(body)])

    async def raise_alarm(self) -> str:
        company = self.world.cathare
        await self.tell(
            AlarmRaised(
                alarm=AlarmKind.LEASE_LOST,
                alarm_id=self.alarm_id,
                company_id=company.id,
                site_id=company.site_id,
            )
        )
        return f"/v1/alarms/{self.alarm_id}/acknowledgement"

    async def close(self) -> None:
        await self.tell(AlarmClosed(alarm_id=self.alarm_id, alarm=AlarmKind.LEASE_LOST))


@pytest.fixture
def lost(engine: AsyncEngine, world: World) -> Lost:
    return Lost(engine, world)


async def test_rule_037_the_samu_and_the_company_see_that_its_post_was_lost(
    samu: Caller, regulator: Caller, rival: Caller, lost: Lost, api: Api
) -> None:
    await lost.raise_alarm()
    [alarm] = await alarms(samu)
    assert (alarm["kind"], alarm["site_id"]) == ("LEASE_LOST", str(api.world.cathare.site_id))
    assert alarm["demand_id"] is None
    assert await alarms(rival) == []
    assert (alarm["site_name"], alarm["company_name"]) == (
        f"Site de {api.world.cathare.name}",
        api.world.cathare.name,
    )


async def test_an_alarm_that_the_company_has_seen_rings_at_the_samu_all_the_same(
    samu: Caller, regulator: Caller, lost: Lost, engine: AsyncEngine, api: Api
) -> None:
    path = await lost.raise_alarm()
    for _ in range(2):
        seen = (await regulator.post(path)).json()
        assert (seen["state"], seen["seen_at"]) == ("SEEN", None)
        assert seen["company_seen_at"] is not None
        assert seen["company_seen_by"] == api.people.regulators[0].username
    [to_samu] = await alarms(samu)
    assert (to_samu["state"], to_samu["seen_at"], to_samu["company_seen_by"]) == ("RAISED", None, None)
    assert to_samu["company_seen_at"] == seen["company_seen_at"]
    assert (await samu.post(path)).json()["state"] == "SEEN"
    query = sa.select(tables.journal.c.data["by"]["role"].astext).where(tables.journal.c.kind == "alarm_seen")
    async with engine.connect() as connection:
        by = list(await connection.scalars(query.order_by(tables.journal.c.seq)))
    assert by == ["REGULATOR", "SAMU"]
    await lost.raise_alarm()
    again = await alarms(samu) + await alarms(regulator)
    assert [(each["state"], each["seen_at"], each["company_seen_at"]) for each in again] == [
        ("RAISED", None, None)
    ] * 2


async def test_an_alarm_of_a_demand_that_the_company_has_seen_rings_at_the_samu_all_the_same(
    samu: Caller, regulator: Caller, unreached: Json
) -> None:
    [alarm] = await alarms(samu)
    path = f"/v1/alarms/{alarm['id']}"
    assert (await regulator.post(f"{path}/acknowledgement")).json()["state"] == "SEEN"
    to_samu = (await samu.get(path)).json()
    assert (to_samu["state"], to_samu["company_seen_by"]) == ("RAISED", None)
    assert to_samu["company_seen_at"] is not None
    assert (await samu.post(f"{path}/acknowledgement")).json()["state"] == "SEEN"
    kinds = [each["kind"] for each in await facts(samu, unreached["demand"])]
    assert kinds == ["alarm_raised", "alarm_seen", "alarm_seen"]


async def test_scope_an_alarm_is_read_by_whom_it_concerns_and_answered_by_whom_it_warns(
    samu: Caller, regulator: Caller, rival: Caller, log_in: Login, api: Api, unreached: Json
) -> None:
    [alarm] = await alarms(samu)
    path = f"/v1/alarms/{alarm['id']}"
    admin = await log_in(api.people.admin)
    for caller in (samu, regulator, admin):
        assert (await caller.get(path)).json()["id"] == alarm["id"]
    assert_problem(await rival.get(path), 404, "not_found")
    assert_problem(await samu.get(f"/v1/alarms/{uuid4()}"), 404, "not_found")
    assert_problem(await admin.post(f"{path}/acknowledgement"), 404, "not_found")


async def test_rule_028_the_sentence_tells_each_side_what_to_do(
    samu: Caller, regulator: Caller, unreached: Json, api: Api, engine: AsyncEngine
) -> None:
    companies = tables.companies
    async with engine.begin() as connection:
        mine = sa.update(companies).where(companies.c.id == api.world.cathare.id)
        await connection.execute(mine.values(phone="0468000001"))
    [to_samu], [to_company] = await alarms(samu), await alarms(regulator)
    vehicle, company = to_samu["vehicle_name"], api.world.cathare.name
    assert vehicle in {each.name for each in api.world.cathare.vehicles}
    assert (to_samu["company_name"], to_samu["company_phone"]) == (company, "0468000001")
    assert to_samu["sentence"] == (
        f"{vehicle}, {company} : mission confirmée mais aucun poste n'est joint, appelez l'entreprise."
    )
    assert to_company["sentence"] == (
        f"{vehicle} : une mission vous est confirmée et aucun de vos postes ne l'a reçue, ouvrez-la."
    )


def test_every_alarm_has_its_sentence_for_each_side() -> None:
    assert set(TO_THE_SAMU) == set(TO_THE_COMPANY) == set(AlarmKind)


async def test_an_alarm_seen_by_many_at_once_has_one_fact(
    samu: Caller, coordinator: Caller, lost: Lost, api: Api
) -> None:
    path = await lost.raise_alarm()
    told = await asyncio.gather(*(caller.post(path) for caller in (samu, coordinator) for _ in range(4)))
    assert {each.status_code for each in told} == {200}
    names = {each.json()["seen_by"] for each in told} - {None}
    assert len(names) == 1, "whoever was first, named to their own people"
    assert len({each.json()["seen_at"] for each in told}) == 1


async def test_an_alarm_that_is_over_is_over_even_if_it_was_never_seen(samu: Caller, lost: Lost) -> None:
    path = await lost.raise_alarm()
    await lost.close()
    assert_problem(await samu.post(path), 409, "alarm_closed")
    assert await alarms(samu, state="OPEN") == []


@pytest.fixture
async def coordinator(log_in: Login, people: People) -> Caller:
    return await log_in(people.coordinator)
