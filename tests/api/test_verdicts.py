"""Why each vehicle and site was, or was not, solicited: figures, words, pages, and who may read them."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
import sqlalchemy as sa

from activities.search import SearchActivities
from domain.fleet import Point
from domain.messages import SurveyRequest
from domain.policy import Policy
from domain.vocabulary import Tier, VehicleVerdict
from geo.cells import COVER_RESOLUTION, cell_of, centre_of, great_circle_m, name_of
from geo.straight import StraightTravel
from storage import tables
from tests.api.caller import Caller, Json, assert_problem, demand
from tests.api.conftest import Api, Login
from tests.api.engine import RuleEngine
from tests.fixtures.world import NARBONNE, TREBES, fix_of, put_fixes

TRAVEL = StraightTravel(speed_kmh=70, detour=1.35, fastest_kmh=90)
Verdict = VehicleVerdict
BARBAIRA = Point(lat=43.1880, lon=2.5140)
"""13.7 km from Carcassonne."""


class Case:
    """A demand that was posted, and the surveys that are made of it."""

    def __init__(self, api: Api, samu: Caller, rules: RuleEngine, posted: Json) -> None:
        self.api, self.samu, self.rules = api, samu, rules
        self.id: str = posted["id"]
        self.path = f"/v1/demands/{self.id}/verdicts"

    async def survey(self, number: int = 1, **changes: object) -> None:
        start = self.rules.starts[-1]
        request = SurveyRequest(
            demand_id=start.demand_id,
            samu_id=start.samu_id,
            place=start.place,
            max_delay_minutes=start.max_delay_minutes,
            volume=start.volume,
            round=1,
            number=number,
            at=start.received_at,
        )
        asked = request.model_copy(update=changes)
        await SearchActivities(self.api.resources.database, TRAVEL).survey(asked)

    async def read(self, caller: Caller | None = None, **wanted: object) -> list[Json]:
        given = {name: str(value) for name, value in wanted.items()}
        response = await (caller or self.samu).get(self.path, **given)
        told: list[Json] = response.raise_for_status().json()["items"]
        return told

    async def write(self, *statements: sa.Executable) -> None:
        async with self.api.resources.database.begin() as connection:
            for statement in statements:
                await connection.execute(statement)

    async def change(self, table: sa.Table, id_: UUID, **columns: object) -> None:
        await self.write(sa.update(table).where(table.c.id == id_).values(columns))

    async def put(self, vehicle_id: UUID, place: Point, *, age_s: float = 0) -> None:
        async with self.api.resources.database.begin() as connection:
            await connection.execute(sa.delete(POSITIONS).where(POSITIONS.c.vehicle_id == vehicle_id))
            await put_fixes(connection, [fix_of(vehicle_id, place, self.api.world.at, age_s=age_s)])


POSITIONS = tables.vehicle_positions


@pytest.fixture
async def case(samu: Caller, regulator: Caller, rival: Caller, rules: RuleEngine, api: Api) -> Case:
    """Twenty minutes, with somebody at the posts of the first two companies."""
    posted = (await samu.post("/v1/demands", demand(max_delay_minutes=20))).json()
    return Case(api, samu, rules, posted)


async def test_a_verdict_says_every_figure_and_the_whole_of_it_in_one_sentence(case: Case, api: Api) -> None:
    near = api.world.minervois.vehicles[0]
    await case.survey()
    [told] = await case.read(vehicle_id=near.id)
    metres = great_circle_m(TREBES.lat, TREBES.lon, api.world.pickup.lat, api.world.pickup.lon)
    assert told["at"].endswith("Z")
    assert 0 <= told["fix_age_s"] < 60
    figures = {name: told[name] for name in told if name not in {"at", "fix_age_s"}}
    assert figures == {
        "round": 1,
        "tier": "VEHICLE",
        "survey": 1,
        "target_id": str(near.id),
        "target_name": near.name,
        "vehicle_id": str(near.id),
        "site_id": None,
        "company_id": str(api.world.minervois.id),
        "company_name": "Ambulances du Canal Fictif",
        "verdict": "SOLICITED",
        "sentence": "Sollicité : là en 7 à 9 min, pour 20 min demandées.",
        "obstacles": [],
        "needed": [],
        "earliest_minutes": 7,
        "eta_minutes": 9,
        "max_delay_minutes": 20,
        "distance_m": metres,
        "approximate": False,
        "cell": name_of(cell_of(TREBES.lat, TREBES.lon, COVER_RESOLUTION)),
        "freshness": "FRESH",
        "mobilisation_s": 0,
        "to_confirm": False,
        "estimated": False,
        "regulation": "HELD",
        "travel_engine": "straight speed=70 fastest=90 detour=1.35",
        "travel_profile": "DAY",
        "place_gap": None,
    }


async def test_rule_006_whoever_was_too_far_learns_by_how_much(case: Case, api: Api) -> None:
    lost = api.world.corbieres.vehicles[0]
    await case.put(lost.id, BARBAIRA)
    await case.survey(max_delay_minutes=10)
    [told] = await case.read(vehicle_id=lost.id)
    assert told["verdict"] == "NOT_REGULATED"
    assert told["obstacles"] == ["NOT_REGULATED", "TOO_FAR"]
    assert told["earliest_minutes"] == 13
    assert told["sentence"] == (
        "Pas sollicité : personne ne tient la régulation de son site ; 13 min au plus tôt pour 10 demandées."
    )
    assert told["needed"] == [
        {
            "obstacle": "NOT_REGULATED",
            "sentence": "Que quelqu'un tienne la régulation de son site.",
            "minutes": None,
            "seconds": None,
        },
        {
            "obstacle": "TOO_FAR",
            "sentence": "13 min au plus tôt pour 10 demandées : 3 min plus près, ou un délai de 13 min.",
            "minutes": 3,
            "seconds": None,
        },
    ]


async def test_rule_095_a_position_that_is_too_old_is_told_with_its_age_and_the_limit(
    case: Case, api: Api
) -> None:
    vehicle = api.world.minervois.vehicles[0]
    await case.put(vehicle.id, TREBES, age_s=7 * 3600)
    await case.survey()
    [told] = await case.read(vehicle_id=vehicle.id)
    assert (told["verdict"], told["freshness"], told["to_confirm"]) == ("POSITION_TOO_OLD", "SILENT", True)
    [needed] = told["needed"]
    assert needed["sentence"] == "Une position de moins de 6 h : la dernière était vieille de 7 h 01."
    assert 3600 < needed["seconds"] < 3660


async def test_rule_095_a_silent_position_is_solicited_and_said_to_be_confirmed(case: Case, api: Api) -> None:
    vehicle = api.world.cathare.vehicles[0]
    await case.put(vehicle.id, TREBES, age_s=3600)
    await case.survey()
    [told] = await case.read(vehicle_id=vehicle.id)
    assert told["sentence"] == (
        "Sollicité : là en 7 à 9 min, pour 20 min demandées. À confirmer : sa position a 61 min."
    )


async def test_who_lay_beyond_reach_is_told_by_its_cell_and_about_how_far(case: Case, api: Api) -> None:
    far, lost = api.world.minervois.vehicles[1], api.world.corbieres.vehicles[0]
    await case.change(tables.sites, api.world.corbieres.site_id, lat=NARBONNE.lat, lon=NARBONNE.lon)
    await case.survey()
    [told] = await case.read(vehicle_id=far.id)
    cell = cell_of(NARBONNE.lat, NARBONNE.lon, COVER_RESOLUTION)
    pickup = api.world.pickup
    assert (told["verdict"], told["obstacles"], told["cell"]) == ("TOO_FAR", ["TOO_FAR"], name_of(cell))
    assert told["approximate"] is True
    assert told["distance_m"] == great_circle_m(*centre_of(cell), pickup.lat, pickup.lon)
    about = f"hors de portée en 20 min (environ {told['distance_m'] / 1000:.0f} km à vol d'oiseau)"
    assert told["sentence"] == f"Pas sollicité : {about}."
    [needed] = told["needed"]
    assert needed["sentence"] == f"H{about[1:]} : être plus près, ou un délai plus long."
    [told] = await case.read(vehicle_id=lost.id)
    assert (told["verdict"], told["cell"], told["distance_m"]) == ("NO_POSITION", None, None)
    assert told["company_name"] == api.world.corbieres.name
    [told] = await case.read(site_id=api.world.corbieres.site_id)
    assert (told["tier"], told["verdict"], told["site_id"]) == ("SITE", "TOO_FAR", told["target_id"])
    assert told["distance_m"] == great_circle_m(NARBONNE.lat, NARBONNE.lon, pickup.lat, pickup.lon)


async def test_a_verdict_is_listed_again_only_when_it_changes_and_in_a_new_round(
    case: Case, api: Api
) -> None:
    vehicle = api.world.cathare.vehicles[0]
    for number, available in ((1, True), (2, True), (3, False), (4, False), (5, True)):
        await case.change(tables.vehicles, vehicle.id, available=available)
        await case.survey(number, opens=Tier.VEHICLE if number == 2 else None)
    await case.put(vehicle.id, NARBONNE)
    await case.survey(6)
    await case.survey(7, round=2)
    told = [(v["round"], v["survey"], v["verdict"]) for v in await case.read(vehicle_id=vehicle.id)]
    assert told == [
        (1, 1, "SOLICITED"),
        (1, 3, "NOT_AVAILABLE"),
        (1, 5, "SOLICITED"),
        (1, 6, "TOO_FAR"),
        (2, 7, "TOO_FAR"),
    ]
    others = [v["target_id"] for v in await case.read(round=1) if v["target_id"] != str(vehicle.id)]
    assert len(others) == len(set(others))
    everybody = await case.read(round=2)
    assert {v["survey"] for v in everybody} == {7}
    assert len(everybody) == len(api.world.vehicles) + len(api.world.companies)


async def test_pages_hold_every_verdict_once_in_one_order(case: Case) -> None:
    await case.survey()
    await case.survey(2, round=2)
    whole = await case.read()
    order = [(v["round"], v["tier"], v["target_id"], v["survey"]) for v in whole]
    assert order == sorted(order)
    assert len(whole) == 16
    for limit in (1, 3, 8, 16, 17):
        pages, cursor = [], None
        while True:
            more: dict[str, str] = {"cursor": cursor} if cursor else {}
            page = (await case.samu.get(case.path, limit=str(limit), **more)).json()
            pages += page["items"]
            cursor = page["next_cursor"]
            if cursor is None:
                break
            assert len(page["items"]) == limit
        assert pages == whole


async def test_filters_pick_and_are_checked(case: Case, api: Api) -> None:
    await case.survey()
    minervois = api.world.minervois
    by_company = await case.read(company_id=minervois.id)
    wanted = {str(one.id) for one in minervois.vehicles} | {str(minervois.site_id)}
    assert {v["target_id"] for v in by_company} == wanted
    assert await case.read(company_id=minervois.id, vehicle_id=api.world.cathare.vehicles[0].id) == []
    assert await case.read(vehicle_id=minervois.site_id) == []
    assert await case.read(site_id=minervois.vehicles[0].id) == []
    for bad in ({"round": "0"}, {"round": "99999999999"}, {"vehicle_id": "first"}, {"limit": "0"}):
        assert_problem(await case.samu.get(case.path, **bad), 422, "invalid_request")


async def test_scope_a_company_reads_why_of_its_own_means_and_of_nobody_elses(
    case: Case, api: Api, regulator: Caller, crew: Caller, log_in: Login
) -> None:
    await case.survey()
    own = {str(one.id) for one in api.world.cathare.vehicles} | {str(api.world.cathare.site_id)}
    for caller in (regulator, crew):
        assert {v["target_id"] for v in await case.read(caller)} == own
        assert {v["target_id"] for v in await case.read(caller, company_id=api.world.cathare.id)} == own
        assert await case.read(caller, company_id=api.world.minervois.id) == []
        assert await case.read(caller, vehicle_id=api.world.minervois.vehicles[0].id) == []
    never_asked = await log_in(api.people.regulators[2])
    assert_problem(await never_asked.get(case.path), 404, "not_found")
    assert_problem(await regulator.get(f"/v1/demands/{uuid4()}/verdicts"), 404, "not_found")
    for watcher in (api.people.doctor, api.people.coordinator, api.people.admin):
        assert len(await case.read(await log_in(watcher))) == 8


async def test_rule_006_who_could_be_asked_and_was_not_reads_not_yet_asked(case: Case, api: Api) -> None:
    await case.survey()
    [told] = await case.read(site_id=api.world.cathare.site_id)
    assert told["verdict"] == "NOT_YET_ASKED"
    assert told["sentence"] == (
        "Pouvait être sollicité (là en 0 min, pour 20 min demandées), mais son tour n'est pas venu."
    )
    assert told["needed"] == []


async def test_rule_091_whoever_was_asked_before_and_may_still_answer_is_solicited(
    case: Case, api: Api
) -> None:
    vehicle = api.world.cathare.vehicles[0]
    at = case.rules.starts[-1].received_at
    asked = tables.solicitations
    await case.survey(2, round=2, at=at + timedelta(seconds=1))
    own = sa.update(asked).where(asked.c.vehicle_id == vehicle.id)
    for values, expected in (
        ({"answered_at": None}, "SOLICITED"),
        ({"answered_at": at + timedelta(seconds=2)}, "SOLICITED"),
        ({"answered_at": at + timedelta(seconds=1)}, "NOT_YET_ASKED"),
        ({"answered_at": None, "answer_before": at + timedelta(seconds=1)}, "NOT_YET_ASKED"),
        ({"round": 2}, "SOLICITED"),
        ({"round": 3}, "NOT_YET_ASKED"),
        ({"round": 2, "tier": "GUARD"}, "NOT_YET_ASKED"),
    ):
        await case.write(own.values(values))
        [told] = await case.read(vehicle_id=vehicle.id)
        assert told["verdict"] == expected, values


async def test_rule_088_the_patients_company_is_judged_too(
    samu: Caller, regulator: Caller, rules: RuleEngine, api: Api
) -> None:
    company_id = api.world.cathare.id
    posted = (await samu.post("/v1/demands", demand(company_id=str(company_id)))).json()
    case = Case(api, samu, rules, posted)
    await case.survey(chosen_company_id=company_id)
    [told] = [v for v in await case.read() if v["tier"] == "FREE_CHOICE"]
    assert (told["target_id"], told["vehicle_id"], told["site_id"]) == (str(company_id), None, None)
    assert (told["verdict"], told["company_name"]) == ("SOLICITED", api.world.cathare.name)
    assert told["sentence"] == "Sollicitée d'abord : c'est l'entreprise que le patient a choisie."


async def test_verdicts_of_the_first_version_are_still_read(case: Case, api: Api) -> None:
    """They have no more than these columns, and no inputs; of each survey there is what was new."""
    near, far = api.world.cathare.vehicles
    columns = [
        "tier",
        "target_id",
        "company_id",
        "verdict",
        "eta_minutes",
        "distance_m",
        "fix_age_s",
        "to_confirm",
    ]
    rows: list[list[object]] = [
        ["VEHICLE", near.id, near.company_id, "SOLICITED", 9, 7500.0, 12.0, False],
        ["VEHICLE", far.id, far.company_id, "TOO_FAR", 31, 27000.0, 12.0, False],
    ]
    start = case.rules.starts[-1]
    for number, row in enumerate(rows, start=1):
        old = {
            "demand_id": start.demand_id,
            "number": number,
            "round": 1,
            "at": start.received_at,
            "lat": start.place.lat,
            "lon": start.place.lon,
            "max_delay_minutes": 20,
            "volume": "AMBULANCE",
            "engine": "straight speed=70 detour=1.35",
            "profile": "DAY",
            "policy": {},
            "digest": b"",
            "sheet": {"columns": columns, "rows": [row]},
        }
        await case.write(sa.insert(tables.surveys).values(old))
    first, second = sorted(await case.read(), key=lambda v: str(v["verdict"]))
    assert first["sentence"] == "Sollicité : là en 9 min, pour 20 min demandées."
    assert (second["obstacles"], second["needed"][0]["minutes"]) == (["TOO_FAR"], None)
    assert second["sentence"] == "Pas sollicité : hors de portée en 20 min (27 km à vol d'oiseau)."


async def test_what_is_told_of_a_verdict_is_what_the_survey_found_not_what_is_so_now(
    case: Case, api: Api
) -> None:
    near = api.world.minervois.vehicles[0]
    await case.survey(policy=Policy(position_lost_s=7200))
    before = await case.read()
    await case.put(near.id, NARBONNE)
    await case.change(tables.vehicles, near.id, available=False)
    await case.change(tables.sites, api.world.minervois.site_id, available=False)
    assert await case.read() == before


async def test_every_verdict_of_the_closed_list_has_its_words(case: Case, api: Api) -> None:
    await case.survey()
    surveys = tables.surveys
    async with api.resources.database.connect() as connection:
        sheet: Json = (await connection.execute(sa.select(surveys.c.sheet))).scalar_one()
    names = sheet["columns"]
    for verdict in set(Verdict) - {Verdict.SOLICITED, Verdict.NOT_YET_ASKED}:
        for row in sheet["rows"]:
            row[names.index("verdict")], row[names.index("obstacles")] = verdict.value, [verdict.value]
        await case.write(sa.update(surveys).values(sheet=sheet))
        judged = await case.read(company_id=api.world.cathare.id)
        assert {v["verdict"] for v in judged} == {verdict}
        assert {v["tier"] for v in judged} == {"VEHICLE", "SITE"}
        for told in judged:
            assert told["sentence"].startswith("Pas sollicité : ")
            [needed] = told["needed"]
            assert needed["obstacle"] == verdict
            assert needed["sentence"].endswith(".")
            assert "None" not in told["sentence"] + needed["sentence"]
