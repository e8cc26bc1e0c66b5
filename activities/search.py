"""Who could be there in time: looks at the fleet, keeps every verdict, returns the candidates (rules 4-9, 12)."""

import asyncio
from collections.abc import Callable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from temporalio import activity

from activities.limits import DECIDE_SECONDS
from domain.eligibility import Judgement, best_regulation, judge_chosen_company
from domain.messages import SurveyRequest, SurveyResult
from domain.ranking import candidates
from geo.travel_time import Travel
from storage import fleet, surveys
from storage.engine import without_transactions
from storage.survey_sheet import line_of
from storage.surveys import Made
from survey.looking import Look, Surveyor
from survey.meanwhile import meanwhile
from survey.states import regulation_of

SURVEYS_AT_ONCE = 4
"""More would only wait for each other on one core, until none of them ends in time."""


class SearchActivities:
    """Surveys the fleet with one engine of travel times."""

    def __init__(self, engine: AsyncEngine, travel: Travel) -> None:
        self._engine = without_transactions(engine)  # a survey reads by one statement, and writes by another
        self._surveyor = Surveyor(travel)
        self._turns = asyncio.Semaphore(SURVEYS_AT_ONCE)

    def all(self) -> list[Callable[..., object]]:
        """What the worker registers."""
        return [self.survey]

    @activity.defn(name="survey")
    async def survey(self, request: SurveyRequest) -> SurveyResult:
        """Judge every vehicle and site that the SAMU may solicit, keep the verdicts, return whom to ask. Repeatable."""
        # Waiting for a turn takes time, too: whoever waited longer than that looks for nobody any more.
        async with asyncio.timeout(DECIDE_SECONDS), self._turns, self._engine.connect() as connection:
            found = await self._surveyor.look(connection, request)
            judged = found.judged
            if request.chosen_company_id is not None:
                judged.append((None, await self._chosen(connection, request, request.chosen_company_id)))
            lines = [line_of(state, verdict) for state, verdict in judged]
            store = surveys.store(
                connection, self._made(request, found), lines, found.far, found.digest_before
            )
            _, asked = await meanwhile(store, lambda: candidates([verdict for _, verdict in judged]))
        return SurveyResult(candidates=asked)

    async def _chosen(
        self, connection: AsyncConnection, request: SurveyRequest, company_id: UUID
    ) -> Judgement:
        leases = await fleet.leases_of(connection, company_id)
        states = [regulation_of(one.state, one.heartbeat_at, request.at) for one in leases]
        return judge_chosen_company(company_id, best_regulation(states))

    def _made(self, request: SurveyRequest, found: Look) -> Made:
        return Made(
            request=request,
            attempt=activity.info().attempt if activity.in_activity() else 1,
            engine=self._surveyor.travel.identity,
            profile=found.profile,
            gap=None if found.gap is None else found.gap.value,
            policy=found.policy,
        )
