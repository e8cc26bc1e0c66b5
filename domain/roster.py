"""The roster of the guard: every line is judged, every bad one named, and all of it is planned or nothing is.

Pure: what a SAMU has (its sectors, its companies, what is planned already) and what time it is come in as arguments.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from uuid import UUID

from domain.guard import LONGEST_PERIOD, SHORTEST_PERIOD, elapsed
from domain.local_time import TimeFault, read_instant
from domain.roster_text import HIGHEST_RANK, Column, Fault, Place, Written, WrittenLine, plain

Post = tuple[UUID, UUID, int]
"""Sector, company and rank: what one vehicle keeps, one period after the other."""

RANK = re.compile(r"0*[1-9][0-9]?")
assert HIGHEST_RANK == 99  # noqa: S101, PLR2004 - as RANK says
UUID_TEXT = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TIME_FAULTS: Mapping[TimeFault, str] = {
    TimeFault.BAD_INSTANT: "should be like 2026-11-22T20:00, 22/11/2026 20:00 or 2026-11-22T20:00:00+01:00",
    TimeFault.NO_SUCH_TIME: "does not exist that night, the clocks jump over it: give it with its offset",
    TimeFault.TWICE: "exists twice that night, the clocks go back: give it with its offset",
}


@dataclass(frozen=True, slots=True)
class Directory:
    """The sectors of a SAMU and the companies that it has a convention with, by plain name and by id."""

    sectors: Mapping[str, frozenset[UUID]]
    companies: Mapping[str, frozenset[UUID]]

    @classmethod
    def of(cls, sectors: Mapping[UUID, str], companies: Mapping[UUID, str]) -> "Directory":
        """Take the names by id."""
        return cls(_by_name(sectors), _by_name(companies))


def _by_name(names: Mapping[UUID, str]) -> Mapping[str, frozenset[UUID]]:
    found: dict[str, frozenset[UUID]] = defaultdict(frozenset)
    for id_, name in names.items():
        found[plain(name)] |= {id_}
        found[str(id_)] = frozenset({id_})
    return dict(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterLine:
    """A line that could be read: instants in UTC."""

    place: Place
    sector_id: UUID
    company_id: UUID
    rank: int
    starts_at: datetime
    ends_at: datetime

    @property
    def post(self) -> Post:
        """What it is a period of."""
        return self.sector_id, self.company_id, self.rank

    @property
    def key(self) -> tuple[Post, datetime, datetime]:
        """What makes two lines the same."""
        return self.post, self.starts_at, self.ends_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A period that is planned already. ``opened``: a crew has its shift open."""

    id: UUID
    sector_id: UUID
    company_id: UUID
    rank: int
    starts_at: datetime
    ends_at: datetime
    provisional: bool
    approved: bool
    opened: bool

    @property
    def post(self) -> Post:
        """What it is a period of."""
        return self.sector_id, self.company_id, self.rank

    @property
    def key(self) -> tuple[Post, datetime, datetime]:
        """What makes it the same as a line."""
        return self.post, self.starts_at, self.ends_at


@dataclass(frozen=True, slots=True)
class Plan:
    """What an import does. With any fault it does nothing."""

    faults: Sequence[Fault] = ()
    new: Sequence[RosterLine] = ()
    unchanged: Sequence[Planned] = ()
    withdrawn: Sequence[Planned] = ()

    @property
    def confirmed(self) -> list[Planned]:
        """Provisional periods that the roster has now: there is nothing left to approve."""
        return [each for each in self.unchanged if each.provisional and not each.approved]


# -- one line --------------------------------------------------------------------------------------------------------


def read_lines(written: Written, directory: Directory, zone: tzinfo) -> tuple[list[RosterLine], list[Fault]]:
    """The lines that can be read, and everything that is wrong with the others."""
    lines: list[RosterLine] = []
    faults = list(written.faults)
    for each in written.lines:
        line, found = _read(each, directory, zone)
        faults += found
        lines += [line] if line else []
    return lines, faults


def _read(written: WrittenLine, directory: Directory, zone: tzinfo) -> tuple[RosterLine | None, list[Fault]]:
    place, faults = written.place, list[Fault]()
    texts = written.texts
    sector = _named(written, Column.SECTOR, directory.sectors, faults)
    company = _named(written, Column.COMPANY, directory.companies, faults)
    start = _instant(written, Column.START, zone, faults)
    end = _instant(written, Column.END, zone, faults)
    rank = texts.get(Column.RANK, "1")
    if not RANK.fullmatch(rank):
        faults.append(place.fault("bad_rank", f"should be a number from 1 to {HIGHEST_RANK}", Column.RANK))
    if start and end:
        faults += _length(place, start, end)
    if faults or not (sector and company and start and end):
        return None, faults
    line = RosterLine(
        place=place, sector_id=sector, company_id=company, rank=int(rank), starts_at=start, ends_at=end
    )
    return line, faults


def _named(
    written: WrittenLine, column: Column, known: Mapping[str, frozenset[UUID]], faults: list[Fault]
) -> UUID | None:
    text = written.texts.get(column)
    if text is None:
        faults.append(written.place.fault("missing", "is missing", column))
        return None
    found = known.get(text.lower() if UUID_TEXT.fullmatch(text) else plain(text), frozenset())
    if len(found) == 1:
        return next(iter(found))
    detail = f"this {column} is unknown to this SAMU"
    if column is Column.COMPANY:
        detail += ", or has no convention with it"
    if found:
        detail = f"several have this name: give the {column}'s id"
    faults.append(written.place.fault(f"{'ambiguous' if found else 'unknown'}_{column}", detail, column))
    return None


def _instant(written: WrittenLine, column: Column, zone: tzinfo, faults: list[Fault]) -> datetime | None:
    text = written.texts.get(column)
    if text is None:
        faults.append(written.place.fault("missing", "is missing", column))
        return None
    found = read_instant(text, zone)
    if isinstance(found, TimeFault):
        faults.append(written.place.fault(found.value, TIME_FAULTS[found], column))
        return None
    return found


def _length(place: Place, start: datetime, end: datetime) -> list[Fault]:
    """Elapsed time: a guard of twelve hours by the clock may last thirteen (rule 102)."""
    length = elapsed(start, end)
    if end <= start:
        return [place.fault("end_not_after_start", "the end is not after the start", Column.END)]
    if length < SHORTEST_PERIOD:
        return [place.fault("period_too_short", "lasts less than a minute", Column.END)]
    if length > LONGEST_PERIOD:
        return [place.fault("period_too_long", "lasts more than 26 hours", Column.END)]
    return []


# -- the lines together ----------------------------------------------------------------------------------------------


def plan(lines: Sequence[RosterLine], planned: Iterable[Planned], at: datetime, *, replace: bool) -> Plan:
    """Judge lines that could be read against each other and against what is planned (not withdrawn) already."""
    unique, faults = _without_doubles(lines)
    known = {each.key: each for each in planned}
    unchanged = [known[key] for key in unique if key in known]
    new = [line for key, line in unique.items() if key not in known]
    others = [each for key, each in known.items() if key not in unique and not each.provisional]
    withdrawn = _withdrawn(lines, others, at) if replace and lines else []
    gone = {each.id for each in withdrawn}
    stays = [each for each in others if each.id not in gone]
    faults += [_over(line) for line in new if line.ends_at <= at]
    faults += _overlaps(list(unique.values())) + _overlaps_planned(new, stays)
    return Plan(faults) if faults else Plan((), new, unchanged, withdrawn)


def _without_doubles(
    lines: Iterable[RosterLine],
) -> tuple[dict[tuple[Post, datetime, datetime], RosterLine], list[Fault]]:
    first: dict[tuple[Post, datetime, datetime], RosterLine] = {}
    faults = []
    for line in lines:
        same = first.setdefault(line.key, line)
        if same is not line:
            faults.append(line.place.fault("duplicate_line", f"is the same as {same.place}"))
    return first, faults


def _withdrawn(lines: Sequence[RosterLine], others: Iterable[Planned], at: datetime) -> list[Planned]:
    """What a new roster of these sectors leaves out within its span, or contradicts; what has begun stays."""
    sectors = {line.sector_id for line in lines}
    first = min(line.starts_at for line in lines)
    last = max(line.ends_at for line in lines)
    posts: dict[Post, list[RosterLine]] = defaultdict(list)
    for line in lines:
        posts[line.post].append(line)
    return [
        each
        for each in others
        if each.sector_id in sectors
        and each.starts_at >= at
        and not each.opened
        and (first <= each.starts_at < last or _contradicts(posts.get(each.post, ()), each))
    ]


def _contradicts(lines: Iterable[RosterLine], planned: Planned) -> bool:
    return any(line.starts_at < planned.ends_at and planned.starts_at < line.ends_at for line in lines)


def _over(line: RosterLine) -> Fault:
    return line.place.fault("already_over", "is over already", Column.END)


def _overlaps(lines: Iterable[RosterLine]) -> list[Fault]:
    """Two periods of one post at a time: the one that starts later is named."""
    faults = []
    latest: dict[Post, RosterLine] = {}
    for line in sorted(lines, key=lambda each: each.starts_at):
        before = latest.get(line.post)
        if before and line.starts_at < before.ends_at:
            faults.append(line.place.fault("overlap", f"overlaps {before.place}", Column.START))
        if before is None or line.ends_at > before.ends_at:
            latest[line.post] = line
    return faults


def _overlaps_planned(lines: Iterable[RosterLine], planned: Iterable[Planned]) -> list[Fault]:
    posts: dict[Post, list[Planned]] = defaultdict(list)
    for each in sorted(planned, key=lambda each: each.starts_at):
        posts[each.post].append(each)
    ends = {post: [each.ends_at for each in found] for post, found in posts.items()}
    faults = []
    for line in lines:
        place = bisect_right(ends.get(line.post, ()), line.starts_at)
        following = posts[line.post][place : place + 1] if line.post in posts else []
        if following and following[0].starts_at < line.ends_at:
            detail = f"overlaps a period that is planned from {following[0].starts_at:%Y-%m-%dT%H:%MZ}"
            faults.append(line.place.fault("overlaps_planned", detail, Column.START))
    return faults
