"""A process that is told to stop while it deals with a request: the caller learns that it may ask again."""

import asyncio
import json
from typing import Any

from starlette.types import Message, Receive, Scope, Send

from api.edge import Edge
from api.resources import Resources

REQUEST: dict[str, Any] = {
    "type": "http",
    "method": "GET",
    "path": "/v1/me",
    "query_string": b"",
    "headers": [],
    "scheme": "http",
    "client": ("127.0.0.1", 1),
}


async def test_a_request_that_outlasts_the_grace_of_a_process_that_stops_may_be_sent_again(
    resources: Resources,
) -> None:
    """uvicorn cancels it then; by itself it would answer 500, which clients take for the last word."""
    begun, told = asyncio.Event(), list[Message]()

    async def never_ends(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    async def nothing() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        told.append(message)

    serving = asyncio.create_task(Edge(never_ends, resources)(dict(REQUEST), nothing, send))
    await begun.wait()
    serving.cancel()
    await asyncio.wait([serving])
    start, body = told
    assert start["status"] == 503
    assert dict(start["headers"])[b"retry-after"]
    assert json.loads(body["body"])["code"] == "stopping"
