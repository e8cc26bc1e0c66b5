"""How far a mission has come to its company: delivered, opened (rule 30)."""

from datetime import datetime

from api.engine import DemandEndedError, EngineAwayError
from api.problems import Problem, refused
from api.resources import Resources
from domain.messages import ReceiptReport
from domain.outcomes import Outcome
from domain.vocabulary import Receipt
from storage.views import MissionView


async def receive(resources: Resources, mission: MissionView, report: ReceiptReport) -> bool:
    """Tell the engine, unless it is written down already; whether it was told. Raises Problem 409 or 503.

    After the end of a mission nobody needs to know.
    """
    if _known(mission, report.receipt) is not None:
        return False
    if mission.ended_at is not None:
        raise refused(Outcome.MISSION_ENDED)
    try:
        await resources.engine.receive(mission.demand_id, report)
    except EngineAwayError as error:
        raise Problem("engine_unavailable") from error
    except DemandEndedError as error:
        raise refused(Outcome.MISSION_ENDED) from error
    return True


def _known(mission: MissionView, receipt: Receipt) -> datetime | None:
    return mission.opened_at if receipt is Receipt.OPENED else mission.delivered_at
