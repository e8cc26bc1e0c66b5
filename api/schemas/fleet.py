"""Companies' means: sites, vehicles, tick-boxes, positions, facilities."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.fields import Answer, Body, Flag, Instant, Latitude, Longitude
from domain.mobilisation import HOURS, LONGEST_S
from domain.readiness import Colour
from domain.vocabulary import DeviceKind, Freshness, LeaseState, Mode

MOST_POSITIONS = 1000


class AvailabilityGiven(Body):
    """A tick-box, ticked perhaps only until an instant: without ``available``, ``until`` is refused."""

    available: Flag
    until: Instant | None = None


class AvailabilityShown(Answer):
    """How the box is ticked now."""

    id: UUID
    available: bool
    until: datetime | None


MobilisationSeconds = Annotated[int, Field(strict=True, ge=0, le=LONGEST_S, examples=[120])]


class MobilisationGiven(Body):
    """What crews need before they leave, in seconds: at every hour, or by the hour that the SAMU's clocks show."""

    default_s: MobilisationSeconds
    by_hour_s: Annotated[list[MobilisationSeconds], Field(min_length=HOURS, max_length=HOURS)] | None = None


class MobilisationShown(Answer):
    """What crews of a site need before they leave, in seconds; ``by_hour_s``, where there is one, has 24 figures."""

    default_s: int
    by_hour_s: list[int] | None


class MobilisationSaid(MobilisationShown):
    """What crews of this site need from now on."""

    id: UUID


class PositionGiven(Body):
    """Where a vehicle is. Degrees, metres, km/h, degrees from north."""

    lat: Latitude
    lon: Longitude
    recorded_at: Instant
    accuracy_m: Annotated[float, Field(strict=True, ge=0, le=1e6)] | None = None
    speed_kmh: Annotated[float, Field(strict=True, ge=0, le=1000)] | None = None
    heading: Annotated[float, Field(strict=True, ge=0, le=360)] | None = None


class VehiclePositionGiven(PositionGiven):
    """Where one vehicle of many is."""

    vehicle_id: UUID


class PositionBatch(Body):
    """Up to 1,000 positions: a company's telematics."""

    positions: Annotated[list[VehiclePositionGiven], Field(min_length=1, max_length=MOST_POSITIONS)]


class PositionsTaken(Answer):
    """How many were newer than what was known, how many were not, and which vehicles are not the caller's."""

    accepted: int
    stale: int
    unknown: list[UUID]


class PositionTaken(Answer):
    """Whether the fix was newer than the one known."""

    accepted: bool


class PositionShown(Answer):
    """A vehicle's last position."""

    lat: float
    lon: float
    recorded_at: datetime
    received_at: datetime
    accuracy_m: float | None
    speed_kmh: float | None
    heading: float | None


class RegulatorShown(Answer):
    """The device that regulates a site, and whose it is."""

    id: UUID
    name: str
    kind: DeviceKind
    person: str


class RegulationShown(Answer):
    """How a site is regulated. Who regulates is told to its own company only (rule 37)."""

    state: LeaseState
    epoch: int
    since: datetime | None
    device_kind: DeviceKind | None
    device: RegulatorShown | None


class PhonesShown(Answer):
    """The phones in a vehicle; which one is the primary is told to its own company only (rule 25)."""

    count: int
    primary_device_id: UUID | None
    last_seen_at: datetime | None


class SiteShown(Answer):
    """A site with its tick-box, and how it is regulated."""

    id: UUID
    company_id: UUID
    name: str
    lat: float
    lon: float
    available: bool
    until: datetime | None
    mobilisation: MobilisationShown
    regulation: RegulationShown


class VehicleShown(Answer):
    """A vehicle with its tick-box, its last position and its mission; its mode is seen, never set (rule 19)."""

    id: UUID
    company_id: UUID
    site_id: UUID | None
    name: str
    registration: str | None
    category: str
    volume: str
    available: bool
    until: datetime | None
    position: PositionShown | None
    freshness: Freshness | None = Field(
        description=(
            "What its last position is worth now, as a search would judge it: `FRESH`, recent; `RESTING`, older, but"
            " the vehicle stands and its phone is alive, so it is where it was; `SILENT`, nothing says that it is still"
            " there, to confirm. Null without a position."
        )
    )
    mission_id: UUID | None
    on_guard: bool
    mode: Mode | None
    phones: PhonesShown


class CompanyShown(Answer):
    """A company with its means, and in one sentence what it will receive, or what is missing (rule 23)."""

    id: UUID
    name: str
    phone: str | None = Field(
        description="Where its regulation is telephoned when the platform does not reach it"
    )
    colour: Colour
    readiness: str
    sites: list[SiteShown]
    vehicles: list[VehicleShown]


class FleetShown(Answer):
    """The means that the caller may see."""

    companies: list[CompanyShown]


class FacilityShown(Answer):
    """A facility that patients are taken to, by its FINESS number."""

    id: str
    name: str
    commune: str | None
    lat: float
    lon: float


class FacilityList(Answer):
    """Every facility, by name."""

    items: list[FacilityShown]
    next_cursor: str | None = None
