"""Is the process alive, can it serve, and what does it count?"""

import asyncio
from collections.abc import Awaitable
from enum import StrEnum
from typing import Annotated

import psycopg
from fastapi import APIRouter, Query, Request
from prometheus_client import CONTENT_TYPE_LATEST
from sqlalchemy.exc import SQLAlchemyError
from starlette.responses import Response

from api.documents import problems
from api.fields import Answer
from api.problems import Problem
from api.resources import Resources, resources_of

CHECK_SECONDS = 3.0

router = APIRouter(tags=["health"])


class Need(StrEnum):
    """What an API needs to serve."""

    DATABASE = "database"
    MIGRATIONS = "migrations"
    ENGINE = "engine"


class Alive(Answer):
    """Yes."""

    status: str = "ok"


@router.get("/healthz", summary="Is the process alive", responses=problems(500))
async def healthz() -> Alive:
    """Says nothing of the database or the engine."""
    return Alive()


@router.get("/readyz", summary="Can it serve", responses=problems(422, 500, 503))
async def readyz(
    request: Request,
    exclude: Annotated[tuple[Need, ...], Query(description="What may be missing all the same")] = (),
) -> Alive:
    """Database reachable, migrations current, engine there; `missing` names what is not. A process that stops is not
    ready either.

    A proxy leaves `engine` and `database` out: without the engine demands are accepted and start later (rule 97),
    without the database an API says itself that it cannot answer now, and nobody behind the proxy could do better.
    """
    resources = resources_of(request)
    if resources.leaving.is_set():
        raise Problem("stopping")
    missing = await _missing(resources, exclude)
    if missing:
        raise Problem("not_ready", f"Missing: {', '.join(missing)}.", missing=[*missing])
    return Alive()


async def _missing(resources: Resources, exclude: tuple[Need, ...]) -> list[Need]:
    """What is not there, the excluded left out. An engine that may be missing is not asked: it would be waited for."""
    asked = () if Need.ENGINE in exclude else (_engine(resources.engine.answers()),)
    found = await asyncio.gather(_database(resources.migrated()), *asked)
    return [part for part in found if part is not None and part not in exclude]


async def _engine(check: Awaitable[bool]) -> Need | None:
    return None if await check else Need.ENGINE


async def _database(check: Awaitable[bool]) -> Need | None:
    """What is missing of the database, if anything."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return None if await check else Need.MIGRATIONS
    except (TimeoutError, SQLAlchemyError, psycopg.Error, OSError):
        return Need.DATABASE


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
