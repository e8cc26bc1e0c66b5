"""What companies may do to a demand, allowed or not."""

from domain.messages import (
    Acceptance,
    CounterProposal,
    Refusal,
    Unavailability,
    VehicleTaken,
)
from tests.unit.stories import uid
from tests.walk.drawing import (
    LATE,
    NOBODY,
    NOBODYS,
    NOT_YET,
    VOLUMES,
    Told,
    asked_of,
    own_vehicle,
    the_database_answers,
)
from tests.walk.play import REGULATORS, Play


def accept(play: Play, bits: int) -> Told:
    """A company accepts, and the database answers at once."""
    told = accept_and_wait(play, bits)
    if told is not NOT_YET:
        return told
    return the_database_answers(play, bits >> 16)


def accept_and_wait(play: Play, bits: int) -> Told:
    """A company accepts; the database is asked, and has not answered yet."""
    asked = asked_of(play, bits)
    if asked is None:
        return NOBODY
    named = bits >> 10 & 15
    vehicle_id = None if asked.tier.names_a_vehicle else own_vehicle(asked.company_id, named & 1)
    if named == 15:  # a site that names none, a vehicle's own acceptance that names another
        vehicle_id = uid("A9") if asked.tier.names_a_vehicle else None
    answer = Acceptance(
        solicitation_id=asked.id,
        vehicle_id=vehicle_id,
        received_at=play.clock - LATE[bits >> 6 & 7],
        by=REGULATORS[asked.company_id],
    )
    reply = play.procedure.accept(answer, VOLUMES[bits >> 14 & 3])
    if reply is None:
        return NOT_YET
    play.note(reply)
    return reply.outcome


def refuse(play: Play, bits: int) -> Told:
    """A company refuses."""
    asked = asked_of(play, bits)
    if asked is None:
        return NOBODY
    received, by = play.clock - LATE[bits >> 8 & 7], REGULATORS[asked.company_id]
    return play.demand.companies.refuse(
        Refusal(solicitation_id=asked.id, received_at=received, by=by)
    ).outcome


def counter(play: Play, bits: int) -> Told:
    """A company promises a longer delay."""
    asked = asked_of(play, bits)
    if asked is None:
        return NOBODY
    answer = CounterProposal(
        solicitation_id=asked.id,
        delay_minutes=10 + bits % 300,
        received_at=play.clock - LATE[bits >> 10 & 7],
        by=REGULATORS[asked.company_id],
    )
    return play.demand.companies.propose_delay(answer).outcome


def declare_unavailable(play: Play, bits: int) -> Told:
    """A guard crew cannot come."""
    asked = asked_of(play, bits)
    if asked is None:
        return NOBODY
    answer = Unavailability(
        solicitation_id=asked.id, reason="panne", received_at=play.clock, by=REGULATORS[asked.company_id]
    )
    return play.demand.companies.declare_unavailable(answer).outcome


def another_demand_takes_a_vehicle(play: Play, bits: int) -> Told:
    """A vehicle that is asked here goes to another demand."""
    asked = asked_of(play, bits)
    if asked is None:
        return NOBODY
    vehicle_id = asked.candidate.vehicle_id or NOBODYS
    play.demand.companies.vehicle_taken(VehicleTaken(vehicle_id=vehicle_id, demand_id=NOBODYS, at=play.clock))
    return "told"
