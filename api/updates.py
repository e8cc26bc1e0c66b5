"""Asks a demand something and tells the caller the verdict, outages and ends included."""

from uuid import UUID

from api.decided import after_the_end, decided, stands_already
from api.engine import DemandEndedError, EngineAwayError, MessageRefusedError, TooManyAnswersError, Update
from api.problems import Problem, check
from api.resources import Resources
from domain.messages import FromOutside, Reply
from domain.outcomes import Outcome
from storage.standing import Standing, standing_of
from storage.starts import is_started
from storage.views import SolicitationView

OUTAGE = 503
REPEATS_ASKED = 5
"""So often in a minute an answer that stands already still goes to the engine: what is read may be a moment old."""


async def ask(
    resources: Resources, demand_id: UUID, update: Update, message: FromOutside, update_id: str
) -> Reply:
    """Send an update and give back the verdict. Raises Problem for a refusal, an end or an outage."""
    return check(await _verdict(resources, demand_id, update, message, update_id))


async def answer(
    resources: Resources,
    asked: SolicitationView,
    standing: Standing,
    update: Update,
    message: FromOutside,
    update_id: str,
) -> Reply:
    """Send a company's answer, unless it is decided. After the end it still learns who had the mission."""
    known = decided(asked, standing, message)
    if known is not None:
        return check(known)
    who = f"{message.by.person_id} {asked.id}"
    if resources.answers.count(who) >= REPEATS_ASKED and stands_already(asked, message):
        return Reply(outcome=Outcome.RECORDED)
    limited(resources, who)
    try:
        return await ask(resources, asked.demand_id, update, message, update_id)
    except Problem as problem:
        if problem.kind.status == OUTAGE:
            resources.answers.give_back(
                who
            )  # whoever repeats during an outage is heard as soon as it is over
        if problem.code != Outcome.DEMAND_CLOSED:
            raise
    async with resources.reading.connect() as connection:
        standing = await standing_of(connection, asked.demand_id)
    return check(after_the_end(asked, standing, message))


def limited(resources: Resources, who: str) -> None:
    """Count one more update of somebody about something: a company cannot use up the room of a demand's history.

    Raises Problem 429 `too_many_requests`.
    """
    wait = resources.answers.take(who)
    if wait:
        raise Problem("too_many_requests", headers={"Retry-After": str(wait)})


async def _verdict(
    resources: Resources, demand_id: UUID, update: Update, message: FromOutside, update_id: str
) -> Reply:
    try:
        reply = await resources.engine.ask(demand_id, update, message, update_id)
    except EngineAwayError as error:
        raise Problem("engine_unavailable") from error
    except TooManyAnswersError as error:
        raise Problem("too_many_requests", headers={"Retry-After": "60"}) from error
    except MessageRefusedError as error:
        raise Problem("invalid_request", "The engine does not take this message.") from error
    except DemandEndedError as error:
        raise await closed(resources, demand_id) from error
    resources.metrics.verdicts.labels(update.value, reply.outcome.value).inc()
    return reply


async def closed(resources: Resources, demand_id: UUID) -> Problem:
    """The engine has no such demand: it has ended, or it is still waiting for the engine (rule 97)."""
    async with resources.reading.connect() as connection:
        started = await is_started(connection, demand_id)
    return Problem("demand_closed" if started else "engine_unavailable")
