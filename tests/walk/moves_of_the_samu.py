"""What the SAMU and operators may do to a demand, allowed or not."""

from domain.edition import Edition
from domain.fleet import Volume
from domain.messages import (
    AlarmSight,
    Amendment,
    Arbitration,
    Cancellation,
    Carence,
    Decision,
    Destination,
    Intervention,
)
from domain.outcomes import Outcome
from domain.people import Actor
from domain.vocabulary import OperatorAct
from tests.unit.stories import SAMU
from tests.walk.drawing import NOBODYS, NOT_YET, Told, mission_id_of
from tests.walk.play import CREW, OPERATOR, Play


def arbitrate(play: Play, bits: int) -> Told:
    """The SAMU decides on the best counter-proposal, on another, or on all."""
    promises = play.witness.promises
    chosen = promises[bits % len(promises)].id if promises and bits & 512 else None
    order = Arbitration(
        decision=Decision.ACCEPT if bits & 1024 else Decision.REFUSE,
        solicitation_id=chosen,
        reason="plus près" if bits & 2048 else None,
        received_at=play.clock,
        by=SAMU,
    )
    return play.demand.samu.arbitrate(order).outcome


def amend(play: Play, bits: int) -> Told:
    """The SAMU changes the delay, and perhaps the volume."""
    order = Amendment(
        max_delay_minutes=(20, 40, 60, None)[bits & 3],
        volume=(None, None, Volume.AMBULANCE, Volume.ASSU)[bits >> 2 & 3],
        received_at=play.clock,
        by=SAMU,
    )
    before = len(play.replies)
    play.procedure.amend(order)
    return play.replies[-1].outcome if len(play.replies) > before else NOT_YET


def cancel(play: Play, bits: int) -> Told:
    """The SAMU needs nobody any more."""
    return play.demand.samu.cancel(_cancellation(play, SAMU)).outcome


def give_up(play: Play, bits: int) -> Told:
    """An operator ends the demand, as a last resort: only what is open."""
    if not play.demand.is_open:
        return Outcome.DEMAND_CLOSED
    play.demand.samu.abandon(_cancellation(play, OPERATOR))
    return Outcome.RECORDED


def _cancellation(play: Play, by: Actor) -> Cancellation:
    return Cancellation(reason="plus besoin", received_at=play.clock, by=by)


def declare_carence(play: Play, bits: int) -> Told:
    """The SAMU declares that nobody could come."""
    return play.demand.samu.declare_carence(Carence(received_at=play.clock, by=SAMU)).outcome


def see_an_alarm(play: Play, bits: int) -> Told:
    """Somebody looks after an alarm that was raised."""
    alarms = play.demand.case.alarms  # those of the first edition have no number that anybody could name
    standing = list(alarms.standing.values()) if alarms.edition >= Edition.REGULATION else []
    alarm_id = standing[bits % len(standing)].id if standing else NOBODYS
    by = CREW if bits & 64 else SAMU
    return play.demand.samu.see_alarm(AlarmSight(alarm_id=alarm_id, received_at=play.clock, by=by)).outcome


def give_a_destination(play: Play, bits: int) -> Told:
    """The SAMU, or the crew, says where the patient is taken."""
    by_crew, name = bits & 16, ("CH un", "CH deux")[bits >> 5 & 1]
    order = Destination(
        facility_id=name,
        name=name,
        mission_id=mission_id_of(play, bits >> 6) if by_crew else None,
        received_at=play.clock,
        by=CREW if by_crew else SAMU,
    )
    return play.demand.samu.set_destination(order).outcome


def operate(play: Play, bits: int) -> Told:
    """An operator helps: rings again, asks the next tier, takes the mission from its vehicle. Or closes the demand."""
    act = tuple(OperatorAct)[bits & 3]
    if act is OperatorAct.CLOSE and bits & 28:  # it ends every story
        act = OperatorAct.RING
    order = Intervention(
        act=act,
        reason="personne ne répond" if bits & 96 else None,
        mission_id=mission_id_of(play, bits >> 7) if bits & 64 else None,
        received_at=play.clock,
        by=OPERATOR,
    )
    return play.demand.operators.act(order).outcome
