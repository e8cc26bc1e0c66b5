"""The guard, from the roster to the last word of its crew, through HTTP only (rules 12, 13, 19, 55 to 66)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from bench.players import LAT, LON, Coordinator, Heard, Json, Samu
from bench.post import Post
from domain.vocabulary import STEPS
from simulation.runtime import VehicleInfo
from tests.stack.conftest import Stage
from tests.stack.scenes import confirmed, mode_of, pass_steps, samu_saw, vehicle_of
from tests.stack.telling import kinds, story

pytestmark = pytest.mark.timeout(120)

GUARD, BY_DAY = 1, 0
"""The company on guard has its site in Carcassonne, where the demands are; the other has none near."""
SECTOR = "Secteur de Carcassonne"


@dataclass(frozen=True)
class Night:
    """One phone on guard in its vehicle, a company that works as by day, and what the SAMU hears."""

    samu: Samu
    samu_hears: Heard
    phone: Post
    phone_hears: Heard
    by_day: Post
    shift: Json

    @property
    def vehicle(self) -> VehicleInfo:
        """The one on guard."""
        return self.phone.vehicles[0]


async def test_rule_019_g1_one_phone_keeps_the_guard_and_nobody_regulates(stage: Stage) -> None:
    night = await _night(stage)
    await _is_on_guard(night)
    await _accepts_and_drives(night)
    await _is_on_guard(night)  # at DISPONIBLE, without anybody's doing (rule 65)
    await _cannot_come(night)
    await _goes_home(night)


async def _night(stage: Stage) -> Night:
    phone, by_day = await stage.crew(GUARD), await stage.regulator(BY_DAY)
    samu_hears, phone_hears = await stage.ear_of(stage.samu), await stage.ear_of(phone)
    await by_day.take()
    await by_day.tick(
        by_day.vehicles[0], LAT, LON
    )  # nearer than the guard, and asked only when that cannot come
    shift = await _go_on_guard(await stage.coordinator(), phone)
    assert (shift["late_s"] >= 60, shift["closed_at"], shift["missions"]) == (True, None, 0)
    assert shift["teammate"]["free_entry"] is False
    return Night(stage.samu, samu_hears, phone, phone_hears, by_day, shift)


async def _is_on_guard(night: Night) -> None:
    """The vehicle is on guard and ready, with no tick-box and no regulation anywhere in the company."""
    phone, vehicle = night.phone, night.vehicle
    sites = [site for each in await phone.fleet() for site in each["sites"]]
    assert {site["regulation"]["state"] for site in sites} == {"FREE"}
    seen = await vehicle_of(phone, vehicle)
    assert (seen["available"], seen["on_guard"]) == (False, True)
    assert await mode_of(vehicle, phone, night.samu) == "G1"
    assert await phone.until_green() == f"Vous recevrez les demandes de garde : véhicule {vehicle.name}."


async def _accepts_and_drives(night: Night) -> None:
    """The guard is asked first and alone, cannot refuse, and does the mission on the same phone."""
    samu, phone, vehicle = night.samu, night.phone, night.vehicle
    demand_id = (await samu.post())["id"]
    await samu.until(demand_id, "SOLICITING_GUARD")
    [asked] = await phone.open_solicitations(demand_id)
    assert (asked["tier"], asked["vehicle_id"], asked["answerable_here"]) == ("GUARD", vehicle.id, True)
    refused = await phone.answer(asked, "refusal")
    assert (refused.status_code, refused.json()["code"]) == (409, "guard_must_accept")
    told = await confirmed(phone, asked)
    assert (told["phone_bound"], told["notice"]) == (True, None)
    await night.phone_hears.until(lambda fact: fact["kind"] == "mission_assigned")
    await phone.receipt(told["mission_id"], "DELIVERED")
    await phone.receipt(told["mission_id"], "OPENED")
    await pass_steps(phone, told["mission_id"])

    ended = await samu_saw(samu, night.samu_hears, demand_id, phone, vehicle, *["CREW"] * 8)
    assert [each["vehicle_id"] for each in ended["solicitations"]] == [vehicle.id]
    [spared] = await samu.verdicts(demand_id, vehicle_id=night.by_day.vehicles[0].id)
    assert spared["verdict"] == "NOT_YET_ASKED"
    assert await story(samu, demand_id, phone=phone) == [
        "demand_received by SAMU",
        "tier_opened GUARD candidates=1",
        "solicitation_opened GUARD",
        "answer_turned_away guard_must_accept by CREW on phone",
        "solicitation_accepted by CREW on phone",
        "mission_assigned phone_bound=True on_guard=True by CREW on phone",
        "step_passed AFFECTE by CREW on phone",
        "mission_received DELIVERED by CREW on phone",
        "mission_received OPENED by CREW on phone",
        *[f"step_passed {step} by CREW on phone" for step in STEPS[1:]],
        "mission_ended COMPLETED by CREW on phone",
        "demand_completed transported=True",
    ]


async def _cannot_come(night: Night) -> None:
    """Unavailable, with a reason (rule 13): the next tier is asked at once, and somebody else goes."""
    samu, phone, by_day = night.samu, night.phone, night.by_day
    demand_id = (await samu.post())["id"]
    await samu.until(demand_id, "SOLICITING_GUARD")
    [asked] = await phone.open_solicitations(demand_id)
    response = await phone.answer(asked, "unavailability", {"reason": "panne"})
    assert response.status_code == 200, response.text
    await samu.until(demand_id, "SOLICITING_VEHICLES")
    [asked] = await by_day.open_solicitations(demand_id)
    told = await confirmed(by_day, asked)
    await by_day.receipt(told["mission_id"], "DELIVERED")
    await pass_steps(by_day, told["mission_id"])

    await samu_saw(samu, night.samu_hears, demand_id, by_day, by_day.vehicles[0], *["REGULATOR"] * 8)
    assert await story(samu, demand_id, phone=phone, plugin=by_day) == [
        "demand_received by SAMU",
        "tier_opened GUARD candidates=1",
        "solicitation_opened GUARD",
        "solicitation_unavailable panne by CREW on phone",
        "tier_closed GUARD",
        "tier_opened VEHICLE candidates=1",
        "solicitation_opened VEHICLE",
        "solicitation_accepted by REGULATOR on plugin",
        "mission_assigned phone_bound=False on_guard=False by REGULATOR on plugin",
        "step_passed AFFECTE by REGULATOR on plugin",
        "mission_received DELIVERED by REGULATOR on plugin",
        *[f"step_passed {step} by REGULATOR on plugin" for step in STEPS[1:]],
        "mission_ended COMPLETED by REGULATOR on plugin",
        "demand_completed transported=True",
    ]


async def _goes_home(night: Night) -> None:
    """The crew ends its guard; the journal of the period says all of it, and to the SAMU no crew's name."""
    closed = await night.phone.close_shift()
    assert (closed["close_reason"], closed["missions"]) == ("CLOSED_BY_CREW", 1)
    assert await mode_of(night.vehicle, night.phone, night.samu) is None
    await night.samu_hears.until(lambda fact: fact["kind"] == "shift_closed")
    of_period = [each for each in night.samu_hears.facts if each["subject_id"] == night.shift["period_id"]]
    assert kinds(of_period) == ["guard_planned", "shift_opened", "shift_closed"]
    assert all(each["data"].get("teammate") is None for each in of_period)


async def _go_on_guard(coordinator: Coordinator, phone: Post) -> Json:
    """The roster has a period that began a minute ago; the crew opens it with somebody of its company's list."""
    now = datetime.now(UTC).replace(microsecond=0)
    start, end = now - timedelta(minutes=1), now + timedelta(hours=2)
    line = ";".join([SECTOR, phone.account.name, start.isoformat(), end.isoformat(), "1"])
    taken = await coordinator.import_roster(f"secteur;entreprise;debut;fin;rang\n{line}\n")
    assert (taken["planned"], taken["unchanged"]) == (1, 0)
    [period] = (await phone.call("GET", "/v1/guard/periods?state=LATE"))["items"]
    assert (period["id"], period["sector"]["name"]) == (taken["periods"][0]["id"], SECTOR)
    teammate = (await phone.call("GET", "/v1/guard/teammates"))["items"][0]
    return await phone.open_shift(period["id"], phone.vehicles[0], {"staff_id": teammate["id"]})
