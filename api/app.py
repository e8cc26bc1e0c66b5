"""Puts the application together. Everything it works with is given to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from fastapi_offline import FastAPIOffline

from api import refusals
from api.codec_door import CodecDoor
from api.edge import Edge
from api.resources import Resources
from api.routes import (
    alarms,
    codec,
    communes,
    coverage,
    crews,
    decisions,
    demands,
    devices,
    fleet,
    guard,
    health,
    journal,
    missions,
    mobilisation,
    pages,
    patient_reads,
    positions,
    push,
    reach,
    regulation,
    roster,
    route,
    solicitations,
    stream,
    token,
    verdicts,
)
from api.schemas.common import ProblemShown
from api.sweeper import sweep_for_ever

NO_TELEMETRY = TelemetryConfig(
    tracing=False, metrics=False, logs=False, operation_spans=False, auto_configure=False
)
"""FastAPI's own tells addresses with their queries and the words of errors, and an environment variable switches it on
(ADR 32). Ours is in `telemetry`."""
VERSION = "1.0.0"
DESCRIPTION = """\
Carries urgent ambulance demands from the SAMU-Centre 15 to private ambulance companies, and follows each mission.

Errors are RFC 9457 problem documents with a stable `code`. Every POST takes an `Idempotency-Key`. Instants are
RFC 3339 in UTC, places WGS-84 degrees. What lies outside the caller's scope answers 404.
"""
TAGS = [
    {"name": "accounts", "description": "Logging in, and the device one is on"},
    {"name": "demands", "description": "What a SAMU asks for and decides"},
    {"name": "company", "description": "What companies and crews answer and report"},
    {"name": "guard", "description": "Who must answer, where, when"},
    {"name": "regulation", "description": "Who regulates which site, and what a device will receive"},
    {"name": "live", "description": "Every fact as it happens"},
    {"name": "reference", "description": "Lists to choose from"},
    {"name": "health", "description": "For operators"},
]
ROUTERS = (
    token.router,
    devices.router,
    devices.unkeyed,
    push.router,
    demands.router,
    decisions.router,
    patient_reads.router,
    journal.router,
    journal.whole,
    verdicts.router,
    solicitations.router,
    missions.router,
    reach.router,
    route.router,
    regulation.router,
    regulation.unkeyed,
    crews.router,
    fleet.router,
    mobilisation.router,
    positions.router,
    guard.router,
    roster.router,
    alarms.router,
    coverage.router,
    communes.router,
    stream.router,
    health.router,
    codec.router,
    pages.public,
    pages.router,
)


def create_app(resources: Resources) -> FastAPI:
    """The API as an ASGI application. Its lifespan runs the feed, the sweeper and the sender of notifications, and nothing global."""
    app = FastAPIOffline(  # the page at /docs loads nothing from outside the machine
        redoc_url=None,
        title="Rescousse",
        version=VERSION,
        description=DESCRIPTION,
        openapi_tags=TAGS,
        lifespan=_lifespan(resources),
        generate_unique_id_function=_operation_id,
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        redirect_slashes=False,
        telemetry=NO_TELEMETRY,
    )
    app.state.resources = resources
    for router in ROUTERS:
        app.include_router(router)
    app.state.routes = _templates()
    app.openapi = _document(app)  # type: ignore[method-assign]  # FastAPI's documented way
    refusals.install(app)
    app.add_middleware(CodecDoor, origin=resources.config.temporal_ui_origin)
    app.add_middleware(Edge, resources=resources)
    return app


def _templates() -> dict[object, str]:
    """The address of each endpoint, for metrics and logs."""
    routes = (route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute))
    return {route.endpoint: route.path for route in routes}


def _operation_id(route: APIRoute) -> str:
    return route.name


def _lifespan(resources: Resources) -> Callable[[FastAPI], Any]:
    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [
            asyncio.create_task(resources.feed.run(), name="feed"),
            asyncio.create_task(sweep_for_ever(resources), name="sweeper"),
            asyncio.create_task(resources.probe.run(), name="probe"),
        ]
        if resources.config.push is not None:
            sender = resources.sender(resources.config.push)
            tasks.append(asyncio.create_task(sender.run(), name="push"))
        try:
            yield
        finally:
            resources.feed.close()
            for task in tasks:
                task.cancel()
            for task in tasks:
                with suppress(asyncio.CancelledError):
                    await task
            await resources.positions.close()

    return lifespan


def _document(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """The OpenAPI document, with the problem document that every route may answer."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title=app.title,
                version=app.version,
                description=app.description,
                routes=app.routes,
                tags=app.openapi_tags,
                license_info=app.license_info,
            )
            schema = ProblemShown.model_json_schema(ref_template="#/components/schemas/{model}")
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas.update(schema.pop("$defs", {}))
            schemas["ProblemShown"] = schema
            app.openapi_schema = made
        return app.openapi_schema

    return document
