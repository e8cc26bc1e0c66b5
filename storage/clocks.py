"""Devices whose clocks run ahead: server time rules, and none of their fixes is lost for it (rule 96)."""

from collections.abc import Sequence
from uuid import UUID

import numpy as np

from storage.columns import Micros


def held(vehicles: Sequence[UUID], told: Micros, received: Micros) -> Micros:
    """Return when fixes count as recorded, shape (n,), from the devices' times and those of reception; all of one transaction.

    A fix from the future would stand in the way of every later one, so none counts as later than it was received.
    Several of one vehicle would then be the same instant, and all but one of them lost: they are kept apart by a
    microsecond each, in the order of the device's clock, the newest at the time of reception. A wrong clock tells
    nothing better: one fix may say the year 2199, and must not move the others. What was told twice stays the same.
    """
    ahead = told > received
    if not ahead.any():
        return told
    recorded = np.minimum(told, received)
    theirs = {vehicles[number] for number in np.flatnonzero(ahead).tolist()}
    numbers = [number for number, vehicle in enumerate(vehicles) if vehicle in theirs]
    numbers.sort(key=lambda number: (recorded[number], told[number]), reverse=True)
    _keep_apart([vehicles[number] for number in numbers], told, recorded, numbers)
    return recorded


def _keep_apart(vehicles: Sequence[UUID], told: Micros, recorded: Micros, numbers: Sequence[int]) -> None:
    """Move each fix, the newest first, before the one of its vehicle that was looked at before, if it is not already."""
    last: dict[UUID, tuple[tuple[int, int], int]] = {}
    for vehicle, number in zip(vehicles, numbers, strict=True):
        same, at = (int(recorded[number]), int(told[number])), int(recorded[number])
        if vehicle in last:
            before, moment = last[vehicle]
            at = moment if before == same else min(at, moment - 1)
        last[vehicle] = same, at
        recorded[number] = at
