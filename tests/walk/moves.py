"""What anybody may do to a demand: each move is a name and a number that says how, so that a story can be played again.

Who does what they may not, or no more, is part of every story: the rules answer, and nothing breaks.
"""

from collections.abc import Callable
from datetime import timedelta

from tests.walk import moves_of_companies as companies
from tests.walk import moves_of_crews as crews
from tests.walk import moves_of_the_samu as samu
from tests.walk.drawing import (
    Told,
    the_database_answers,
)
from tests.walk.play import Play

Move = Callable[[Play, int], Told]
PAUSES = tuple(timedelta(seconds=s) for s in (0.3, 0.5, 2, 5, 16, 46, 76, 106))


def time_passes(play: Play, bits: int) -> Told:
    """Some seconds, or minutes."""
    play.wait(PAUSES[bits & 7])
    return "passed"


def a_countdown_ends(play: Play, bits: int) -> Told:
    """Exactly as long as it takes until something is due: the instant at which an answer is too late."""
    due = play.procedure.timer
    if due is not None and due > play.clock:
        play.wait(due - play.clock)
    return "passed"


def the_fleet_is_seen(play: Play, bits: int) -> Told:
    """The survey that is waited for answers."""
    play.procedure.fleet_comes()
    return "seen"


def the_fleet_changes(play: Play, bits: int) -> Told:
    """Vehicles come and go."""
    play.fleet_is(bits)
    return "changed"


def the_fleet_is_hidden(play: Play, bits: int) -> Told:
    """From now on surveys fail, or do not any more."""
    play.fleet_is_hidden = bool(bits & 1)
    return "hidden" if play.fleet_is_hidden else "shown"


MOVES: dict[str, Move] = {
    move.__name__: move
    for move in (
        companies.accept,
        companies.accept_and_wait,
        the_database_answers,
        companies.refuse,
        companies.counter,
        companies.declare_unavailable,
        companies.another_demand_takes_a_vehicle,
        samu.arbitrate,
        samu.amend,
        samu.cancel,
        samu.give_up,
        samu.declare_carence,
        samu.see_an_alarm,
        samu.give_a_destination,
        samu.operate,
        crews.pass_the_next_step,
        crews.pass_any_step,
        crews.carry_the_patient,
        crews.undo_the_last_step,
        crews.break_down,
        crews.end_without_transport,
        crews.relieve,
        crews.receive_the_mission,
        time_passes,
        a_countdown_ends,
        the_fleet_is_seen,
        the_fleet_changes,
        the_fleet_is_hidden,
    )
}
