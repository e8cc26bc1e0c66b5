"""One demand, from its reception to its end.

Nothing here waits, reads a clock or touches the world. The workflow asks what comes next, tells what time it is, and
hands every message to the desk that answers for it: the companies' :class:`~domain.answers.Answers`, the SAMU's
:class:`~domain.decisions.Decisions`, the crew's :class:`~domain.crew.CrewDesk`, and, for a demand that is stuck, the
:class:`~domain.operators.OperatorDesk`. What happened is in ``ledger``.
"""

from collections.abc import Iterable
from datetime import datetime

from domain.answers import Answers
from domain.case import Case, open_case
from domain.crew import CrewDesk
from domain.decisions import Decisions
from domain.edition import LATEST, Edition
from domain.ledger import Ledger
from domain.messages import Candidate, DemandEnd, DemandStart, SurveyRequest
from domain.operators import OperatorDesk
from domain.vocabulary import DemandStatus, Tier


class Demand:
    """The state machine of one demand: the procedure, and a desk for each who may speak."""

    def __init__(self, start: DemandStart, edition: Edition = LATEST) -> None:
        """Begin from what the SAMU posted; the fact ``demand_received`` is written already."""
        self.case: Case = open_case(start, edition)
        self.companies = Answers(self.case)
        self.samu = Decisions(self.case)
        self.crew = CrewDesk(self.case)
        self.operators = OperatorDesk(self.case)

    @property
    def ledger(self) -> Ledger:
        """Where the facts are, in order, until somebody takes them."""
        return self.case.ledger

    @property
    def status(self) -> DemandStatus:
        """Where the demand stands."""
        return self.case.status

    @property
    def is_open(self) -> bool:
        """Whether anything can still happen."""
        return self.case.is_open

    @property
    def is_on_mission(self) -> bool:
        """Whether a vehicle has the mission."""
        return self.case.mission is not None

    @property
    def mark(self) -> int:
        """Changes whenever the procedure moved on, so that whoever waits looks again."""
        return self.case.search.mark

    @property
    def round(self) -> int:
        """How often the procedure began: the terms changed, or a vehicle was lost."""
        return self.case.search.round

    @property
    def needs_attention(self) -> bool:
        """Whether somebody must look: an alarm is up, the vehicle is not there in time, or the SAMU is awaited."""
        mission = self.case.mission
        if mission is None:
            return self.is_in_arbitration()
        if self.case.edition < Edition.OPERATORS:
            return mission.has_alarm
        return mission.has_alarm or mission.is_late or bool(self.case.alarms.standing)

    @property
    def is_reevaluating(self) -> bool:
        """Whether the terms changed and the fleet was not looked at since: no acceptance can be judged now."""
        return self.case.is_searching and self.case.search.amended

    def next_tier(self) -> Tier | None:
        """The tier to ask now; ``None`` past the tiers, or when nobody is looked for."""
        to_ask = self.case.search.to_ask
        return to_ask[0] if self.case.is_searching and to_ask else None

    def is_asking(self, tier: Tier) -> bool:
        """Whether this tier still runs."""
        return self.case.is_searching and self.case.search.tier is tier

    def is_in_arbitration(self) -> bool:
        """Whether the SAMU's decision, or a free-choice answer to it, is awaited."""
        return self.case.is_searching and self.case.search.arbitration_since is not None

    def survey_request(self, at: datetime, number: int, opens: Tier | None = None) -> SurveyRequest:
        """The question to the fleet, on the terms of now; ``opens`` is the tier that waits for the answer."""
        return SurveyRequest(
            demand_id=self.case.id,
            samu_id=self.case.samu_id,
            place=self.case.place,
            max_delay_minutes=self.case.search.max_delay_minutes,
            volume=self.case.volume,
            round=self.case.search.round,
            number=number,
            at=at,
            policy=self.case.policy,
            chosen_company_id=self.case.chosen_company_id,
            opens=opens,
        )

    def survey_is_due(self, at: datetime) -> bool:
        """Whether newcomers must be looked for."""
        return self.case.is_searching and self.case.search.survey_is_due(at)

    def look_for_newcomers(self, *, under_way: bool) -> None:
        """Whoever drives the procedure looks for newcomers now, or does not any more; meanwhile no look falls due."""
        self.case.search.looking = under_way

    def next_moment(self) -> datetime | None:
        """When something falls due, if nobody speaks before."""
        if self.case.mission is not None:
            return self.crew.next_moment(self.case.mission)
        return self.case.search.next_moment() if self.case.is_open else None

    def open_tier(self, tier: Tier, candidates: Iterable[Candidate], at: datetime) -> None:
        """Ask a tier; a tier without a candidate takes no time (rule 8)."""
        if tier is Tier.FREE_CHOICE and self.case.edition < Edition.REGULATION:
            assert self.case.chosen_company_id is not None  # noqa: S101 - the tier is asked for it only
            candidates = [Candidate(tier=tier, company_id=self.case.chosen_company_id)]
        self.case.search.open_tier(tier, candidates, at)

    def welcome(self, candidates: Iterable[Candidate], at: datetime) -> None:
        """Solicit whoever can be there in time now and was not asked yet (rule 6)."""
        if self.case.is_searching:
            self.case.search.solicit(candidates, at)
            self.case.search.settle(at)

    def open_arbitration(self, at: datetime) -> None:
        """Nobody accepted: the SAMU decides (rule 10)."""
        if self.case.is_searching:
            self.case.search.open_arbitration(at)

    def pass_time(self, at: datetime) -> None:
        """Do everything that fell due by ``at``."""
        if self.case.is_searching:
            self.case.search.pass_time(at)
        elif self.case.mission is not None:
            self.crew.watch(self.case.mission, at)

    def summary(self) -> DemandEnd:
        """How it ended."""
        return DemandEnd(demand_id=self.case.id, status=self.status, facts=self.ledger.next_seq - 1)
