"""The four ways to work off guard, from the login to DISPONIBLE, each asserted fact by fact (rules 14 to 18)."""

from datetime import UTC, datetime, timedelta

import pytest

from bench.players import LAT, LON
from bench.post import Post
from domain.vocabulary import STEPS
from tests.stack.conftest import Stage
from tests.stack.scenes import confirmed, instant, mode_of, pass_steps, samu_saw, vehicle_of
from tests.stack.telling import story

pytestmark = pytest.mark.timeout(120)

CARCASSONNE = 1
"""The company whose only site is there."""
SEARCHED = [
    "demand_received by SAMU",
    "tier_skipped GUARD",
    "tier_opened VEHICLE candidates=1",
    "solicitation_opened VEHICLE",
]
NO_PHONE = "Aucun téléphone dans ce véhicule : appelez l'équipage."
ENDED = "demand_completed transported=True"


def _passed(by: str, steps: tuple[str, ...] = STEPS[1:]) -> list[str]:
    return [f"step_passed {step} {by}" for step in steps]


async def test_rule_015_r1_a_plugin_regulates_and_a_phone_does_the_mission(stage: Stage) -> None:
    plugin, phone = await stage.regulator(CARCASSONNE), await stage.crew(CARCASSONNE)
    samu_hears, phone_hears = await stage.ear_of(stage.samu), await stage.ear_of(phone)
    vehicle = plugin.vehicles[0]
    await plugin.take()
    await plugin.tick(vehicle, LAT, LON)
    bound = await phone.bind(vehicle, "Ada Fictive", "Basile Inventé")
    assert (bound["is_primary"], bound["mode"], bound["mission"]) == (True, "R1", None)
    assert await mode_of(vehicle, plugin, phone, stage.samu) == "R1"
    assert await plugin.until_green() == f"Vous recevrez : véhicule {vehicle.name}."
    assert await phone.until_green() == f"Vous recevrez les missions du véhicule {vehicle.name}."

    demand = await stage.samu.post()
    await stage.samu.until(demand["id"], "SOLICITING_VEHICLES")
    [asked] = await plugin.open_solicitations(demand["id"])
    assert [each["answerable_here"] for each in await phone.open_solicitations(demand["id"])] == [False]
    told = await confirmed(plugin, asked)
    assert (told["phone_bound"], told["notice"]) == (True, None)
    assigned = await phone_hears.until(lambda fact: fact["kind"] == "mission_assigned")
    assert assigned["data"]["vehicle_id"] == vehicle.id
    await phone.receipt(told["mission_id"], "DELIVERED")
    await phone.receipt(told["mission_id"], "OPENED")
    await pass_steps(phone, told["mission_id"])

    await samu_saw(stage.samu, samu_hears, demand["id"], plugin, vehicle, "REGULATOR", *["CREW"] * 7)
    assert (await vehicle_of(stage.samu, vehicle))["phones"]["count"] == 1
    assert await story(stage.samu, demand["id"], plugin=plugin, phone=phone) == [
        *SEARCHED,
        "solicitation_accepted by REGULATOR on plugin",
        "mission_assigned phone_bound=True on_guard=False by REGULATOR on plugin",
        "step_passed AFFECTE by REGULATOR on plugin",
        "mission_received DELIVERED by CREW on phone",
        "mission_received OPENED by CREW on phone",
        *_passed("by CREW on phone"),
        "mission_ended COMPLETED by CREW on phone",
        ENDED,
    ]


async def test_rule_016_r2_a_plugin_regulates_and_its_person_passes_the_steps(stage: Stage) -> None:
    """With no phone in the vehicle the confirmation says so (rule 31), and a step is told later, with its own time
    (rules 40 and 43).
    """
    plugin = await stage.regulator(CARCASSONNE)
    samu_hears = await stage.ear_of(stage.samu)
    vehicle = plugin.vehicles[0]
    await plugin.take()
    await plugin.tick(vehicle, LAT, LON)
    assert await mode_of(vehicle, plugin, stage.samu) == "R2"
    assert await plugin.until_green() == f"Vous recevrez : véhicule {vehicle.name}."

    demand = await stage.samu.post()
    await stage.samu.until(demand["id"], "SOLICITING_VEHICLES")
    [asked] = await plugin.open_solicitations(demand["id"])
    told = await confirmed(plugin, asked)
    assert (told["phone_bound"], told["notice"]) == (False, NO_PHONE)
    await plugin.receipt(told["mission_id"], "OPENED")  # what was read has arrived
    by_telephone = await _acknowledged_by_telephone(plugin, told["mission_id"])
    await pass_steps(plugin, told["mission_id"], *STEPS[2:])

    ended = await samu_saw(stage.samu, samu_hears, demand["id"], plugin, vehicle, *["REGULATOR"] * 8)
    affecte, acquitte, *_ = ended["mission"]["steps"]
    assert instant(acquitte["device_time"]) == by_telephone
    assert (
        acquitte["recorded_at"] > acquitte["occurred_at"] == affecte["occurred_at"]
    )  # none before the assignment
    assert await story(stage.samu, demand["id"], plugin=plugin) == [
        *SEARCHED,
        "solicitation_accepted by REGULATOR on plugin",
        "mission_assigned phone_bound=False on_guard=False by REGULATOR on plugin",
        "step_passed AFFECTE by REGULATOR on plugin",
        "mission_received DELIVERED by REGULATOR on plugin",
        "mission_received OPENED by REGULATOR on plugin",
        *_passed("by REGULATOR on plugin"),
        "mission_ended COMPLETED by REGULATOR on plugin",
        ENDED,
    ]


async def _acknowledged_by_telephone(plugin: Post, mission_id: str) -> datetime:
    """The crew told five minutes ago; what it told half an hour ago a regulator may not pass on (rule 43)."""
    then = datetime.now(UTC) - timedelta(minutes=5)
    late = await plugin.step(mission_id, "ACQUITTE", occurred_at=then)
    assert late.status_code == 200, late.text
    too_late = await plugin.step(mission_id, "EN_APPROCHE", occurred_at=then - timedelta(minutes=26))
    assert (too_late.status_code, too_late.json()["code"]) == (409, "backdated_too_far")
    return then


async def test_rule_017_r3_a_master_phone_regulates_and_another_does_the_mission(stage: Stage) -> None:
    master, phone = await stage.crew(CARCASSONNE, 0), await stage.crew(CARCASSONNE, 1)
    samu_hears, phone_hears = await stage.ear_of(stage.samu), await stage.ear_of(phone)
    vehicle = master.vehicles[1]
    await master.take()
    await master.tick(vehicle, LAT, LON)
    assert (await phone.bind(vehicle, "Cyprien Imaginaire"))["mode"] == "R3"
    assert await mode_of(vehicle, master, phone, stage.samu) == "R3"
    assert await master.until_green() == f"Vous recevrez : véhicule {vehicle.name}."
    assert await phone.until_green() == f"Vous recevrez les missions du véhicule {vehicle.name}."
    refused = await phone.http.put(f"/v1/regulation/sites/{vehicle.site_id}")
    assert (refused.status_code, refused.json()["code"]) == (409, "lease_held_elsewhere")  # rule 39

    demand = await stage.samu.post()
    await stage.samu.until(demand["id"], "SOLICITING_VEHICLES")
    [asked] = await master.open_solicitations(demand["id"])
    fenced = await phone.answer(asked, "acceptance")
    assert (fenced.status_code, fenced.json()["code"]) == (409, "lease_lost")
    told = await confirmed(master, asked)
    assert told["phone_bound"] is True
    await phone_hears.until(lambda fact: fact["kind"] == "mission_assigned")
    await phone.receipt(told["mission_id"], "DELIVERED")
    await pass_steps(phone, told["mission_id"])

    await samu_saw(stage.samu, samu_hears, demand["id"], master, vehicle, *["CREW"] * 8)
    assert await story(stage.samu, demand["id"], master=master, phone=phone) == [
        *SEARCHED,
        "solicitation_accepted by CREW on master",
        "mission_assigned phone_bound=True on_guard=False by CREW on master",
        "step_passed AFFECTE by CREW on master",
        "mission_received DELIVERED by CREW on phone",
        *_passed("by CREW on phone"),
        "mission_ended COMPLETED by CREW on phone",
        ENDED,
    ]


async def test_rule_018_r4_one_phone_regulates_and_does_the_mission(stage: Stage) -> None:
    """Its site is solicited, and it names its own vehicle (rules 46, 51 and 52)."""
    phone = await stage.crew(CARCASSONNE)
    samu_hears, phone_hears = await stage.ear_of(stage.samu), await stage.ear_of(phone)
    vehicle, [site] = phone.vehicles[0], phone.account.sites
    await phone.take()
    await phone.tick_site(site.id)
    bound = await phone.bind(vehicle, "Dorothée Fabuleuse")
    assert bound["mode"] == "R4"
    assert bound["notice"] == "Ce téléphone régule et fait la mission : vous êtes en mode R4."  # rule 47
    assert await mode_of(vehicle, phone, stage.samu) == "R4"
    own = f"Et les missions du véhicule {vehicle.name}, où vous êtes."
    assert await phone.until_green() == f"Vous recevrez : site {site.name}. {own}"

    demand = await stage.samu.post()
    await stage.samu.until(demand["id"], "SOLICITING_SITES")
    [asked] = await phone.open_solicitations(demand["id"])
    assert (asked["tier"], asked["site_id"], asked["vehicle_id"]) == ("SITE", site.id, None)
    told = await confirmed(phone, asked, {"vehicle_id": vehicle.id})
    assert told["phone_bound"] is True
    await phone_hears.until(lambda fact: fact["kind"] == "mission_assigned")
    await phone.receipt(told["mission_id"], "OPENED")
    await pass_steps(phone, told["mission_id"])

    await samu_saw(stage.samu, samu_hears, demand["id"], phone, vehicle, *["CREW"] * 8)
    assert await story(stage.samu, demand["id"], phone=phone) == [
        "demand_received by SAMU",
        "tier_skipped GUARD",
        "tier_skipped VEHICLE",
        "tier_opened SITE candidates=1",
        "solicitation_opened SITE",
        "solicitation_accepted by CREW on phone",
        "mission_assigned phone_bound=True on_guard=False by CREW on phone",
        "step_passed AFFECTE by CREW on phone",
        "mission_received DELIVERED by CREW on phone",
        "mission_received OPENED by CREW on phone",
        *_passed("by CREW on phone"),
        "mission_ended COMPLETED by CREW on phone",
        ENDED,
    ]
