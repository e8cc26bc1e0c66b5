"""What a notification says: French, the language of the field, and nothing of patient or place.

It is read on a locked screen by whoever stands near. What is asked for, until when, and for which vehicle; the rest is
in the sheet, behind the login.
"""

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from pydantic import JsonValue

from domain.vocabulary import MissionEndReason, Tier
from storage.push_views import Ask, Given, Terms

ADDRESS = "/mobile"
NAMED = 3
"""Vehicles and sites are named so far, then counted."""


class Kind(StrEnum):
    """What a phone does with it."""

    SOLICITATION = "solicitation"
    MISSION = "mission"
    CANCELLED = "cancelled"
    REGULATION_SUSPENDED = "regulation_suspended"
    OVER = "over"
    """The notification of this tag is closed."""


_TITLES = {
    Tier.GUARD: "Garde : le SAMU vous sollicite",
    Tier.VEHICLE: "Sollicitation du SAMU",
    Tier.SITE: "Sollicitation de site",
    Tier.FREE_CHOICE: "Libre choix : confirmez un véhicule",
}
_TAKEN_BACK = {
    MissionEndReason.CANCELLED: "le SAMU a annulé la mission.",
    MissionEndReason.NOT_RECONFIRMED: "la mission modifiée n’a pas été reconfirmée, elle est retirée.",
    MissionEndReason.VEHICLE_TOO_SMALL: "la demande veut un plus grand véhicule, la mission est retirée.",
    MissionEndReason.REASSIGNED: "la mission est confiée à un autre véhicule, elle est retirée.",
    MissionEndReason.CLOSED: "la demande est close, la mission est retirée.",
}
TAKEN_BACK = frozenset(_TAKEN_BACK)
"""The ends that a crew on its way must learn of."""


def asked(asks: Sequence[Ask], terms: Terms, at: datetime) -> dict[str, JsonValue]:
    """A company is asked: with what, within how long, and until when it may answer the last of its solicitations."""
    title = _TITLES[asks[0].asked.tier]
    until = max(each.answer_before for each in asks)
    body = " · ".join(filter(None, [_wanted(terms), _names(asks)]))
    return _content(Kind.SOLICITATION, _marked(title, terms), body, at, until)


def given(mission: Given, terms: Terms, at: datetime, *, amended: bool) -> dict[str, JsonValue]:
    """A crew has a mission, or the one that it has is another now."""
    title = "Mission modifiée par le SAMU" if amended else "Nouvelle mission"
    told = "relisez la fiche" if amended else "ouvrez la fiche et acquittez"
    body = f"{mission.vehicle_name} : {told}. {_wanted(terms)}."
    return _content(Kind.MISSION, _marked(title, terms), body, at)


def taken_back(mission: Given, reason: MissionEndReason, terms: Terms, at: datetime) -> dict[str, JsonValue]:
    """A crew has its mission no more."""
    title = "Mission annulée" if reason is MissionEndReason.CANCELLED else "Mission retirée"
    body = f"{mission.vehicle_name} : {_TAKEN_BACK[reason]}"
    return _content(Kind.CANCELLED, _marked(title, terms), body, at)


def suspended(sites: Sequence[str], at: datetime) -> dict[str, JsonValue]:
    """Nothing is asked of a Master any more, for nothing was heard of its phone (rule 37)."""
    body = f"Ouvrez l’application pour la reprendre : {_listed(sites)}. D’ici là, rien n’y est sollicité."
    return _content(Kind.REGULATION_SUSPENDED, "Régulation suspendue", body, at)


def regulation_over(at: datetime) -> dict[str, JsonValue]:
    """The regulation was taken again, by whomever, or given up."""
    return _content(Kind.OVER, "Régulation", "Il n’y a plus rien à reprendre sur ce téléphone.", at)


def over(at: datetime) -> dict[str, JsonValue]:
    """There is nothing to answer any more. Shown by a phone that has nothing to close, and must show something."""
    return _content(Kind.OVER, "Sollicitation terminée", "Il n’y a plus rien à répondre.", at)


def _content(
    kind: Kind, title: str, body: str, at: datetime, until: datetime | None = None
) -> dict[str, JsonValue]:
    return {
        "kind": kind.value,
        "title": title,
        "body": body,
        "url": ADDRESS,
        "at": at.isoformat(),
        "until": until.isoformat() if until else None,
    }


def _marked(title: str, terms: Terms) -> str:
    """A drill says so before anything else (rule 100)."""
    return f"EXERCICE · {title}" if terms.exercise else title


def _wanted(terms: Terms) -> str:
    return f"{terms.volume}, délai {terms.max_delay_minutes} min"


def _names(asks: Sequence[Ask]) -> str:
    return _listed([_name(each) for each in asks if each.name])


def _listed(named: Sequence[str]) -> str:
    more = len(named) - NAMED
    return ", ".join(named[:NAMED]) + (f" et {more} de plus" if more > 0 else "")


def _name(ask: Ask) -> str:
    return f"{ask.name} ({ask.eta_minutes} min)" if ask.eta_minutes is not None else str(ask.name)
