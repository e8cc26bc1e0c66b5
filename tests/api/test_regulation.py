"""Who regulates a site: taken, lost, handed over, given up (rules 14, 37 to 39)."""

import asyncio
from collections.abc import Sequence
from uuid import uuid4

import sqlalchemy as sa

from domain.messages import Candidate
from domain.vocabulary import Tier
from storage import regulation, tables
from tests.api.caller import Caller, assert_problem, demand
from tests.api.company_journal import company_facts, company_kinds
from tests.api.conftest import Api, Clock, Login, another_device
from tests.api.engine import RuleEngine
from tests.api.regulation_steps import beat, lease_path, until_suspended

# -- taking and giving up --------------------------------------------------------------------------------------------


async def test_rule_037_a_site_is_taken_once_and_refreshed_again(log_in: Login, api: Api) -> None:
    caller, site = await log_in(api.people.regulators[0]), api.world.cathare.site_id
    first = (await caller.send("PUT", lease_path(site))).json()
    assert (first["epoch"], first["state"]) == (1, "HELD")
    assert first["device_id"] == caller.headers["X-Device-Id"]
    assert (await caller.send("PUT", lease_path(site))).json() == first
    assert await company_kinds(api, api.world.cathare.id) == ["regulation_taken"]


async def test_rule_037_two_devices_that_race_for_a_site_do_not_both_win(log_in: Login, api: Api) -> None:
    person, site = api.people.regulators[0], api.world.cathare.site_id
    callers = [await log_in(person) for _ in range(4)]
    answers = await asyncio.gather(*(caller.send("PUT", lease_path(site)) for caller in callers))
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    for answer in answers:
        if answer.status_code != 200:
            assert_problem(answer, 409, "lease_held_elsewhere")
    assert await company_kinds(api, api.world.cathare.id) == ["regulation_taken"]


async def test_rule_037_who_regulates_is_named_and_taking_over_is_said_and_told(
    regulator: Caller, log_in: Login, api: Api
) -> None:
    site, second = api.world.cathare.site_id, await log_in(api.people.regulators[0])
    problem = assert_problem(await second.send("PUT", lease_path(site)), 409, "lease_held_elsewhere")
    assert problem["holder"]["device_id"] == regulator.headers["X-Device-Id"]
    assert (problem["holder"]["device_name"], problem["holder"]["device_kind"]) == ("poste", "WEB")
    assert problem["holder"]["person"] == api.people.regulators[0].username
    assert "poste (WEB) regulates this site since" in problem["detail"]
    over = (await second.send("PUT", lease_path(site), {"take_over": True})).json()
    assert (over["epoch"], over["device_id"]) == (2, second.headers["X-Device-Id"])
    told = (await company_facts(api, api.world.cathare.id))[-1]
    assert told["previous_device_id"] == regulator.headers["X-Device-Id"]
    assert_problem(await regulator.send("PUT", lease_path(site)), 409, "lease_held_elsewhere")


async def test_rule_039_a_crew_takes_a_free_site_on_its_phone_and_nothing_from_anybody(
    crew: Caller, regulator: Caller, api: Api
) -> None:
    site = api.world.cathare.site_id
    body = {"take_over": True}
    assert_problem(await crew.send("PUT", lease_path(site), body), 409, "lease_held_elsewhere")
    await regulator.send("DELETE", lease_path(site))
    on_web = await another_device(crew, "WEB")
    assert_problem(await on_web.send("PUT", lease_path(site)), 409, "phone_required")
    assert (await crew.send("PUT", lease_path(site))).json()["state"] == "HELD"


async def test_scope_sites_of_others_are_not_there(regulator: Caller, api: Api) -> None:
    theirs = api.world.minervois.site_id
    device = {"to_device_id": str(uuid4())}
    for site in (theirs, uuid4()):
        assert_problem(await regulator.send("PUT", lease_path(site)), 404, "not_found")
        assert_problem(await regulator.send("DELETE", lease_path(site)), 404, "not_found")
        assert_problem(await regulator.post(f"{lease_path(site)}/handover", device), 404, "not_found")
        assert_problem(await regulator.post(f"{lease_path(site)}/handover/acceptance"), 404, "not_found")
    bare = Caller(regulator.http, {"Authorization": regulator.headers["Authorization"]})
    assert_problem(await bare.send("PUT", lease_path(theirs)), 422, "device_required")


async def test_rule_038_giving_up_with_open_solicitations_or_missions_asks_first(
    samu: Caller, regulator: Caller, api: Api
) -> None:
    path = lease_path(api.world.cathare.site_id)
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
    second, path = await log_in(api.people.regulators[0]), lease_path(api.world.cathare.site_id)
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
    second, path = await log_in(api.people.regulators[0]), lease_path(api.world.cathare.site_id)
    offer = {"to_device_id": second.headers["X-Device-Id"]}
    offered = (await regulator.post(f"{path}/handover", offer)).json()
    assert (offered["epoch"], offered["offered_to"]) == (1, offer["to_device_id"])
    assert [each["site_id"] for each in (await beat(second))["offers"]] == [offered["site_id"]]
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
    path = lease_path(api.world.cathare.site_id)
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
    path = lease_path(api.world.cathare.site_id)
    second, third = [await log_in(api.people.regulators[0]) for _ in range(2)]
    await regulator.post(f"{path}/handover", {"to_device_id": second.headers["X-Device-Id"]})
    await asyncio.gather(
        second.post(f"{path}/handover/acceptance"), third.send("PUT", path, {"take_over": True})
    )
    leases = [(await beat(caller))["leases"] for caller in (regulator, second, third)]
    assert [bool(held) for held in leases] in ([False, True, False], [False, False, True])


# -- silence ---------------------------------------------------------------------------------------------------------


async def test_rule_037_a_holder_that_freezes_is_suspended_with_an_alarm_and_its_answers_are_refused(
    samu: Caller, regulator: Caller, api: Api, clock: Clock
) -> None:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]
    clock.advance(seconds=31)
    suspended = await until_suspended(api, api.world.cathare.id)
    assert (suspended["epoch"], suspended["open_solicitations"]) == (2, 2)
    alarm = (await company_facts(api, api.world.cathare.id))[-1]
    assert (alarm["kind"], alarm["alarm"]) == ("alarm_raised", "LEASE_LOST")
    assert alarm["samu_id"] == api.world.samu_id
    answer = await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {}, X_Lease_Epoch="1")
    problem = assert_problem(answer, 409, "lease_lost")
    assert problem["detail"].startswith("Nobody regulates this site now")
    told = await beat(regulator)
    assert (told["colour"], told["leases"]) == ("RED", [])
    assert "REGULATION_SUSPENDED" in {each["code"] for each in told["missing"]}
    again = (await regulator.send("PUT", lease_path(api.world.cathare.site_id))).json()
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
        assert (await beat(regulator))["leases"][0]["epoch"] == 1
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
    await until_suspended(api, api.world.cathare.id)
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
    path, tick = lease_path(world.site_id), f"/v1/sites/{world.site_id}/availability"
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
    assert [bool((await beat(caller))["leases"]) for caller in both] == [True, False]
    epochs = [f["epoch"] for f in await company_facts(api, world.id) if "epoch" in f]
    assert epochs == list(range(1, len(epochs) + 1))
