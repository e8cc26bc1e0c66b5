"""How a demand looks at the fleet: before a tier is asked, and again and again for newcomers (rule 6)."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.search import SearchActivities
    from domain.demand import Demand
    from domain.edition import Edition
    from domain.messages import Candidate, SurveyResult
    from domain.vocabulary import Tier
    from workflows.options import SURVEY

FRESH_SURVEY = timedelta(seconds=2)
"""A tier that takes no time does not make the next one look at the fleet again."""


@dataclass(frozen=True, slots=True)
class Look:
    """A survey that was asked for, and in which round: on the terms of another one it says nothing."""

    round: int
    answer: workflow.ActivityHandle[SurveyResult]

    def give_up(self) -> None:
        """Nobody waits for the answer any more, nor asks how it ended."""
        self.answer.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        self.answer.cancel()


class Lookout:
    """Looks at the fleet for one demand.

    A survey may fail for as long as the database is away. Only a tier that is to be asked waits for one, and only while
    it is to be asked on those terms. Nothing waits for a look for newcomers: countdowns, alarms, operators and a mission
    that was given meanwhile go on. Before ``Edition.REVIEW`` everything waited.
    """

    def __init__(self, demand: Demand, received_at: datetime) -> None:
        """Nobody has looked yet."""
        self._demand = demand
        self._looks = 0
        self._seen: tuple[Candidate, ...] = ()
        self._seen_at = received_at - timedelta(days=1)
        self._seen_round = 0
        self._newcomers: Look | None = None

    # -- for a tier ------------------------------------------------------------------------------------------------

    async def who_could_come(self, tier: Tier) -> tuple[Candidate, ...]:
        """Whoever could be there in time, for a tier that waits to be asked; nobody when it need not be any more."""
        self.stop()
        fresh = workflow.now() - self._seen_at < FRESH_SURVEY
        if fresh and self._seen_round == self._demand.round:
            return self._seen
        return await self._survey(tier)

    async def _survey(self, opens: Tier | None = None) -> tuple[Candidate, ...]:
        """Look at the fleet; again if the terms changed while we looked."""
        while True:
            look = self._begin(opens)
            if await self._is_answered(look):
                self._note(look)
                if look.round == self._demand.round:
                    return self._seen
            elif not self._demand.case.is_searching:
                return ()

    async def _is_answered(self, look: Look) -> bool:
        """Wait for the answer while it is wanted: one that fails without end must not keep what does not need it."""
        if self._demand.case.edition < Edition.OPERATORS:
            await look.answer
            return True
        try:
            await workflow.wait_condition(lambda: look.answer.done() or not self._is_wanted(look))
        finally:
            if not look.answer.done():
                look.give_up()
        return look.answer.done()

    def _is_wanted(self, look: Look) -> bool:
        if self._demand.case.edition < Edition.REVIEW:
            return self._demand.is_open
        return self._demand.case.is_searching and look.round == self._demand.round

    # -- for newcomers ---------------------------------------------------------------------------------------------

    @property
    def has_seen_newcomers(self) -> bool:
        """Whether a look for newcomers was answered, so that they can be welcomed."""
        return self._newcomers is not None and self._newcomers.answer.done()

    async def welcome_newcomers(self) -> None:
        """Have those asked who came meanwhile, and look again if it is time."""
        if self._demand.case.edition < Edition.REVIEW:
            if self._demand.survey_is_due(workflow.now()):
                self._demand.welcome(await self._survey(), workflow.now())
            return
        look = self._newcomers
        if look is not None and not self._is_wanted(look):
            self.stop()
        elif look is not None and look.answer.done():
            self._set_newcomers(None)
            self._note(look)
            self._demand.welcome(self._seen, workflow.now())
        elif self._demand.survey_is_due(workflow.now()):
            self._set_newcomers(self._begin(None))

    def stop(self) -> None:
        """Look for newcomers no more: somebody comes, the terms changed, the demand is over, or a tier looks itself."""
        if self._newcomers is not None:
            self._newcomers.give_up()
            self._set_newcomers(None)

    def _set_newcomers(self, look: Look | None) -> None:
        self._newcomers = look
        self._demand.look_for_newcomers(under_way=look is not None)

    # -- looking ---------------------------------------------------------------------------------------------------

    def _begin(self, opens: Tier | None) -> Look:
        self._looks += 1
        request = self._demand.survey_request(workflow.now(), self._looks, opens)
        answer = workflow.start_activity_method(
            SearchActivities.survey, request, summary=f"survey {self._looks}", **SURVEY
        )
        return Look(request.round, answer)

    def _note(self, look: Look) -> None:
        """Keep what was seen. Raises ``ActivityError`` when a look failed for good."""
        found = look.answer.result()
        if look.round == self._demand.round:
            self._seen, self._seen_round = found.candidates, look.round
            self._seen_at = workflow.now()
