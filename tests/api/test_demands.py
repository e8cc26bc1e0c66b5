"""A demand is kept before anything else, served once, and shown to whom it concerns."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from activities.search import SearchActivities
from api.engine import EngineAwayError
from api.sweeper import sweep
from domain.messages import Reply, SurveyRequest
from domain.vocabulary import Tier, VehicleVerdict
from geo.straight import StraightTravel
from storage import tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api, Login
from tests.api.engine import RuleEngine


async def test_a_posted_demand_runs_and_solicits(samu: Caller, rules: RuleEngine, api: Api) -> None:
    posted = demand()
    response = await samu.post("/v1/demands", posted)
    assert response.status_code == 201, response.text
    told = response.json()
    assert told["search"] == "RUNNING"
    assert told["patient"] is None  # a stored answer must not hold identity
    read = (await samu.get(f"/v1/demands/{told['id']}")).json()
    assert read["status"] == "SOLICITING_VEHICLES"
    assert read["reference"] == posted["reference"]
    assert read["pickup"] == posted["pickup"]
    assert read["motive"] == posted["motive"]
    assert read["patient"] == posted["patient"] | {"callback_phone": posted["callback_phone"]}
    assert {each["tier"] for each in read["solicitations"]} == {Tier.VEHICLE}
    assert len(read["solicitations"]) == len(rules.candidates)
    assert rules.starts[0].samu_id == api.world.samu_id


async def test_rule_001_the_same_reference_and_content_is_one_demand(samu: Caller, rules: RuleEngine) -> None:
    posted = demand()
    first = await samu.post("/v1/demands", posted)
    again = await samu.post("/v1/demands", posted)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    assert len(rules.starts) == 1
    other = await samu.post("/v1/demands", posted | {"max_delay_minutes": 40})
    assert_problem(other, 409, "reference_reused")


async def test_rule_001_a_double_click_is_one_demand(samu: Caller, rules: RuleEngine) -> None:
    posted = demand()
    both = await asyncio.gather(*(samu.post("/v1/demands", posted) for _ in range(5)))
    assert sorted(each.status_code for each in both) == [200, 200, 200, 200, 201]
    assert len({each.json()["id"] for each in both}) == 1
    assert len(rules.starts) == 1


async def test_rule_097_a_demand_is_kept_while_the_engine_is_away(
    samu: Caller, rules: RuleEngine, api: Api
) -> None:
    rules.away = True
    response = await samu.post("/v1/demands", demand())
    assert response.status_code == 201
    assert response.json()["search"] == "DELAYED"
    path = f"/v1/demands/{response.json()['id']}"
    assert (await samu.get(path)).json()["status"] == "RECEIVED"
    cancelled = await samu.post(f"{path}/cancellation", {"reason": "nobody answers"})
    assert_problem(cancelled, 503, "engine_unavailable")
    rules.away = False
    async with asyncio.timeout(10):
        while (await samu.get(path)).json()["search"] != "RUNNING":  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert (await samu.get(path)).json()["status"] == "SOLICITING_VEHICLES"
    assert len(rules.starts) == 1
    assert await sweep(api.resources) == 0


async def test_rule_097_its_first_fact_is_on_the_stream_even_then(samu: Caller, rules: RuleEngine) -> None:
    rules.away = True
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    journal = (await samu.get(f"/v1/demands/{demand_id}/journal")).json()["items"]
    assert [(fact["seq"], fact["kind"]) for fact in journal] == [(1, "demand_received")]


async def test_a_demand_is_kept_when_the_process_dies_before_it_starts(
    samu: Caller, rules: RuleEngine, api: Api
) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    rules.demands.clear()
    rules.starts.clear()
    long_ago = api.resources.clock() - timedelta(seconds=10)
    async with api.resources.database.begin() as connection:
        for column in (tables.journal.c.subject_id, tables.solicitations.c.demand_id):
            await connection.execute(sa.delete(column.table).where(column == demand_id))
        await connection.execute(sa.update(tables.demands).values(started_at=None, received_at=long_ago))
        await connection.execute(sa.update(tables.demand_views).values(version=1))
    async with asyncio.timeout(10):
        while not rules.starts:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    assert str(rules.starts[0].demand_id) == demand_id


async def test_identity_is_encrypted_and_every_reading_is_written_down(samu: Caller, api: Api) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    for _ in range(2):
        await samu.get(f"/v1/demands/{demand_id}")
    async with api.resources.database.connect() as connection:
        row = (await connection.execute(sa.select(tables.patients))).one()
        reads = (await connection.execute(sa.select(tables.patient_reads))).all()
    assert b"EXEMPLE" not in bytes(row.last_name)
    assert len(reads) == 2
    assert reads[0].role == "SAMU"
    assert reads[0].reader.startswith("key:")


async def test_lists_come_newest_first_in_pages(samu: Caller) -> None:
    made = [(await samu.post("/v1/demands", demand())).json()["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page = (await samu.get("/v1/demands", limit="2", **({"cursor": cursor} if cursor else {}))).json()
        seen += [each["id"] for each in page["items"]]
        cursor = page["next_cursor"]
        if not cursor:
            break
    assert seen == made[::-1]
    assert "patient" not in page["items"][0]
    empty = await samu.get("/v1/demands", status="COMPLETED")
    assert empty.json() == {"items": [], "next_cursor": None}


async def test_scope_another_samu_learns_nothing(samu: Caller, neighbour: Caller) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    for path in ("", "/journal", "/verdicts", "/destination"):
        assert_problem(await neighbour.get(f"/v1/demands/{demand_id}{path}"), 404, "not_found")
    assert (await neighbour.get("/v1/demands")).json()["items"] == []
    refused = await neighbour.post(f"/v1/demands/{demand_id}/cancellation", {"reason": "no"})
    assert_problem(refused, 404, "not_found")
    assert_problem(
        await neighbour.send("PATCH", f"/v1/demands/{demand_id}", {"max_delay_minutes": 30}), 404, "not_found"
    )


async def test_scope_a_company_sees_what_concerns_it(
    samu: Caller, regulator: Caller, log_in: Login, api: Api
) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    told = (await regulator.get(f"/v1/demands/{demand_id}")).json()
    assert {each["company_id"] for each in told["solicitations"]} == {str(api.world.cathare.id)}
    assert told["patient"] is None
    assert told["motive"] is None
    assert told["reference"] == ""
    assert told["pickup"]["address"] is None
    stranger = await log_in(api.people.regulators[2])
    assert_problem(await stranger.get(f"/v1/demands/{demand_id}"), 404, "not_found")
    assert_problem(await stranger.get(f"/v1/demands/{demand_id}/journal"), 404, "not_found")
    for caller in (regulator, stranger):
        assert_problem(await caller.post("/v1/demands", demand()), 404, "not_found")
        assert_problem(await caller.get("/v1/demands"), 404, "not_found")


async def test_scope_the_journal_of_a_company_is_its_own(
    samu: Caller, regulator: Caller, rival: Caller
) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    path = f"/v1/demands/{demand_id}/journal"
    everything = (await samu.get(path)).json()["items"]
    ours, theirs = (await regulator.get(path)).json()["items"], (await rival.get(path)).json()["items"]
    assert [fact["seq"] for fact in everything] == list(range(1, len(everything) + 1))
    assert {fact["kind"] for fact in ours} == {"solicitation_opened"}
    assert {fact["seq"] for fact in ours}.isdisjoint(fact["seq"] for fact in theirs)


async def test_coordinator_and_administrator_watch(samu: Caller, log_in: Login, api: Api) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    for person in (api.people.coordinator, api.people.admin):
        caller = await log_in(person)
        told = (await caller.get(f"/v1/demands/{demand_id}")).json()
        assert told["patient"] is None
        assert len((await caller.get("/v1/demands")).json()["items"]) == 1
        refused = await caller.post(f"/v1/demands/{demand_id}/cancellation", {"reason": "no"})
        assert_problem(refused, 404, "not_found")


async def test_rule_010_arbitration(samu: Caller, regulator: Caller, rules: RuleEngine) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    path = f"/v1/demands/{demand_id}"
    early = await samu.post(f"{path}/arbitration", {"decision": "ACCEPT"})
    assert_problem(early, 409, "not_in_arbitration")
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    for each, minutes in zip(asked, (40, 32), strict=True):
        answer = await regulator.post(
            f"/v1/solicitations/{each['id']}/counter-proposal", {"delay_minutes": minutes}
        )
        assert answer.json()["outcome"] == "RECORDED"
    await rules.close_tier(rules.starts[0].demand_id)
    told = (await samu.get(path)).json()
    assert told["status"] == "ARBITRATION"
    proposals = told["counter_proposals"]
    assert [(each["delay_minutes"], each["best"]) for each in proposals] == [(32, True), (40, False)]
    second = {"decision": "ACCEPT", "solicitation_id": proposals[1]["solicitation_id"]}
    assert_problem(await samu.post(f"{path}/arbitration", second), 409, "reason_required")
    taken = await samu.post(f"{path}/arbitration", second | {"reason": "nearer to the hospital"})
    assert taken.json()["outcome"] == "RECORDED"


async def test_rule_091_amending_the_place_changes_what_the_crew_reads(samu: Caller) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    path = f"/v1/demands/{demand_id}"
    new = {"lat": 43.21, "lon": 2.36, "address": "3 rue du Pont", "access": None}
    taken = await samu.send("PATCH", path, {"pickup": new, "max_delay_minutes": 40})
    assert taken.json()["outcome"] == "RECORDED", taken.text
    told = (await samu.get(path)).json()
    assert told["pickup"] == new
    assert (told["max_delay_minutes"], told["revision"]) == (40, 2)
    assert_problem(await samu.send("PATCH", path, {}), 422, "invalid_request")
    paris = {"pickup": {"lat": 48.85, "lon": 2.35}}
    assert_problem(await samu.send("PATCH", path, paris), 422, "outside_area")


async def test_rule_090_cancelled_and_then_closed(samu: Caller, regulator: Caller) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    path = f"/v1/demands/{demand_id}"
    taken = await samu.post(f"{path}/cancellation", {"reason": "SMUR on scene"})
    assert taken.json()["outcome"] == "RECORDED"
    assert (await samu.get(path)).json()["status"] == "CANCELLED"
    assert_problem(await samu.post(f"{path}/carence", {}), 409, "demand_closed")
    late = await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})
    assert_problem(late, 409, "demand_closed")


async def test_rule_036_the_destination(samu: Caller) -> None:
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    path = f"/v1/demands/{demand_id}/destination"
    assert (await samu.get(path)).json()["facility_id"] is None
    facility = (await samu.get("/v1/facilities")).json()["items"][0]
    given = await samu.send("PUT", path, {"facility_id": facility["id"]})
    assert given.json()["name"] == facility["name"]
    assert (await samu.get(path)).json() == given.json()
    unknown = await samu.send("PUT", path, {"facility_id": "none"})
    assert_problem(unknown, 422, "unknown_facility")


async def test_rule_091_what_is_left_out_of_a_place_stays(samu: Caller) -> None:
    posted = demand()
    path = f"/v1/demands/{(await samu.post('/v1/demands', posted)).json()['id']}"
    moved = {"lat": 43.22, "lon": 2.35}
    await samu.send("PATCH", path, {"pickup": moved})
    assert (await samu.get(path)).json()["pickup"] == posted["pickup"] | moved
    await samu.send("PATCH", path, {"pickup": moved | {"access": None}})
    told = posted["pickup"] | moved | {"access": None}
    assert (await samu.get(path)).json()["pickup"] == told
    back = {name: posted["pickup"][name] for name in ("lat", "lon")}
    await samu.send("PATCH", path, {"pickup": back | {"address": "3 rue du Pont"}})
    told = {**back, "address": "3 rue du Pont", "access": None}
    assert (await samu.get(path)).json()["pickup"] == told


async def test_rule_002_the_address_never_stands_beside_other_coordinates(
    samu: Caller, rules: RuleEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    posted = demand()
    path = f"/v1/demands/{(await samu.post('/v1/demands', posted)).json()['id']}"
    moved = {"lat": 43.22, "lon": 2.35, "address": "3 rue du Pont", "access": None}
    real = rules.ask

    async def away_before(*_: Any) -> Reply:
        raise EngineAwayError

    async def away_after(*asked: Any) -> Reply:
        await real(*asked)
        raise EngineAwayError

    for ask, expected in ((away_before, posted["pickup"]), (away_after, moved)):
        monkeypatch.setattr(rules, "ask", ask)
        answer = await samu.send("PATCH", path, {"pickup": moved})
        assert_problem(answer, 503, "engine_unavailable")
        assert (await samu.get(path)).json()["pickup"] == expected


async def test_rule_091_a_refused_amendment_leaves_the_address(samu: Caller, rules: RuleEngine) -> None:
    posted = demand()
    path = f"/v1/demands/{(await samu.post('/v1/demands', posted)).json()['id']}"
    for first in (posted["pickup"], posted["pickup"] | {"access": "digicode 7"}):
        await samu.send("PATCH", path, {"pickup": first})
    await samu.post(f"{path}/cancellation", {"reason": "SMUR"})
    refused = await samu.send("PATCH", path, {"pickup": posted["pickup"] | {"address": "ailleurs"}})
    assert_problem(refused, 409, "demand_closed")
    assert (await samu.get(path)).json()["pickup"] == posted["pickup"] | {"access": "digicode 7"}


async def test_rule_006_who_was_within_reach_and_not_asked_is_not_said_to_be_solicited(
    samu: Caller, regulator: Caller, rules: RuleEngine, api: Api
) -> None:
    posted = (await samu.post("/v1/demands", demand(max_delay_minutes=40))).json()
    start = rules.starts[0]
    request = SurveyRequest(
        demand_id=start.demand_id,
        samu_id=start.samu_id,
        place=start.place,
        max_delay_minutes=40,
        volume=start.volume,
        round=1,
        number=1,
        at=start.received_at,
    )
    await SearchActivities(api.resources.database, StraightTravel(speed_kmh=70, detour=1.35)).survey(request)
    found = (await samu.get(f"/v1/demands/{posted['id']}/verdicts")).json()["items"]
    told = {each["target_id"]: each["verdict"] for each in found}
    assert told[str(api.world.cathare.vehicles[0].id)] == VehicleVerdict.SOLICITED
    assert told[str(api.world.cathare.site_id)] == VehicleVerdict.NOT_YET_ASKED
    assert told[str(api.world.minervois.vehicles[0].id)] == VehicleVerdict.NOT_REGULATED
    assert told[str(api.world.corbieres.vehicles[0].id)] == VehicleVerdict.NO_POSITION


async def test_scope_who_did_it_is_named_to_their_own_organisation_only(
    samu: Caller, regulator: Caller, log_in: Login, api: Api
) -> None:
    doctor = await log_in(api.people.doctor)
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    path = f"/v1/demands/{demand_id}"
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    won = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    await doctor.post(f"{path}/cancellation", {"reason": "SMUR"})
    company = {"role": "REGULATOR", "company_id": str(api.world.cathare.id)}

    async def by(caller: Caller, kind: str) -> Json:
        facts = (await caller.get(f"{path}/journal")).json()["items"]
        told: Json = next(each["data"]["by"] for each in facts if each["kind"] == kind)
        return told

    assert await by(samu, "mission_assigned") == company
    assert (await by(regulator, "mission_assigned"))["name"] == api.people.regulators[0].username
    assert await by(regulator, "demand_cancelled") == {"role": "SAMU", "company_id": None}
    assert (await by(doctor, "demand_cancelled"))["name"] == api.people.doctor.username
    admin = await log_in(api.people.admin)
    assert await by(admin, "demand_cancelled") == {"role": "SAMU", "company_id": None}
    mission = f"/v1/missions/{won['mission_id']}"
    for caller, name in ((regulator, api.people.regulators[0].username), (samu, "REGULATOR")):
        for shown in ((await caller.get(mission)).json(), (await caller.get(path)).json()["mission"]):
            assert [(each["by"], each["by_role"]) for each in shown["steps"]] == [(name, "REGULATOR")]
