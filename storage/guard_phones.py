"""The phones that can answer for a guard crew: without one its vehicle is asked in vain (rules 14 and 55)."""

from datetime import datetime

import sqlalchemy as sa

from storage.tables import crews, devices, guard_shifts


def phone_count() -> sa.ColumnElement[int]:
    """How many phones answer for a row of ``guard_shifts``; none for one that is closed.

    Those that are in its vehicle, and the one that opened the shift unless it is in any vehicle: the phones that
    `storage.regulation.hands_of` lets answer. A device that was closed answers nothing.
    """
    opened_it = sa.case((_opener_is_there(), 1), else_=0)
    return sa.case((guard_shifts.c.closed_at.is_(None), _aboard() + opened_it), else_=0)


def phone_gone_at() -> sa.ColumnElement[datetime | None]:
    """When a row of ``guard_shifts`` lost its last phone, if it has none: it was taken out, or logged out."""
    taken_out = sa.select(sa.func.max(crews.c.left_at)).where(crews.c.vehicle_id == guard_shifts.c.vehicle_id)
    logged_out = sa.select(devices.c.closed_at).where(devices.c.id == guard_shifts.c.device_id)
    return sa.func.greatest(
        guard_shifts.c.opened_at,
        taken_out.correlate(guard_shifts).scalar_subquery(),
        logged_out.correlate(guard_shifts).scalar_subquery(),
    )


def _aboard() -> sa.ScalarSelect[int]:
    found = (
        sa.select(sa.func.count())
        .select_from(crews.join(devices, devices.c.id == crews.c.device_id))
        .where(
            crews.c.vehicle_id == guard_shifts.c.vehicle_id,
            crews.c.left_at.is_(None),
            devices.c.closed_at.is_(None),
        )
    )
    return found.correlate(guard_shifts).scalar_subquery()


def _opener_is_there() -> sa.ColumnElement[bool]:
    its_device = sa.select(devices.c.id).where(
        devices.c.id == guard_shifts.c.device_id, devices.c.closed_at.is_(None)
    )
    anywhere = sa.select(crews.c.id).where(
        crews.c.device_id == guard_shifts.c.device_id, crews.c.left_at.is_(None)
    )
    return its_device.correlate(guard_shifts).exists() & ~anywhere.correlate(guard_shifts).exists()
