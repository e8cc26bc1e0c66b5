"""Invented names: nobody must take a company, a plate or a telephone number of the demonstration for real."""

from collections.abc import Iterator
from itertools import count

COMPANIES: tuple[tuple[str, str], ...] = (
    ("Ambulances du Pic Imaginaire", "pic-imaginaire"),
    ("Ambulances de la Licorne Fictive", "licorne-fictive"),
    ("Ambulances du Dragon Inventé", "dragon-invente"),
    ("Ambulances de la Chimère Imaginaire", "chimere-imaginaire"),
    ("Ambulances du Griffon Fictif", "griffon-fictif"),
    ("Ambulances de la Vallée Inventée", "vallee-inventee"),
    ("Ambulances du Phénix Imaginaire", "phenix-imaginaire"),
    ("Ambulances de l'Île Fictive", "ile-fictive"),
    ("Ambulances du Moulin Inventé", "moulin-invente"),
    ("Ambulances de la Sirène Imaginaire", "sirene-imaginaire"),
    ("Ambulances du Korrigan Fictif", "korrigan-fictif"),
    ("Ambulances de l'Étoile Inventée", "etoile-inventee"),
    ("Ambulances du Château Imaginaire", "chateau-imaginaire"),
    ("Ambulances de la Forêt Fictive", "foret-fictive"),
    ("Ambulances du Pégase Inventé", "pegase-invente"),
    ("Ambulances de la Garrigue Imaginaire", "garrigue-imaginaire"),
    ("Ambulances du Canal Fictif", "canal-fictif"),
    ("Ambulances de la Comète Inventée", "comete-inventee"),
    ("Ambulances du Lutin Imaginaire", "lutin-imaginaire"),
    ("Ambulances de la Source Fictive", "source-fictive"),
    ("Ambulances du Géant Inventé", "geant-invente"),
    ("Ambulances de l'Horizon Imaginaire", "horizon-imaginaire"),
)
"""Name and slug of each company. Every name says of itself that it is invented."""

_PHONES = 10_000
_PLATE_LETTERS = "ABCDEFGHJKLMNPQRSTVWXYZ"


def phone_of(number: int) -> str:
    """Return a telephone number of the range kept for fiction (04 65 71 00 00 to 99 99), in E.164 form."""
    if not 0 <= number < _PHONES:
        raise ValueError(f"the range kept for fiction has {_PHONES} numbers, not one numbered {number}")
    return f"+3346571{number:04d}"


def registrations() -> Iterator[str]:
    """Yield plates that look French and cannot exist: the letters I, O and U are never issued."""
    for number in count(101):
        letter = _PLATE_LETTERS[number % len(_PLATE_LETTERS)]
        yield f"O{letter}-{number:03d}-{letter}U"
