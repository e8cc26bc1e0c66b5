"""Who regulates a site: taken, lost, handed over, given up; and what a device is told (rules 14, 23, 24, 37 to 39)."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from domain.messages import Candidate
from domain.vocabulary import Tier
from storage import regulation, tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.company_journal import company_facts, company_kinds
from tests.api.conftest import Api, Clock, Login, another_device, regulating
from tests.api.engine import RuleEngine

SECONDS = 5


def _path(site_id: object) -> str:
    return f"/v1/regulation/sites/{site_id}"


async def _beat(caller: Caller) -> Json:
    answer = await caller.post("/v1/regulation/heartbeat", {})
    told: Json = answer.raise_for_status().json()
    return told


async def _probe(api: Api) -> None:
    """The engine has just been seen to answer."""
    async with asyncio.timeout(SECONDS):
        while api.resources.probed_at() is None:  # noqa: ASYNC110 - the process probes by itself
            await asyncio.sleep(0.01)


async def _until_suspended(api: Api, company_id: UUID) -> Json:
    async with asyncio.timeout(SECONDS):
        while True:
            for fact in await company_facts(api, company_id):
                if fact["kind"] == "regulation_suspended":
                    return fact
            await asyncio.sleep(0.02)


# -- taking and giving up --------------------------------------------------------------------------------------------


async def test_rule_037_a_site_is_taken_once_and_refreshed_again(log_in: Login, api: Api) -> None:
    caller, site = await log_in(api.people.regulators[0]), api.world.cathare.site_id
    first = (await caller.send("PUT", _path(site))).json()
    assert (first["epoch"], first["state"]) == (1, "HELD")
    assert first["device_id"] == caller.headers["X-Device-Id"]
    assert (await caller.send("PUT", _path(site))).json() == first
    assert await company_kinds(api, api.world.cathare.id) == ["regulation_taken"]


async def test_rule_037_two_devices_that_race_for_a_site_do_not_both_win(log_in: Login, api: Api) -> None:
    person, site = api.people.regulators[0], api.world.cathare.site_id
    callers = [await log_in(person) for _ in range(4)]
    answers = await asyncio.gather(*(caller.send("PUT", _path(site)) for caller in callers))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    for answer in answers:
        if answer.status_code != 200:
            assert_problem(answer, 409, "lease_held_elsewhere")
    assert await company_kinds(api, api.world.cathare.id) == ["regulation_taken"]


async def test_rule_037_who_regulates_is_named_and_taking_over_is_said_and_told(
    regulator: Caller, log_in: Login, api: Api
) -> None:
    site, second = api.world.cathare.site_id, await log_in(api.people.regulators[0])
    problem = assert_problem(await second.send("PUT", _path(site)), 409, "lease_held_elsewhere")
    assert problem["holder"]["device_id"] == regulator.headers["X-Device-Id"]
    assert (problem["holder"]["device_name"], problem["holder"]["device_kind"]) == ("poste", "WEB")
    assert problem["holder"]["person"] == api.people.regulators[0].username
    assert "poste (WEB) regulates this site since" in problem["detail"]
    over = (await second.send("PUT", _path(site), {"take_over": True})).json()
    assert (over["epoch"], over["device_id"]) == (2, second.headers["X-Device-Id"])
    told = (await company_facts(api, api.world.cathare.id))[-1]
    assert told["previous_device_id"] == regulator.headers["X-Device-Id"]
    assert_problem(await regulator.send("PUT", _path(site)), 409, "lease_held_elsewhere")


async def test_rule_039_a_crew_takes_a_free_site_on_its_phone_and_nothing_from_anybody(
    crew: Caller, regulator: Caller, api: Api
) -> None:
    site = api.world.cathare.site_id
    body = {"take_over": True}
    assert_problem(await crew.send("PUT", _path(site), body), 409, "lease_held_elsewhere")
    await regulator.send("DELETE", _path(site))
    on_web = await another_device(crew, "WEB")
    assert_problem(await on_web.send("PUT", _path(site)), 409, "phone_required")
    assert (await crew.send("PUT", _path(site))).json()["state"] == "HELD"


async def test_scope_sites_of_others_are_not_there(regulator: Caller, api: Api) -> None:
    theirs = api.world.minervois.site_id
    device = {"to_device_id": str(uuid4())}
    for site in (theirs, uuid4()):
        assert_problem(await regulator.send("PUT", _path(site)), 404, "not_found")
        assert_problem(await regulator.send("DELETE", _path(site)), 404, "not_found")
        assert_problem(await regulator.post(f"{_path(site)}/handover", device), 404, "not_found")
        assert_problem(await regulator.post(f"{_path(site)}/handover/acceptance"), 404, "not_found")
    bare = Caller(regulator.http, {"Authorization": regulator.headers["Authorization"]})
    assert_problem(await bare.send("PUT", _path(theirs)), 422, "device_required")


async def test_rule_038_giving_up_with_open_solicitations_or_missions_asks_first(
    samu: Caller, regulator: Caller, api: Api
) -> None:
    path = _path(api.world.cathare.site_id)
    await samu.post("/v1/demands", demand())
    problem = assert_problem(await regulator.send("DELETE", path), 409, "confirmation_required")
    assert (problem["open_solicitations"], problem["running_missions"]) == (2, 0)
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})
    problem = assert_problem(await regulator.send("DELETE", path), 409, "confirmation_required")
    assert (problem["open_solicitations"], problem["running_missions"]) == (0, 1)
    given = (await regulator.send("DELETE", f"{path}?confirm=true")).json()
    assert (given["state"], given["epoch"], given["device_id"]) == ("FREE", 2, None)
    assert (await regulator.send("DELETE", path)).json() == given
    assert await company_kinds(api, api.world.cathare.id) == ["regulation_taken", "regulation_given_up"]


async def test_rule_038_what_another_device_holds_is_not_given_up(
    regulator: Caller, log_in: Login, api: Api
) -> None:
    second, path = await log_in(api.people.regulators[0]), _path(api.world.cathare.site_id)
    assert_problem(await second.send("DELETE", path), 409, "lease_held_elsewhere")
    assert (await regulator.send("PUT", path)).json()["epoch"] == 1


# -- hand-over -------------------------------------------------------------------------------------------------------


def _ten(api: Api) -> Sequence[Candidate]:
    one = api.world.cathare.vehicles[1]
    return [Candidate(tier=Tier.VEHICLE, company_id=one.company_id, vehicle_id=one.id, eta_minutes=9)]


async def test_rule_038_hand_over_with_ten_open_solicitations_loses_none(
    samu: Caller, regulator: Caller, log_in: Login, api: Api, rules: RuleEngine
) -> None:
    rules.candidates = tuple(_ten(api))
    for _ in range(10):
        await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    assert len(asked) == 10
    second, path = await log_in(api.people.regulators[0]), _path(api.world.cathare.site_id)
    offer = {"to_device_id": second.headers["X-Device-Id"]}
    offered = (await regulator.post(f"{path}/handover", offer)).json()
    assert (offered["epoch"], offered["offered_to"]) == (1, offer["to_device_id"])
    assert [each["site_id"] for each in (await _beat(second))["offers"]] == [offered["site_id"]]
    taken = (await second.post(f"{path}/handover/acceptance")).json()
    assert (taken["epoch"], taken["device_id"]) == (2, offer["to_device_id"])
    told = (await company_facts(api, api.world.cathare.id))[-1]
    assert (told["kind"], told["open_solicitations"]) == ("regulation_handed_over", 10)
    for each in asked:
        refused = await regulator.post(f"/v1/solicitations/{each['id']}/refusal", {})
        assert_problem(refused, 409, "lease_lost")
    for each in asked:
        answer = await second.post(f"/v1/solicitations/{each['id']}/refusal", {}, X_Lease_Epoch="2")
        assert answer.json()["outcome"] == "RECORDED"
    assert len(rules.asked) == 10


async def test_rule_038_an_offer_goes_to_the_companys_own_open_devices_and_is_taken_back(
    regulator: Caller, rival: Caller, log_in: Login, api: Api
) -> None:
    path = _path(api.world.cathare.site_id)
    foreign = {"to_device_id": rival.headers["X-Device-Id"]}
    assert_problem(await regulator.post(f"{path}/handover", foreign), 404, "not_found")
    second = await log_in(api.people.regulators[0])
    assert_problem(await second.post(f"{path}/handover/acceptance"), 409, "handover_unknown")
    offer = {"to_device_id": second.headers["X-Device-Id"]}
    assert_problem(await second.post(f"{path}/handover", offer), 409, "lease_lost")
    for _ in range(2):
        assert (await regulator.post(f"{path}/handover", offer)).status_code == 200
    assert (await regulator.send("DELETE", f"{path}/handover")).json()["offered_to"] is None
    assert_problem(await second.post(f"{path}/handover/acceptance"), 409, "handover_unknown")
    kinds = await company_kinds(api, api.world.cathare.id)
    assert kinds == ["regulation_taken", "handover_offered", "handover_withdrawn"]
    await second.send("DELETE", f"/v1/devices/{offer['to_device_id']}")
    assert_problem(await regulator.post(f"{path}/handover", offer), 404, "not_found")


async def test_rule_038_hand_over_and_take_over_at_once_leave_one_holder(
    regulator: Caller, log_in: Login, api: Api
) -> None:
    path = _path(api.world.cathare.site_id)
    second, third = [await log_in(api.people.regulators[0]) for _ in range(2)]
    await regulator.post(f"{path}/handover", {"to_device_id": second.headers["X-Device-Id"]})
    await asyncio.gather(
        second.post(f"{path}/handover/acceptance"), third.send("PUT", path, {"take_over": True})
    )
    leases = [(await _beat(caller))["leases"] for caller in (regulator, second, third)]
    assert [bool(held) for held in leases] in ([False, True, False], [False, False, True])


# -- silence ---------------------------------------------------------------------------------------------------------


async def test_rule_037_a_holder_that_freezes_is_suspended_with_an_alarm_and_its_answers_are_refused(
    samu: Caller, regulator: Caller, api: Api, clock: Clock
) -> None:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    clock.advance(seconds=31)
    suspended = await _until_suspended(api, api.world.cathare.id)
    assert (suspended["epoch"], suspended["open_solicitations"]) == (2, 2)
    alarm = (await company_facts(api, api.world.cathare.id))[-1]
    assert (alarm["kind"], alarm["alarm"]) == ("alarm_raised", "LEASE_LOST")
    assert alarm["samu_id"] == api.world.samu_id
    answer = await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {}, X_Lease_Epoch="1")
    problem = assert_problem(answer, 409, "lease_lost")
    assert problem["detail"].startswith("Nobody regulates this site now")
    told = await _beat(regulator)
    assert (told["colour"], told["leases"]) == ("RED", [])
    assert "REGULATION_SUSPENDED" in {each["code"] for each in told["missing"]}
    again = (await regulator.send("PUT", _path(api.world.cathare.site_id))).json()
    assert again["epoch"] == 3
    closed = (await company_facts(api, api.world.cathare.id))[-1]
    assert (closed["kind"], closed["alarm_id"]) == ("alarm_closed", alarm["alarm_id"])
    async with api.resources.database.connect() as connection:
        row = (await connection.execute(sa.select(tables.alarms))).one()
    assert row.closed_at is not None


async def test_rule_037_heartbeats_keep_the_lease_and_say_nothing_in_the_journal(
    regulator: Caller, api: Api, clock: Clock
) -> None:
    for _ in range(4):
        clock.advance(seconds=20)
        assert (await _beat(regulator))["leases"][0]["epoch"] == 1
    assert await company_kinds(api, api.world.cathare.id) == ["regulation_taken"]


async def test_rule_037_silence_counts_before_anybody_has_looked(
    samu: Caller, regulator: Caller, api: Api, clock: Clock
) -> None:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    clock.advance(seconds=30)
    answer = await regulator.post(f"/v1/solicitations/{asked['id']}/refusal", {})
    assert_problem(answer, 409, "lease_lost")


async def test_rule_037_the_alarm_of_a_loss_ends_when_the_post_goes_home(
    regulator: Caller, api: Api, clock: Clock
) -> None:
    clock.advance(seconds=31)
    path = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    await _until_suspended(api, api.world.cathare.id)
    [alarm] = (await regulator.get("/v1/alarms", state="OPEN")).json()["items"]
    assert alarm["kind"] == "LEASE_LOST"
    (await regulator.send("DELETE", path)).raise_for_status()
    assert (await regulator.get("/v1/alarms", state="OPEN")).json()["items"] == []


async def test_rule_037_several_processes_suspend_once(regulator: Caller, rival: Caller, api: Api) -> None:
    later = Clock()
    later.advance(seconds=40)
    database = api.resources.database
    found = await asyncio.gather(*(regulation.suspend_silent(database, later()) for _ in range(4)))
    assert sum(len(each) for each in found) == 2
    assert (await company_kinds(api, api.world.cathare.id)).count("regulation_suspended") == 1


async def test_rule_037_everything_at_once_blocks_nobody(
    samu: Caller, regulator: Caller, crew: Caller, log_in: Login, api: Api, clock: Clock
) -> None:
    """Whatever one company does at the same moment, nothing fails and one device regulates."""
    world, second = api.world.cathare, await log_in(api.people.regulators[0])
    path, tick = _path(world.site_id), f"/v1/sites/{world.site_id}/availability"
    body = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Anna"}]}
    leaving = [await another_device(regulator, "MOBILE") for _ in range(4)]
    both, doing = (regulator, second), []
    for number in range(6):
        doing += [caller.send("PUT", path, {"take_over": True}) for caller in both]
        doing += [caller.post("/v1/regulation/heartbeat") for caller in (*both, crew)]
        doing += [crew.send("PUT", f"/v1/vehicles/{world.vehicles[number % 2].id}/crew", body)]
        doing += [caller.send("PUT", tick, {"available": number % 2 == 0}) for caller in (*both, crew)]
        offer = {"to_device_id": leaving[number % 4].headers["X-Device-Id"]}
        doing += [regulator.post(f"{path}/handover", offer), second.send("DELETE", path)]
    doing += [each.send("DELETE", f"/v1/devices/{each.headers['X-Device-Id']}") for each in leaving]
    doing += [samu.post("/v1/demands", demand()) for _ in range(2)]
    answers = await asyncio.gather(*doing)
    assert {each.status_code for each in answers if each.status_code >= 500} == set()
    await regulator.send("PUT", path, {"take_over": True})
    assert [bool((await _beat(caller))["leases"]) for caller in both] == [True, False]
    epochs = [f["epoch"] for f in await company_facts(api, world.id) if "epoch" in f]
    assert epochs == list(range(1, len(epochs) + 1))


# -- readiness -------------------------------------------------------------------------------------------------------


async def test_rule_024_green_says_what_will_be_received(regulator: Caller, api: Api) -> None:
    await _probe(api)
    told = await _beat(regulator)
    world = api.world.cathare
    one, two = (each.name for each in world.vehicles)
    assert (told["colour"], told["missing"]) == ("GREEN", [])
    assert told["sentence"] == f"Vous recevrez : site Site de {world.name}, véhicules {one} et {two}."
    assert told["mode"] == "R2"
    assert {each["id"] for each in told["receives"]["vehicles"]} == {str(v.id) for v in world.vehicles}


async def test_rule_024_the_engine_away_is_not_green(
    regulator: Caller, api: Api, rules: RuleEngine, clock: Clock
) -> None:
    await _probe(api)
    rules.away = True
    for seconds, colour in ((11, "AMBER"), (20, "RED")):
        await _beat(regulator)
        clock.advance(seconds=seconds)
        await _beat(regulator)
        assert (await _beat(regulator))["colour"] == colour


async def test_rule_023_a_heartbeat_tells_what_is_missing(regulator: Caller, log_in: Login, api: Api) -> None:
    await _probe(api)
    world = api.world.cathare
    await regulator.send("PUT", f"/v1/vehicles/{world.vehicles[0].id}/availability", {"available": False})
    told = await _beat(regulator)
    assert [(each["id"], each["code"]) for each in told["not_received"]] == [
        (str(world.vehicles[0].id), "NOT_TICKED")
    ]
    second = await log_in(api.people.regulators[0])
    told = await _beat(second)
    assert told["colour"] == "AMBER"
    assert [each["code"] for each in told["missing"]] == ["HELD_ELSEWHERE"]
    assert f"poste tient la régulation de Site de {world.name}" in told["sentence"]


async def test_rule_023_the_fleet_says_who_regulates_and_in_which_mode(
    regulator: Caller, crew: Caller, samu: Caller, rival: Caller, api: Api
) -> None:
    await _probe(api)
    world, vehicle = api.world.cathare, api.world.cathare.vehicles[0]
    body = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Anna"}]}
    await crew.send("PUT", f"/v1/vehicles/{vehicle.id}/crew", body)
    mine = (await regulator.get("/v1/fleet")).json()["companies"][0]
    site = mine["sites"][0]["regulation"]
    assert (site["state"], site["epoch"], site["device_kind"]) == ("HELD", 1, "WEB")
    assert site["device"]["person"] == api.people.regulators[0].username
    modes = {each["id"]: (each["mode"], each["phones"]["count"]) for each in mine["vehicles"]}
    assert modes == {str(vehicle.id): ("R1", 1), str(world.vehicles[1].id): ("R2", 0)}
    assert (mine["colour"], mine["readiness"][:12]) == ("GREEN", "Vous recevre")
    told = {each["id"]: each for each in (await samu.get("/v1/fleet")).json()["companies"]}
    assert told[str(world.id)]["sites"][0]["regulation"]["device"] is None
    assert told[str(world.id)]["vehicles"][0]["phones"]["primary_device_id"] is None
    assert told[str(world.id)]["readiness"].startswith("Reçoit : site")
    corbieres = told[str(api.world.corbieres.id)]
    assert (corbieres["colour"], corbieres["readiness"]) == (
        "RED",
        "Ne reçoit rien : personne ne tient la régulation.",
    )
    assert corbieres["vehicles"][0]["mode"] is None


async def test_heartbeats_need_an_open_device_of_ones_own(regulator: Caller, rival: Caller) -> None:
    bare = Caller(regulator.http, {"Authorization": regulator.headers["Authorization"]})
    path = "/v1/regulation/heartbeat"
    assert_problem(await bare.post(path), 422, "device_required")
    assert_problem(await bare.on_device(rival.headers["X-Device-Id"]).post(path), 404, "not_found")
    phone = await another_device(regulator, "MOBILE")
    await phone.send("DELETE", f"/v1/devices/{phone.headers['X-Device-Id']}")
    assert_problem(await phone.post(path), 409, "device_closed")


async def test_rule_024_a_device_that_was_just_registered_is_not_reproached_for_its_silence(
    log_in: Login, api: Api, clock: Clock
) -> None:
    caller = await log_in(api.people.regulators[0])
    clock.advance(seconds=40)
    assert "HEARTBEAT_LATE" not in {each["code"] for each in (await _beat(caller))["missing"]}
    clock.advance(seconds=16)
    assert "HEARTBEAT_LATE" in {each["code"] for each in (await _beat(caller))["missing"]}
    found = (await caller.get("/v1/devices")).json()["items"]
    assert found[0]["last_seen_at"] > found[0]["created_at"]


async def test_rule_037_a_heartbeat_with_a_key_is_a_heartbeat(regulator: Caller, clock: Clock) -> None:
    for _ in range(3):
        answer = await regulator.post("/v1/regulation/heartbeat", {}, Idempotency_Key="the same")
        assert [each["epoch"] for each in answer.raise_for_status().json()["leases"]] == [1]
        clock.advance(seconds=20)


async def test_rule_037_the_samu_is_told_of_a_company_in_words_for_others(
    regulator: Caller, samu: Caller, api: Api, clock: Clock
) -> None:
    await _probe(api)
    clock.advance(seconds=20)
    await _until_probed(api)
    assert "le poste de régulation ne répond plus" in await _told_of(samu, api)
    clock.advance(seconds=20)
    await _until_probed(api)
    assert await _told_of(samu, api) == "Ne reçoit rien : la régulation est suspendue."


async def _until_probed(api: Api) -> None:
    """The engine was seen to answer after the clock went on."""
    now = api.resources.clock()
    async with asyncio.timeout(SECONDS):
        while (api.resources.probed_at() or now - timedelta(days=1)) < now - timedelta(seconds=5):  # noqa: ASYNC110 - by itself
            await asyncio.sleep(0.01)


async def _told_of(samu: Caller, api: Api) -> str:
    companies = (await samu.get("/v1/fleet")).json()["companies"]
    return str(next(each["readiness"] for each in companies if each["id"] == str(api.world.cathare.id)))


# -- tick-boxes ------------------------------------------------------------------------------------------------------


async def test_rule_046_a_crew_ticks_vehicles_and_the_site_that_its_phone_regulates(
    regulator: Caller, crew: Caller, api: Api
) -> None:
    world, body = api.world.cathare, {"available": False}
    vehicle, site = f"/v1/vehicles/{world.vehicles[0].id}", f"/v1/sites/{world.site_id}"
    assert (await crew.send("PUT", f"{vehicle}/availability", body)).status_code == 200
    problem = assert_problem(await crew.send("PUT", f"{site}/availability", body), 409, "lease_lost")
    assert problem["holder"]["device_id"] == regulator.headers["X-Device-Id"]
    bare = Caller(crew.http, {"Authorization": crew.headers["Authorization"]})
    assert_problem(await bare.send("PUT", f"{site}/availability", body), 422, "device_required")
    await regulator.send("DELETE", _path(world.site_id))
    await regulating(crew, world.site_id)
    assert (await crew.send("PUT", f"{site}/availability", body)).json()["available"] is False


async def test_rule_023_a_tick_is_told_when_something_changed(regulator: Caller, api: Api) -> None:
    path = f"/v1/vehicles/{api.world.cathare.vehicles[0].id}/availability"
    for available in (True, False, False):
        await regulator.send("PUT", path, {"available": available})
    ticks = [f for f in await company_facts(api, api.world.cathare.id) if f["kind"] == "availability_set"]
    assert [each["available"] for each in ticks] == [False]
    assert ticks[0]["vehicle_id"] == str(api.world.cathare.vehicles[0].id)


async def test_rule_024_a_tick_with_an_end_ends(regulator: Caller, api: Api, clock: Clock) -> None:
    await _probe(api)
    until = clock() + timedelta(seconds=30)
    for path in [f"/v1/vehicles/{one.id}" for one in api.world.cathare.vehicles]:
        body = {"available": True, "until": until.isoformat()}
        (await regulator.send("PUT", f"{path}/availability", body)).raise_for_status()
    assert len((await _beat(regulator))["receives"]["vehicles"]) == 2
    for _ in range(2):
        clock.advance(seconds=15)
        told = await _beat(regulator)
    assert (len(told["leases"]), told["receives"]["vehicles"]) == (1, [])
    shown = (await regulator.get("/v1/fleet")).json()["companies"][0]["vehicles"][0]
    assert (shown["available"], shown["until"]) == (False, None)


async def test_rule_023_the_end_of_a_tick_belongs_to_a_tick(
    regulator: Caller, api: Api, clock: Clock
) -> None:
    body = {"available": False, "until": (clock() + timedelta(hours=1)).isoformat()}
    for path in (
        f"/v1/sites/{api.world.cathare.site_id}",
        f"/v1/vehicles/{api.world.cathare.vehicles[0].id}",
    ):
        problem = assert_problem(
            await regulator.send("PUT", f"{path}/availability", body), 422, "invalid_request"
        )
        assert problem["errors"][0]["pointer"] == "/until"
        assert "belongs to `available: true`" in problem["detail"]
