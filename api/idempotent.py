"""The same key and the same request give the same answer, whatever died in between (api paper)."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from fastapi import Depends, Header, Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from api.problems import Problem
from api.refusals import problem_of
from api.resources import Resources, resources_of
from api.security import Caller, authenticate, received_at
from storage import idempotency
from storage.idempotency import Busy, Claim, Mismatch, StoredAnswer

HEADER = "Idempotency-Key"
JSON = "application/json"
LONGEST_KEY = 200
WAIT_SECONDS = 2.0
LOOK_EVERY_SECONDS = 0.05
NOT_FINAL = frozenset({202, 401, 404, 408, 429})
"""Answers that another attempt may change: what is not there yet may be there in a moment."""
SERVER_ERRORS = 500
SENT_UNDER = ("X-Device-Id", "X-Lease-Epoch")
"""Headers that change what a request means: another device's lease is not this one's."""

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

KeyHeader = Annotated[
    str | None,
    Header(alias=HEADER, description="1 to 200 printable characters: a repetition gets the same answer."),
]


async def _documented(idempotency_key: KeyHeader = None) -> None:
    """Only so that the header stands in the OpenAPI document; the route below takes it."""
    del idempotency_key


TakesKey = Depends(_documented)
"""Dependency of every route that takes an Idempotency-Key."""


def update_id(request: Request) -> str:
    """The id of the update that this request sends: the same when the request is repeated with its key."""
    held = getattr(request.state, "claim", None)
    if isinstance(held, Claim):
        return str(uuid5(NAMESPACE_URL, f"rescousse:{held.caller}:{held.key}"))
    return str(uuid4())


UpdateId = Annotated[str, Depends(update_id)]


class CheckedRoute(APIRoute):
    """A route that takes JSON, and no key: what it does may be repeated as it is."""

    def get_route_handler(self) -> Handler:
        """Wrap the route's own handler."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            await _refuse_other_types(request, frozenset({JSON}))
            return await inner(request)

        return handle


class IdempotentRoute(APIRoute):
    """A route that remembers its final answers by caller and key."""

    media_types: ClassVar[frozenset[str]] = frozenset({JSON})
    """What a body may be."""

    def get_route_handler(self) -> Handler:
        """Wrap the route's own handler."""
        inner = super().get_route_handler()

        async def handle(request: Request) -> Response:
            if request.method in {"GET", "HEAD"}:
                return await inner(request)
            await _refuse_other_types(request, self.media_types)
            key = request.headers.get(HEADER)
            return await (_once(request, _checked(key), inner) if key is not None else inner(request))

        return handle


async def _refuse_other_types(request: Request, allowed: frozenset[str]) -> None:
    if media_type_of(request) not in allowed and await request.body():
        raise Problem("unsupported_media_type")


def media_type_of(request: Request) -> str:
    """What the body is said to be, without parameters."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def _checked(key: str) -> str:
    if not 0 < len(key) <= LONGEST_KEY or not all(" " <= sign <= "~" for sign in key):
        fault = {
            "parameter": f"header {HEADER}",
            "code": "bad_format",
            "detail": "1 to 200 printable characters",
        }
        raise Problem(
            "invalid_request", f"{HEADER} should have 1 to 200 printable characters.", errors=[{**fault}]
        )
    return key


async def _once(request: Request, key: str, inner: Handler) -> Response:
    resources, caller = resources_of(request), await authenticate(request)
    hashes = resources.keyring.digests("request", await _content(request))
    held = await _claimed(resources, caller, key, hashes, received_at(request))
    if isinstance(held, StoredAnswer):
        replayed = {"Idempotency-Replayed": "true"}
        return Response(held.body, held.status, replayed, held.content_type or None)
    request.state.claim = held
    request.state.received_at = held.received_at
    try:
        response = await _answered(request, inner)
        await _settle(resources, held, response)
    except BaseException:
        await asyncio.shield(_let_go(resources, held))
        raise
    return response


async def _answered(request: Request, inner: Handler) -> Response:
    """What the route answers, its refusals included. Whatever is not a refusal goes on to be raised."""
    try:
        return await inner(request)
    except Exception as error:
        problem = problem_of(error)
        if problem.kind.status >= SERVER_ERRORS:
            raise
        return problem.response()


async def _claimed(
    resources: Resources, caller: Caller, key: str, hashes: Sequence[bytes], at: datetime
) -> Claim | StoredAnswer:
    """Claim the key, waiting a little for an answer that is under way."""
    until = asyncio.get_running_loop().time() + WAIT_SECONDS
    while True:
        async with resources.database.begin() as connection:
            found = await idempotency.claim(connection, caller.ident, key, hashes, at)
        if isinstance(found, (Claim, StoredAnswer)):
            return found
        if isinstance(found, Mismatch):
            raise Problem("idempotency_mismatch")
        assert isinstance(found, Busy)  # noqa: S101 - nothing else is left
        if asyncio.get_running_loop().time() >= until:
            raise Problem("idempotency_in_progress", headers={"Retry-After": "1"})
        await asyncio.sleep(LOOK_EVERY_SECONDS)


async def _content(request: Request) -> bytes:
    """What makes two requests the same: method, address, body, and the device and regulation they are sent under."""
    under = "\n".join(f"{name}: {request.headers.get(name, '')}" for name in SENT_UNDER)
    head = f"{request.method} {request.url.path}?{request.url.query}\n{under}\n".encode()
    return head + await request.body()


async def _settle(resources: Resources, held: Claim, response: Response) -> None:
    """Keep a final answer; let the key go after any other."""
    if response.status_code >= SERVER_ERRORS or response.status_code in NOT_FINAL:
        await _let_go(resources, held)
        return
    content_type = response.headers.get("content-type", "")
    answer = StoredAnswer(response.status_code, content_type, bytes(response.body))
    async with resources.database.begin() as connection:
        await idempotency.keep_answer(connection, held, answer)


async def _let_go(resources: Resources, held: Claim) -> None:
    async with resources.database.begin() as connection:
        await idempotency.give_up(connection, held)
