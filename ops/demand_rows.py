"""Finds the demand and the vehicle or site that an operator names. Reads nothing of the patient."""

import difflib
import string
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import tables

DIGITS = 32
"""Of an id."""
SHORTEST_BEGINNING = 8
MOST_NAMED = 10
NEAREST = 5
ALIKE = 0.5
RECENT = 500
"""Among so many references of the last demands the nearest are looked for."""


class NotFoundError(Exception):
    """Nothing, or more than one, is what the operator named; the text says what is near, in one sentence."""


@dataclass(frozen=True, slots=True)
class DemandTerms:
    """What a demand asks for as it stands now, without address or motive. Degrees, minutes."""

    id: UUID
    samu_id: UUID
    samu: str
    timezone: str
    reference: str
    status: str
    received_at: datetime
    max_delay_minutes: int
    volume: str
    lat: float
    lon: float
    revision: int
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Target:
    """A vehicle, or a site."""

    id: UUID
    name: str
    company_id: UUID
    company: str
    is_site: bool

    @property
    def full_name(self) -> str:
        """With its company, and what it is."""
        return f"{'site' if self.is_site else 'vehicle'} {self.name} of {self.company}"


async def find_demand(connection: AsyncConnection, named: str) -> DemandTerms:
    """The demand of this id, of this reference of its SAMU, or whose id begins so. Raises NotFoundError."""
    id_, rows = _id(named), []
    for known in _ways_to_name(named):
        rows = list(await connection.execute(_DEMAND.where(known).limit(MOST_NAMED)))
        if rows:
            break
    if len(rows) == 1:
        return DemandTerms(*rows[0])
    if rows:
        listed = ", ".join(f"{row.id} of {row.samu}" for row in rows)
        raise NotFoundError(f"{len(rows)} demands are called {named}: give the whole id ({listed})")
    if id_:
        raise NotFoundError(f"no demand has the id {named}")
    recent = sa.select(tables.demands.c.reference).order_by(tables.demands.c.received_at.desc()).limit(RECENT)
    near = _nearest(named, list(await connection.scalars(recent)))
    raise NotFoundError(f"no demand has the id or the reference {named!r}{_suggested(near)}")


def _ways_to_name(named: str) -> Iterator[sa.ColumnElement[bool]]:
    """By id; else by reference, then by the beginning of the id."""
    id_ = _id(named)
    if id_ is not None:
        yield _views.c.demand_id == id_
        return
    yield tables.demands.c.reference == named
    digits = named.replace("-", "").lower()
    if SHORTEST_BEGINNING <= len(digits) < DIGITS and not set(digits) - set(string.hexdigits):
        first, last = UUID(digits.ljust(DIGITS, "0")), UUID(digits.ljust(DIGITS, "f"))
        yield _views.c.demand_id.between(first, last)


async def find_target(connection: AsyncConnection, demand: DemandTerms, named: str) -> Target:
    """The vehicle or site of this id or name, of those that the demand's SAMU may solicit. Raises NotFoundError."""
    id_ = _id(named)
    if id_:
        rows = await connection.execute(_TARGETS.where(_targets.c.id == id_))
    else:
        theirs = sa.select(tables.conventions.c.company_id).where(
            tables.conventions.c.samu_id == demand.samu_id
        )
        rows = await connection.execute(_TARGETS.where(_targets.c.company_id.in_(theirs)))
    known = [Target(*row) for row in rows]
    found = known if id_ else [one for one in known if one.name.casefold() == named.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        listed = ", ".join(f"{one.id} is the {one.full_name}" for one in found)
        raise NotFoundError(f"{len(found)} are called {named!r}: give the id ({listed})")
    if id_:
        raise NotFoundError(f"no vehicle or site has the id {named}")
    near = _nearest(named, sorted({one.name for one in known}))
    raise NotFoundError(f"no vehicle or site of {demand.samu} is called {named!r}{_suggested(near)}")


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _nearest(named: str, names: Sequence[str]) -> list[str]:
    """Names that hold what was typed, then those that look like it."""
    holding = [name for name in names if named.casefold() in name.casefold()]
    alike = difflib.get_close_matches(named, names, NEAREST, ALIKE)
    return list(dict.fromkeys([*holding, *alike]))[:NEAREST]


def _suggested(near: Sequence[str]) -> str:
    return f"; the nearest: {', '.join(near)}" if near else ""


_views = tables.demand_views
_DEMAND = sa.select(
    _views.c.demand_id.label("id"),
    _views.c.samu_id,
    tables.samus.c.name.label("samu"),
    tables.samus.c.timezone,
    tables.demands.c.reference,
    *(_views.c[name] for name in DemandTerms.__slots__[5:]),
).select_from(
    _views.join(tables.demands, tables.demands.c.id == _views.c.demand_id).join(
        tables.samus, tables.samus.c.id == _views.c.samu_id
    )
)


def _named(table: sa.Table, *, is_site: bool) -> sa.Select[tuple[UUID, str, UUID, str, bool]]:
    columns = (table.c.id, table.c.name, table.c.company_id, tables.companies.c.name.label("company"))
    query = sa.select(*columns, sa.literal(is_site).label("is_site"))
    return query.join_from(table, tables.companies, tables.companies.c.id == table.c.company_id)


_targets = sa.union_all(_named(tables.vehicles, is_site=False), _named(tables.sites, is_site=True)).subquery(
    "targets"
)
_TARGETS = sa.select(*(_targets.c[name] for name in Target.__slots__)).order_by(
    _targets.c.name, _targets.c.id
)
