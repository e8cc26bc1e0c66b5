"""The push services that may be called: those that the operator named, and no other address on any network."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

HTTPS_PORT = 443
HIGHEST_PORT = 65_535
_NAME = re.compile(r"(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Door:
    """A push service: its host, or all hosts below a name; and its port."""

    host: str
    port: int = HTTPS_PORT
    below: bool = False
    """Any host below the name, and not the name itself."""

    def leads_to(self, host: str, port: int) -> bool:
        """Whether this address is meant."""
        named = host.endswith(f".{self.host}") if self.below else host == self.host
        return named and port == self.port


def parse_doors(text: str) -> tuple[Door, ...]:
    """Read `name[:port]`, `*.name[:port]`, with commas between them. Raises ValueError for anything else."""
    return tuple(_door(part.strip().lower()) for part in text.split(",") if part.strip())


def _door(text: str) -> Door:
    if not _NAME.fullmatch(text):
        raise ValueError(
            f"{text!r} is no host: name it without https:// and path, `*.` before it for all below"
        )
    host, _, port = text.removeprefix("*.").partition(":")
    number = int(port) if port else HTTPS_PORT
    if not 0 < number <= HIGHEST_PORT:
        raise ValueError(f"{text!r} has no such port")
    return Door(host, number, below=text.startswith("*."))


def door_of(endpoint: str, doors: Sequence[Door]) -> Door | None:
    """The push service that an endpoint belongs to; ``None`` for one that is not to be called.

    The address is taken apart by the same code that calls it: there is nothing to read it differently.
    """
    try:
        url = httpx.URL(endpoint)
    except httpx.InvalidURL:
        return None
    if url.scheme != "https" or url.userinfo or url.fragment:
        return None
    host = url.raw_host.decode("ascii").lower()
    return next((door for door in doors if door.leads_to(host, url.port or HTTPS_PORT)), None)


def origin_of(endpoint: str) -> str:
    """Scheme, host and port: whom a token is for (RFC 8292, `aud`)."""
    url = httpx.URL(endpoint)
    return f"{url.scheme}://{url.netloc.decode('ascii')}"
