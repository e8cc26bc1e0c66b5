"""What OpenStreetMap's tags mean for an ambulance with priority: pure decisions on one way or one node.

An emergency vehicle may drive where the public may not: pedestrian streets, private and restricted roads, bus lanes.
So only what stops every vehicle closes a road here: `access=no` without a tag that opens it, a bollard, a way that is
too rough, low or narrow. In doubt a road stays: a search decides who is asked, and nobody in reach may be left out.
"""

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from geo.roads.raw import Drop
from geo.roads.speeds import CLASSES


class Tags(Protocol):
    """The tags of a way or node."""

    def get(self, key: str, /) -> str | None:
        """Return the value of a key, None without one."""


class Use(NamedTuple):
    """How a way is driven on: index of its class, and 0 both ways, 1 as drawn, -1 against it."""

    road: int
    direction: int


INDEX: Mapping[str, int] = {
    **{name: index for index, name in enumerate(CLASSES)},
    "road": CLASSES.index("unclassified"),
    "busway": CLASSES.index("unclassified"),
}
"""`highway` -> index of the class; a road of unknown class and one for buses count as unclassified."""

NOT_ROADS = frozenset(
    {
        "construction",
        "proposed",
        "planned",
        "abandoned",
        "disused",
        "razed",
        "demolished",
        "dismantled",
        "no",
        "platform",
        "rest_area",
        "services",
        "bus_stop",
        "elevator",
        "corridor",
        "raceway",
        "escape",
        "emergency_bay",
        "via_ferrata",
        "ladder",
        "traffic_island",
    }
)
"""Values of `highway` that are no road, or not any more, or not yet."""

FIT_TRACKS = frozenset({"grade1", "grade2"})
FIT_SURFACES = frozenset(
    {
        "paved",
        "asphalt",
        "concrete",
        "concrete:plates",
        "concrete:lanes",
        "paving_stones",
        "sett",
        "compacted",
        "fine_gravel",
        "chipseal",
    }
)
ROUGH = frozenset({"horrible", "very_horrible", "impassable"})
"""Values of `smoothness` that no ambulance takes."""

LEAST = {"maxheight": 2.5, "maxwidth": 2.0, "maxweight": 3.0}
"""Metres and tonnes under which no ambulance passes; a Trafic or a Master measures 2.0 to 2.8 m, 3.0 to 3.5 t."""

ONE_WAY = {
    "yes": 1,
    "true": 1,
    "1": 1,
    "-1": -1,
    "reverse": -1,
    "no": 0,
    "false": 0,
    "0": 0,
    "alternating": 0,
}
IMPLIED_ONE_WAY = frozenset({"motorway", "motorway_link"})
"""Driving against the traffic of a slip road is not presumed, even where the tag is missing."""

BARRIERS = frozenset(
    {
        "block",
        "bollard",
        "bus_trap",
        "chicane",
        "cycle_barrier",
        "debris",
        "ditch",
        "fence",
        "full-height_turnstile",
        "guard_rail",
        "hedge",
        "horse_stile",
        "jersey_barrier",
        "kissing_gate",
        "log",
        "motorcycle_barrier",
        "planter",
        "stile",
        "sump_buster",
        "tank_trap",
        "turnstile",
        "wall",
        "wicket_gate",
    }
)
"""What stops a vehicle; gates and chains do not: somebody has the key."""
BOLLARDS_THAT_GIVE_WAY = frozenset({"rising", "removable", "foldable", "flexible"})

MODES = ("motorcar", "motor_vehicle", "vehicle")


def read_way(tags: Tags) -> Use | Drop:
    """Return how an ambulance drives on a way that has `highway` or `route`, or why it does not."""
    if tags.get("route") == "ferry":
        return Drop.FERRY
    highway = tags.get("highway") or ""
    if highway not in INDEX:
        return Drop.NOT_A_ROAD if highway in NOT_ROADS or not highway else Drop.NOT_FOR_CARS
    return _obstacle(tags, highway) or _use(tags, highway)


def is_closed_node(tags: Tags) -> bool:
    """Whether no ambulance passes a node."""
    barrier = tags.get("barrier")
    if barrier is None:
        return False
    if _is_closed(tags) or _is_tight(tags):
        return True
    gives_way = barrier == "bollard" and tags.get("bollard") in BOLLARDS_THAT_GIVE_WAY
    return barrier in BARRIERS and not gives_way and not _is_opened(tags)


def _obstacle(tags: Tags, highway: str) -> Drop | None:
    if tags.get("area") == "yes":
        return Drop.AREA
    if _is_closed(tags):
        return Drop.CLOSED
    if _is_rough(tags, highway):
        return Drop.ROUGH
    return Drop.TIGHT if _is_tight(tags) else None


def _use(tags: Tags, highway: str) -> Use | Drop:
    said = tags.get("oneway:emergency") or tags.get("oneway")
    if said == "reversible":
        return Drop.REVERSIBLE
    implied = highway in IMPLIED_ONE_WAY or tags.get("junction") in {"roundabout", "circular"}
    return Use(INDEX[highway], ONE_WAY.get(said or "", int(implied)))


def _is_closed(tags: Tags) -> bool:
    if tags.get("emergency") == "no":
        return True
    return tags.get("access") == "no" and not _is_opened(tags)


def _is_opened(tags: Tags) -> bool:
    """Whether some tag lets vehicles, or emergency vehicles, in."""
    if tags.get("emergency") not in {None, "no"} or tags.get("service") == "emergency_access":
        return True
    return any(tags.get(mode) not in {None, "no"} for mode in (*MODES, "bus", "psv"))


def _is_rough(tags: Tags, highway: str) -> bool:
    if tags.get("smoothness") in ROUGH or tags.get("4wd_only") == "yes":
        return True
    fit = tags.get("tracktype") in FIT_TRACKS or tags.get("surface") in FIT_SURFACES
    return highway == "track" and not fit and tags.get("emergency") is None


def _is_tight(tags: Tags) -> bool:
    return any(_is_below(tags.get(key), least) for key, least in LEAST.items())


def _is_below(text: str | None, least: float) -> bool:
    if text is None:
        return False
    try:
        return float(text.removesuffix("m").removesuffix("t").strip()) < least
    except ValueError:
        return False  # in other units, or in words
