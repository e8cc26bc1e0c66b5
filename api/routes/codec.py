"""Opens what the engine keeps, for administrators: the Temporal UI and the `temporal` command ask here (ADR 30)."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from temporalio.api.common.v1 import Payload

from api.codec_door import COOKIE, PREFIX
from api.documents import READS, problems
from api.problems import Problem
from api.resources import Resources, resources_of
from api.schemas.codec import Payloads, WirePayload
from api.security import Caller, ReceivedAt, allow
from domain.people import Role
from storage import audit
from storage.keyring import UnreadableError
from workflows.codec import EncryptingCodec

router = APIRouter(prefix="/v1/codec", tags=["health"])

AdminCaller = Annotated[Caller, Depends(allow(Role.ADMIN))]


@router.post(
    "/decode",
    summary="Open payloads of the engine",
    response_model=Payloads,
    responses=READS | problems(408, 413, 415),
)
async def decode(request: Request, asked: Payloads, caller: AdminCaller, at: ReceivedAt) -> Payloads:
    """Temporal's remote codec protocol. A payload whose key is gone comes back as it was sent; who looked at which
    demand is written to the audit trail.
    """
    resources = resources_of(request)
    if resources.codec is None:
        raise Problem("not_found")
    opened = [await _opened(resources.codec, _payload(each)) for each in asked.payloads]
    await _write_down(resources, caller, [each.data for each in opened], at)
    return Payloads(payloads=tuple(_wire(each) for each in opened))


@router.post(
    "/session", summary="Let this browser's Temporal UI open payloads", status_code=204, responses=READS
)
async def open_session(request: Request, caller: AdminCaller) -> Response:
    """Gives the caller's own access token back as a cookie that is sent to `/v1/codec/` alone, by pages of the Temporal
    UI alone, and that no script can read. It ends with the token.
    """
    del caller
    config = resources_of(request).config
    answer = Response(status_code=204)
    answer.set_cookie(
        COOKIE,
        request.headers["authorization"].partition(" ")[2].strip(),
        max_age=config.access_token_minutes * 60,
        path=PREFIX,
        httponly=True,
        secure=request.url.scheme == "https",
        samesite="strict",
    )
    return answer


async def _opened(codec: EncryptingCodec, payload: Payload) -> Payload:
    try:
        [found] = await codec.decode([payload])
    except UnreadableError:
        return payload
    return found


async def _write_down(resources: Resources, caller: Caller, contents: list[bytes], at: datetime) -> None:
    demands = resources.looks.new(caller.ident, contents, at)
    if not demands:
        return
    async with resources.database.begin() as connection:
        for demand in demands:
            event = audit.AuditEvent(
                at=at,
                kind=audit.AuditKind.HISTORY_DECODED,
                actor=f"{caller.ident} {caller.name}",
                subject=demand,
            )
            await audit.write(connection, event)
    resources.looks.written(caller.ident, demands, at)


def _payload(given: WirePayload) -> Payload:
    return Payload(metadata=given.metadata, data=given.data)


def _wire(payload: Payload) -> WirePayload:
    return WirePayload.model_construct(metadata=dict(payload.metadata), data=payload.data)
