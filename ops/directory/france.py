"""Where France is, roughly: a place beyond is a slip of the finger."""

from collections.abc import Mapping

from domain.fleet import Box

PARTS: Mapping[str, Box] = {
    "métropole": Box(41.2, 51.2, -5.3, 9.7),
    "Guadeloupe": Box(15.7, 16.6, -61.9, -60.9),
    "Saint-Martin, Saint-Barthélemy": Box(17.8, 18.2, -63.3, -62.7),
    "Martinique": Box(14.3, 15.0, -61.3, -60.7),
    "Guyane": Box(2.0, 6.0, -54.7, -51.5),
    "La Réunion": Box(-21.5, -20.8, 55.1, 56.0),
    "Mayotte": Box(-13.1, -12.5, 44.9, 45.4),
    "Saint-Pierre-et-Miquelon": Box(46.7, 47.2, -56.6, -56.0),
    "Nouvelle-Calédonie": Box(-23.1, -18.9, 163.0, 169.0),
    "Polynésie française": Box(-28.0, -7.5, -155.0, -134.0),
    "Wallis-et-Futuna": Box(-14.5, -13.1, -178.4, -176.0),
}
"""Boxes with a margin at sea; that of the métropole holds parts of its neighbours."""


def part_of(lat: float, lon: float) -> str | None:
    """The part of France whose box holds a place (degrees); none elsewhere."""
    return next((name for name, box in PARTS.items() if box.holds(lat, lon)), None)


def check_in_france(lat: float, lon: float) -> None:
    """Raise ValueError for a place (degrees) that is nowhere in France, and say so if its figures look exchanged."""
    if part_of(lat, lon) is not None:
        return
    other = part_of(lon, lat)
    hint = f"; exchanged, they are in {other}: which of them is the latitude?" if other else ""
    raise ValueError(f"latitude {lat} and longitude {lon} are nowhere in France{hint}")
