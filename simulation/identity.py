"""Who calls: software by its key, people by a token that is renewed when it has expired."""

import asyncio
from typing import Protocol

import httpx

from simulation.runtime import Login
from simulation.wire import Tokens


class Identity(Protocol):
    """Gives the headers of a caller and renews them."""

    async def headers(self, http: httpx.AsyncClient) -> dict[str, str]:
        """Return the headers that say who calls; logs in when needed. May raise ``httpx.HTTPError``."""
        ...

    def expired(self, used: dict[str, str]) -> None:
        """Say that the server refused ``used`` with 401."""
        ...


class KeyIdentity:
    """Software: a key that does not expire."""

    def __init__(self, api_key: str) -> None:
        """Keep the key of a software account."""
        self._headers = {"X-API-Key": api_key}

    async def headers(self, http: httpx.AsyncClient) -> dict[str, str]:
        """Return the key."""
        del http
        return dict(self._headers)

    def expired(self, used: dict[str, str]) -> None:
        """Do nothing: a refused key stays refused, the caller sees the 401."""


class PersonIdentity:
    """A person: a short access token, renewed by the refresh token, or else by logging in again."""

    def __init__(self, login: Login) -> None:
        """Keep the account; nothing is asked of the server yet."""
        self._login = login
        self._tokens: Tokens | None = None
        self._stale = True
        self._turn = asyncio.Lock()

    async def headers(self, http: httpx.AsyncClient) -> dict[str, str]:
        """Return a bearer header. One renewal at a time, however many calls wait for it."""
        async with self._turn:
            if self._stale or self._tokens is None:
                self._tokens = await self._renewed(http)
                self._stale = False
            return _bearer(self._tokens)

    def expired(self, used: dict[str, str]) -> None:
        """Have the token renewed before the next call, unless another call has renewed it meanwhile."""
        if self._tokens is not None and used.get("Authorization") == _bearer(self._tokens)["Authorization"]:
            self._stale = True

    async def _renewed(self, http: httpx.AsyncClient) -> Tokens:
        """Try the refresh token first; a password login is the last resort."""
        if self._tokens is not None and self._tokens.refresh_token:
            form = {"grant_type": "refresh_token", "refresh_token": self._tokens.refresh_token}
            reply = await http.post("/v1/token", data=form)
            if reply.is_success:
                return Tokens.model_validate_json(reply.content)
        return await self._logged_in(http)

    async def _logged_in(self, http: httpx.AsyncClient) -> Tokens:
        """Log in with the password; an ``httpx.HTTPStatusError`` says why it was refused."""
        form = {"grant_type": "password", "username": self._login.username, "password": self._login.password}
        reply = await http.post("/v1/token", data=form)
        reply.raise_for_status()
        return Tokens.model_validate_json(reply.content)


def _bearer(tokens: Tokens) -> dict[str, str]:
    """Return the header of an access token."""
    return {"Authorization": f"Bearer {tokens.access_token}"}
