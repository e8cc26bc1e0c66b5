"""How fast each class of road is driven, by profile: read from a file that an operator may change.

The speed on an arc follows from its class and from the posted limit. Without a limit it is the class's usual speed;
with one, a share of the limit, never more than the class's ceiling. So one comparison of figures proves for every
graph that nothing is slower URGENT than by DAY or by NIGHT, on which the search relies: `Speeds.load` refuses a file
where it does not hold.
"""

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time
from functools import cached_property
from math import isfinite
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geo.roads.graph import Ints, RoadGraph
from geo.travel_time import Profile

CLASSES: tuple[str, ...] = (
    "motorway",
    "motorway_link",
    "trunk",
    "trunk_link",
    "primary",
    "primary_link",
    "secondary",
    "secondary_link",
    "tertiary",
    "tertiary_link",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "track",
    "pedestrian",
)
"""OpenStreetMap's `highway` values that an ambulance drives on; `RoadGraph.road` is an index into them.

With tracks, since farms lie on them (only those that `geo.roads.tags` finds fit to drive on), and with pedestrian
streets, since patients live there and an emergency vehicle may enter; never footways, paths, cycleways or steps,
which are too narrow. Their order is part of the format of a graph: new ones go to the end.
"""

SLOWEST_KMH = 5.0
"""However low a posted limit is, nobody drives slower than this."""
FASTEST_KMH = 300.0
"""A figure above it is a mistake."""
LIMITS = 256
"""A posted limit is one byte."""

_CM_PER_KMH_MS = 36.0
"""One centimetre at one km/h takes 36 milliseconds."""
_LONGEST_MS = np.iinfo(np.int32).max


class BadSpeedsError(ValueError):
    """A file of speeds cannot be used; the text says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How one profile drives: km/h by class, in the order of `CLASSES`."""

    access_kmh: float
    """Between a place and its road node, as the crow flies."""
    limit_share: float
    """The part of a posted limit that is driven."""
    usual_kmh: tuple[float, ...]
    """Where no limit is posted."""
    most_kmh: tuple[float, ...]
    """Whatever the limit allows."""

    def kmh(self) -> NDArray[np.float64]:
        """Return the speed by class and posted limit: shape ``(len(CLASSES), LIMITS)``, limit 0 is an unknown one."""
        limits = np.arange(LIMITS, dtype=np.float64) * self.limit_share
        most = np.asarray(self.most_kmh)[:, None]
        table: NDArray[np.float64] = np.maximum(np.minimum(limits[None, :], most), SLOWEST_KMH)
        table[:, 0] = self.usual_kmh
        return table


@dataclass(frozen=True)
class Speeds:
    """The three profiles, and what is common to them. Made by `load`, which checks them."""

    paces: Mapping[Profile, Pace]
    access_max_m: float
    """A place farther than so many metres from every road node is off the roads."""
    night_from: time
    """Local time at which NIGHT begins."""
    night_until: time
    """Local time at which DAY begins."""

    @classmethod
    def load(cls, file: Path) -> "Speeds":
        """Read a file of speeds. Raises BadSpeedsError, FileNotFoundError if there is none."""
        try:
            held = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise BadSpeedsError(f"{file.name} is not TOML: {error}") from error
        try:
            return _speeds(held)
        except BadSpeedsError as error:
            raise BadSpeedsError(f"{file.name}: {error}") from error

    def milliseconds(self, graph: RoadGraph, profile: Profile) -> Ints:
        """Return the time of each arc of a graph in whole milliseconds, rounded up, at least 1: shape ``(m,)``."""
        kmh = self.paces[profile].kmh()[graph.road, graph.limit_kmh]
        needed = np.ceil(graph.length_cm.astype(np.float64) * _CM_PER_KMH_MS / kmh)
        return np.clip(needed, 1, _LONGEST_MS).astype(np.int32)

    def access_kmh(self, profile: Profile) -> float:
        """Return the speed between a place and its road node, as the crow flies."""
        return self.paces[profile].access_kmh

    def profile_at(self, local: time) -> Profile:
        """Return DAY or NIGHT for what clocks show; a night may last past midnight."""
        begun, over = local >= self.night_from, local >= self.night_until
        night = begun and not over if self.night_from < self.night_until else begun or not over
        return Profile.NIGHT if night else Profile.DAY

    def slowest_ratio(self, graph: RoadGraph) -> float:
        """Return how many times longer than URGENT an arc of the graph takes by DAY or NIGHT, at most."""
        urgent = self.milliseconds(graph, Profile.URGENT)
        slow = np.maximum(self.milliseconds(graph, Profile.DAY), self.milliseconds(graph, Profile.NIGHT))
        return float(np.max(slow / urgent, initial=1.0))

    @cached_property
    def identity(self) -> str:
        """Eight hexadecimal digits that follow from the figures, whatever the comments say."""
        paces = {
            profile.value: [pace.access_kmh, pace.limit_share, pace.usual_kmh, pace.most_kmh]
            for profile, pace in self.paces.items()
        }
        night = [self.night_from.isoformat(), self.night_until.isoformat()]
        text = json.dumps([CLASSES, paces, self.access_max_m, night], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:8]


def _speeds(held: Mapping[str, object]) -> Speeds:
    _only(held, "the file", {"access_max_m", "night", *Profile})
    night = _table(held, "night", "the file")
    _only(night, "night", {"from", "until"})
    paces = {profile: _pace(_table(held, profile, "the file"), profile) for profile in Profile}
    for slower in (Profile.DAY, Profile.NIGHT):
        _check_never_faster(paces[slower], paces[Profile.URGENT], slower)
    made = Speeds(
        paces=paces,
        access_max_m=_number(held, "access_max_m", "the file", 0, 10_000),
        night_from=_clock(night, "from"),
        night_until=_clock(night, "until"),
    )
    if made.night_from == made.night_until:
        raise BadSpeedsError("the night must not begin when it ends")
    return made


def _pace(held: Mapping[str, object], profile: Profile) -> Pace:
    _only(held, profile, {"access_kmh", "limit_share", "roads"})
    roads = _table(held, "roads", profile)
    _only(roads, f"{profile}.roads", set(CLASSES))
    pairs = [_pair(roads, road, profile) for road in CLASSES]
    return Pace(
        access_kmh=_number(held, "access_kmh", profile, 1, FASTEST_KMH),
        limit_share=_number(held, "limit_share", profile, 0.1, 3),
        usual_kmh=tuple(usual for usual, _ in pairs),
        most_kmh=tuple(most for _, most in pairs),
    )


def _pair(roads: Mapping[str, object], road: str, profile: Profile) -> tuple[float, float]:
    match roads.get(road):
        case [int() | float() as usual, int() | float() as most] if (
            SLOWEST_KMH <= usual <= most <= FASTEST_KMH
        ):
            return float(usual), float(most)
        case None:
            raise BadSpeedsError(f"{profile}.roads says nothing of {road}")
        case given:
            wanted = (
                f"two speeds from {SLOWEST_KMH:g} to {FASTEST_KMH:g} km/h, the second not below the first"
            )
            raise BadSpeedsError(f"{profile}.roads.{road} must be {wanted}, not {given}")


def _check_never_faster(pace: Pace, urgent: Pace, profile: Profile) -> None:
    if pace.limit_share > urgent.limit_share:
        raise BadSpeedsError(f"{profile} takes a greater share of a posted limit than URGENT")
    if pace.access_kmh > urgent.access_kmh:
        raise BadSpeedsError(f"{profile} is faster than URGENT between a place and its road")
    for index, road in enumerate(CLASSES):
        if pace.usual_kmh[index] > urgent.usual_kmh[index] or pace.most_kmh[index] > urgent.most_kmh[index]:
            raise BadSpeedsError(f"{profile} is faster than URGENT on {road}")


def _only(held: Mapping[str, object], where: str, known: set[str]) -> None:
    unknown = sorted(set(held) - known)
    if unknown:
        raise BadSpeedsError(f"{where} has '{unknown[0]}', which means nothing here")


def _table(held: Mapping[str, object], name: str, where: str) -> Mapping[str, object]:
    found = held.get(name)
    if not isinstance(found, dict):
        raise BadSpeedsError(f"{where} has no table [{name}]")
    return found


def _number(held: Mapping[str, object], name: str, where: str, least: float, most: float) -> float:
    found = held.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not isfinite(found):
        raise BadSpeedsError(f"{where} needs {name}, a number")
    if not least <= found <= most:
        raise BadSpeedsError(f"{name} of {where} must be from {least:g} to {most:g}, not {found:g}")
    return float(found)


def _clock(night: Mapping[str, object], name: str) -> time:
    found = night.get(name)
    if not isinstance(found, time):
        raise BadSpeedsError(f"night needs '{name}', a local time such as 21:00:00")
    return found
