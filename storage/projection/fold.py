"""How each kind of fact changes the read model: one function per kind, registered in the modules beside."""

from datetime import datetime
from functools import singledispatch

from domain import facts
from storage.projection.draft import Draft


@singledispatch
def fold(body: facts.Body, at: datetime, draft: Draft) -> None:
    """Fold one fact, which happened at `at`, into the draft. Raises TypeError for a kind that nobody folds."""
    raise TypeError(f"no fold for {type(body).__name__} of {draft.demand_id} at {at}")


@fold.register(facts.TierSkipped)
@fold.register(facts.AnswerTurnedAway)
@fold.register(facts.StepTurnedAway)
@fold.register(facts.AlarmSeen)
@fold.register(facts.MissionRung)
def _of_the_journal_only(body: facts.Body, at: datetime, draft: Draft) -> None:
    """The timeline shows them; nothing else follows from them."""
