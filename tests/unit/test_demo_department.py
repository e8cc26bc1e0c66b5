"""The demonstration département: repeatable, complete, covering, and plainly invented."""

import hashlib
import os
import subprocess
import sys
from collections import Counter
from math import gcd
from pathlib import Path
from random import Random

import pytest

from domain.fleet import Category, Volume
from domain.people import Role
from domain.vocabulary import Diploma
from geo.area import Area
from geo.cells import great_circle_m
from geo.geojson import polygons_of
from ops.demo import DemoDepartment, build_demo, demo_api_key, demo_password
from ops.demo.fleet import share_vehicles
from ops.demo.implantation import COVERED_KM, settle
from ops.demo.names import COMPANIES, phone_of
from ops.demo.staff import FIRST_NAMES, LAST_NAMES
from simulation.places import JITTER_M, Communes, load_communes

ROOT = Path(__file__).resolve().parents[2]
SEEDS = [0, 1, 11, 2026]


@pytest.fixture(scope="module", params=SEEDS)
def demo(request: pytest.FixtureRequest) -> DemoDepartment:
    return build_demo(request.param)


@pytest.fixture(scope="module")
def communes() -> Communes:
    return load_communes()


def test_the_same_seed_gives_the_same_department(demo: DemoDepartment) -> None:
    assert build_demo(demo.seed) == demo


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_the_department_does_not_depend_on_the_order_of_hashes(hash_seed: str) -> None:
    program = "import hashlib; from ops.demo import build_demo as b; import sys; sys.stdout.write(hashlib.sha256(repr(b(11)).encode()).hexdigest())"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == hashlib.sha256(repr(build_demo(11)).encode()).hexdigest()


def test_another_seed_gives_other_ids_and_another_implantation() -> None:
    one, other = build_demo(1), build_demo(2)
    assert not {company.id for company in one.companies} & {company.id for company in other.companies}
    assert [site.commune for site in one.sites] != [site.commune for site in other.sites]


def test_there_are_86_vehicles_of_22_companies_with_one_to_four_sites(demo: DemoDepartment) -> None:
    assert len(demo.companies) == 22
    assert len(demo.vehicles) == 86
    assert all(1 <= len(company.sites) <= 4 for company in demo.companies)


def test_every_vehicle_has_its_home_at_a_site_of_its_company_and_no_site_is_empty(
    demo: DemoDepartment,
) -> None:
    for company in demo.companies:
        assert {vehicle.site_id for vehicle in company.vehicles} == {site.id for site in company.sites}


def test_two_vehicles_in_five_are_large_more_or_less(demo: DemoDepartment) -> None:
    volumes = Counter(vehicle.volume for vehicle in demo.vehicles)
    assert 30 <= volumes[Volume.ASSU] <= 45
    assert all((v.category is Category.A) == (v.volume is Volume.ASSU) for v in demo.vehicles)


def test_every_commune_has_a_large_vehicle_within_twenty_minutes(
    demo: DemoDepartment, communes: Communes
) -> None:
    large = {vehicle.site_id for vehicle in demo.vehicles if vehicle.volume is Volume.ASSU}
    homes = [site for site in demo.sites if site.id in large]
    for commune in communes.items:
        nearest = min(great_circle_m(commune.lat, commune.lon, home.lat, home.lon) for home in homes)
        assert nearest <= COVERED_KM * 1000 + JITTER_M


def test_more_vehicles_stand_where_more_people_live(demo: DemoDepartment) -> None:
    sites = {site.id: site.commune for site in demo.sites}
    at = Counter(sites[vehicle.site_id] for vehicle in demo.vehicles)
    assert at["Narbonne"] + at["Carcassonne"] >= 20
    assert len(at) >= 20


def test_ids_names_and_registrations_are_unique(demo: DemoDepartment) -> None:
    ids = [
        demo.samu.id,
        *(a.id for a in demo.accounts),
        *(s.id for s in demo.sites),
        *(v.id for v in demo.vehicles),
    ]
    ids += [c.id for c in demo.companies] + [s.id for s in demo.sectors] + [f.id for f in demo.facilities]
    ids += [person.id for person in demo.staff]
    assert len(set(ids)) == len(ids)
    for values in (
        [v.name for v in demo.vehicles],
        [v.registration for v in demo.vehicles],
        [c.name for c in demo.companies],
        [c.phone for c in demo.companies],
        [a.username for a in demo.accounts],
        [person.name for person in demo.staff],
    ):
        assert len(set(values)) == len(values)


def test_names_plates_and_telephones_cannot_be_real(demo: DemoDepartment) -> None:
    invented = ("imaginaire", "fictif", "fictive", "inventé", "inventée")
    assert all(name.lower().endswith(invented) for name, _ in COMPANIES)
    assert all(set(vehicle.registration) & set("IOU") for vehicle in demo.vehicles)
    phones = [demo.samu.phone, *(company.phone for company in demo.companies)]
    assert all(phone.startswith("+3346571") and len(phone) == 12 for phone in phones)
    with pytest.raises(ValueError, match="fiction"):
        phone_of(10_000)


def test_every_vehicle_has_a_crew_account_and_every_company_a_regulator(demo: DemoDepartment) -> None:
    for company in demo.companies:
        assert company.regulator.username == f"regulation.{company.slug}"
        assert company.regulator.role is Role.REGULATOR
        assert company.regulator.company_id == company.id
        assert [crew.vehicle_id for crew in company.crews] == [vehicle.id for vehicle in company.vehicles]
        assert company.crews[0].username == f"equipage.{company.slug}.1"
        assert {(crew.role, crew.company_id) for crew in company.crews} == {(Role.CREW, company.id)}
    assert [account.role for account in demo.accounts[:3]] == [Role.SAMU, Role.COORDINATOR, Role.ADMIN]
    assert all(account.username.isascii() for account in demo.accounts)


def test_the_area_of_the_samu_holds_every_site_and_facility(demo: DemoDepartment) -> None:
    area = Area.from_cells(demo.samu.area_cells)
    assert demo.samu.name == "SAMU 11"
    assert all(area.contains(site.lat, site.lon) for site in demo.sites)
    assert all(area.contains(facility.lat, facility.lon) for facility in demo.facilities)


def test_guard_sectors_share_out_every_commune_once(demo: DemoDepartment, communes: Communes) -> None:
    shared = [insee for sector in demo.sectors for insee in sector.communes]
    assert sorted(shared) == [commune.insee for commune in communes.items]
    assert 6 <= len(demo.sectors) <= 8
    assert all(sector.main_commune in sector.communes for sector in demo.sectors)


def test_every_guard_sector_has_an_outline_and_neighbours_that_know_it(demo: DemoDepartment) -> None:
    by_id = {sector.id: sector for sector in demo.sectors}
    for sector in demo.sectors:
        assert len(polygons_of(sector.outline)) >= len(sector.communes)
        assert sector.neighbours
        assert all(sector.id in by_id[other].neighbours for other in sector.neighbours)


def test_rule_056_every_company_employs_two_people_for_each_vehicle_one_of_them_dea(
    demo: DemoDepartment,
) -> None:
    for company in demo.companies:
        diplomas = Counter(person.diploma for person in company.staff)
        assert diplomas == {
            Diploma.DEA: len(company.vehicles),
            Diploma.AUXILIAIRE: len(company.vehicles),
        }


def test_names_of_crew_members_cannot_be_real(demo: DemoDepartment) -> None:
    assert {person.name.split()[1] for person in demo.staff} == set(LAST_NAMES)
    assert gcd(len(FIRST_NAMES), len(LAST_NAMES)) == 1  # or names come twice too early


def test_facilities_are_the_establishments_of_the_source(demo: DemoDepartment) -> None:
    assert len(demo.facilities) == 39
    assert all(len(one.finess) == 9 and one.finess.isdigit() for one in demo.facilities)
    assert {one.emergency for one in demo.facilities} == {None}  # the source does not say
    assert "Lézignan-Corbières" in {one.commune for one in demo.facilities}


def test_credentials_depend_on_the_secret_and_the_name_only(demo: DemoDepartment) -> None:
    passwords = {demo_password("a secret", account.username) for account in demo.accounts}
    assert len(passwords) == len(demo.accounts)
    assert demo_password("a secret", "x") == demo_password("a secret", "x") != demo_password("another", "x")
    key = demo_api_key("a secret", demo.samu.id)
    assert key.startswith("rsc_")
    assert key == demo_api_key("a secret", demo.samu.id) != demo_api_key("another", demo.samu.id)
    assert all(len(password) == 24 for password in passwords)


def test_credentials_without_a_secret_are_refused(demo: DemoDepartment) -> None:
    with pytest.raises(ValueError, match="secret"):
        demo_password("", "administration")
    with pytest.raises(ValueError, match="secret"):
        demo_api_key("", demo.samu.id)


def test_too_few_companies_or_vehicles_are_refused(communes: Communes) -> None:
    rng = Random(1)
    with pytest.raises(ValueError, match="cannot cover"):
        settle(rng, communes.items, communes.items[:1], 2)
    with pytest.raises(ValueError, match="cannot be shared"):
        share_vehicles(rng, [10, 20], 1)
    with pytest.raises(ValueError, match="cannot be shared"):
        share_vehicles(rng, [10, 20], 11)
