"""Answers are taken from who regulates, or from the guard's own phone, and from nobody else (rules 14, 37, 39, 55)."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from domain.messages import Acceptance
from domain.messages import Candidate as Asked
from domain.vocabulary import Tier
from storage import tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api, Login, another_device, regulating
from tests.api.engine import RuleEngine
from tests.api.guard_steps import put_shift

ANSWERS: tuple[tuple[str, Json], ...] = (
    ("acceptance", {}),
    ("refusal", {}),
    ("counter-proposal", {"delay_minutes": 40}),
)


async def _open(caller: Caller) -> list[Json]:
    found: list[Json] = (await caller.get("/v1/solicitations", state="OPEN")).json()["items"]
    return found


async def test_rule_037_a_device_that_does_not_regulate_answers_nothing(
    samu: Caller, regulator: Caller, log_in: Login, api: Api, rules: RuleEngine
) -> None:
    await samu.post("/v1/demands", demand())
    [asked, *_] = await _open(regulator)
    second = await log_in(api.people.regulators[0])
    for verb, body in (*ANSWERS, ("unavailability", {"reason": "panne"})):
        answer = await second.post(f"/v1/solicitations/{asked['id']}/{verb}", body)
        problem = assert_problem(answer, 409, "lease_lost")
        assert problem["holder"]["device_id"] == regulator.headers["X-Device-Id"]
    assert rules.asked == []
    assert [each["answerable_here"] for each in await _open(regulator)] == [True, True]
    assert [each["answerable_here"] for each in await _open(second)] == [False, False]
    bare = Caller(regulator.http, {"Authorization": regulator.headers["Authorization"]})
    assert [each["answerable_here"] for each in await _open(bare)] == [None, None]


async def test_rule_037_the_winner_is_fenced_before_it_is_confirmed_again(
    samu: Caller, regulator: Caller, log_in: Login, api: Api
) -> None:
    await samu.post("/v1/demands", demand())
    path = f"/v1/solicitations/{(await _open(regulator))[0]['id']}/acceptance"
    won = (await regulator.post(path, {})).json()
    second = await log_in(api.people.regulators[0])
    site = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    await second.send("PUT", site, {"take_over": True})
    assert_problem(await regulator.post(path, {}), 409, "lease_lost")
    assert (await second.post(path, {})).json() == won


async def test_rule_037_an_old_epoch_is_refused_and_the_right_one_goes_to_the_engine(
    samu: Caller, regulator: Caller, api: Api, rules: RuleEngine
) -> None:
    site = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    await regulator.send("DELETE", site)
    assert (await regulator.send("PUT", site)).json()["epoch"] == 3
    await samu.post("/v1/demands", demand())
    path = f"/v1/solicitations/{(await _open(regulator))[0]['id']}/acceptance"
    problem = assert_problem(await regulator.post(path, {}, X_Lease_Epoch="1"), 409, "lease_lost")
    assert "epoch" in problem["detail"]
    for bad in ("-1", "x", "9" * 30):
        assert_problem(await regulator.post(path, {}, X_Lease_Epoch=bad), 422, "invalid_request")
    assert (await regulator.post(path, {}, X_Lease_Epoch="3")).json()["outcome"] == "CONFIRMED"
    [(_, message, _)] = rules.asked
    assert isinstance(message, Acceptance)
    assert message.lease is not None
    assert (message.lease.site_id, message.lease.epoch) == (api.world.cathare.site_id, 3)


async def test_rule_014_another_site_of_the_company_does_not_answer_for_this_one(
    samu: Caller, regulator: Caller, log_in: Login, api: Api, rules: RuleEngine
) -> None:
    """Two posts of one company, each for its site; what is freely chosen is answered by either."""
    world, other_site = api.world.cathare, uuid4()
    async with api.resources.database.begin() as connection:
        await connection.execute(
            sa.insert(tables.sites).values(
                id=other_site, company_id=world.id, name="Annexe", lat=43.2, lon=2.4, available=True
            )
        )
        moved = sa.update(tables.vehicles).where(tables.vehicles.c.id == world.vehicles[1].id)
        await connection.execute(moved.values(site_id=other_site))
    second = await regulating(await log_in(api.people.regulators[0]), other_site)
    here = {each["vehicle_id"]: each for each in await _asked_both(samu, regulator)}
    mine, theirs = (here[str(each.id)]["id"] for each in world.vehicles)
    assert_problem(await second.post(f"/v1/solicitations/{mine}/refusal"), 409, "lease_lost")
    assert_problem(await regulator.post(f"/v1/solicitations/{theirs}/refusal"), 409, "lease_lost")
    assert (await second.post(f"/v1/solicitations/{theirs}/refusal")).json()["outcome"] == "RECORDED"
    assert (await regulator.post(f"/v1/solicitations/{mine}/refusal")).json()["outcome"] == "RECORDED"
    chosen = demand(company_id=str(world.id))
    await samu.post("/v1/demands", chosen)
    free = next(each for each in await _open(second) if each["tier"] == "FREE_CHOICE")
    for caller in (regulator, second):
        told = await caller.post(f"/v1/solicitations/{free['id']}/refusal")
        assert told.json()["outcome"] == "RECORDED", told.text


async def _asked_both(samu: Caller, regulator: Caller) -> list[Json]:
    await samu.post("/v1/demands", demand())
    return await _open(regulator)


async def test_rule_037_the_old_and_the_new_device_race_and_only_the_holder_is_heard(
    samu: Caller, regulator: Caller, log_in: Login, api: Api, rules: RuleEngine
) -> None:
    one = api.world.cathare.vehicles[1]
    rules.candidates = (Asked(tier=Tier.VEHICLE, company_id=one.company_id, vehicle_id=one.id),)
    for _ in range(10):
        await samu.post("/v1/demands", demand())
    asked = [each["id"] for each in await _open(regulator)]
    second = await log_in(api.people.regulators[0])
    site = f"/v1/regulation/sites/{api.world.cathare.site_id}"

    async def refuse(caller: Caller, solicitation: str) -> int:
        return (await caller.post(f"/v1/solicitations/{solicitation}/refusal", {})).status_code

    over = second.send("PUT", site, {"take_over": True})
    taken, old = await asyncio.gather(over, asyncio.gather(*(refuse(regulator, each) for each in asked)))
    assert taken.json()["epoch"] == 2
    assert set(old) <= {200, 409}
    assert await asyncio.gather(*(refuse(regulator, each) for each in asked)) == [409] * 10
    assert await asyncio.gather(*(refuse(second, each) for each in asked)) == [200] * 10


# -- the guard's phone -----------------------------------------------------------------------------------------------


@pytest.fixture
async def on_guard(crew: Caller, api: Api, rules: RuleEngine) -> UUID:
    """The first company's ASSU is on guard, its phone is bound, and demands ask the guard; the shift."""
    one, now = api.world.cathare.vehicles[0], api.resources.clock()
    begins, ends = now - timedelta(hours=1), now + timedelta(hours=1)
    mine = tables.persons.c.username == api.people.crews[0].username
    async with api.resources.database.connect() as connection:
        person = await connection.scalar(sa.select(tables.persons.c.id).where(mine))
    sector = {"name": "Est", "outline": {}, "neighbours": []}
    period = {"starts_at": begins, "ends_at": ends, "approved_at": begins}
    shift = {
        "device_id": UUID(crew.headers["X-Device-Id"]),
        "opened_by": person,
        "teammate": {"name": "Boris"},
        "opened_at": begins,
    }
    _, shift_id = await put_shift(api, one, sector, period, shift)
    body = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Anna"}]}
    (await crew.send("PUT", f"/v1/vehicles/{one.id}/crew", body)).raise_for_status()
    rules.candidates = (Asked(tier=Tier.GUARD, company_id=one.company_id, vehicle_id=one.id, eta_minutes=5),)
    return shift_id


async def test_rule_019_a_guard_demand_is_answered_by_the_phone_in_the_vehicle_only(
    samu: Caller, regulator: Caller, crew: Caller, on_guard: UUID
) -> None:
    await samu.post("/v1/demands", demand())
    [asked] = await _open(regulator)
    assert (asked["tier"], asked["answerable_here"]) == ("GUARD", False)
    path = f"/v1/solicitations/{asked['id']}"
    assert_problem(await regulator.post(f"{path}/acceptance", {}), 409, "not_the_guard_phone")
    unavailable = await regulator.post(f"{path}/unavailability", {"reason": "panne"})
    assert_problem(unavailable, 409, "not_the_guard_phone")
    assert (await _open(crew))[0]["answerable_here"] is True
    second = await another_device(crew, "MOBILE")
    assert_problem(await second.post(f"{path}/acceptance", {}), 409, "not_the_guard_phone")
    told = await crew.post(f"{path}/acceptance", {})
    assert told.json()["outcome"] == "CONFIRMED", told.text


async def test_rule_055_when_the_shift_is_over_the_phone_answers_no_more(
    samu: Caller, crew: Caller, api: Api, on_guard: UUID
) -> None:
    await samu.post("/v1/demands", demand())
    [asked] = await _open(crew)
    async with api.resources.database.begin() as connection:
        shift = sa.update(tables.guard_shifts).where(tables.guard_shifts.c.id == on_guard)
        await connection.execute(shift.values(closed_at=api.resources.clock()))
    answer = await crew.post(f"/v1/solicitations/{asked['id']}/acceptance", {})
    assert_problem(answer, 409, "not_the_guard_phone")


async def test_rule_055_a_phone_that_moved_to_another_vehicle_answers_no_more(
    samu: Caller, crew: Caller, api: Api, on_guard: UUID
) -> None:
    await samu.post("/v1/demands", demand())
    [asked] = await _open(crew)
    body = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Anna"}]}
    path = f"/v1/vehicles/{api.world.cathare.vehicles[1].id}/crew"
    assert_problem(await crew.send("PUT", path, body), 409, "confirmation_required")
    (await crew.send("PUT", path, body | {"confirm": True})).raise_for_status()
    answer = await crew.post(f"/v1/solicitations/{asked['id']}/acceptance", {})
    assert_problem(answer, 409, "not_the_guard_phone")


async def test_rule_039_the_guards_phone_regulates_nothing(crew: Caller, api: Api, on_guard: UUID) -> None:
    site = f"/v1/regulation/sites/{api.world.cathare.site_id}"
    assert_problem(await crew.send("PUT", site), 409, "phone_on_guard")
    second = await another_device(crew, "MOBILE")
    assert (await second.send("PUT", site)).json()["state"] == "HELD"


async def test_rule_019_a_guard_phone_is_told_so(crew: Caller, api: Api, on_guard: UUID) -> None:
    async with asyncio.timeout(5):
        while api.resources.probed_at() is None:  # noqa: ASYNC110 - the process probes by itself
            await asyncio.sleep(0.01)
    told = (await crew.post("/v1/regulation/heartbeat")).json()
    name = api.world.cathare.vehicles[0].name
    assert (told["colour"], told["mode"]) == ("GREEN", "G1")
    assert told["sentence"] == f"Vous recevrez les demandes de garde : véhicule {name}."
    path = f"/v1/vehicles/{api.world.cathare.vehicles[0].id}/crew"
    body = {"device_id": crew.headers["X-Device-Id"], "members": [{"name": "Anna"}]}
    assert (await crew.send("PUT", path, body)).json()["guard"]["id"] == str(on_guard)
