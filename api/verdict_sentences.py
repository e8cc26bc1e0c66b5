"""Verdicts in words: in French, the language of the field, for whoever calls and asks why."""

from collections.abc import Callable, Mapping
from math import ceil

from api.schemas.verdicts import Needed
from domain.fleet import Volume
from domain.vocabulary import Freshness, Tier, VehicleVerdict
from storage.survey_sheet import SheetRow
from storage.verdict_views import VerdictLine

Verdict = VehicleVerdict
Words = Callable[[VerdictLine], str]

MINUTE_S, HOUR_S = 60, 3600
SECONDS_UP_TO_S, MINUTES_UP_TO_S = 120, 2 * 3600
EXACT_UP_TO_M = 10_000


def sentence(line: VerdictLine) -> str:
    """The whole verdict: whether it was asked, why not, and by which figures."""
    if line.verdict is Verdict.SOLICITED:
        return f"{_solicited(line)}.{_doubt(line.row)}"
    if line.verdict is Verdict.NOT_YET_ASKED:
        return f"Pouvait être sollicité ({_arrival(line)}), mais son tour n'est pas venu."
    return f"Pas sollicité : {' ; '.join(_WHY[one](line) for one in obstacles(line))}."


def needed(line: VerdictLine) -> list[Needed]:
    """What would have made it eligible: every obstacle, each with what takes it away."""
    return [
        Needed(
            obstacle=one,
            sentence=_REMEDY[one](line),
            minutes=_minutes_late(line) if one is Verdict.TOO_FAR else None,
            seconds=_seconds_late(line) if one is Verdict.POSITION_TOO_OLD else None,
        )
        for one in obstacles(line)
    ]


def obstacles(line: VerdictLine) -> list[VehicleVerdict]:
    """All that stood in the way; of older verdicts no more is known than the first one."""
    row = line.row
    if row.obstacles is not None:
        return list(row.obstacles)
    return [] if row.verdict is Verdict.SOLICITED else [row.verdict]


# -- asked -----------------------------------------------------------------------------------------------------------


def _solicited(line: VerdictLine) -> str:
    if line.row.tier is Tier.FREE_CHOICE:
        return "Sollicitée d'abord : c'est l'entreprise que le patient a choisie"
    on_guard = " pour sa garde" if line.row.tier is Tier.GUARD else ""
    return f"Sollicité{on_guard} : {_arrival(line)}"


def _arrival(line: VerdictLine) -> str:
    """When it could be there, of how many minutes asked, and how many of them the crew needs."""
    row, asked = line.row, f"pour {line.survey.max_delay_minutes} min demandées"
    if row.eta_minutes is None:
        return f"heure d'arrivée inconnue, {asked}"
    earliest = row.eta_minutes if row.earliest_minutes is None else row.earliest_minutes
    between = f"{earliest} à {row.eta_minutes}" if earliest != row.eta_minutes else f"{row.eta_minutes}"
    lead = f", dont {_span(row.mobilisation_s)} pour partir" if row.mobilisation_s else ""
    return f"là en {between} min{lead}, {asked}"


def _doubt(row: SheetRow) -> str:
    """Why its arrival is to be confirmed (rule 95)."""
    reasons = []
    if row.freshness is Freshness.SILENT and row.fix_age_s is not None:
        reasons.append(f"sa position a {_span(row.fix_age_s)}")
    if row.estimated:
        reasons.append("le temps est estimé à vol d'oiseau, hors des routes connues")
    if row.to_confirm and not reasons:
        reasons.append("sa position n'est plus sûre")
    return f" À confirmer : {' ; '.join(reasons)}." if reasons else ""


# -- not asked -------------------------------------------------------------------------------------------------------


def _whose_regulation(line: VerdictLine) -> str:
    row = line.row
    if row.tier is Tier.SITE:
        return "du site"
    return "de son site" if row.site_id is not None else "de son entreprise"


def _free_vehicle(line: VerdictLine) -> str:
    return "ASSU libre" if line.survey.volume == Volume.ASSU else "véhicule libre"


def _limit(line: VerdictLine) -> str:
    return _span(line.survey.policy.position_lost_s)


def _age(line: VerdictLine) -> str:
    return "inconnu" if line.row.fix_age_s is None else _span(line.row.fix_age_s)


def _from_nowhere(line: VerdictLine) -> bool:
    """A guard vehicle that starts from no place that is known: no position, and a site that lies nowhere."""
    row = line.row
    on_guard = row.tier is Tier.GUARD and row.obstacles is not None
    return on_guard and row.lat is None and row.earliest_minutes is None and not line.beyond


def _how_far(line: VerdictLine) -> str:
    if _from_nowhere(line):
        return "lieu de départ inconnu : pas de position, et son site n'est situé nulle part"
    row, delay = line.row, line.survey.max_delay_minutes
    if row.earliest_minutes is not None:
        return f"{row.earliest_minutes} min au plus tôt pour {delay} demandées"
    flown = ""
    if line.distance_m is not None:
        flown = f" ({'environ ' if line.beyond else ''}{_distance(line.distance_m)} à vol d'oiseau)"
    return f"hors de portée en {delay} min{flown}"


def _nearer(line: VerdictLine) -> str:
    if _from_nowhere(line):
        return "Une position, ou le lieu de son site : sans l'un des deux, aucun temps ne se calcule."
    late = _minutes_late(line)
    if late is None:
        return f"{_capital(_how_far(line))} : être plus près, ou un délai plus long."
    longer = line.row.earliest_minutes
    return f"{_capital(_how_far(line))} : {late} min plus près, ou un délai de {longer} min."


def _minutes_late(line: VerdictLine) -> int | None:
    earliest = line.row.earliest_minutes
    return None if earliest is None else earliest - line.survey.max_delay_minutes


def _seconds_late(line: VerdictLine) -> int | None:
    age = line.row.fix_age_s
    return None if age is None else ceil(age - line.survey.policy.position_lost_s)


_WHY: Mapping[VehicleVerdict, Words] = {
    Verdict.SOLICITED: lambda _: "rien",
    Verdict.NOT_YET_ASKED: lambda _: "son tour n'est pas venu",
    Verdict.NOT_AVAILABLE: lambda _: "pas coché disponible",
    Verdict.TOO_SMALL: lambda _: "trop petit, un ASSU est demandé",
    Verdict.ENGAGED: lambda _: "en mission",
    Verdict.ON_GUARD: lambda _: "en garde, donc réservé à sa garde",
    Verdict.NO_POSITION: lambda _: "position inconnue",
    Verdict.POSITION_TOO_OLD: lambda line: (
        f"dernière position vieille de {_age(line)}, limite {_limit(line)}"
    ),
    Verdict.TOO_FAR: _how_far,
    Verdict.NO_WAY: lambda _: "aucune route ne mène de là au lieu",
    Verdict.NO_SUITABLE_VEHICLE: lambda line: f"aucun {_free_vehicle(line)} à nommer",
    Verdict.NOT_REGULATED: lambda line: f"personne ne tient la régulation {_whose_regulation(line)}",
    Verdict.REGULATION_SUSPENDED: lambda line: f"la régulation {_whose_regulation(line)} est suspendue",
    Verdict.OTHER_SECTOR: lambda _: "en garde pour un autre secteur",
    Verdict.NO_GUARD_PHONE: lambda _: "en garde, sans téléphone pour répondre",
}
_REMEDY: Mapping[VehicleVerdict, Words] = {
    Verdict.SOLICITED: lambda _: "Rien.",
    Verdict.NOT_YET_ASKED: lambda _: "Rien : son tour n'est pas venu.",
    Verdict.NOT_AVAILABLE: lambda _: "Le cocher disponible.",
    Verdict.TOO_SMALL: lambda _: "Un véhicule ASSU : celui-ci ne sert que les demandes d'ambulance.",
    Verdict.ENGAGED: lambda _: "Que sa mission en cours soit finie.",
    Verdict.ON_GUARD: lambda _: "Que sa garde soit finie : en garde, il est réservé aux demandes de garde.",
    Verdict.NO_POSITION: lambda _: "Une position : un téléphone dans le véhicule, ou un boîtier.",
    Verdict.POSITION_TOO_OLD: lambda line: (
        f"Une position de moins de {_limit(line)} : la dernière était vieille de {_age(line)}."
    ),
    Verdict.TOO_FAR: _nearer,
    Verdict.NO_WAY: lambda _: "Être ailleurs : aucune route ne relie sa position au lieu.",
    Verdict.NO_SUITABLE_VEHICLE: lambda line: f"Un {_free_vehicle(line)}, ni en mission ni en garde.",
    Verdict.NOT_REGULATED: lambda line: f"Que quelqu'un tienne la régulation {_whose_regulation(line)}.",
    Verdict.REGULATION_SUSPENDED: lambda line: (
        f"Que son poste donne signe de vie et reprenne la régulation {_whose_regulation(line)}."
    ),
    Verdict.OTHER_SECTOR: lambda _: "Que sa garde soit celle du secteur où est le lieu.",
    Verdict.NO_GUARD_PHONE: lambda _: "Un téléphone connecté dans le véhicule ; sinon appelez l'entreprise.",
}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _span(seconds: float) -> str:
    """A time as people say it, rounded up: `45 s`, `14 min`, `7 h 12`."""
    if seconds < SECONDS_UP_TO_S:
        return f"{ceil(seconds)} s"
    minutes = ceil(seconds / MINUTE_S)
    if seconds < MINUTES_UP_TO_S:
        return f"{minutes} min"
    hours, left = divmod(minutes, MINUTE_S)
    return f"{hours} h {left:02}" if left else f"{hours} h"


def _distance(metres: float) -> str:
    kilometres = metres / 1000
    return f"{kilometres:.1f} km".replace(".", ",") if metres < EXACT_UP_TO_M else f"{kilometres:.0f} km"
