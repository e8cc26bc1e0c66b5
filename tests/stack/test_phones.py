"""Phones that come late, that leave, and that nobody hears of (rules 28, 30, 31, 38, 54)."""

from time import monotonic

import pytest

from bench.players import LAT, LON
from bench.post import Post
from tests.stack.conftest import Stage
from tests.stack.scenes import confirmed, mode_of, pass_steps
from tests.stack.telling import story

pytestmark = pytest.mark.timeout(120)

CARCASSONNE = 1
AT_ONCE_S = 2.0


async def _on_mission(stage: Stage, plugin: Post) -> tuple[str, str]:
    """A demand, and its mission, that the plugin has just been given."""
    await plugin.take()
    await plugin.tick(plugin.vehicles[0], LAT, LON)
    demand_id = (await stage.samu.post())["id"]
    await stage.samu.until(demand_id, "SOLICITING_VEHICLES")
    [asked] = await plugin.open_solicitations(demand_id)
    return demand_id, str((await confirmed(plugin, asked))["mission_id"])


async def test_rule_031_a_mission_that_runs_is_delivered_to_a_phone_that_binds_later(stage: Stage) -> None:
    plugin, phone = await stage.regulator(CARCASSONNE), await stage.crew(CARCASSONNE)
    phone_hears = await stage.ear_of(phone)
    vehicle = plugin.vehicles[0]
    demand_id, mission_id = await _on_mission(stage, plugin)
    await plugin.receipt(mission_id, "DELIVERED")
    await pass_steps(plugin, mission_id, "ACQUITTE", "EN_APPROCHE")
    assert await mode_of(vehicle, plugin, stage.samu) == "R2"

    bound = await phone.bind(vehicle, "Ada Fictive")
    assert (bound["mission"]["id"], bound["mission"]["step"]) == (mission_id, "EN_APPROCHE")
    assert bound["notice"] == "Une mission est en cours pour ce véhicule."
    told = await phone_hears.until(lambda fact: fact["kind"] == "crew_bound", within=AT_ONCE_S)
    assert (told["data"]["mission_id"], told["data"]["device_id"]) == (mission_id, phone.device_id)
    sheet = await phone.call("GET", f"/v1/missions/{mission_id}")
    assert (sheet["phone_bound"], sheet["expected_step"]) == (False, "LIEU_INTERVENTION")
    assert await mode_of(vehicle, plugin, stage.samu) == "R1"
    await phone.receipt(mission_id, "OPENED")
    await pass_steps(phone, mission_id, *("LIEU_INTERVENTION", "BILAN_REALISE", "EN_CHARGE"))
    await pass_steps(phone, mission_id, *("LIEU_DESTINATION", "DISPONIBLE"))
    await stage.samu.until(demand_id, "COMPLETED")
    lines = await story(stage.samu, demand_id, plugin=plugin, phone=phone)
    assert [line for line in lines if line.startswith(("mission_received", "step_passed"))] == [
        "step_passed AFFECTE by REGULATOR on plugin",
        "mission_received DELIVERED by REGULATOR on plugin",
        "step_passed ACQUITTE by REGULATOR on plugin",
        "step_passed EN_APPROCHE by REGULATOR on plugin",
        "mission_received OPENED by CREW on phone",
        "step_passed LIEU_INTERVENTION by CREW on phone",
        "step_passed BILAN_REALISE by CREW on phone",
        "step_passed EN_CHARGE by CREW on phone",
        "step_passed LIEU_DESTINATION by CREW on phone",
        "step_passed DISPONIBLE by CREW on phone",
    ]


async def test_rule_054_a_device_that_logs_out_receives_nothing_any_more(stage: Stage) -> None:
    plugin, phone = await stage.regulator(CARCASSONNE), await stage.crew(CARCASSONNE)
    phone_hears = await stage.ear_of(phone)
    vehicle = plugin.vehicles[0]
    await plugin.take()
    await plugin.tick(vehicle, LAT, LON)
    await phone.bind(vehicle, "Ada Fictive")
    assert await mode_of(vehicle, plugin) == "R1"

    before = monotonic()
    await phone.log_out()
    await phone_hears.until_ended(within=AT_ONCE_S)
    assert monotonic() - before < AT_ONCE_S
    assert phone_hears.facts[-1]["kind"] == "device_closed"
    assert phone_hears.facts[-1]["data"]["device_id"] == phone.device_id
    assert await mode_of(vehicle, plugin, stage.samu) == "R2"  # it is in the vehicle no more
    for path in ("/v1/solicitations?state=OPEN", "/v1/missions?state=OPEN", "/v1/stream"):
        refused = await phone.http.get(path)
        assert (refused.status_code, refused.json()["code"]) == (401, "session_ended")

    demand_id = (await stage.samu.post())["id"]
    await stage.samu.until(demand_id, "SOLICITING_VEHICLES")
    assert (await plugin.http.post("/v1/logout")).json()["code"] == "confirmation_required"  # something rings
    [asked] = await plugin.open_solicitations(demand_id)
    told = await confirmed(plugin, asked)
    assert told["notice"] == "Aucun téléphone dans ce véhicule : appelez l'équipage."
    assert phone_hears.facts[-1]["kind"] == "device_closed"


async def test_rule_028_a_confirmed_mission_that_reaches_no_device_alarms_the_samu(stage: Stage) -> None:
    """After 60 s, or as many as the SAMU's policy says; over as soon as a device has the mission (rule 30)."""
    async with stage.policy(unreached_alarm_s=1), stage.samu.listening() as samu_hears:
        plugin = await stage.regulator(CARCASSONNE)
        demand_id, mission_id = await _on_mission(stage, plugin)
        raised = await samu_hears.until(lambda fact: fact["kind"] == "alarm_raised", within=10)
        assert (raised["demand_id"], raised["data"]["alarm"]) == (demand_id, "DEVICE_UNREACHED")
        [alarm] = await stage.samu.alarms(demand_id=demand_id)
        assert (alarm["kind"], alarm["state"], alarm["mission_id"]) == (
            "DEVICE_UNREACHED",
            "RAISED",
            mission_id,
        )
        seen = await stage.samu.call("POST", f"/v1/alarms/{alarm['id']}/acknowledgement")
        assert (seen["state"], seen["seen_by_role"]) == ("SEEN", "SAMU")
        await plugin.receipt(mission_id, "DELIVERED")
        await samu_hears.until(lambda fact: fact["kind"] == "alarm_closed", within=10)
        [alarm] = await stage.samu.alarms(demand_id=demand_id)
        assert alarm["state"] == "CLOSED"
        again = await stage.samu.http.post(f"/v1/alarms/{alarm['id']}/acknowledgement")
        assert (again.status_code, again.json()["code"]) == (409, "alarm_closed")
