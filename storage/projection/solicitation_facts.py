"""Facts about solicitations: who is asked, and what they answered."""

from datetime import datetime

from domain import facts
from domain.vocabulary import SolicitationState
from storage.projection.draft import Draft
from storage.projection.fold import fold

State = SolicitationState


@fold.register
def _opened(body: facts.SolicitationOpened, at: datetime, draft: Draft) -> None:
    draft.solicitations.add(
        body.solicitation_id,
        demand_id=draft.demand_id,
        round=body.round,
        tier=body.tier,
        company_id=body.company_id,
        site_id=body.site_id,
        vehicle_id=body.vehicle_id,
        eta_minutes=body.eta_minutes,
        earliest_minutes=body.earliest_minutes,
        exact_volume=body.exact_volume,
        to_confirm=body.to_confirm,
        state=State.OPEN,
        counter_refused=False,
        opened_at=at,
        answer_before=body.answer_before,
    )


@fold.register
def _revised(body: facts.SolicitationRevised, _at: datetime, draft: Draft) -> None:
    # The round stays that in which it was first asked: by it the verdicts of a survey know whom that survey asked.
    rest = {"exact_volume": body.exact_volume, "to_confirm": body.to_confirm}
    draft.solicitations.set(
        body.solicitation_id,
        eta_minutes=body.eta_minutes,
        earliest_minutes=body.earliest_minutes,
        answer_before=body.answer_before,
        rung_at=None,
        **{name: said for name, said in rest.items() if said is not None},
    )


@fold.register
def _rung(body: facts.SolicitationsRung, at: datetime, draft: Draft) -> None:
    for solicitation_id in body.solicitation_ids:
        draft.solicitations.set(solicitation_id, rung_at=at)


@fold.register
def _accepted(body: facts.SolicitationAccepted, at: datetime, draft: Draft) -> None:
    draft.solicitations.set(body.solicitation_id, state=State.ACCEPTED, answered_at=at, reason=None)


@fold.register
def _refused(body: facts.SolicitationRefused, at: datetime, draft: Draft) -> None:
    _answered(body, State.REFUSED, at, draft, reason=body.reason)


@fold.register
def _countered(body: facts.DelayProposed, at: datetime, draft: Draft) -> None:
    _answered(body, State.COUNTERED, at, draft, counter_delay_minutes=body.delay_minutes)


@fold.register
def _unavailable(body: facts.SolicitationUnavailable, at: datetime, draft: Draft) -> None:
    _answered(body, State.UNAVAILABLE, at, draft, reason=body.reason)


@fold.register
def _expired(body: facts.SolicitationExpired, _at: datetime, draft: Draft) -> None:
    draft.solicitations.set(body.solicitation_id, state=State.EXPIRED)


@fold.register
def _withdrawn(body: facts.SolicitationWithdrawn, _at: datetime, draft: Draft) -> None:
    draft.solicitations.set(body.solicitation_id, state=State.WITHDRAWN, reason=body.reason)


def _answered(
    body: facts.SolicitationRefused | facts.DelayProposed | facts.SolicitationUnavailable,
    state: SolicitationState,
    at: datetime,
    draft: Draft,
    *,
    reason: str | None = None,
    counter_delay_minutes: int | None = None,
) -> None:
    """An answer takes the place of the one before: a company may change its mind while the search is open."""
    draft.solicitations.set(
        body.solicitation_id,
        state=state,
        answered_at=at,
        reason=reason,
        counter_delay_minutes=counter_delay_minutes,
        counter_refused=False,
    )
