"""Alarms as callers read them: what each is about, and what they have to do."""

from collections.abc import Mapping

from api.schemas.alarms import AlarmShown, AlarmState
from api.security import Caller
from api.telling import is_colleague
from domain.fleet import Volume
from domain.vocabulary import AlarmKind, Subject
from storage.alarms import AlarmLine

TO_THE_SAMU: Mapping[AlarmKind, str] = {
    AlarmKind.ACKNOWLEDGEMENT_LATE: "mission confirmée et toujours pas acquittée, appelez l'équipage.",
    AlarmKind.ARBITRATION_WAITING: "personne n'a accepté, la demande attend votre décision.",
    AlarmKind.RECONFIRMATION_MISSING: "la demande a changé et n'est pas reconfirmée, appelez l'entreprise.",
    AlarmKind.MISSION_STUCK: "aucune étape depuis longtemps, appelez l'équipage.",
    AlarmKind.DEVICE_UNREACHED: "mission confirmée mais aucun poste n'est joint, appelez l'entreprise.",
    AlarmKind.LEASE_LOST: (
        "le poste de régulation ne répond plus alors qu'on le sollicite, appelez l'entreprise."
    ),
    AlarmKind.GUARD_NOT_OPENED: (
        "la garde a commencé et aucun équipage n'y est joignable, appelez l'entreprise."
    ),
    AlarmKind.GUARD_PERIOD_MISSING: (
        "garde absente du tableau, à joindre par téléphone ; approuvez-la ou refusez-la."
    ),
    AlarmKind.COVERAGE_LOST: (
        "plus aucun véhicule libre n'y serait à temps, faites-en avancer un ou appelez une entreprise."
    ),
}
TO_THE_COMPANY: Mapping[AlarmKind, str] = {
    AlarmKind.ACKNOWLEDGEMENT_LATE: "mission confirmée et toujours pas acquittée, joignez l'équipage.",
    AlarmKind.ARBITRATION_WAITING: "la demande attend la décision du SAMU.",
    AlarmKind.RECONFIRMATION_MISSING: "la demande a changé, reconfirmez votre acceptation ou retirez-la.",
    AlarmKind.MISSION_STUCK: "aucune étape depuis longtemps, joignez l'équipage.",
    AlarmKind.DEVICE_UNREACHED: "une mission vous est confirmée et aucun de vos postes ne l'a reçue, ouvrez-la.",
    AlarmKind.LEASE_LOST: "le poste de régulation ne répond plus alors qu'on le sollicite, reprenez-le.",
    AlarmKind.GUARD_NOT_OPENED: (
        "votre garde a commencé et aucun équipage n'est joignable, prenez-la avec un téléphone."
    ),
    AlarmKind.GUARD_PERIOD_MISSING: (
        "votre garde n'est pas au tableau, les demandes viendront par téléphone en attendant le SAMU."
    ),
    AlarmKind.COVERAGE_LOST: "plus aucun véhicule libre n'y serait à temps.",
}
THOUSANDS = "\N{NARROW NO-BREAK SPACE}"
VOLUMES: Mapping[Volume, str] = {
    Volume.AMBULANCE: "couverture petit volume",
    Volume.ASSU: "couverture grand volume",
}


def alarm_shown(found: AlarmLine, caller: Caller) -> AlarmShown:
    """An alarm for a caller."""
    seen_by_company = str(found.seen_by_company) if found.seen_by_company else None
    is_the_companys = caller.company_id is not None and caller.company_id == found.company_id
    told: dict[str, object] = {
        "state": _state(found, caller),
        "sentence": _sentence(found, caller),
        "demand_id": found.subject_id if found.subject == Subject.DEMAND else None,
        "period_id": found.subject_id if found.subject == Subject.GUARD else None,
        "seen_by": found.seen_by if is_colleague(caller, found.seen_by_role, seen_by_company) else None,
        "company_seen_by": found.company_seen_by if is_the_companys else None,
    }
    as_it_is = {name: getattr(found, name) for name in AlarmShown.model_fields if name not in told}
    return AlarmShown.model_validate(as_it_is | told)


def is_seen(found: AlarmLine, caller: Caller) -> bool:
    """Whether the caller's side looks after it; of an alarm of a SAMU, the company has a side of its own."""
    apart = caller.company_id is not None and found.samu_id is not None
    return (found.company_seen_at if apart else found.seen_at) is not None


def _state(found: AlarmLine, caller: Caller) -> AlarmState:
    """What the company says changes nothing for the SAMU; what the SAMU says spares the company the noise."""
    if found.closed_at is not None:
        return AlarmState.CLOSED
    looked = found.seen_at is not None or is_seen(found, caller)
    return AlarmState.SEEN if looked else AlarmState.RAISED


def _sentence(found: AlarmLine, caller: Caller) -> str:
    """First whom and what it is about, then what to do about it."""
    to_company = caller.company_id is not None
    text = (TO_THE_COMPANY if to_company else TO_THE_SAMU)[AlarmKind(found.kind)]
    sector = f"secteur {found.sector_name}" if found.sector_name else None
    names = [sector, found.site_name, found.vehicle_name, None if to_company else found.company_name]
    about = ", ".join(each for each in (*names, *_coverage(found)) if each)
    whole = f"{about} : {text}" if about else text
    return whole[0].upper() + whole[1:]


def _coverage(found: AlarmLine) -> list[str]:
    """Of lost coverage: which, how many communes, how many people. Those who are covered again are not counted."""
    if found.volume is None:
        return []
    counted = []
    if found.commune_count:
        communes = "commune" if found.commune_count == 1 else "communes"
        people = f"{found.population or 0:,}".replace(",", THOUSANDS)
        counted = [f"{found.commune_count} {communes}", f"{people} habitants"]
    return [VOLUMES[Volume(found.volume)], *counted]
