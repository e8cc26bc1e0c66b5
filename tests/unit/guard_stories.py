"""Periods, shifts and openings of the guard, for tests of its rules."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from domain.duty_facts import Teammate
from domain.fleet import Category
from domain.guard import (
    OnGuard,
    Opening,
    Period,
    Shift,
    late_s,
)
from domain.vocabulary import DeviceKind

PARIS = ZoneInfo("Europe/Paris")
START = datetime(2026, 11, 22, 19, tzinfo=UTC)
END = START + timedelta(hours=12)
MINUTE = timedelta(minutes=1)
VEHICLE, PHONE, COMPANY = uuid4(), uuid4(), uuid4()


def a_period(starts_at: datetime = START, ends_at: datetime = END, **more: object) -> Period:
    known: dict[str, object] = {
        "id": uuid4(),
        "samu_id": uuid4(),
        "sector_id": uuid4(),
        "company_id": COMPANY,
        "rank": 1,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "provisional": False,
        "phone": None,
        "asked_at": None,
        "approved_at": starts_at - timedelta(days=30),
        "withdrawn_at": None,
    }
    return Period(**known | more)  # type: ignore[arg-type]  # a test names what it changes


PERIOD = a_period()
PROVISIONAL = a_period(provisional=True, approved_at=None, asked_at=START, phone="0468000000")


def an_opening(at: datetime = START, period: Period = PERIOD, **more: object) -> Opening:
    known: dict[str, object] = {
        "at": at,
        "period": period,
        "device_id": PHONE,
        "device_kind": DeviceKind.MOBILE,
        "vehicle_id": VEHICLE,
        "category": Category.C,
        "engaged": False,
        "lease_site": None,
        "on_guard": (),
    }
    return Opening(**known | more)  # type: ignore[arg-type]  # a test names what it changes


def on_guard(
    period: Period, *, vehicle_id: UUID = VEHICLE, device_id: UUID = PHONE, shift_id: UUID | None = None
) -> OnGuard:
    return OnGuard(
        shift_id=shift_id or uuid4(),
        period_id=period.id,
        vehicle_id=vehicle_id,
        device_id=device_id,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
    )


def a_shift(period: Period = PERIOD, opened_at: datetime = START, **more: object) -> Shift:
    known: dict[str, object] = {
        "id": uuid4(),
        "period_id": period.id,
        "company_id": COMPANY,
        "vehicle_id": VEHICLE,
        "device_id": PHONE,
        "opened_at": opened_at,
        "late_s": late_s(period.starts_at, opened_at),
        "teammate": Teammate(name="Fable Exemple"),
    }
    return Shift(**known | more)  # type: ignore[arg-type]  # a test names what it changes
