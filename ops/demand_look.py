"""Looks at one demand from both sides, the database and the engine, each with its time limit."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.exc import SQLAlchemyError
from temporalio.service import RPCError

from ops.at_engine import CALL, RefusedError, reach
from ops.demand_advice import Advice, judge, waits_for
from ops.demand_engine import EngineState, read_engine
from ops.demand_rows import find_demand
from ops.demand_state import DemandState, Wire, read_state
from settings import Settings
from storage.engine import create_engine


class Wrong(Wire):
    """One thing that looks wrong, and the next action."""

    sentence: str
    action: str


class Shown(Wire):
    """All of it. What did not answer is null, and ``why`` says why."""

    at: datetime
    waits_for: str | None
    until: datetime | None
    state: DemandState | None
    engine: EngineState | None
    why: list[str]
    wrong: list[Wrong]


async def look(settings: Settings, named: str) -> Shown:
    """Read both sides. Raises NotFoundError for a demand that the database does not know."""
    state, why = await read_database(settings, named)
    demand_id = state.demand.id if state else full_id(named)
    engine, why_not = await _engine(settings, demand_id) if demand_id else (None, "Temporal was not asked.")
    at = datetime.now(UTC)
    waiting, until = waits_for(state) if state else (None, None)
    return Shown(
        at=at,
        waits_for=waiting,
        until=until,
        state=state,
        engine=engine,
        why=[one for one in (why, why_not) if one],
        wrong=[_wire(one) for one in judge(state, engine, at)],
    )


async def read_database(settings: Settings, named: str) -> tuple[DemandState | None, str | None]:
    """The demand, or why the database does not answer. Raises NotFoundError."""
    engine = create_engine(settings.database_url, pool_size=1, application_name="rescousse demand")
    try:
        async with engine.connect() as connection:
            return await read_state(connection, await find_demand(connection, named)), None
    except SQLAlchemyError as error:
        return None, f"The database does not answer: {str(error).strip().splitlines()[0]}"
    finally:
        await engine.dispose()


async def _engine(settings: Settings, demand_id: UUID) -> tuple[EngineState | None, str | None]:
    try:
        client = await reach(settings, CALL)
        return await read_engine(client, demand_id, settings.task_queue), None
    except RefusedError as error:
        return None, str(error)
    except RPCError as error:
        return None, f"Temporal does not answer: {error.message}"


def full_id(named: str) -> UUID | None:
    """The id, if a whole one was given."""
    try:
        return UUID(named)
    except ValueError:
        return None


def _wire(one: Advice) -> Wrong:
    return Wrong(sentence=one.sentence, action=one.action)
