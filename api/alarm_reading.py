"""Alarms as callers read them."""

from collections.abc import Mapping

from api.schemas.alarms import AlarmShown, AlarmState
from domain.vocabulary import AlarmKind, Subject
from storage.alarms import Alarm
from storage.views import Scope

SENTENCES: Mapping[AlarmKind, str] = {
    AlarmKind.ACKNOWLEDGEMENT_LATE: "Mission confirmée et toujours pas acquittée : appelez l'équipage.",
    AlarmKind.ARBITRATION_WAITING: "Personne n'a accepté : la demande attend votre décision.",
    AlarmKind.RECONFIRMATION_MISSING: "La demande a changé et l'entreprise ne l'a pas reconfirmée : appelez-la.",
    AlarmKind.MISSION_STUCK: "Aucune étape depuis longtemps : appelez l'équipage.",
    AlarmKind.DEVICE_UNREACHED: "Mission confirmée, mais aucun poste de l'entreprise n'est joint : appelez-la.",
    AlarmKind.LEASE_LOST: "Le poste de régulation ne répond plus alors qu'on le sollicite : appelez l'entreprise.",
    AlarmKind.GUARD_NOT_OPENED: "La garde a commencé et personne ne l'a prise : appelez l'entreprise de garde.",
    AlarmKind.GUARD_PERIOD_MISSING: "Garde absente du tableau : par téléphone tant qu'elle n'est pas approuvée.",
}
"""What each is about, and what to do."""


def alarm_shown(found: Alarm, scope: Scope) -> AlarmShown:
    """An alarm for a caller of this scope."""
    own = found.seen_by_company == scope.company_id  # both null: the SAMU's own people
    kind = AlarmKind(found.kind)
    return AlarmShown(
        id=found.id,
        kind=kind,
        state=_state(found),
        level=found.level,
        sentence=SENTENCES[kind],
        demand_id=found.subject_id if found.subject == Subject.DEMAND else None,
        mission_id=found.mission_id,
        site_id=found.site_id,
        period_id=found.subject_id if found.subject == Subject.GUARD else None,
        company_id=found.company_id,
        raised_at=found.raised_at,
        seen_at=found.seen_at,
        seen_by=found.seen_by if own else None,
        seen_by_role=found.seen_by_role,
        closed_at=found.closed_at,
    )


def _state(found: Alarm) -> AlarmState:
    if found.closed_at is not None:
        return AlarmState.CLOSED
    return AlarmState.SEEN if found.seen_at is not None else AlarmState.RAISED
