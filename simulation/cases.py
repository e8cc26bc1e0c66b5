"""Invents demands: place, delay, volume, motive and a patient who visibly does not exist."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from pydantic import JsonValue

from simulation.habits import Habits
from simulation.wire import Point


@dataclass(frozen=True, slots=True)
class Pickup:
    """Where the patient is."""

    point: Point
    address: str


PlaceSource = Callable[[random.Random], Pickup]

_DELAYS = ((20, 40, 60), (35, 40, 25))
_VOLUMES = (("AMBULANCE", "ASSU"), (70, 30))
_LAST_NAMES = ("FICTIF", "EXEMPLE", "INVENTE", "IMAGINAIRE", "SIMULACRE", "MODELE", "ESSAI", "FACTICE")
_FIRST_NAMES = {
    "F": ("Fable", "Chimère", "Légende", "Esquisse", "Maquette"),
    "M": ("Conte", "Mirage", "Songe", "Brouillon", "Croquis"),
}
_MOTIVES = (
    "Chute, douleur hanche",
    "Douleur abdominale, stable",
    "Malaise, conscient",
    "Gêne respiratoire modérée",
    "Traumatisme du poignet",
    "Altération de l'état général",
    "Fièvre chez une personne âgée",
    "Lombalgie, ne se lève pas",
)
_ACCESSES = ("RDC", "1er étage, ascenseur", "3e étage, code 12B", "Maison, portail bleu", "Chien attaché")


def draw_case(
    rng: random.Random, places: PlaceSource, habits: Habits, reference: str, company_ids: list[str]
) -> dict[str, JsonValue]:
    """Return the body of ``POST /v1/demands``."""
    pickup = places(rng)
    asks_for_company = rng.random() < habits.free_choice and bool(company_ids)
    return {
        "reference": reference,
        "max_delay_minutes": rng.choices(*_DELAYS)[0],
        "volume": rng.choices(*_VOLUMES)[0],
        "pickup": {
            "lat": pickup.point.lat,
            "lon": pickup.point.lon,
            "address": pickup.address,
            "access": rng.choice(_ACCESSES),
        },
        "motive": rng.choice(_MOTIVES),
        "instructions": "Demande de simulation",
        # 04 65 71 is a block that the French regulator keeps for fiction: it calls nobody.
        "callback_phone": f"+3346571{rng.randrange(10_000):04d}",
        "patient": draw_patient(rng),
        "company_id": rng.choice(company_ids) if asks_for_company else None,
        "exercise": False,
    }


def draw_patient(rng: random.Random) -> dict[str, JsonValue]:
    """Invent a patient whose name says that it is invented. Weight in kilograms."""
    sex = rng.choice(("F", "M"))
    return {
        "last_name": rng.choice(_LAST_NAMES),
        "first_name": rng.choice(_FIRST_NAMES[sex]),
        "birth_year": rng.randint(1928, 2015),
        "sex": sex,
        "weight_kg": rng.randint(45, 110),
    }
