"""How long a parked crew needs before it leaves: at night somebody is picked up at home first (domain paper)."""

from collections.abc import Sequence
from datetime import datetime, tzinfo
from typing import NamedTuple

from domain.freshness import is_moving
from domain.policy import Policy

HOURS = 24
LONGEST_S = 3600
"""Nobody who needs more than an hour to leave is available."""


class Mobilisation(NamedTuple):
    """What a site's crews need, in seconds; ``by_hour_s`` has 24 figures by the hour on the clocks of the SAMU."""

    default_s: int = 0
    by_hour_s: Sequence[int | None] | None = None

    def at(self, at: datetime, zone: tzinfo) -> int:
        """The seconds at this moment. A list that is not of 24 figures is not used, nor a figure that cannot be."""
        if self.by_hour_s is None or len(self.by_hour_s) != HOURS:
            return self.default_s
        seconds = self.by_hour_s[at.astimezone(zone).hour]
        return seconds if seconds is not None and 0 <= seconds <= LONGEST_S else self.default_s


def is_parked(from_site_m: float | None, speed_kmh: float | None, policy: Policy) -> bool:
    """Whether a vehicle stands at its site (metres from it): then its crew must be mobilised first."""
    near = from_site_m is not None and from_site_m <= policy.parked_within_m
    return near and not is_moving(speed_kmh)
