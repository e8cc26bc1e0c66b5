"""What people are told in words: in French, the language of the field."""

from collections.abc import Mapping, Sequence

from domain.readiness import Aboard, Kept, Missing, Readiness, SiteHand, VehicleHand

WORDS: Mapping[Missing, str] = {
    Missing.PROBE_LATE: "la plateforme tarde à répondre",
    Missing.PROBE_LOST: "la plateforme ne répond pas",
    Missing.HEARTBEAT_LATE: "ce poste n'avait pas donné signe de vie depuis plus de 15 s",
    Missing.NOBODY_REGULATES: "personne ne tient la régulation",
    Missing.HELD_ELSEWHERE: "un autre poste tient la régulation",
    Missing.REGULATION_SUSPENDED: "la régulation est suspendue, reprenez-la",
    Missing.NOTHING_TICKED: "aucun site ni véhicule n'est coché",
    Missing.NOTHING_FREE: "tous les véhicules cochés sont en mission ou en garde",
    Missing.NO_VEHICLE: "déclarez-vous dans un véhicule",
    Missing.GUARD_NOT_APPROVED: (
        "la garde provisoire n'est pas approuvée, les demandes viendront par téléphone"
    ),
}
WORDS_FOR_OTHERS: Mapping[Missing, str] = {
    **WORDS,
    Missing.HEARTBEAT_LATE: "le poste de régulation ne répond plus",
    Missing.HELD_ELSEWHERE: "la régulation est tenue ailleurs",
    Missing.REGULATION_SUSPENDED: "la régulation est suspendue",
    Missing.NO_VEHICLE: "aucun équipage ne s'est déclaré dans un véhicule",
}
"""Told to a SAMU about a company: what it cannot change itself is not asked of it."""
KEPT_WORDS: Mapping[Kept, str] = {
    Kept.NOT_TICKED: "pas coché",
    Kept.ON_MISSION: "en mission",
    Kept.ON_GUARD: "en garde",
    Kept.NOT_MINE: "régulé ailleurs",
}
NO_PHONE = "Aucun téléphone dans ce véhicule : appelez l'équipage."
"""Told with a confirmation (rule 31)."""
NOW_R4 = "Ce téléphone régule et fait la mission : vous êtes en mode R4."
"""Told once, when a Master phone gets into a vehicle (rule 47)."""
WAITING_MISSION = "Une mission est en cours pour ce véhicule."
INVENTED_ROADS = "Routes inventées pour la démonstration : ne vous en servez pas pour conduire."
STRAIGHT_LINE = "Estimation à vol d'oiseau : ce trait n'est pas une route."


def post_sentence(found: Readiness, words: Sequence[str], *, own: bool = True) -> str:
    """What a post, or a whole company, receives; ``words`` say what is missing. ``own``: told to themselves."""
    named = _named(found.sites, found.vehicles)
    if not named:
        verb = "Vous ne recevez rien" if own else "Ne reçoit rien"
        return f"{verb} : {' ; '.join(words)}."
    verb = "Vous recevrez" if own else "Reçoit"
    return f"{verb} : {named}.{_warning(words)}"


def own_vehicle_sentence(vehicle: VehicleHand) -> str:
    """What a phone that regulates and is in a vehicle receives besides (R4, rule 51)."""
    running = " La mission en cours continue." if vehicle.engaged else ""
    return f" Et les missions du véhicule {vehicle.name}, où vous êtes.{running}"


def crew_sentence(found: Readiness, words: Sequence[str], aboard: Aboard | None) -> str:
    """What a crew's phone, or a guard's, receives. A mission that runs goes on, whoever regulates."""
    if not found.vehicles:
        running = " Votre mission en cours continue." if aboard and aboard.vehicle.engaged else ""
        return f"Vous ne recevez rien{' de nouveau' if running else ''} : {' ; '.join(words)}.{running}"
    on_guard = aboard is not None and aboard.approved is not None
    is_primary = aboard is not None and aboard.is_primary
    name = found.vehicles[0].name
    if on_guard:
        return f"Vous recevrez les demandes de garde : véhicule {name}.{_warning(words)}"
    second = "" if is_primary else " (téléphone secondaire)"
    return f"Vous recevrez les missions du véhicule {name}{second}.{_warning(words)}"


def _warning(words: Sequence[str]) -> str:
    return f" Attention : {' ; '.join(words)}." if words else ""


def _named(sites: Sequence[SiteHand], vehicles: Sequence[VehicleHand]) -> str:
    parts = [
        f"{word}{'s' if len(found) > 1 else ''} {_listed([each.name for each in found])}"
        for word, found in (("site", sites), ("véhicule", vehicles))
        if found
    ]
    return ", ".join(parts)


def _listed(names: Sequence[str]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} et {names[-1]}"
