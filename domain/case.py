"""The file of one demand: the state that every desk of the rulebook works on."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain import facts
from domain.alarms import AlarmBoard
from domain.edition import LATEST, Edition
from domain.fleet import Point, Volume
from domain.ledger import Ledger
from domain.messages import DemandStart, Destination
from domain.mission import Mission
from domain.people import Actor, Role
from domain.policy import Policy
from domain.search import Search
from domain.solicitation import Solicitation, SolicitationBook
from domain.vocabulary import DemandStatus, MissionEndReason, Tier, WithdrawalReason

SEARCH_TIERS = (Tier.GUARD, Tier.VEHICLE, Tier.SITE)
"""The order of the procedure; arbitration and free choice follow."""


@dataclass(slots=True)
class Case:
    """Terms, solicitations, mission and facts of one demand."""

    id: UUID
    samu_id: UUID
    received_at: datetime
    place: Point
    volume: Volume
    chosen_company_id: UUID | None
    policy: Policy
    ledger: Ledger
    book: SolicitationBook
    search: Search
    alarms: AlarmBoard
    edition: Edition
    revision: int = 1
    mission: Mission | None = None
    missions_begun: int = 0
    destination: Destination | None = None
    """The facility that was given last, and by whom."""
    end: DemandStatus | None = None

    @property
    def status(self) -> DemandStatus:
        """Where the demand stands."""
        if self.end is not None:
            return self.end
        return DemandStatus.ASSIGNED if self.mission else self.search.status

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen."""
        return self.end is None

    @property
    def is_searching(self) -> bool:
        """Whether a vehicle is still looked for."""
        return self.is_open and self.mission is None

    @property
    def deadline(self) -> datetime:
        """When a vehicle must be there: the demand's own, or that of the promise in force. Never restarted."""
        if self.mission is not None:
            return self.mission.deadline
        promised = self.book.get(self.search.promised) if self.search.promised else None
        return (promised and promised.arrival_deadline) or self.search.agreed_deadline

    def begin_mission(self, mission: Mission, won: Solicitation, at: datetime) -> None:
        """The vehicle is ours: the search is over and everybody else is told at once."""
        self.mission = mission
        self.missions_begun += 1
        self.search.stop(won, at)

    def end_mission(
        self, mission: Mission, reason: MissionEndReason, at: datetime, by: Actor, detail: str | None = None
    ) -> None:
        """The vehicle is free again; who was en route is noted (rule 90)."""
        self.mission = None
        self.search.mark += 1
        body = facts.MissionEnded(
            mission_id=mission.id,
            vehicle_id=mission.vehicle_id,
            company_id=mission.company_id,
            reason=reason,
            last_step=mission.step,
            deadline=self.deadline,
            detail=detail,
            by=by,
        )
        self.ledger.add(body, at, mission.company_id)
        self.alarms.close_all(at)

    def search_again(self, at: datetime) -> None:
        """Begin a new round; the deadline of arrival stays (rule 92)."""
        self._drop_destination(at)
        self.search.dismiss(WithdrawalReason.DEMAND_AMENDED, at)
        self.search.new_round(list(SEARCH_TIERS), at)

    def _drop_destination(self, at: datetime) -> None:
        """What the SAMU gave stands; what a company wrote down was of its own mission (rule 36, ADR 26)."""
        known = self.destination
        if known is None or known.by.role is Role.SAMU:
            return
        self.destination = None
        self.ledger.add(facts.DestinationDropped(facility_id=known.facility_id, name=known.name), at)

    def finish(self, status: DemandStatus, body: facts.AnyBody, at: datetime, *audience: UUID) -> None:
        """The last fact of the demand."""
        self.end = status
        self.search.mark += 1
        self.alarms.close_all(at)
        self.ledger.add(body, at, *audience)


def open_case(start: DemandStart, edition: Edition = LATEST) -> Case:
    """Open the file of a demand that was just received; its first fact is written already."""
    ledger, book = Ledger(start.next_seq), SolicitationBook(start.demand_id)
    alarms = AlarmBoard(start.demand_id, ledger, edition)
    return Case(
        id=start.demand_id,
        samu_id=start.samu_id,
        received_at=start.received_at,
        place=start.place,
        volume=start.volume,
        chosen_company_id=start.chosen_company_id,
        policy=start.policy,
        ledger=ledger,
        book=book,
        search=_open_search(start, ledger, book, alarms),
        alarms=alarms,
        edition=edition,
    )


def _open_search(start: DemandStart, ledger: Ledger, book: SolicitationBook, alarms: AlarmBoard) -> Search:
    return Search(
        policy=start.policy,
        ledger=ledger,
        book=book,
        alarms=alarms,
        started_at=start.received_at,
        max_delay_minutes=start.max_delay_minutes,
        agreed_deadline=start.received_at + timedelta(minutes=start.max_delay_minutes),
        to_ask=_first_tiers(start.chosen_company_id),
    )


def _first_tiers(chosen_company_id: UUID | None) -> list[Tier]:
    """The patient's own company is asked first (rule 88), then the normal search."""
    return [Tier.FREE_CHOICE, *SEARCH_TIERS] if chosen_company_id else list(SEARCH_TIERS)
