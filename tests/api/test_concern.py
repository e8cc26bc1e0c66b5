"""Whom a mission concerns: who reads its patient and passes its steps (rules 32 and 34)."""

from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from storage import tables
from tests.api.caller import Caller, Json, assert_problem, demand, without
from tests.api.conftest import Api, Login, another_device, get_in, regulating


@pytest.fixture
async def sheet(samu: Caller, regulator: Caller) -> Json:
    """A mission that runs, as its regulator reads it."""
    await samu.post("/v1/demands", demand())
    [asked, *_] = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    won = (await regulator.post(f"/v1/solicitations/{asked['id']}/acceptance", {})).json()
    found: Json = (await regulator.get(f"/v1/missions/{won['mission_id']}")).raise_for_status().json()
    return found


async def _patient(caller: Caller, sheet: Json) -> Json | None:
    found = (await caller.get(f"/v1/missions/{sheet['id']}")).raise_for_status().json()
    patient: Json | None = found["patient"]
    return patient


async def _acknowledge(caller: Caller, sheet: Json) -> int:
    step = {"step": "ACQUITTE", "step_id": str(uuid4())}
    return (await caller.post(f"/v1/missions/{sheet['id']}/steps", step)).status_code


def _other(api: Api, sheet: Json) -> UUID:
    return next(each.id for each in api.world.cathare.vehicles if each.id != UUID(sheet["vehicle_id"]))


async def test_rule_032_a_crew_reads_the_patient_in_the_vehicle_and_nowhere_else(
    crew: Caller, api: Api, sheet: Json
) -> None:
    assert await _patient(crew, sheet) is None
    await get_in(crew, _other(api, sheet))
    assert await _patient(crew, sheet) is None
    await get_in(crew, sheet["vehicle_id"])
    assert (await _patient(crew, sheet) or {})["last_name"] == "EXEMPLE"
    bare = Caller(crew.http, without(crew.headers, "X-Device-Id"))
    assert await _patient(bare, sheet) is None
    async with api.resources.database.connect() as connection:
        reads = (await connection.scalars(sa.select(tables.patient_reads.c.role))).all()
    assert reads == ["REGULATOR", "CREW"]


async def test_rule_032_a_master_phone_reads_the_patient_while_it_regulates(
    regulator: Caller, crew: Caller, api: Api, sheet: Json
) -> None:
    path = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    await regulator.send("DELETE", f"{path}?confirm=true")
    await regulating(crew, api.world.cathare.site_id)
    assert await _patient(crew, sheet) is not None
    assert await _acknowledge(crew, sheet) == 200
    await crew.send("DELETE", f"{path}?confirm=true")
    assert await _patient(crew, sheet) is None


async def test_rule_032_a_regulator_reads_the_patient_on_the_page_and_not_on_a_closed_device(
    regulator: Caller, rival: Caller, sheet: Json
) -> None:
    bare = Caller(regulator.http, without(regulator.headers, "X-Device-Id"))
    assert await _patient(bare, sheet) is not None
    closed = await another_device(regulator, "WEB")
    await closed.send("DELETE", f"/v1/devices/{closed.headers['X-Device-Id']}")
    assert_problem(await closed.get(f"/v1/missions/{sheet['id']}"), 409, "device_closed")
    borrowed = bare.on_device(rival.headers["X-Device-Id"])
    assert_problem(await borrowed.get(f"/v1/missions/{sheet['id']}"), 404, "not_found")


async def test_rule_034_a_crew_acts_on_the_mission_of_its_vehicle_only(
    regulator: Caller, crew: Caller, api: Api, sheet: Json
) -> None:
    await get_in(crew, _other(api, sheet))
    path = f"/v1/missions/{sheet['id']}"
    step_id, reason = str(uuid4()), {"reason": "moteur"}
    for verb, body in (
        ("steps", {"step": "ACQUITTE", "step_id": step_id}),
        ("receipt", {"receipt": "DELIVERED"}),
        ("breakdown", reason),
        ("no-transport", reason),
        ("relief", reason | {"vehicle_id": str(_other(api, sheet))}),
    ):
        told = assert_problem(await crew.post(f"{path}/{verb}", body), 409, "not_in_this_vehicle")
        assert "declare your crew in it" in told["detail"]
    undone = await crew.send("DELETE", f"{path}/steps/{step_id}")
    assert_problem(undone, 409, "not_in_this_vehicle")
    assert await _acknowledge(regulator, sheet) == 200  # R2, R1 with a dead phone: rule 40


async def test_rule_034_who_logged_out_passes_nothing(crew: Caller, sheet: Json) -> None:
    await get_in(crew, sheet["vehicle_id"])
    await another_device(crew, "MOBILE")  # on which the login goes on
    await crew.send("DELETE", f"/v1/devices/{crew.headers['X-Device-Id']}?confirm=true")
    assert await _acknowledge(crew, sheet) == 409
    assert_problem(await crew.get(f"/v1/missions/{sheet['id']}"), 409, "device_closed")


async def test_rule_032_a_login_that_another_process_ended_reads_no_patient(
    regulator: Caller, log_in: Login, api: Api, sheet: Json
) -> None:
    doctor = await log_in(api.people.doctor)
    paths = ((regulator, f"/v1/missions/{sheet['id']}"), (doctor, f"/v1/demands/{sheet['demand_id']}"))
    for caller, path in paths:
        caller.headers.pop("X-Device-Id")
        assert (await caller.get(path)).json()["patient"] is not None
    async with api.resources.database.begin() as connection:
        await connection.execute(sa.update(tables.sessions).values(ended_at=sa.func.now()))
    for caller, path in paths:
        assert (await caller.get("/v1/me")).status_code == 200  # this process remembers the login
        assert_problem(await caller.get(path), 401, "session_ended")


async def test_rule_044_a_crew_has_its_vehicle_relieved_and_then_has_no_more_to_say(
    crew: Caller, api: Api, sheet: Json
) -> None:
    await get_in(crew, sheet["vehicle_id"])
    path, other = f"/v1/missions/{sheet['id']}", _other(api, sheet)
    relief = {"vehicle_id": str(other), "reason": "fin de service"}
    (await crew.post(f"{path}/relief", relief)).raise_for_status()
    assert (await crew.get(path)).json()["vehicle_id"] == str(other)
    again = relief | {"vehicle_id": sheet["vehicle_id"]}
    assert_problem(await crew.post(f"{path}/relief", again), 409, "not_in_this_vehicle")
