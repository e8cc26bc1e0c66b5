"""Is the process alive, can it serve, and what does it count?"""

import asyncio
from collections.abc import Awaitable

import psycopg
from fastapi import APIRouter, Request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from api.documents import problems
from api.fields import Answer
from api.problems import Problem
from api.resources import resources_of

CHECK_SECONDS = 3.0

router = APIRouter(tags=["health"])


class Alive(Answer):
    """Yes."""

    status: str = "ok"


@router.get("/healthz", summary="Is the process alive", responses=problems(500))
async def healthz() -> Alive:
    """Says nothing of the database or the engine."""
    return Alive()


@router.get("/readyz", summary="Can it serve", responses=problems(500, 503))
async def readyz(request: Request) -> Alive:
    """Database reachable, migrations current, engine there; `missing` names what is not."""
    resources = resources_of(request)
    migrated, engine = await asyncio.gather(_database(resources.migrated()), resources.engine.answers())
    missing = [*([migrated] if migrated else []), *([] if engine else ["engine"])]
    if missing:
        raise Problem("not_ready", f"Missing: {', '.join(missing)}.", missing=[*missing])
    return Alive()


async def _database(check: Awaitable[bool]) -> str | None:
    """What is missing of the database, if anything."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return None if await check else "migrations"
    except (TimeoutError, SQLAlchemyError, psycopg.Error, OSError):
        return "database"


@router.get(
    "/metrics", summary="What it counts (Prometheus)", response_class=Response, responses=problems(404, 500)
)
async def metrics(request: Request) -> Response:
    """For callers of the operator's networks, or with the token for it (ADR 29): for others there is nothing here.
    Without identities. What is open at everybody's is read again after some seconds (`api.figures`)."""
    resources = resources_of(request)
    resources.config.onlookers.check(request)
    await resources.figures.refresh()
    return Response(resources.metrics.page(), media_type=CONTENT_TYPE_LATEST)
