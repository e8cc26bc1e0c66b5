"""One of everything that has an address, all of it the first SAMU's and the first company's."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID

from domain.fleet import Volume
from domain.messages import Candidate
from domain.vocabulary import STEPS, Tier
from tests.api.caller import Caller, Json, demand
from tests.api.conftest import Api, another_device, regulating
from tests.api.engine import RuleEngine
from tests.api.guard_steps import opened
from tests.api.guard_world import build_guard_world
from tests.api.scope_cast import logged_in

STEP_ID = "018f0000-0000-7000-8000-000000000001"


async def set_stage(api: Api, rules: RuleEngine, cast: Mapping[str, Caller]) -> dict[str, str]:
    """Play until each kind of object stands; their ids by the names that addresses and bodies have for them."""
    world, software = api.world, cast["software"]
    rules.candidates = tuple(each for each in rules.candidates if each.company_id == world.cathare.id)
    regulator = await regulating(cast["regulator"], world.cathare.site_id)
    guard = await build_guard_world(api)
    period_id = await guard.plan(timedelta(minutes=-5))
    shift = await opened(cast["crew"], guard, period_id, vehicle=1)
    vehicle_id = str(world.cathare.vehicles[1].id)  # the crew is in it
    mission = await _mission(software, regulator, rules, vehicle_id)
    await software.post("/v1/demands", demand())
    open_ones = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    alarms = (await software.get("/v1/alarms")).json()["items"]
    promised = await _promised(api, software, rules)
    spare = await another_device(regulator, "PLUGIN", "secours")
    return {
        **mission,
        "promised_demand_id": promised,
        "solicitation_id": open_ones[0]["id"],
        "alarm_id": next(each["id"] for each in alarms if each.get("mission_id")),
        "period_id": period_id,
        "shift_id": shift["id"],
        "sector_id": str(guard.carcassonne),
        "staff_id": str(guard.staff_id),
        "vehicle_id": vehicle_id,
        "site_id": str(world.cathare.site_id),
        "device_id": spare.headers["X-Device-Id"],
        "crew_device_id": cast["crew"].headers["X-Device-Id"],
        "step_id": STEP_ID,
        "company_id": str(world.cathare.id),
        "samu_id": str(world.samu_id),
    }


async def _promised(api: Api, software: Caller, rules: RuleEngine) -> str:
    """A demand whose SAMU decides on a promise, of a third company, which nobody regulates any more."""
    company, before = api.world.corbieres, rules.candidates
    vehicle = company.vehicles[0]
    rules.candidates = (
        Candidate(
            tier=Tier.VEHICLE,
            company_id=company.id,
            vehicle_id=vehicle.id,
            eta_minutes=9,
            exact_volume=vehicle.volume is Volume.AMBULANCE,
        ),
    )
    posted: Json = (await software.post("/v1/demands", demand())).raise_for_status().json()
    rules.candidates = before
    third = await logged_in(software.http, "third_regulator", api.people.regulators[2])
    regulator = await regulating(third, company.site_id)
    [asked] = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    path = f"/v1/solicitations/{asked['id']}/counter-proposal"
    (await regulator.post(path, {"delay_minutes": 50})).raise_for_status()
    await rules.close_tier(UUID(posted["id"]))
    site = f"/v1/regulation/sites/{company.site_id}?confirm=true"
    (await regulator.send("DELETE", site)).raise_for_status()
    return str(posted["id"])


async def _mission(software: Caller, regulator: Caller, rules: RuleEngine, vehicle_id: str) -> dict[str, str]:
    """A demand with a mission, a step and an alarm: no phone was reached."""
    posted: Json = (await software.post("/v1/demands", demand())).raise_for_status().json()
    items = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    asked = next(each for each in items if each["vehicle_id"] == vehicle_id)
    won = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).raise_for_status().json()
    told = rules.demands[UUID(posted["id"])]
    assert told.case.mission is not None
    told.pass_time(told.case.mission.assigned_at + timedelta(seconds=61))
    await rules.record(told)
    passed = await regulator.post(
        f"/v1/missions/{won['mission_id']}/steps", {"step": STEPS[1], "step_id": STEP_ID}
    )
    passed.raise_for_status()
    return {"demand_id": posted["id"], "mission_id": won["mission_id"]}
