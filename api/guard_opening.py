"""A crew opens its guard: of the roster, or one that the roster does not have (rules 39, 55-59, 66)."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from api.boarding import known_of
from api.guard_desk import facts_of, line_of, tell_engine
from api.problems import Problem, refused
from api.resources import Resources
from api.schemas.guard import MissingPeriodPosted, ShiftPosted, TeammateGiven
from domain import boarding
from domain.alarm_facts import AlarmRaised
from domain.duty_facts import CrewMember, DutyFact, GuardAsked, GuardCorrected, ShiftOpened, Teammate
from domain.guard import (
    MISSING_PERIOD,
    OPENS_BEFORE,
    Opening,
    Period,
    Shift,
    late_s,
    may_ask,
    may_correct,
    may_open,
    missing_alarm_id,
)
from domain.lease import Post
from domain.outcomes import Outcome
from domain.people import Actor
from domain.vocabulary import AlarmKind, Diploma
from storage import crews, devices, duty, guard, guard_shifts, guard_views
from storage.guard_shifts import Wish
from storage.guard_views import PeriodLine
from storage.staff import find_staff


@dataclass(frozen=True, slots=True)
class Opened:
    """A shift that is open; ``new`` unless it was asked for again."""

    line: PeriodLine
    new: bool


async def open_shift(
    resources: Resources, company_id: UUID, post: Post, posted: ShiftPosted, at: datetime
) -> Opened:
    """Open the shift of a period of the roster (rules 39, 55-58, 66). Raises Problem for what the rules refuse."""
    wish = Wish(company_id, post, posted.vehicle_id, at)
    async with resources.database.begin() as connection:
        period = await guard_shifts.own_period(connection, company_id, posted.period_id)
        if period is None:
            raise Problem("not_found")
        opening = await guard_shifts.opening_of(connection, period, wish)
        if opening.repeats is None:
            teammate = await _teammate(connection, company_id, posted.teammate)
            facts = await _begin(connection, opening, wish, teammate)
            line = await line_of(connection, period.id)
            await duty.tell(connection, facts)
        else:
            line = await line_of(connection, period.id)
    await tell_engine(resources, period.id)
    return Opened(line, new=opening.repeats is None)


async def ask_for_period(
    resources: Resources, company_id: UUID, post: Post, posted: MissingPeriodPosted, at: datetime
) -> Opened:
    """Open the guard of a period that the roster does not have; the SAMU is warned at once (rule 59).

    Asked again, its number, its end and its teammate are brought up to date.
    """
    wish = Wish(company_id, post, posted.vehicle_id, at)
    async with resources.database.begin() as connection:
        await duty.lock(connection, company_id)
        known = await _asked_before(connection, wish, posted.sector_id)
        teammate = await _teammate(connection, company_id, posted.teammate)
        if known is None:
            period_id, facts = await _ask(connection, wish, posted, teammate)
        else:
            period_id, facts = known.period.id, await _correct(connection, known, wish, posted, teammate)
        line = await line_of(connection, period_id)
        await duty.tell(connection, facts)
    await tell_engine(resources, period_id)
    return Opened(line, new=known is None)


async def _ask(
    connection: AsyncConnection, wish: Wish, posted: MissingPeriodPosted, teammate: Teammate
) -> tuple[UUID, list[DutyFact]]:
    period = await _provisional(connection, wish, posted)
    opening = await guard_shifts.opening_of(connection, period, wish)
    await guard_shifts.insert_period(connection, period)
    facts = await _begin(connection, opening, wish, teammate)
    return period.id, [*_asked(period, wish), *facts]


async def _correct(
    connection: AsyncConnection,
    known: PeriodLine,
    wish: Wish,
    posted: MissingPeriodPosted,
    teammate: Teammate,
) -> list[DutyFact]:
    """Keep what differs from what the crew said before, and tell it; its start stays."""
    assert known.shift is not None  # noqa: S101 - it was found by its open shift
    ends_at = posted.ends_at or known.period.ends_at
    period = replace(known.period, phone=posted.phone, ends_at=ends_at)
    if period == known.period and teammate == known.shift.teammate:
        return []
    outcome = may_correct(known.period, ends_at, wish.at)
    if not outcome.accepted:
        raise refused(outcome)
    if ends_at != known.period.ends_at:
        hours = period.starts_at, ends_at
        rank = await guard_shifts.next_rank(connection, wish.company_id, period.sector_id, *hours)
        period = replace(period, rank=rank)
    await guard_shifts.correct_period(connection, period)
    await guard_shifts.correct_teammate(connection, known.shift.id, teammate)
    bound = await _board(connection, wish, teammate, primary=False)
    corrected = GuardCorrected(
        company_id=period.company_id,
        ends_at=ends_at,
        phone=period.phone,
        teammate=teammate,
        by=wish.post.by,
    )
    return [*facts_of(period, wish.at, corrected), *bound]


async def _asked_before(connection: AsyncConnection, wish: Wish, sector_id: UUID) -> PeriodLine | None:
    """The provisional period that this phone and vehicle are on guard in already, for the same sector."""
    seat = wish.vehicle_id, wish.post.device_id
    on_guard = await guard_shifts.on_guard_of(connection, wish.company_id)
    own = [each.period_id for each in on_guard if (each.vehicle_id, each.device_id) == seat]
    await guard.lock_periods(connection, own)
    for period_id in own:
        line = await line_of(connection, period_id)  # as it is now that the SAMU decides nothing about it
        period, is_open = line.period, line.shift is not None and line.shift.is_open
        if period.provisional and period.sector_id == sector_id and is_open and wish.at < period.ends_at:
            return line
    return None


async def _provisional(connection: AsyncConnection, wish: Wish, posted: MissingPeriodPosted) -> Period:
    sector = await guard_views.sector_for(connection, wish.company_id, posted.sector_id)
    if sector is None:
        raise Problem("unknown_sector")
    starts_at = posted.starts_at or wish.at
    ends_at = posted.ends_at or starts_at + MISSING_PERIOD
    outcome = may_ask(starts_at, ends_at, wish.at)
    if not outcome.accepted:
        raise refused(outcome)
    offered = await guard_shifts.offered(connection, wish.company_id, sector.id, wish.at)
    if offered is not None:
        raise Problem(Outcome.GUARD_PERIOD_OFFERED.value, period_id=str(offered))
    return Period(
        id=uuid7(),
        samu_id=sector.samu_id,
        sector_id=sector.id,
        company_id=wish.company_id,
        rank=await guard_shifts.next_rank(connection, wish.company_id, sector.id, starts_at, ends_at),
        starts_at=starts_at,
        ends_at=ends_at,
        provisional=True,
        phone=posted.phone,
        asked_at=wish.at,
        approved_at=None,
        withdrawn_at=None,
    )


def _asked(period: Period, wish: Wish) -> list[DutyFact]:
    asked = GuardAsked(
        sector_id=period.sector_id,
        company_id=period.company_id,
        vehicle_id=wish.vehicle_id,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
        by=wish.post.by,
    )
    alarm = AlarmRaised(
        alarm=AlarmKind.GUARD_PERIOD_MISSING,
        alarm_id=missing_alarm_id(period.id),
        company_id=period.company_id,
    )
    return facts_of(period, wish.at, asked, alarm)


async def _begin(
    connection: AsyncConnection, opening: Opening, wish: Wish, teammate: Teammate
) -> list[DutyFact]:
    """Judge, keep the shift, put the phone in the vehicle."""
    outcome = may_open(opening)
    if not outcome.accepted:
        raise _refusal(outcome, opening)
    assert wish.post.by.person_id is not None  # noqa: S101 - companies have no software keys
    period = opening.period
    shift = Shift(
        id=uuid7(),
        period_id=period.id,
        company_id=wish.company_id,
        vehicle_id=wish.vehicle_id,
        device_id=wish.post.device_id,
        opened_at=wish.at,
        late_s=late_s(period.starts_at, wish.at),
        teammate=teammate,
    )
    await guard_shifts.insert_shift(connection, shift, wish.post.by.person_id)
    bound = await _board(connection, wish, teammate, primary=not opening.chained)
    return [*bound, *facts_of(period, wish.at, _opened(shift, wish.post.by, chained=opening.chained))]


def _opened(shift: Shift, by: Actor, *, chained: bool) -> ShiftOpened:
    return ShiftOpened(
        shift_id=shift.id,
        company_id=shift.company_id,
        vehicle_id=shift.vehicle_id,
        device_id=shift.device_id,
        teammate=shift.teammate,
        late_s=shift.late_s,
        chained=chained,
        by=by,
    )


def _refusal(outcome: Outcome, opening: Opening) -> Problem:
    """The problem for a guard that may not be opened, with what helps."""
    if outcome is Outcome.LEASE_HELD:
        detail = f"This phone regulates the site {opening.lease_site}: give its regulation up first."
        return Problem(outcome.value, detail)
    if outcome is Outcome.GUARD_NOT_YET_OPEN:
        opens_at = (opening.period.starts_at - OPENS_BEFORE).isoformat()
        return Problem(outcome.value, f"This guard may be opened from {opens_at}.", opens_at=opens_at)
    return refused(outcome)


async def _teammate(connection: AsyncConnection, company_id: UUID, given: TeammateGiven) -> Teammate:
    """From the company's list, or entered freely and flagged (rule 58)."""
    if given.staff_id is None:
        assert given.name is not None  # noqa: S101 - checked with the body
        return Teammate(
            name=given.name,
            diploma=given.diploma,
            diploma_number=given.diploma_number,
            free_entry=True,
        )
    member = await find_staff(connection, company_id, given.staff_id)
    if member is None:
        raise Problem("unknown_teammate")
    return Teammate(name=member.name, diploma=Diploma(member.diploma), staff_id=member.id)


async def _board(
    connection: AsyncConnection, wish: Wish, teammate: Teammate, *, primary: bool
) -> tuple[DutyFact, ...]:
    """Put the phone in the vehicle, as its primary one: the guard is solicited on it (rule 55)."""
    said = boarding.Declaration(
        crew_id=uuid7(),
        company_id=wish.company_id,
        vehicle_id=wish.vehicle_id,
        post=wish.post,
        members=(
            CrewMember(name=wish.post.by.name),
            CrewMember(name=teammate.name, diploma=teammate.diploma),
        ),
        primary=primary or None,
    )
    done = boarding.declare(said, await known_of(connection, said), wish.at)
    if done is Outcome.CONFIRMATION_REQUIRED:  # it is the only phone of another guard
        raise refused(Outcome.GUARD_PHONE_TAKEN)
    if isinstance(done, Outcome):
        raise refused(done)
    await crews.write(connection, done[1], wish.at)
    await devices.note_seen(connection, wish.post.device_id, wish.at)
    return done[1].facts
