"""All of France's ambulances in a database: companies, sites, vehicles with their positions, and the SAMU of the Aude.

Invented, in the proportions of the real thing: 15,640 vehicles, some ninety of them in the Aude at some fifty sites, and
companies of the neighbours that come from near its border by convention. Half of the vehicles have a phone aboard,
one in ten is on a mission, every site is regulated.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from bench.fleet_of_france import AUDE, Places, around, towns
from geo.cells import COVER_RESOLUTION, EARTH_RADIUS_M, STORED_RESOLUTION, cell_of
from geo.travel_time import Travel

VEHICLES = 15_640
VEHICLES_A_SITE = 1.6
SITES_A_COMPANY = 1.4
NEAR_M = 10_000.0
"""A company of another département has a convention if one of its sites is so near to a town of the Aude."""
SAMU_ID = UUID(int=11)
MISSIONS_A_COMPANY = 2
TABLES = (
    "samus",
    "companies",
    "conventions",
    "sites",
    "leases",
    "vehicles",
    "vehicle_positions",
    "persons",
    "devices",
    "crews",
    "engagements",
    "missions",
)

_ONE_IN_TEN = 10
_BASE = {"companies": 1 << 32, "sites": 2 << 32, "vehicles": 3 << 32, "persons": 4 << 32, "devices": 5 << 32}

Numbers = NDArray[np.int64]
Row = Sequence[object]


@dataclass(frozen=True, slots=True, eq=False)
class Country:
    """Who is where. A vehicle belongs to a site, a site to a company: by number."""

    vehicles: Places
    site: Numbers
    """(vehicles,) the site of each."""
    sites: Places
    company: Numbers
    """(sites,) the company of each."""
    partners: Numbers
    """The companies that the SAMU of the Aude may solicit."""

    @property
    def companies(self) -> int:
        """How many."""
        return int(self.company.max()) + 1


def invent(vehicles: int = VEHICLES, seed: int = 1) -> Country:
    """Draw sites where people live, companies among neighbouring sites, vehicles around their sites."""
    rng, known = np.random.default_rng(seed), towns()
    # Sites in the order of the file are sites by département: neighbours belong to one company.
    town = np.sort(known.drawn(max(1, int(vehicles / VEHICLES_A_SITE)), rng))
    sites = around(known.places, town, rng)
    company = (np.arange(len(town)) / SITES_A_COMPANY).astype(np.int64)
    site = rng.integers(0, len(town), vehicles)
    partners = np.unique(company[_near_the_aude(sites, known.department[town])])
    return Country(around(sites, site, rng), site, sites, company, partners)


def _near_the_aude(sites: Places, department: NDArray[np.str_]) -> NDArray[np.bool_]:
    border = towns().of(AUDE).places.unit()
    own: NDArray[np.bool_] = department == AUDE
    chord = 2 * np.sin(NEAR_M / 2 / EARTH_RADIUS_M)
    near: NDArray[np.bool_] = own | np.array(
        [bool((np.linalg.norm(border - one, axis=1) <= chord).any()) for one in sites.unit()]
    )
    return near


def id_of(kind: str, number: int) -> UUID:
    """The id of the nth of a table."""
    return UUID(int=_BASE[kind] + int(number))


def fill(connection: Connection, country: Country, travel: Travel, at: datetime | None = None) -> None:
    """Write the country into empty tables at Alembic's head, positions as fresh as ``at`` (by default now)."""
    now = at or datetime.now(UTC)
    connection.execute(
        "SET session_replication_role = replica"
    )  # no foreign key is checked: rows are known to fit
    _companies(connection, country)
    _sites(connection, country, now)
    _positions(connection, country, travel, now)
    _phones(connection, country, now)
    _work(connection, country, now)
    connection.execute("RESET session_replication_role")
    connection.execute(f"VACUUM (ANALYZE) {', '.join(TABLES)}")


def _companies(connection: Connection, country: Country) -> None:
    _copy(connection, "samus (id, name, area_cells)", [(SAMU_ID, "SAMU 11 (invented)", [])])
    everybody = range(country.companies)
    companies = ((id_of("companies", n), f"Ambulances Imaginaires {n}") for n in everybody)
    _copy(connection, "companies (id, name)", companies)
    partners = ((SAMU_ID, id_of("companies", n)) for n in country.partners.tolist())
    _copy(connection, "conventions (samu_id, company_id)", partners)


def _sites(connection: Connection, country: Country, now: datetime) -> None:
    owners = [id_of("companies", n) for n in country.company.tolist()]
    sites = (
        (id_of("sites", n), owner, f"Site {n}", *place, 180, True)
        for n, (owner, place) in enumerate(zip(owners, country.sites.points(), strict=True))
    )
    _copy(connection, "sites (id, company_id, name, lat, lon, mobilisation_s, available)", sites)
    leases = ((id_of("sites", n), owner, "HELD", 1, now, now) for n, owner in enumerate(owners))
    _copy(connection, "leases (site_id, company_id, state, epoch, taken_at, heartbeat_at)", leases)
    vehicles = (
        (id_of("vehicles", n), owners[site], id_of("sites", site), f"V{n}", "AC"[n % 2], True)
        for n, site in enumerate(country.site.tolist())
    )
    _copy(connection, "vehicles (id, company_id, site_id, name, category, available)", vehicles)


def _positions(connection: Connection, country: Country, travel: Travel, now: datetime) -> None:
    where = country.vehicles.points()
    rows = (
        (
            id_of("vehicles", n),
            *place,
            cell_of(*place, STORED_RESOLUTION),
            cell_of(*place, COVER_RESOLUTION),
            travel.graph_id,
            *(snap or (None, None)),
            now - timedelta(seconds=n % 90),
            now,
            float(n % 2 * 50),
        )
        for n, (place, snap) in enumerate(zip(where, travel.snap(where), strict=True))
    )
    columns = "vehicle_id, lat, lon, cell, cover_cell, road_graph, road_node, road_access_m, recorded_at, received_at"
    _copy(connection, f"vehicle_positions ({columns}, speed_kmh)", rows)


def _phones(connection: Connection, country: Country, now: datetime) -> None:
    aboard = range(0, len(country.site), 2)
    owner = {n: id_of("companies", country.company[country.site[n]]) for n in aboard}
    persons = ((id_of("persons", n), f"crew-{n}", "none", "CREW", owner[n]) for n in aboard)
    _copy(connection, "persons (id, username, password_hash, role, company_id)", persons)
    devices = ((id_of("devices", n), id_of("persons", n), "MOBILE", "phone", now) for n in aboard)
    _copy(connection, "devices (id, person_id, kind, name, last_seen_at)", devices)
    crews = (
        (
            id_of("devices", n),
            owner[n],
            id_of("vehicles", n),
            id_of("devices", n),
            id_of("persons", n),
            True,
            "[]",
            now,
        )
        for n in aboard
    )
    columns = "id, company_id, vehicle_id, device_id, person_id, is_primary, members, bound_at"
    _copy(connection, f"crews ({columns})", crews)


def _work(connection: Connection, country: Country, now: datetime) -> None:
    """Running missions, and those of the last days."""
    busy = range(0, len(country.site), _ONE_IN_TEN)
    engaged = ((id_of("vehicles", n), UUID(int=n), UUID(int=n), now) for n in busy)
    _copy(connection, "engagements (vehicle_id, demand_id, mission_id, engaged_at)", engaged)
    ago = (now - timedelta(minutes=n) for n in range(MISSIONS_A_COMPANY * country.companies))
    past = (
        (
            *[UUID(int=n)] * 3,
            id_of("companies", n % country.companies),
            UUID(int=n),
            then,
            now,
            now,
            "DISPONIBLE",
        )
        for n, then in enumerate(ago)
    )
    columns = (
        "id, demand_id, solicitation_id, company_id, vehicle_id, assigned_at, promised_at, deadline, step"
    )
    _copy(connection, f"missions ({columns})", past)


def _copy(connection: Connection, into: str, rows: Iterable[Row]) -> None:
    with connection.cursor().copy(f"COPY {into} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
