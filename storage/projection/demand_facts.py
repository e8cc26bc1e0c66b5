"""Facts about the demand itself and the course of its search."""

from datetime import datetime
from uuid import UUID

from domain import facts
from domain.vocabulary import DemandStatus
from storage.projection.draft import Draft
from storage.projection.fold import fold

Status = DemandStatus


@fold.register
def _demand_received(body: facts.DemandReceived, at: datetime, draft: Draft) -> None:
    draft.becomes(
        Status.RECEIVED,
        demand_id=draft.demand_id,
        samu_id=draft.samu_id,
        received_at=at,
        exercise=body.exercise,
        **_terms(body),
    )


@fold.register
def _tier_opened(body: facts.TierOpened, _at: datetime, draft: Draft) -> None:
    draft.becomes(body.tier.status, tier_deadline=body.tier_deadline)


@fold.register
def _tier_closed(_body: facts.TierClosed, _at: datetime, draft: Draft) -> None:
    draft.view["tier_deadline"] = None


@fold.register
def _arbitration_opened(_body: facts.ArbitrationOpened, _at: datetime, draft: Draft) -> None:
    draft.becomes(Status.ARBITRATION, tier_deadline=None)


@fold.register
def _counter_proposal_accepted(body: facts.CounterProposalAccepted, _at: datetime, draft: Draft) -> None:
    """Nothing is left to decide of it: kept or broken, it never stands again, and no fact says so when it is kept."""
    draft.becomes(Status.SOLICITING_FREE_CHOICE, deadline=body.deadline)
    draft.solicitations.set(body.solicitation_id, counter_refused=True)


@fold.register
def _counter_proposal_refused(body: facts.CounterProposalRefused, _at: datetime, draft: Draft) -> None:
    draft.solicitations.set(body.solicitation_id, counter_refused=True)


@fold.register
def _counter_proposal_lapsed(body: facts.CounterProposalLapsed, _at: datetime, draft: Draft) -> None:
    draft.solicitations.set(body.solicitation_id, counter_refused=True)


@fold.register
def _promise_withdrawn(body: facts.PromiseWithdrawn, _at: datetime, draft: Draft) -> None:
    draft.becomes(Status.ARBITRATION, deadline=body.deadline)
    draft.solicitations.set(body.solicitation_id, counter_refused=True)


@fold.register
def _carence_proposed(_body: facts.CarenceProposed, _at: datetime, draft: Draft) -> None:
    draft.view["carence_proposed"] = True


@fold.register
def _demand_amended(body: facts.DemandAmended, _at: datetime, draft: Draft) -> None:
    draft.view.update(revision=body.revision, **_terms(body))
    if draft.is_searching:
        search_again(draft)
    elif draft.mission_id is not None:
        draft.missions.set(draft.mission_id, deadline=body.deadline)


@fold.register
def _destination_set(body: facts.DestinationSet, _at: datetime, draft: Draft) -> None:
    draft.view.update(facility_id=body.facility_id, facility_name=body.name)


@fold.register
def _destination_dropped(_body: facts.DestinationDropped, _at: datetime, draft: Draft) -> None:
    draft.view.update(facility_id=None, facility_name=None)


@fold.register
def _demand_completed(_body: facts.DemandCompleted, at: datetime, draft: Draft) -> None:
    _end(draft, Status.COMPLETED, at, None)


@fold.register
def _demand_unfulfilled(body: facts.DemandUnfulfilled, at: datetime, draft: Draft) -> None:
    _end(draft, Status.UNFULFILLED, at, body.reason)


@fold.register
def _demand_cancelled(body: facts.DemandCancelled, at: datetime, draft: Draft) -> None:
    _end(draft, Status.CANCELLED, at, body.reason)


def search_again(draft: Draft) -> None:
    """A new round begins; what was said of the last one no longer holds."""
    draft.becomes(Status.RECEIVED, tier_deadline=None, carence_proposed=False)


def find_vehicle(draft: Draft, mission_id: UUID, deadline: datetime) -> None:
    """The search is over: a mission has begun."""
    draft.becomes(Status.ASSIGNED, deadline=deadline, tier_deadline=None, carence_proposed=False)
    draft.mission_id = mission_id


def _end(draft: Draft, status: DemandStatus, at: datetime, reason: str | None) -> None:
    """The last mission stays named in the view: whoever reads the demand later wants to know who came."""
    draft.becomes(status, tier_deadline=None, ended_at=at, end_reason=reason)


def _terms(body: facts.DemandReceived | facts.DemandAmended) -> dict[str, object]:
    return {
        "max_delay_minutes": body.max_delay_minutes,
        "volume": body.volume,
        "lat": body.place.lat,
        "lon": body.place.lon,
        "deadline": body.deadline,
    }
