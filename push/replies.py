"""What is asked of whoever calls push services, and what they answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol


class Outcome(StrEnum):
    """What became of a try."""

    SENT = "sent"
    GONE = "gone"
    """The subscription exists no more."""
    AGAIN = "again"
    """Not now: later, perhaps."""
    REFUSED = "refused"
    """Not this message, ever."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a push service said. ``wait_seconds`` is how long it wants to be left alone, if it says so."""

    outcome: Outcome
    wait_seconds: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One notification for one browser."""

    subscription: Mapping[str, object]
    content: bytes
    tag: str
    """What replaces an older message of the same tag, delivered or not."""
    lasts_seconds: int


class Poster(Protocol):
    """Calls push services."""

    async def post(self, message: Message, at: datetime) -> Reply:
        """Send one message; whatever happens, there is a reply, in a few seconds at the latest."""
        ...
