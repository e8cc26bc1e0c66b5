"""The facts by which a company learns what it is asked: everything that is in its solicitation, said once."""

from domain import facts
from domain.edition import Edition
from domain.solicitation import Solicitation


def opened(made: Solicitation) -> facts.SolicitationOpened:
    """It is asked."""
    candidate = made.candidate
    return facts.SolicitationOpened(
        solicitation_id=made.id,
        round=made.round,
        answer_before=made.answer_before,
        tier=candidate.tier,
        company_id=candidate.company_id,
        site_id=candidate.site_id,
        vehicle_id=candidate.vehicle_id,
        eta_minutes=candidate.eta_minutes,
        exact_volume=candidate.exact_volume,
        to_confirm=candidate.to_confirm,
        earliest_minutes=candidate.earliest_minutes,
    )


def revised(each: Solicitation, edition: Edition) -> facts.SolicitationRevised:
    """It is still asked, on other terms. Before ``Edition.REVIEW`` only the times were said."""
    candidate = each.candidate
    body = facts.SolicitationRevised(
        solicitation_id=each.id,
        eta_minutes=candidate.eta_minutes,
        answer_before=each.answer_before,
        earliest_minutes=candidate.earliest_minutes,
    )
    if edition < Edition.REVIEW:
        return body
    rest = {
        "round": each.round,
        "exact_volume": candidate.exact_volume,
        "to_confirm": candidate.to_confirm,
    }
    return body.model_copy(update=rest)
