"""What the simulation reads from the API: unknown fields are ignored, only what it needs is required."""

from datetime import datetime
from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

Item = TypeVar("Item", bound=BaseModel)

STEPS = (
    "AFFECTE",
    "ACQUITTE",
    "EN_APPROCHE",
    "LIEU_INTERVENTION",
    "BILAN_REALISE",
    "EN_CHARGE",
    "LIEU_DESTINATION",
    "DISPONIBLE",
)
"""The steps of a mission, in order (rule 44)."""

ENDED = frozenset({"COMPLETED", "UNFULFILLED", "CANCELLED"})
"""The statuses of a demand that has ended."""


class Wire(BaseModel):
    """Base of what is read: frozen, a newer server may send more."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Point(Wire):
    """A place, in WGS-84 degrees."""

    lat: float
    lon: float


class Facility(Wire):
    """Where the patient is taken; coordinates when the server gives them."""

    facility_id: str | None = None
    lat: float | None = None
    lon: float | None = None


class Page(Wire, Generic[Item]):
    """A page of a list."""

    items: list[Item] = Field(default_factory=list)
    next_cursor: str | None = None


class Created(Wire):
    """The id of what was just created."""

    id: str


class Tokens(Wire):
    """The answer of ``POST /v1/token``."""

    access_token: str
    refresh_token: str | None = None


class Problem(Wire):
    """The part of a problem document that is acted on."""

    code: str = "unknown"
    expected_step: str | None = None


class SolicitedDemand(Wire):
    """What a company is told of a demand that it is asked to serve."""

    max_delay_minutes: int = 60
    volume: str = "AMBULANCE"
    pickup: Point | None = None


class OpenSolicitation(Wire):
    """A question to a company, to be answered before ``answer_before``."""

    id: str
    demand_id: str
    tier: str
    site_id: str | None = None
    vehicle_id: str | None = None
    eta_minutes: float | None = None
    state: str = "OPEN"
    answer_before: datetime | None = None
    answerable_here: bool | None = None
    demand: SolicitedDemand = SolicitedDemand()


class AcceptanceVerdict(Wire):
    """The answer to an acceptance: a mission only when it is confirmed (rule 28)."""

    outcome: str = "CONFIRMED"
    mission_id: str | None = None


class Mission(Wire):
    """A mission as its company sees it."""

    id: str
    demand_id: str
    vehicle_id: str
    company_id: str | None = None
    step: str
    pickup: Point | None = None
    destination: Facility | None = None


class PassedStep(Wire):
    """A step of a mission that has been passed."""

    step: str
    recorded_at: datetime | None = None
    occurred_at: datetime | None = None


class DemandMission(Wire):
    """The mission of a demand, as the SAMU sees it."""

    id: str
    step: str
    steps: list[PassedStep] = Field(default_factory=list)


class CounterProposal(Wire):
    """A company's promise to come later than asked (minutes)."""

    solicitation_id: str
    delay_minutes: int
    best: bool = False
    regulated: bool = True


class Demand(Wire):
    """A demand as its SAMU sees it."""

    id: str
    reference: str = ""
    status: str
    received_at: datetime | None = None
    counter_proposals: list[CounterProposal] = Field(default_factory=list)
    mission: DemandMission | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ENDED


class DemandLine(Wire):
    """A line of ``GET /v1/demands``."""

    id: str
    reference: str = ""
    status: str


class FactData(Wire):
    """What the simulation reads in a fact's data."""

    mission_id: str | None = None
    vehicle_id: str | None = None
    company_id: str | None = None
    solicitation_id: str | None = None
    alarm_id: str | None = None
    alarm: str | None = None
    shift_id: str | None = None


class FactBody(Wire):
    """The ``data`` line of an event of the stream."""

    demand_id: str | None = None
    data: FactData = FactData()
