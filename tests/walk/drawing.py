"""How a number is read: whom it names, how late, what the database says; shared by all who move."""

from datetime import timedelta
from uuid import UUID

from domain.fleet import Volume
from domain.outcomes import Outcome
from domain.solicitation import Solicitation
from tests.unit.stories import uid
from tests.walk.play import COMPANY, Play

LATE = tuple(timedelta(seconds=s) for s in (0, 0, 0, 0.5, 5, 30, 60, 120))
"""How long ago an answer was received that the worker learns of now."""
REFUSED: tuple[Outcome, ...] = (
    *(Outcome.VEHICLE_ENGAGED, Outcome.VEHICLE_ON_GUARD, Outcome.VEHICLE_TOO_SMALL),
    *(Outcome.VEHICLE_UNKNOWN, Outcome.GUARD_ENDED, Outcome.LEASE_LOST),
)
FOUND = (*(Outcome.CONFIRMED,) * 10, *REFUSED)
"""What the database says of the vehicle that an acceptance wants."""
VOLUMES = (Volume.ASSU, Volume.ASSU, Volume.ASSU, Volume.AMBULANCE)
NOBODYS = uid("nobody's")

NOT_YET = "not yet"
NOBODY = "nobody"

Told = Outcome | str


def asked_of(play: Play, bits: int) -> Solicitation | None:
    """Somebody who rings, mostly; else anybody who was ever asked."""
    rings = play.witness.rings
    if rings and bits & 3:
        return rings[(bits >> 2) % len(rings)]
    book = list(play.demand.case.book)
    return book[(bits >> 2) % len(book)] if book else None


def mission_id_of(play: Play, bits: int) -> UUID:
    """The mission that runs, mostly; else one that was."""
    mission = play.demand.case.mission
    if mission is not None and bits & 15:
        return mission.id
    ever = play.witness.assigned
    return ever[bits % len(ever)] if ever else NOBODYS


def own_vehicle(company_id: UUID, number: int) -> UUID:
    return uid(f"{COMPANY[company_id]}{7 + number}")


def the_database_answers(play: Play, bits: int) -> Told:
    """Whoever waits for a vehicle learns whether it is theirs."""
    before = len(play.replies)
    play.procedure.database_answers(FOUND[bits % len(FOUND)])
    return play.replies[-1].outcome if len(play.replies) > before else NOBODY
