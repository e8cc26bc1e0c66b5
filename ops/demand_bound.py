"""What an operator's order is bound to: the mission, or the tier, that they looked at.

Bound so, an order that is given again after no answer came touches nothing that began meanwhile.
"""

from uuid import UUID

from domain.outcomes import Outcome
from domain.vocabulary import TIER_STATUS, MissionEndReason, OperatorAct, Tier
from ops.demand_state import DemandState, OnMission
from ops.demand_words import OVER, REFUSALS, TAKEN_ALREADY

SHORTEST = 8
"""So many digits of a mission's id name it, where it can be looked up."""
NOT_SEEN = "the database does not answer: give the whole id of the mission to go on without it (--mission)"


class BoundError(Exception):
    """Nothing is sent; the text says why. ``done`` when what is wanted is so already."""

    def __init__(self, text: str, *, done: bool = False) -> None:
        """Say it."""
        super().__init__(text)
        self.done = done


class UnseenError(Exception):
    """It cannot be known what the order would touch; the text says so."""


def mission_of(state: DemandState | None, given: str) -> UUID:
    """The mission that is meant; the running one, when none is given. Raises BoundError, UnseenError."""
    named = given.strip().lower()
    if state is None:
        return _whole(named)
    running = state.runs
    if running is not None and (not named or _is_called(running, named)):
        return running.id
    if named and state.mission is not None and _is_called(state.mission, named):
        taken = state.mission.end_reason == MissionEndReason.REASSIGNED
        raise BoundError(TAKEN_ALREADY if taken else _refused(Outcome.MISSION_ENDED), done=taken)
    if not named:
        raise BoundError(_refused(Outcome.MISSION_UNKNOWN))
    now = f"{running.vehicle} has it now, in mission {running.id}" if running else "no vehicle has it now"
    raise BoundError(f"{OVER} ({Outcome.MISSION_ENDED}: {now})")


def _whole(named: str) -> UUID:
    try:
        return UUID(named)
    except ValueError as error:
        raise UnseenError(NOT_SEEN) from error


def _is_called(mission: OnMission, named: str) -> bool:
    return len(named) >= SHORTEST and str(mission.id).startswith(named)


def tier_of(state: DemandState | None, given: Tier | None) -> Tier | None:
    """The tier that is meant; the one that runs, when none is given. Raises BoundError when none runs."""
    if state is None or given is not None:
        return given
    running = {status.value: tier for tier, status in TIER_STATUS.items()}.get(state.demand.status)
    if running is None:
        mission = state.runs is not None
        raise BoundError(_refused(Outcome.ALREADY_ASSIGNED if mission else Outcome.NO_TIER_RUNNING))
    return running


def _refused(outcome: Outcome) -> str:
    return f"{REFUSALS[outcome]} ({outcome})"


def needed(act: OperatorAct, *, yes: bool, mission: str, tier: Tier | None) -> str | None:
    """The option that is missing: whoever is not asked must have said what they looked at."""
    if yes and act is OperatorAct.REASSIGN and not mission.strip():
        return "--mission"
    if yes and act is OperatorAct.NEXT_TIER and tier is None:
        return "--tier"
    return None
