"""The regulation of a site, the readiness of a device, crews in vehicles."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from api.fields import Answer, Body, Flag, Word
from api.schemas.missions import MissionLine
from domain.readiness import Colour, Missing
from domain.vocabulary import Diploma, LeaseState, Mode

MOST_MEMBERS = 6


class TakingGiven(Body):
    """``take_over``: yes, although another device regulates the site; it is told."""

    take_over: Flag = False


class HandoverGiven(Body):
    """The device of the same company that shall regulate."""

    to_device_id: UUID


class LeaseShown(Answer):
    """Who regulates a site. ``epoch`` is the fencing token: send it back as `X-Lease-Epoch`."""

    site_id: UUID
    device_id: UUID | None
    epoch: int
    state: LeaseState
    taken_at: datetime | None
    offered_to: UUID | None = None


class MissingShown(Answer):
    """What keeps the device from green: a stable code, and words."""

    code: Missing
    detail: str


class ReceivedShown(Answer):
    """A site or a vehicle that the device receives for."""

    id: UUID
    name: str


class NotReceivedShown(Answer):
    """A site or a vehicle that it does not receive for, and why (rule 23)."""

    id: UUID
    name: str
    code: str
    detail: str


class ReceivesShown(Answer):
    """What will ring here."""

    sites: list[ReceivedShown]
    vehicles: list[ReceivedShown]


class HeldShown(Answer):
    """A lease that the device holds."""

    site_id: UUID
    epoch: int
    state: LeaseState


class OfferShown(Answer):
    """A site that another device offers to this one (rule 38)."""

    site_id: UUID
    site_name: str
    from_device: str | None


class GuardAboard(Answer):
    """The guard shift that the vehicle is on."""

    shift_id: UUID
    period_id: UUID
    ends_at: datetime


class AboardShown(Answer):
    """Where a phone is: the vehicle, its running mission, its guard."""

    vehicle_id: UUID
    vehicle_name: str
    crew_id: UUID
    is_primary: bool
    mission_id: UUID | None
    guard: GuardAboard | None


class ReadinessShown(Answer):
    """What the device will receive, or what is missing (rules 23 and 24)."""

    colour: Colour
    sentence: str
    missing: list[MissingShown]
    receives: ReceivesShown
    not_received: list[NotReceivedShown]
    mode: Mode | None
    leases: list[HeldShown]
    offers: list[OfferShown]
    aboard: AboardShown | None
    """The vehicle that this phone is in; null for any other device."""


class MemberGiven(Body):
    """One of the crew."""

    name: Word
    diploma: Diploma | None = None


class MemberShown(Answer):
    """One of the crew, for its own company."""

    name: str
    diploma: Diploma | None


class CrewGiven(Body):
    """A phone declares itself in a vehicle. The first phone is the primary one, or the one that says so.

    ``confirm``: yes, although the guard that it leaves has no other phone.
    """

    device_id: UUID
    members: Annotated[list[MemberGiven], Field(min_length=1, max_length=MOST_MEMBERS)]
    primary: Flag | None = None
    confirm: Flag = False


class ShiftOfVehicle(Answer):
    """The guard that the vehicle is on."""

    id: UUID
    period_id: UUID
    sector_id: UUID
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime
    approved: bool


class CrewAnswer(Answer):
    """How the phone is in the vehicle, and what already waits there (rule 31)."""

    crew_id: UUID
    vehicle_id: UUID
    is_primary: bool
    mode: Mode | None
    notice: str | None
    mission: MissionLine | None
    guard: ShiftOfVehicle | None


class CrewShown(Answer):
    """A phone in a vehicle; who is with it is told to its own company only."""

    crew_id: UUID
    device_id: UUID | None
    is_primary: bool
    members: list[MemberShown]
    member_count: int
    bound_at: datetime
    last_seen_at: datetime | None


class CrewsShown(Answer):
    """The phones in a vehicle, the primary one first."""

    vehicle_id: UUID
    phone_bound: bool
    items: list[CrewShown]
