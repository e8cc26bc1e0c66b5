"""The demonstration département, from a seed number: the same number, the same département, to the last id.

Pure but for the reading of `data/`. Nothing here depends on the clock, on the order of a set or on the
machine. Real places, invented companies.
"""

from collections.abc import Sequence
from pathlib import Path
from random import Random
from uuid import UUID

from domain.people import Role
from geo.area import Area
from ops.demo.facilities import load_facilities
from ops.demo.fleet import Garage, share_vehicles
from ops.demo.implantation import settle
from ops.demo.model import (
    DemoAccount,
    DemoCompany,
    DemoDepartment,
    DemoSamu,
    DemoSite,
    DemoStaff,
    DemoVehicle,
    demo_id,
)
from ops.demo.names import COMPANIES, phone_of, registrations
from ops.demo.sectors import build_sectors, main_communes
from ops.demo.staff import staff_of
from simulation.places import DATA, Commune, Communes, draw_place_in, load_communes

VEHICLES = 86
"""Ambulances and ASSU of the demonstration: about 23 for 100,000 inhabitants, as in France."""


def build_demo(seed: int, data: Path = DATA) -> DemoDepartment:
    """Return the demonstration département of a seed.

    Raises OSError or ValueError if a file of `data` is missing or is not what it should be.
    """
    communes = load_communes(data)
    return DemoDepartment(
        seed=seed,
        samu=_samu(seed, data),
        companies=_companies(seed, communes),
        sectors=build_sectors(seed, communes.items, data),
        facilities=load_facilities(seed, communes.items, data),
        communes=communes.items,
    )


def _samu(seed: int, data: Path) -> DemoSamu:
    samu_id = demo_id(seed, "samu", "11")
    area = Area.from_geojson((data / "departement-11-aude.geojson").read_bytes())
    return DemoSamu(
        id=samu_id,
        code="11",
        name="SAMU 11",
        phone=phone_of(15),
        area_cells=tuple(area.to_cells()),
        user=_account(seed, "regulation.samu11", "Régulation du SAMU 11", Role.SAMU, samu=samu_id),
        coordinator=_account(
            seed, "coordination.atsu11", "Coordination ATSU 11", Role.COORDINATOR, samu=samu_id
        ),
        admin=_account(seed, "administration", "Administration", Role.ADMIN),
    )


def _companies(seed: int, communes: Communes) -> tuple[DemoCompany, ...]:
    rng = Random(seed)  # noqa: S311 - a repeatable draw, no secret
    names = rng.sample(COMPANIES, len(COMPANIES))
    places = settle(rng, communes.items, main_communes(communes.items), len(names))
    shares = iter(share_vehicles(rng, [one.population for own in places for one in own], VEHICLES))
    garage = Garage(seed, registrations())
    companies: list[DemoCompany] = []
    for (name, slug), own in zip(names, places, strict=True):
        sites = _sites(rng, seed, slug, own, communes)
        vehicles = garage.vehicles_of(sites, [next(shares) for _ in sites])
        employed = sum(len(company.staff) for company in companies)
        staff = staff_of(seed, slug, vehicles, employed)
        companies.append(_company(seed, name, slug, sites, vehicles, staff))
    return tuple(companies)


def _sites(
    rng: Random, seed: int, slug: str, own: Sequence[Commune], communes: Communes
) -> tuple[DemoSite, ...]:
    drawn = [draw_place_in(rng, commune, communes) for commune in own]
    return tuple(
        DemoSite(
            id=demo_id(seed, "site", f"{slug}/{place.insee}"),
            name=place.commune,
            insee=place.insee,
            commune=place.commune,
            address=place.address,
            lat=place.lat,
            lon=place.lon,
        )
        for place in drawn
    )


def _company(
    seed: int,
    name: str,
    slug: str,
    sites: tuple[DemoSite, ...],
    vehicles: tuple[DemoVehicle, ...],
    staff: tuple[DemoStaff, ...],
) -> DemoCompany:
    company_id = demo_id(seed, "company", slug)
    return DemoCompany(
        id=company_id,
        name=name,
        slug=slug,
        phone=phone_of(1_100 + [known for _, known in COMPANIES].index(slug)),
        sites=sites,
        vehicles=vehicles,
        regulator=_account(
            seed, f"regulation.{slug}", f"Régulation, {name}", Role.REGULATOR, company=company_id
        ),
        crews=tuple(
            _account(
                seed,
                f"equipage.{slug}.{number}",
                f"Équipage {number}, {name}",
                Role.CREW,
                company=company_id,
                vehicle=vehicle.id,
            )
            for number, vehicle in enumerate(vehicles, start=1)
        ),
        staff=staff,
    )


def _account(
    seed: int,
    username: str,
    full_name: str,
    role: Role,
    *,
    samu: UUID | None = None,
    company: UUID | None = None,
    vehicle: UUID | None = None,
) -> DemoAccount:
    return DemoAccount(demo_id(seed, "account", username), username, full_name, role, samu, company, vehicle)
