"""The ways to work, each played in the pages of everybody concerned, from the login to Disponible (rules 14 to 19)."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from bench.players import LAT, LON, coordinator
from domain.vocabulary import STEPS
from tests.browser.people import STEPS_LEFT, Phone, SamuDesk
from tests.browser.stage import PATIENCE_S, Stage
from tests.browser.watch import REFUSED

pytestmark = pytest.mark.timeout(PATIENCE_S)

CARCASSONNE = 1
"""The company whose only site is there; its second vehicle is an AMBULANCE."""
SECTOR = "Secteur de Carcassonne"


async def _drives(phone: Phone, samu: SamuDesk, demand_id: str) -> None:
    """Every step up to Disponible, each seen at the SAMU as soon as the phone has shown it."""
    await phone.sees_mission()
    for step in STEPS_LEFT:
        await phone.passes(step)
        await samu.sees_step(demand_id, step)


async def _is_complete(stage: Stage, demand_id: str, *roles: str) -> None:
    """The platform has every step, in order, each by whoever this mode says."""
    mission = (await stage.api.demand(demand_id))["mission"]
    assert [each["step"] for each in mission["steps"]] == list(STEPS)
    assert [each["by"] for each in mission["steps"]] == list(roles)


async def test_rule_015_r1_a_post_regulates_and_a_phone_does_the_mission(stage: Stage) -> None:
    samu, regulation, phone = await stage.everybody(CARCASSONNE)
    vehicle = regulation.company.vehicles[1]
    await regulation.take()
    await regulation.tick(vehicle.name)
    await phone.begin("Ambulancier")
    await phone.get_in(vehicle.name, "Ada Fictive", "Basile Inventé")
    await regulation.sees_readiness("GREEN")
    await phone.sees_readiness("GREEN")

    demand_id = await samu.new_demand()
    await samu.sees(demand_id, "SOLICITING_VEHICLES")
    await regulation.accept(demand_id)
    await samu.sees(demand_id, "ASSIGNED")
    await _drives(phone, samu, demand_id)
    await _is_complete(stage, demand_id, "REGULATOR", *["CREW"] * 7)


async def test_rule_016_r2_a_post_regulates_and_its_person_passes_the_steps(stage: Stage) -> None:
    """Nobody is in the vehicle with a phone: the page says that the crew must be called (rule 31)."""
    samu, regulation = await stage.samu(), await stage.regulation(CARCASSONNE)
    vehicle = regulation.company.vehicles[1]
    await regulation.take()
    await regulation.tick(vehicle.name)
    await (await stage.post(CARCASSONNE)).locate(vehicle, LAT, LON)
    await regulation.sees_readiness("GREEN")

    demand_id = await samu.new_demand()
    await regulation.accept(demand_id)
    await expect(regulation.card(demand_id)).to_contain_text("appelez l'équipage")
    for step in STEPS_LEFT:
        await regulation.passes(step)
        await samu.sees_step(demand_id, step)
    await _is_complete(stage, demand_id, *["REGULATOR"] * 8)


async def test_rule_017_r3_a_master_phone_regulates_and_another_does_the_mission(stage: Stage) -> None:
    samu = await stage.samu()
    master, phone = await stage.phone(CARCASSONNE, 0), await stage.phone(CARCASSONNE, 1)
    vehicle = master.company.vehicles[1]
    await master.begin("Maître")
    await master.take()
    await master.tick(vehicle.name)
    await phone.begin("Ambulancier")
    await phone.get_in(vehicle.name, "Cyprien Imaginaire")
    await master.sees_readiness("GREEN")
    await phone.sees_readiness("GREEN")

    demand_id = await samu.new_demand()
    await master.accept()
    await _drives(phone, samu, demand_id)
    await _is_complete(stage, demand_id, *["CREW"] * 8)


async def test_rule_018_r4_one_phone_regulates_and_does_the_mission(stage: Stage) -> None:
    """Its site is asked, and it names its own vehicle (rules 46, 51 and 52)."""
    samu, phone = await stage.samu(), await stage.phone(CARCASSONNE)
    vehicle = await phone.regulates_alone("Dorothée Fabuleuse")

    demand_id = await samu.new_demand()
    await samu.sees(demand_id, "SOLICITING_SITES")
    await phone.accept(vehicle=vehicle.name)
    await _drives(phone, samu, demand_id)
    await _is_complete(stage, demand_id, *["CREW"] * 8)


async def test_rule_019_g1_one_phone_keeps_the_guard_and_nobody_regulates(stage: Stage) -> None:
    stage.watch.expect(REFUSED)  # whoever ends a guard early is asked whether they are sure
    samu, phone = await stage.samu(), await stage.phone(CARCASSONNE)
    await _is_planned(stage, phone)
    await phone.begin("Garde")
    await phone.opens_the_guard(SECTOR, phone.company.vehicles[1].name)
    await phone.sees_readiness("GREEN")

    demand_id = await samu.new_demand()
    await samu.sees(demand_id, "SOLICITING_GUARD")
    await expect(phone.button("Refuser", phone.asked)).to_have_count(0)  # rule 13: a guard must accept
    await phone.accept()
    await _drives(phone, samu, demand_id)
    await _is_complete(stage, demand_id, *["CREW"] * 8)
    await phone.sees_readiness("GREEN")  # on guard again, without anybody's doing (rule 65)
    await phone.ends_the_guard()


async def _is_planned(stage: Stage, phone: Phone) -> None:
    """The roster has a period that began a minute ago."""
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now - timedelta(minutes=1), now + timedelta(hours=2)
    line = ";".join([SECTOR, phone.company.name, start.isoformat(), end.isoformat(), "1"])
    async with coordinator(stage.stack.api, stage.stack.accounts.coordinator) as caller:
        await caller.import_roster(f"secteur;entreprise;debut;fin;rang\n{line}\n")
