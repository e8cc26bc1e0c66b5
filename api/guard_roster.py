"""Imports a roster: read, judged and planned as a whole, or refused with every line that is wrong."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from pydantic import JsonValue
from sqlalchemy.ext.asyncio import AsyncConnection
from uuid_utils.compat import uuid7

from api.guard_desk import tell_engine
from api.problems import Problem
from api.resources import Resources
from api.schemas.guard import Change, Named, RosterLineShown, RosterTaken
from domain.alarm_facts import AlarmClosed
from domain.duty_facts import AnyDutyBody, DutyFact, GuardApproved, GuardPlanned, GuardWithdrawn, of_guard
from domain.guard import missing_alarm_id
from domain.people import Actor
from domain.roster import Plan, Planned, RosterLine, plan, read_lines
from domain.roster_text import Fault, Written
from domain.vocabulary import AlarmKind
from storage import duty, guard_roster
from storage.guard_roster import RosterBook

MOST_ERRORS = 200
"""So many are named in one answer; ``error_count`` says how many there are."""
MOST_PERIODS = 50
NEW_ROSTER = "not in the new roster"


async def import_roster(
    resources: Resources,
    samu_id: UUID,
    by: Actor,
    written: Written,
    at: datetime,
    *,
    replace: bool,
    dry_run: bool,
) -> RosterTaken:
    """Plan what the roster says. Raises Problem 422 with every bad line, 404 for a SAMU that does not exist.

    A dry run judges all the same, and writes nothing. The same roster again changes nothing.
    """
    async with resources.database.connect() as connection:
        book = await guard_roster.read_book(connection, samu_id)
    if book is None:
        raise Problem("not_found")
    zone = ZoneInfo(book.timezone)
    lines, faults = await asyncio.to_thread(read_lines, written, book.directory, zone)
    async with resources.database.connect() as connection:
        done = await _judged(connection, samu_id, lines, at, replace=replace)
        if faults or done.faults:
            raise _invalid([*faults, *done.faults])
        new = [(uuid7(), line) for line in done.new]
        if not dry_run:
            await _write(connection, samu_id, by, done, new, at)
            await connection.commit()
    for each in done.confirmed if not dry_run else ():
        await tell_engine(resources, each.id)
    return _shown(book, done, new, dry_run=dry_run)


async def _judged(
    connection: AsyncConnection, samu_id: UUID, lines: Sequence[RosterLine], at: datetime, *, replace: bool
) -> Plan:
    if not lines:
        return Plan()
    start, end = min(line.starts_at for line in lines), max(line.ends_at for line in lines)
    planned = await guard_roster.planned_between(connection, samu_id, start, end)
    return await asyncio.to_thread(plan, lines, planned, at, replace=replace)


async def _write(
    connection: AsyncConnection,
    samu_id: UUID,
    by: Actor,
    done: Plan,
    new: Sequence[tuple[UUID, RosterLine]],
    at: datetime,
) -> None:
    """Write the periods, then tell of them."""
    await guard_roster.withdraw(connection, [each.id for each in done.withdrawn], at, NEW_ROSTER)
    await guard_roster.confirm(connection, [each.id for each in done.confirmed], at, by.name)
    await guard_roster.insert_lines(connection, samu_id, new, at, by.name)
    gone = GuardWithdrawn(reason=NEW_ROSTER, by=by)
    facts = [of_guard(each.id, samu_id, each.company_id, gone, at) for each in done.withdrawn]
    facts += [of_guard(id_, samu_id, line.company_id, _planned(line, by), at) for id_, line in new]
    await duty.tell(
        connection, [fact for each in done.confirmed for fact in _confirmed(each, samu_id, by, at)]
    )
    await duty.tell_held(connection, facts)


def _planned(line: RosterLine, by: Actor) -> GuardPlanned:
    return GuardPlanned(
        sector_id=line.sector_id,
        company_id=line.company_id,
        starts_at=line.starts_at,
        ends_at=line.ends_at,
        rank=line.rank,
        by=by,
    )


def _confirmed(period: Planned, samu_id: UUID, by: Actor, at: datetime) -> list[DutyFact]:
    """What a crew asked for is in the roster now: that is the SAMU's approval."""
    alarm = AlarmClosed(alarm_id=missing_alarm_id(period.id), alarm=AlarmKind.GUARD_PERIOD_MISSING)
    bodies: tuple[AnyDutyBody, ...] = (GuardApproved(by=by), alarm)
    return [of_guard(period.id, samu_id, period.company_id, body, at) for body in bodies]


# -- what is answered ------------------------------------------------------------------------------------------------


def _invalid(faults: Sequence[Fault]) -> Problem:
    """Every bad line, in the order of the file; of more than MOST_ERRORS, the first."""
    ordered = sorted(faults, key=_place)
    count = len(ordered)
    told = f"{count} things are wrong" if count > 1 else "One thing is wrong"
    errors: list[JsonValue] = [
        {name: value for name, value in asdict(fault).items() if value is not None}
        for fault in ordered[:MOST_ERRORS]
    ]
    detail = f"{told} with this roster, nothing was imported: correct what `errors` names and send it again."
    return Problem("invalid_roster", detail, errors=errors, error_count=count)


def _place(fault: Fault) -> int:
    """The line of the file, or the index in the list; what is wrong with the whole comes first."""
    if fault.line is not None:
        return fault.line
    parts = (fault.pointer or "").split("/")
    return int(parts[2]) if len(parts) > 2 else -1  # noqa: PLR2004 - /periods/<index>


def _shown(
    book: RosterBook, done: Plan, new: Iterable[tuple[UUID, RosterLine]], *, dry_run: bool
) -> RosterTaken:
    shown = [_line(book, line, None if dry_run else id_, Change.PLANNED) for id_, line in new]
    shown += [_line(book, each, each.id, Change.WITHDRAWN) for each in done.withdrawn]
    shown += [_line(book, each, each.id, Change.UNCHANGED) for each in done.unchanged]
    return RosterTaken(
        planned=len(done.new),
        unchanged=len(done.unchanged),
        withdrawn=len(done.withdrawn),
        dry_run=dry_run,
        periods=shown[:MOST_PERIODS],
    )


def _line(
    book: RosterBook, period: RosterLine | Planned, id_: UUID | None, change: Change
) -> RosterLineShown:
    return RosterLineShown(
        id=id_,
        change=change,
        sector=Named(id=period.sector_id, name=book.sectors[period.sector_id]),
        company=Named(id=period.company_id, name=book.companies.get(period.company_id, "")),
        rank=period.rank,
        starts_at=period.starts_at,
        ends_at=period.ends_at,
    )
