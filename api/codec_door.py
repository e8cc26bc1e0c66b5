"""Lets the Temporal UI, which is another site's page in the operator's browser, ask for what the engine keeps.

Only the one address of the settings, only below `/v1/codec/`. The UI cannot send our tokens (it knows those of its own
login only), so it sends the cookie that `POST /v1/codec/session` gave to the same browser (ADR 30).
"""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.types import ASGIApp, Message, Receive, Scope, Send

PREFIX = "/v1/codec/"
COOKIE = "rescousse_codec"
ASKED_FIRST_SECONDS = 600
"""So long a browser remembers that it may."""


class CodecDoor:
    """ASGI middleware: cross-origin answers for one origin and one prefix, nothing for anybody else."""

    def __init__(self, app: ASGIApp, origin: str | None) -> None:
        """Let pages of ``origin`` in; nobody without one."""
        self._app = app
        self._origin = origin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or not scope["path"].startswith(PREFIX):
            await self._app(scope, receive, send)
            return
        if self._origin is None or _header(scope, b"origin") != self._origin:
            await self._app(scope, receive, send)
            return
        allowed = _allowed(self._origin)
        if scope["method"] == "OPTIONS":
            await send({"type": "http.response.start", "status": 204, "headers": _encoded(allowed)})
            await send({"type": "http.response.body", "body": b""})
            return

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), *_encoded(allowed)]
            await send(message)

        await self._app(_with_token(scope), receive, sending)


def _allowed(origin: str) -> Mapping[str, str]:
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-credentials": "true",
        "access-control-allow-methods": "POST",
        "access-control-allow-headers": "authorization, content-type, x-namespace",
        "access-control-max-age": str(ASKED_FIRST_SECONDS),
        "vary": "Origin",
    }


def _with_token(scope: Scope) -> Scope:
    """The request with the cookie's token where every other request has its own."""
    if _header(scope, b"authorization") or _header(scope, b"x-api-key"):
        return scope
    token = _cookie(_header(scope, b"cookie"))
    if not token:
        return scope
    return {**scope, "headers": [*scope["headers"], (b"authorization", f"Bearer {token}".encode("latin-1"))]}


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found is not None else ""


def _header(scope: Scope, name: bytes) -> str:
    return next((bytes(value).decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _encoded(headers: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value.encode()) for name, value in headers.items()]
