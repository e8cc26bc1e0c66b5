"""Regulator and crew work on the same mission, each on their own device (rules 21, 27, 35, 42, 43, 49, 50, 52)."""

import json
from uuid import uuid4

from domain.messages import Candidate
from domain.vocabulary import Tier
from tests.api.caller import Caller, Json, demand
from tests.api.conftest import Api, get_in, regulating
from tests.api.engine import RuleEngine
from tests.api.test_stream import listening, read


async def _asked(caller: Caller) -> Json:
    found: list[Json] = (await caller.get("/v1/solicitations", state="OPEN")).json()["items"]
    return found[0]


async def _mission(samu: Caller, regulator: Caller) -> str:
    await samu.post("/v1/demands", demand())
    asked = await _asked(regulator)
    told = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    assert told["outcome"] == "CONFIRMED"
    return f"/v1/missions/{told['mission_id']}"


async def _pass(caller: Caller, path: str, step: str) -> None:
    done = await caller.post(f"{path}/steps", {"step": step, "step_id": str(uuid4())})
    assert (done.status_code, done.json()["status"]) == (200, "recorded"), done.text


async def test_rule_021_crew_and_regulator_pass_steps_and_who_did_is_recorded(
    samu: Caller, regulator: Caller, crew: Caller
) -> None:
    path = await _mission(samu, regulator)
    await get_in(crew, (await regulator.get(path)).json()["vehicle_id"])
    await _pass(crew, path, "ACQUITTE")
    await _pass(regulator, path, "EN_APPROCHE")  # the crew's phone is dead
    steps = (await regulator.get(path)).json()["steps"]
    assert [(each["step"], each["by"].split("-")[0]) for each in steps] == [
        ("AFFECTE", "regulator"),
        ("ACQUITTE", "crew"),
        ("EN_APPROCHE", "regulator"),
    ]
    told = (await samu.get(path)).json()["steps"]
    assert [each["by"] for each in told] == ["REGULATOR", "CREW", "REGULATOR"]


async def test_rule_035_the_regulator_follows_the_crews_steps_as_they_happen(
    samu: Caller, regulator: Caller, crew: Caller
) -> None:
    path = await _mission(samu, regulator)
    await get_in(crew, (await regulator.get(path)).json()["vehicle_id"])
    async with listening(regulator) as mine, listening(samu) as theirs:
        await _pass(crew, path, "ACQUITTE")
        for events in (mine, theirs):
            [event] = await read(events, 1)
            assert event.event == "step_passed"
            assert json.loads(event.data)["data"]["step"] == "ACQUITTE"


async def test_rule_042_the_running_mission_has_its_details_on_the_regulators_page(
    samu: Caller, regulator: Caller
) -> None:
    path = await _mission(samu, regulator)
    [line] = (await regulator.get("/v1/missions", state="OPEN")).json()["items"]
    sheet = (await regulator.get(f"/v1/missions/{line['id']}")).json()
    assert path.endswith(line["id"])
    assert sheet["pickup"]["address"] == "12 rue de Verdun, 11000 Carcassonne"
    assert sheet["instructions"] == "Chien attaché"


async def test_rule_043_one_login_regulates_and_passes_steps(samu: Caller, regulator: Caller) -> None:
    """The same token and the same device as for the answer: no second login."""
    path = await _mission(samu, regulator)
    await _pass(regulator, path, "ACQUITTE")


async def test_rule_049_the_sites_that_are_regulated_are_named(crew: Caller, api: Api) -> None:
    before = (await crew.post("/v1/regulation/heartbeat")).json()
    assert before["leases"] == []
    await regulating(crew, api.world.cathare.site_id)
    told = (await crew.post("/v1/regulation/heartbeat")).json()
    assert [each["site_id"] for each in told["leases"]] == [str(api.world.cathare.site_id)]


async def test_rule_052_on_a_site_solicitation_the_r4_crew_names_its_own_vehicle(
    samu: Caller, crew: Caller, api: Api, rules: RuleEngine
) -> None:
    world, vehicle = api.world.cathare, api.world.cathare.vehicles[1].id
    rules.candidates = (Candidate(tier=Tier.SITE, company_id=world.id, site_id=world.site_id),)
    await regulating(crew, world.site_id)
    body = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Anna"}]}
    await crew.send("PUT", f"/v1/vehicles/{vehicle}/crew", body)
    await samu.post("/v1/demands", demand())
    asked = await _asked(crew)
    assert (asked["tier"], asked["answerable_here"]) == ("SITE", True)
    path = f"/v1/solicitations/{asked['id']}/acceptance"
    won = (await crew.post(path, {"vehicle_id": str(vehicle)})).json()
    assert (won["outcome"], won["phone_bound"]) == ("CONFIRMED", True)
