"""What the read model decides of a company's answer without the engine (rule 28).

The engine takes 2,000 updates a demand, the SAMU's included: a client that repeats itself must not use them up.
"""

from domain.messages import Acceptance, CounterProposal, FromOutside, Refusal, Reply, Unavailability
from domain.outcomes import Outcome
from domain.vocabulary import DemandStatus, MissionEndReason, SolicitationState
from storage.standing import LastMission, Standing
from storage.views import SolicitationView

State = SolicitationState
ENDED_WELL = frozenset({None, MissionEndReason.COMPLETED, MissionEndReason.NO_TRANSPORT})
"""The mission was the company's until its end, or still is."""
HAS_A_WINNER = frozenset({DemandStatus.ASSIGNED, DemandStatus.COMPLETED})


def decided(asked: SolicitationView, standing: Standing, message: FromOutside) -> Reply | None:
    """The verdict, when nothing that the engine may still do would change it."""
    if DemandStatus(standing.status).has_ended:
        return after_the_end(asked, standing, message)
    mission = standing.mission
    if standing.status != DemandStatus.ASSIGNED or mission is None:
        return None
    if _won(asked, mission):
        return _confirmed(mission) if _accepts(asked, mission, message) else None
    return None if _may_be_asked_again(asked, mission) else Reply(outcome=Outcome.ALREADY_ASSIGNED)


def after_the_end(asked: SolicitationView, standing: Standing, message: FromOutside) -> Reply:
    """Whether the company had the mission to its end, whether somebody else had it, or nobody."""
    mission = standing.mission
    if mission is None:
        return Reply(outcome=Outcome.DEMAND_CLOSED)
    if _won(asked, mission):
        well = mission.end_reason in ENDED_WELL and _accepts(asked, mission, message)
        return _confirmed(mission) if well else Reply(outcome=Outcome.DEMAND_CLOSED)
    somebody_else = standing.status in HAS_A_WINNER
    return Reply(outcome=Outcome.ALREADY_ASSIGNED if somebody_else else Outcome.DEMAND_CLOSED)


def stands_already(asked: SolicitationView, message: FromOutside) -> bool:
    """Whether the company has said just this before, and nothing else since, as far as is written down."""
    if isinstance(message, Refusal):
        return asked.state == State.REFUSED
    if isinstance(message, Unavailability):
        return asked.state == State.UNAVAILABLE
    if isinstance(message, CounterProposal):
        same = asked.counter_delay_minutes == message.delay_minutes and not asked.counter_refused
        return asked.state == State.COUNTERED and same
    return False


def _confirmed(mission: LastMission) -> Reply:
    return Reply(outcome=Outcome.CONFIRMED, mission_id=mission.id)


def _won(asked: SolicitationView, mission: LastMission) -> bool:
    """The acceptance of this solicitation brought the mission, or confirmed it on amended terms (rule 91)."""
    reconfirmed = asked.state == State.ACCEPTED and asked.opened_at >= mission.assigned_at
    return mission.solicitation_id == asked.id or (mission.company_id == asked.company_id and reconfirmed)


def _accepts(asked: SolicitationView, mission: LastMission, message: FromOutside) -> bool:
    if not isinstance(message, Acceptance):
        return False
    return message.vehicle_id in {None, mission.vehicle_id, asked.vehicle_id}


def _may_be_asked_again(asked: SolicitationView, mission: LastMission) -> bool:
    """Amended terms are to be confirmed by whoever has the mission, late as well: the engine knows which they are."""
    if asked.state == State.OPEN:
        return True
    return asked.company_id == mission.company_id and asked.state in {State.EXPIRED, State.ACCEPTED}
