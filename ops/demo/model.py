"""The demonstration département as plain values: what a seed number gives, before any database."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from domain.fleet import Category, Volume
from domain.people import Role
from domain.vocabulary import Diploma
from geo.cells import Polygon
from geo.geojson import multipolygon
from simulation.places import Commune

NAMESPACE = UUID("5a1b7a9e-2c0d-5e6f-8a11-0e5c0055e000")
"""Root of every id of the demonstration. Never change it: a seed's ids would all change."""


def demo_id(seed: int, kind: str, name: str) -> UUID:
    """Return the id of one thing of the demonstration: the same seed, kind and name, the same id, for ever."""
    return uuid5(NAMESPACE, f"{seed}/{kind}/{name}")


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One login, without its password (see `ops.demo.credentials`). Null scopes do not apply to the role."""

    id: UUID
    username: str
    full_name: str
    role: Role
    samu_id: UUID | None = None
    company_id: UUID | None = None
    vehicle_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class DemoSamu:
    """A SAMU with the H3 cells of its area (`geo.area.Area.from_cells`) and its own accounts."""

    id: UUID
    code: str
    name: str
    phone: str
    area_cells: tuple[int, ...]
    user: DemoAccount
    coordinator: DemoAccount
    admin: DemoAccount


@dataclass(frozen=True, slots=True)
class DemoSite:
    """Where vehicles of a company are parked (site de stationnement), WGS-84 degrees."""

    id: UUID
    name: str
    insee: str
    commune: str
    address: str
    lat: float
    lon: float


@dataclass(frozen=True, slots=True)
class DemoVehicle:
    """An ambulance or an ASSU of a company, at home at one of its sites."""

    id: UUID
    name: str
    registration: str
    category: Category
    site_id: UUID

    @property
    def volume(self) -> Volume:
        """The volume that its category carries."""
        return self.category.volume


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """Somebody whom a company employs in its crews."""

    id: UUID
    name: str
    diploma: Diploma


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """An invented ambulance company: one regulator account, one crew account per vehicle, in order, and its staff."""

    id: UUID
    name: str
    slug: str
    phone: str
    sites: tuple[DemoSite, ...]
    vehicles: tuple[DemoVehicle, ...]
    regulator: DemoAccount
    crews: tuple[DemoAccount, ...]
    staff: tuple[DemoStaff, ...]


@dataclass(frozen=True, slots=True)
class DemoSector:
    """A guard sector: the communes (INSEE codes) nearest to its main town, their polygons, the sectors around."""

    id: UUID
    name: str
    main_commune: str
    communes: tuple[str, ...]
    polygons: tuple[Polygon, ...]
    neighbours: tuple[UUID, ...]

    @property
    def outline(self) -> dict[str, object]:
        """Its polygons as a GeoJSON MultiPolygon."""
        return multipolygon(self.polygons)


@dataclass(frozen=True, slots=True)
class DemoFacility:
    """A health establishment where a patient may be taken. `emergency` is None where the source is silent."""

    id: UUID
    finess: str
    name: str
    commune: str
    insee: str
    address: str
    lat: float
    lon: float
    emergency: bool | None


@dataclass(frozen=True, slots=True)
class DemoDepartment:
    """Everything that the demonstration needs, in a fixed order."""

    seed: int
    samu: DemoSamu
    companies: tuple[DemoCompany, ...]
    sectors: tuple[DemoSector, ...]
    facilities: tuple[DemoFacility, ...]
    communes: tuple[Commune, ...]

    @property
    def accounts(self) -> tuple[DemoAccount, ...]:
        """Every login: the SAMU's three, then each company's regulator and crews."""
        companies = [one for company in self.companies for one in (company.regulator, *company.crews)]
        return (self.samu.user, self.samu.coordinator, self.samu.admin, *companies)

    @property
    def vehicles(self) -> tuple[DemoVehicle, ...]:
        """Every vehicle of every company."""
        return tuple(vehicle for company in self.companies for vehicle in company.vehicles)

    @property
    def staff(self) -> tuple[DemoStaff, ...]:
        """Everybody whom a company employs."""
        return tuple(person for company in self.companies for person in company.staff)

    @property
    def sites(self) -> tuple[DemoSite, ...]:
        """Every site of every company."""
        return tuple(site for company in self.companies for site in company.sites)
