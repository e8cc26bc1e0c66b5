"""What a regulator, a crew and the SAMU do with the answers that they get."""

import asyncio
import json
from collections import Counter
from random import Random

import httpx
import pytest

from simulation import habits
from simulation.client import ApiClient
from simulation.clock import Clock, derive
from simulation.crew import Crew, CrewRoom
from simulation.demand_file import DemandFile
from simulation.desk import Desk
from simulation.fleet import Fleet, Leg, distance_km, fleet_of
from simulation.habits import Answer, Habits
from simulation.identity import KeyIdentity
from simulation.ledger import Ledger
from simulation.posts import Post
from simulation.regulator import Regulator
from simulation.stage import Stage
from simulation.wire import Mission, OpenSolicitation, Point, SolicitedDemand
from tests.unit.simulation_fake import runtime

Calls = list[tuple[str, str, dict[str, object]]]
CARCASSONNE, NARBONNE = Point(lat=43.2130, lon=2.3491), Point(lat=43.1843, lon=3.0036)


def stage(people: Habits | None = None) -> Stage:
    return Stage(Clock(10_000.0), people or Habits(), 3, Ledger())


def caller(calls: Calls, *replies: httpx.Response) -> ApiClient:
    """A client whose calls are kept; it gets ``replies`` in turn, then the last one for ever."""

    def handler(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content or b"{}")
        calls.append((request.method, request.url.path, body))
        reply = replies[min(len(calls), len(replies)) - 1]
        return httpx.Response(reply.status_code, content=reply.content)

    http = httpx.AsyncClient(transport=httpx.MockTransport(handler), base_url="http://fake")
    return ApiClient(http, KeyIdentity("k"), Random(1))


def solicitation(tier: str, vehicle_id: str | None = None, volume: str = "AMBULANCE") -> OpenSolicitation:
    demand = SolicitedDemand(max_delay_minutes=20, volume=volume, pickup=CARCASSONNE)
    return OpenSolicitation(id="s1", demand_id="d1", tier=tier, vehicle_id=vehicle_id, demand=demand)


def regulator(calls: Calls, fleet: Fleet, reply: httpx.Response, on: Stage) -> Regulator:
    account = runtime().accounts.companies[0]
    desk = Desk(account, on, Post("PLUGIN", "Poste", caller(calls, reply)))
    return Regulator(account, desk, on, fleet, lambda: None)


def choose(monkeypatch: pytest.MonkeyPatch, answer: Answer) -> None:
    monkeypatch.setattr(habits, "choose_answer", lambda *_, **__: answer)


async def test_a_vehicle_solicitation_is_accepted_without_naming_a_vehicle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose(monkeypatch, Answer.ACCEPT)
    calls: Calls = []
    fleet = fleet_of(runtime().accounts.companies[0])
    reply = httpx.Response(200, json={"outcome": "CONFIRMED", "mission_id": "m1"})
    await regulator(calls, fleet, reply, on := stage()).answer(solicitation("VEHICLE", "c0v1"))
    assert calls == [("POST", "/v1/solicitations/s1/acceptance", {})]
    assert fleet.vehicles["c0v1"].mission_id == "m1"
    assert on.ledger.answers == Counter({"acceptance: confirmed": 1})


@pytest.mark.parametrize("tier", ["SITE", "FREE_CHOICE"])
async def test_rule_027_a_site_or_free_choice_acceptance_names_a_free_vehicle(
    tier: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    choose(monkeypatch, Answer.ACCEPT)
    calls: Calls = []
    fleet = fleet_of(runtime().accounts.companies[0])
    fleet.vehicles["c0v0"].mission_id = "busy"
    reply = httpx.Response(200, json={"outcome": "CONFIRMED", "mission_id": "m1"})
    await regulator(calls, fleet, reply, stage()).answer(solicitation(tier))
    assert calls[0][2] == {"vehicle_id": "c0v1"}


async def test_rule_004_no_small_vehicle_is_named_for_a_large_demand() -> None:
    fleet = fleet_of(runtime().accounts.companies[0])
    for vehicle in fleet.vehicles.values():
        vehicle.info = vehicle.info.model_copy(update={"volume": "AMBULANCE"})
    assert fleet.vehicle_for(solicitation("SITE", volume="ASSU")) is None
    assert fleet.vehicle_for(solicitation("SITE", volume="AMBULANCE")) is not None


async def test_without_a_free_vehicle_an_acceptance_becomes_a_refusal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choose(monkeypatch, Answer.ACCEPT)
    calls: Calls = []
    fleet = fleet_of(runtime().accounts.companies[0])
    for vehicle in fleet.vehicles.values():
        vehicle.mission_id = "busy"
    await regulator(calls, fleet, httpx.Response(200, json={}), stage()).answer(solicitation("SITE"))
    assert calls == [("POST", "/v1/solicitations/s1/refusal", {"reason": "Équipage en mission"})]


@pytest.mark.parametrize("code", ["already_assigned", "vehicle_engaged", "too_late", "demand_closed"])
async def test_a_lost_acceptance_is_ordinary_life(code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, Answer.ACCEPT)
    fleet = fleet_of(runtime().accounts.companies[0])
    reply = httpx.Response(409, json={"code": code})
    await regulator([], fleet, reply, on := stage()).answer(solicitation("VEHICLE", "c0v1"))
    assert fleet.vehicles["c0v1"].free
    assert on.ledger.refusals == Counter({code: 1})
    assert not on.ledger.errors


async def test_rule_007_a_counter_delay_is_longer_and_at_most_240(monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, Answer.COUNTER)
    calls: Calls = []
    fleet = fleet_of(runtime().accounts.companies[0])
    await regulator(calls, fleet, httpx.Response(200, json={}), stage()).answer(
        solicitation("VEHICLE", "c0v0")
    )
    [(_, path, body)] = calls
    assert path.endswith("/counter-proposal")
    minutes = body["delay_minutes"]
    assert isinstance(minutes, int)
    assert 20 < minutes <= 240


async def test_silence_calls_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    choose(monkeypatch, Answer.SILENCE)
    calls: Calls = []
    fleet = fleet_of(runtime().accounts.companies[0])
    await regulator(calls, fleet, httpx.Response(200), on := stage()).answer(solicitation("VEHICLE", "c0v0"))
    assert calls == []
    assert on.ledger.answers["silence"] == 1


def test_the_same_seed_decides_the_same_and_another_does_not() -> None:
    def decisions(seed: int) -> list[Answer]:
        return [habits.choose_answer(derive(seed, "a", n), "VEHICLE", hard=False) for n in range(40)]

    assert decisions(1) == decisions(1)
    assert decisions(1) != decisions(2)


def crew(calls: Calls, *replies: httpx.Response, at: str = "AFFECTE") -> tuple[Crew, Fleet, Stage]:
    on = stage(Habits(undo=0.0, breakdown=0.0, no_transport=0.0))
    fleet = fleet_of(runtime().accounts.companies[0])
    client = caller(calls, *replies)
    mission = Mission(id="m1", demand_id="d1", vehicle_id="c0v0", step=at, pickup=CARCASSONNE)
    room = CrewRoom(fleet, client, on, ())
    return Crew(room, fleet.vehicles["c0v0"], lambda: client, mission), fleet, on


def steps_of(calls: Calls) -> list[object]:
    return [body["step"] for method, path, body in calls if method == "POST" and path.endswith("/steps")]


async def test_rule_044_the_steps_are_passed_in_order_each_with_its_own_id() -> None:
    calls: Calls = []
    one, fleet, _ = crew(calls, httpx.Response(200, json={}))
    await one.play()
    wanted = "ACQUITTE EN_APPROCHE LIEU_INTERVENTION BILAN_REALISE EN_CHARGE LIEU_DESTINATION DISPONIBLE"
    assert steps_of(calls) == wanted.split()
    assert len({str(body["step_id"]) for *_, body in calls if "step_id" in body}) == 7
    assert fleet.vehicles["c0v0"].free


async def test_rule_030_the_mission_is_delivered_then_its_sheet_is_read_then_it_is_acknowledged() -> None:
    calls: Calls = []
    one, *_ = crew(calls, httpx.Response(200, json={}))
    await one.play()
    said = [
        (method, path.removeprefix("/v1/missions/m1"), body.get("receipt")) for method, path, body in calls
    ]
    assert said[:3] == [("POST", "/receipt", "DELIVERED"), ("GET", "", None), ("POST", "/receipt", "OPENED")]
    assert calls[3][2]["step"] == "ACQUITTE"


async def test_a_crew_goes_on_from_the_step_that_the_server_expects() -> None:
    calls: Calls = []
    wrong = httpx.Response(409, json={"code": "wrong_step", "expected_step": "EN_CHARGE"})
    one, *_ = crew(calls, wrong, httpx.Response(200, json={}), at="ACQUITTE")
    await one.play()
    assert steps_of(calls) == ["EN_APPROCHE", "EN_CHARGE", "LIEU_DESTINATION", "DISPONIBLE"]


async def test_a_step_that_met_a_failure_is_tried_again_with_the_same_id() -> None:
    calls: Calls = []
    broken = httpx.Response(500, json={"code": "internal"})
    one, *_ = crew(calls, broken, broken, httpx.Response(200, json={}), at="LIEU_DESTINATION")
    await one.play()
    assert steps_of(calls) == ["DISPONIBLE", "DISPONIBLE"]
    posted = [body for method, _, body in calls if method == "POST"]
    assert len({str(body["step_id"]) for body in posted}) == 1


async def test_rule_090_a_crew_stops_when_its_mission_is_over() -> None:
    calls: Calls = []
    one, fleet, _ = crew(calls, httpx.Response(409, json={"code": "mission_ended"}), at="ACQUITTE")
    await one.play()
    assert len(steps_of(calls)) == 1
    assert fleet.vehicles["c0v0"].mission_id is None


async def test_a_crew_on_the_road_turns_back_at_once() -> None:
    calls: Calls = []
    one, fleet, _ = crew(calls, httpx.Response(200, json={}), at="EN_APPROCHE")
    fleet.release("m1")
    await one.play()
    assert calls == []


def test_a_vehicle_moves_along_a_straight_line_at_its_speed() -> None:
    assert distance_km(CARCASSONNE, NARBONNE) == pytest.approx(53.2, abs=0.5)
    leg = Leg(CARCASSONNE, NARBONNE, 100.0, 200.0)
    assert leg.at(0.0) == CARCASSONNE
    assert leg.at(150.0).lon == pytest.approx((CARCASSONNE.lon + NARBONNE.lon) / 2)
    assert leg.at(900.0) == NARBONNE
    vehicle = fleet_of(runtime().accounts.companies[0]).vehicles["c0v0"]
    vehicle.leg = Leg(CARCASSONNE, CARCASSONNE, 0.0, 0.0)
    assert vehicle.drive(NARBONNE, 0.0, 53.2) == pytest.approx(3600, rel=0.02)


def demand(status: str, *counters: tuple[str, int, bool]) -> httpx.Response:
    names = ("solicitation_id", "delay_minutes", "best")
    proposals = [dict(zip(names, one, strict=True)) for one in counters]
    return httpx.Response(200, json={"id": "d1", "status": status, "counter_proposals": proposals})


async def file_on(calls: Calls, *replies: httpx.Response, people: Habits) -> Stage:
    on = stage(people)
    async with asyncio.timeout(5):
        await DemandFile("d1", caller(calls, *replies), on, Random(1)).follow()
    return on


async def test_rule_010_the_best_counter_proposal_is_accepted() -> None:
    calls: Calls = []
    arbitration = demand("ARBITRATION", ("far", 50, False), ("near", 30, True))
    people = Habits(cancel=0.0, refuse_counter=0.0, accept_another=0.0)
    await file_on(calls, arbitration, httpx.Response(200, json={}), demand("COMPLETED"), people=people)
    assert calls[1][1:] == ("/v1/demands/d1/arbitration", {"decision": "ACCEPT", "solicitation_id": "near"})


async def test_rule_010_choosing_another_than_the_best_gives_a_reason() -> None:
    calls: Calls = []
    arbitration = demand("ARBITRATION", ("far", 50, False), ("near", 30, True))
    people = Habits(cancel=0.0, refuse_counter=0.0, accept_another=1.0)
    await file_on(calls, arbitration, httpx.Response(200, json={}), demand("COMPLETED"), people=people)
    assert calls[1][2]["solicitation_id"] == "far"
    assert calls[1][2]["reason"]


async def test_when_every_counter_proposal_was_refused_the_carence_is_declared() -> None:
    calls: Calls = []
    arbitration, taken = demand("ARBITRATION", ("near", 30, True)), httpx.Response(200, json={})
    people = Habits(cancel=0.0, refuse_counter=1.0)
    on = await file_on(calls, arbitration, taken, arbitration, taken, demand("UNFULFILLED"), people=people)
    assert [path.rsplit("/", 1)[1] for method, path, _ in calls if method == "POST"] == [
        "arbitration",
        "carence",
    ]
    assert on.ledger.samu == Counter({"arbitration": 1, "counter refused": 1, "carence": 1})
