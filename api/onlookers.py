"""Who may read what operators read: callers of known networks, and whoever has the token for it."""

import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from fastapi import Request

from api.problems import Problem

LOCAL = "127.0.0.0/8,::1/128"
FORWARDED = ("x-forwarded-for", "forwarded")


def networks_of(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    """Addresses and networks with commas between them. Raises ValueError."""
    return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True, kw_only=True)
class Onlookers:
    """Whom the figures of a process are for. They hold no identity, but tell how the service is doing."""

    networks: Sequence[IPv4Network | IPv6Network] = networks_of(LOCAL)
    token: str | None = field(default=None, repr=False)
    behind_proxy: bool = False
    """A proxy that is trusted says where its callers are; else whoever was forwarded comes from nobody knows where."""

    def check(self, request: Request) -> None:
        """Raise Problem 404 for anybody else: for them there is nothing here."""
        if not (self._has_token(request) or self._is_near(request)):
            raise Problem("not_found")

    def _has_token(self, request: Request) -> bool:
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if self.token is None or scheme.lower() != "bearer":
            return False
        return hmac.compare_digest(given.strip().encode(), self.token.encode())

    def _is_near(self, request: Request) -> bool:
        if request.client is None:
            return False
        if not self.behind_proxy and any(name in request.headers for name in FORWARDED):
            return False
        try:
            address = ip_address(request.client.host)
        except ValueError:
            return False
        return any(address in network for network in self.networks)
