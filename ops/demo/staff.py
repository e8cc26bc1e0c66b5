"""Whom the invented companies employ: two people for each vehicle, one of them with the diploma of State."""

from collections.abc import Sequence

from domain.vocabulary import Diploma
from ops.demo.model import DemoStaff, DemoVehicle, demo_id

FIRST_NAMES = (
    "Merlin",
    "Mélusine",
    "Gargantua",
    "Morgane",
    "Poucet",
    "Raiponce",
    "Perlimpin",
    "Cendrine",
    "Barbapou",
    "Clochette",
    "Fantasio",
    "Viviane",
    "Lancelot",
    "Titania",
    "Obéron",
    "Ondine",
    "Pantagruel",
    "Sidonie",
    "Gulliver",
)
"""From tales and legends. Their number and that of the surnames have no common divisor: see `_name`."""

LAST_NAMES = (
    "Imaginaire",
    "Delafable",
    "Desnuages",
    "Duconte",
    "Delalune",
    "Dudragon",
    "Dessonges",
    "Dulutin",
    "Delachimère",
    "Delalégende",
    "Dugrimoire",
    "Desfées",
)


def staff_of(seed: int, slug: str, vehicles: Sequence[DemoVehicle], already: int) -> tuple[DemoStaff, ...]:
    """Return the people of one company, DEA and AUXILIAIRE by turns; `already` are employed by the ones before."""
    return tuple(
        DemoStaff(demo_id(seed, "staff", f"{slug}/{number}"), _name(already + number), diploma)
        for number, diploma in enumerate(tuple(Diploma) * len(vehicles))
    )


def _name(number: int) -> str:
    """Take both lists in turn: no name comes twice among the first 228 (19 times 12)."""
    return f"{FIRST_NAMES[number % len(FIRST_NAMES)]} {LAST_NAMES[number % len(LAST_NAMES)]}"
