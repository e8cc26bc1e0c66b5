"""Posted speed limits as OpenStreetMap writes them: km/h, mph, the name of a zone."""

import re
from collections.abc import Mapping

from geo.roads.tags import Tags

KMH_A_MPH = 1.609344
MOST_KMH = 150
"""A limit above it is a slip of the pen: as good as none."""

WORDS: Mapping[str, int] = {"none": 0, "signals": 0, "variable": 0, "implicit": 0, "default": 0, "walk": 7}
"""Limits that are none, or not known: the class's usual speed then."""

ZONES: Mapping[str, int] = {
    "urban": 50,
    "rural": 80,
    "trunk": 110,
    "motorway": 130,
    "living_street": 20,
    "pedestrian_zone": 20,
    "ES:rural": 90,
    "ES:trunk": 90,
    "ES:motorway": 120,
}
"""What a zone's name stands for, in France unless a country stands before it (its neighbours in the south do)."""

ZONE_TAGS = ("maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic")
"""Where mappers name the zone beside the number, or instead of it; in the order of trust."""

_NUMBER = re.compile(r"(\d+(?:\.\d+)?)\s*(mph|km/h|kmh|kph)?")
_ZONE = re.compile(r"([A-Z]{2}):(?:zone:?)?([a-z_]+|\d{2,3})")


def posted_kmh(tags: Tags, against: str) -> tuple[int, str | None]:
    """Return the limit in km/h (0: none known), and the text that was not understood.

    ``against`` is ``forward`` or ``backward``: in which direction of the way.
    """
    text = tags.get(f"maxspeed:{against}") or tags.get("maxspeed")
    if text is not None:
        read = read_limit(text)
        if read is None:
            return 0, text
        if read > 0:
            return read, None
    return _of_zone(tags), None


def read_limit(text: str) -> int | None:
    """Return what a limit says in km/h, 0 for no limit, None for what cannot be understood.

    Of several (``50;30``) the lowest, which holds somewhere along the way.
    """
    parts = [_read_one(part.strip()) for part in re.split(r"[;|]", text)]
    known = [part for part in parts if part is not None]
    return min(known) if len(known) == len(parts) else None


def _read_one(text: str) -> int | None:
    if text in WORDS:
        return WORDS[text]
    zone = _ZONE.fullmatch(text)
    if zone is not None:
        return _zone_kmh(*zone.groups())
    number = _NUMBER.fullmatch(text)
    if number is None:
        return None
    kmh = round(float(number[1]) * (KMH_A_MPH if number[2] == "mph" else 1))
    return kmh if 0 < kmh <= MOST_KMH else None


def _zone_kmh(country: str, name: str) -> int | None:
    if name.isdigit():
        return int(name) if int(name) <= MOST_KMH else None
    return ZONES.get(f"{country}:{name}", ZONES.get(name))


def _of_zone(tags: Tags) -> int:
    for tag in ZONE_TAGS:
        text = tags.get(tag)
        zone = _ZONE.fullmatch(text) if text else None
        if zone is not None:
            return _zone_kmh(*zone.groups()) or 0
    return 0
