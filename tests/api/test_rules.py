"""Rules that are kept at the door, where the SAMU and the companies speak to us."""

from datetime import datetime

import pytest

from tests.api.caller import Caller, assert_problem, demand


async def test_rule_001_the_journal_says_in_which_role_the_demand_was_posted(samu: Caller) -> None:
    posted = (await samu.post("/v1/demands", demand())).json()
    facts = (await samu.get(f"/v1/demands/{posted['id']}/journal")).json()["items"]
    assert facts[0]["kind"] == "demand_received"
    assert facts[0]["data"]["by"]["role"] == "SAMU"


@pytest.mark.parametrize("missing", ["lat", "lon"])
async def test_rule_002_the_place_has_coordinates(samu: Caller, missing: str) -> None:
    body = demand()
    del body["pickup"][missing]
    problem = assert_problem(await samu.post("/v1/demands", body), 422, "invalid_request")
    assert problem["errors"][0]["pointer"] == f"/pickup/{missing}"


async def test_rule_002_coordinates_without_an_address_are_served_rather_than_refused(samu: Caller) -> None:
    body = demand()
    del body["pickup"]["address"]
    told = (await samu.post("/v1/demands", body)).json()
    assert told["status"] == "SOLICITING_VEHICLES"
    assert told["pickup"]["address"] is None


@pytest.mark.parametrize("minutes", [5, 37, 480])
async def test_rule_003_any_whole_delay_from_5_to_480_is_counted_from_reception(
    samu: Caller, minutes: int
) -> None:
    told = (await samu.post("/v1/demands", demand(max_delay_minutes=minutes))).json()
    waited = datetime.fromisoformat(told["deadline"]) - datetime.fromisoformat(told["received_at"])
    assert waited.total_seconds() == minutes * 60


async def test_rule_026_a_solicitation_carries_its_countdown(samu: Caller, regulator: Caller) -> None:
    await samu.post("/v1/demands", demand())
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"]
    window = datetime.fromisoformat(asked[0]["answer_before"]) - datetime.fromisoformat(asked[0]["opened_at"])
    assert 0 < window.total_seconds() <= 75


async def test_rule_093_a_joint_smur_mission_is_linked(samu: Caller) -> None:
    posted = (await samu.post("/v1/demands", demand(smur_reference="SMUR-2026-17"))).json()
    read = (await samu.get(f"/v1/demands/{posted['id']}")).json()
    assert read["smur_reference"] == "SMUR-2026-17"


async def test_rule_100_a_drill_is_marked(samu: Caller) -> None:
    posted = (await samu.post("/v1/demands", demand(exercise=True))).json()
    assert (await samu.get(f"/v1/demands/{posted['id']}")).json()["exercise"] is True
