"""What a vehicle's last position is worth: fresh, resting or silent (rules 6, 95 and 96)."""

from datetime import datetime

from domain.policy import Policy
from domain.vocabulary import Freshness

MOVING_KMH = 5.0
"""From this speed on a vehicle is moving, and its last position is soon worth nothing (rule 6)."""


def freshness_of(
    fix_at: datetime,
    speed_kmh: float | None,
    device_seen_at: datetime | None,
    at: datetime,
    policy: Policy,
) -> Freshness:
    """Judge a position by its age, by whether the vehicle moved, and by whether its device is alive.

    A vehicle that stood still rests where it was for as long as its device is heard of: phones send no position while
    nothing changes, and a guard ambulance waits for hours. Without such a device it rests for ``position_stopped_s``.
    A device whose clock runs ahead counts as heard of now.
    """
    age_s = (at - fix_at).total_seconds()
    if age_s <= policy.position_moving_s:
        return Freshness.FRESH
    if is_moving(speed_kmh):
        return Freshness.SILENT
    alive = device_seen_at is not None and (at - device_seen_at).total_seconds() <= policy.device_alive_s
    rests = alive or age_s <= min(policy.position_stopped_s, policy.position_lost_s)
    return Freshness.RESTING if rests else Freshness.SILENT


def is_moving(speed_kmh: float | None) -> bool:
    """Whether a vehicle was moving at its last fix; one that does not tell its speed was not."""
    return speed_kmh is not None and speed_kmh >= MOVING_KMH
