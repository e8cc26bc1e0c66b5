"""Asks a demand something and tells the caller the verdict, outages and ends included."""

from uuid import UUID

from api.engine import DemandEndedError, EngineAwayError, MessageRefusedError, Update
from api.problems import Problem, check
from api.resources import Resources
from domain.messages import Acceptance, FromOutside, Reply
from domain.outcomes import Outcome
from storage import views
from storage.demands import is_started
from storage.views import Scope, SolicitationView


async def ask(
    resources: Resources, demand_id: UUID, update: Update, message: FromOutside, update_id: str
) -> Reply:
    """Send an update and give back the verdict. Raises Problem for a refusal, an end or an outage."""
    return check(await _verdict(resources, demand_id, update, message, update_id))


async def answer(
    resources: Resources,
    asked: SolicitationView,
    update: Update,
    message: FromOutside,
    update_id: str,
) -> Reply:
    """Send a company's answer. After the end it still learns whether it, or somebody else, had the mission."""
    try:
        return await ask(resources, asked.demand_id, update, message, update_id)
    except Problem as problem:
        if problem.code != Outcome.DEMAND_CLOSED:
            raise
    return check(await _after_the_end(resources, asked, message))


async def _verdict(
    resources: Resources, demand_id: UUID, update: Update, message: FromOutside, update_id: str
) -> Reply:
    try:
        reply = await resources.engine.ask(demand_id, update, message, update_id)
    except EngineAwayError as error:
        raise Problem("engine_unavailable") from error
    except MessageRefusedError as error:
        raise Problem("invalid_request", "The engine does not take this message.") from error
    except DemandEndedError as error:
        raise await closed(resources, demand_id) from error
    resources.metrics.verdicts.labels(update.value, reply.outcome.value).inc()
    return reply


async def closed(resources: Resources, demand_id: UUID) -> Problem:
    """The engine has no such demand: it has ended, or it is still waiting for the engine (rule 97)."""
    async with resources.database.connect() as connection:
        started = await is_started(connection, demand_id)
    return Problem("demand_closed" if started else "engine_unavailable")


async def _after_the_end(resources: Resources, asked: SolicitationView, message: FromOutside) -> Reply:
    async with resources.database.connect() as connection:
        missions = await views.missions_of(connection, Scope(everything=True), asked.demand_id)
    if not missions:
        return Reply(outcome=Outcome.DEMAND_CLOSED)
    last = missions[0]
    named = message.vehicle_id if isinstance(message, Acceptance) else None
    if (
        last.solicitation_id == asked.id
        and isinstance(message, Acceptance)
        and named in {None, last.vehicle_id}
    ):
        return Reply(outcome=Outcome.CONFIRMED, mission_id=last.id)
    return Reply(outcome=Outcome.ALREADY_ASSIGNED)
