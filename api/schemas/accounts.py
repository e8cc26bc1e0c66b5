"""Logging in, who one is, and the device one is on."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from api.fields import Answer, Body, Flag, Word
from domain.vocabulary import DeviceKind


class TokensGiven(Answer):
    """An access token for a while, and a refresh token that can be used once."""

    access_token: str
    token_type: str = "bearer"  # noqa: S105 - the word of OAuth2
    expires_in: int
    refresh_token: str
    refresh_expires_in: int


class Me(Answer):
    """Who the caller is and what they may see."""

    id: UUID
    name: str
    kind: str
    role: str
    samu_id: UUID | None
    company_id: UUID | None
    scope_name: str | None
    timezone: str | None
    """On whose clocks times are told: the SAMU's, for a company that of the first one it has a convention with."""


_Url = Annotated[str, StringConstraints(pattern=r"^https://[!-~]+$", max_length=2000)]
_Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_\-+/=]+$", max_length=500)]


class PushKeys(Body):
    """The keys of a push subscription (RFC 8291)."""

    p256dh: _Key
    auth: _Key


class PushSubscription(Body):
    """A browser's push subscription, as it gives it."""

    endpoint: _Url
    expiration_time: Annotated[int, Field(ge=0, le=2**53)] | None = Field(None, alias="expirationTime")
    keys: PushKeys


class DeviceGiven(Body):
    """A device to register; ``replaces`` is another one of the same person, which is closed.

    ``confirm``: yes, although a device of this kind cannot go on with all that the other one did.
    """

    kind: DeviceKind
    name: Word
    push_subscription: PushSubscription | None = None
    replaces: UUID | None = None
    confirm: Flag = False


class PlaceOfDevice(Answer):
    """A site, or a vehicle."""

    id: UUID
    name: str


class DeviceLine(Answer):
    """An open device of the company: whose, when it was last heard of, what it regulates, and where it is."""

    id: UUID
    kind: DeviceKind
    name: str
    person: str
    mine: bool
    created_at: datetime
    last_seen_at: datetime | None
    sites: list[PlaceOfDevice]
    vehicle: PlaceOfDevice | None


class DeviceList(Answer):
    """The open devices, those heard of last first; at most 500."""

    items: list[DeviceLine]


class DeviceShown(Answer):
    """A registered device."""

    id: UUID
    kind: DeviceKind
    name: str
    created_at: datetime
    closed_at: datetime | None
    closed_reason: str | None = None
