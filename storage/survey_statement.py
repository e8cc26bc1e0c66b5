"""The statement by which a survey reads the fleet of a SAMU: three kinds of rows, each in columns of its own.

Common tables are computed once and joined by hashing: what belongs to a company or a site is looked up once, and not for
each vehicle. The columns of each kind lie behind those of the one before, and are null in the rows of the others.
"""

from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from storage.direct import Direct
from storage.fleet import (
    CELLS,
    SAMU,
    FleetVehicle,
    best_lease,
    device_seen,
    last_mission,
    on_guard,
)
from storage.guard import GUARD_VEHICLES
from storage.tables import (
    Uuid,
    conventions,
    engagements,
    leases,
    sites,
    surveys,
    vehicle_positions,
    vehicles,
)


class OnGuard(NamedTuple):
    """For which sector a vehicle is on guard, how many missions it had since it is (rule 12), and its phones."""

    sector_id: UUID
    missions: int
    phones: int


OWN_FIELDS = FleetVehicle._fields[: FleetVehicle._fields.index("home_lat")]
"""What is known of a vehicle from its own rows; the rest, but for the last, is its site's."""
REST, VEHICLE = 0, 4
"""Where the columns of each kind begin; a row is of the kind whose first column is not null."""
HOME = VEHICLE + OWN_FIELDS.index("site_id")
LAST = VEHICLE + len(OWN_FIELDS)
LEASE = LAST + 1
GUARD = LEASE + 2
"""Behind a vehicle's own columns: its company's last mission, the lease for one without a site, its duty on guard."""
SITE = GUARD + len(OnGuard._fields)

_OF_FIX = (
    *("vehicle_id", "lat", "lon", "cover_cell", "recorded_at", "speed_kmh"),
    *("road_graph", "road_node", "road_access_m"),
)
_OF_SITE = (
    "id",
    "company_id",
    "lat",
    "lon",
    "mobilisation_s",
    "mobilisation_by_hour_s",
    "available",
    "available_until",
)

Columns = Sequence[sa.ColumnElement[Any]]


class _Part(NamedTuple):
    """A branch of the statement: its own columns, and where they come from."""

    columns: Columns
    source: sa.FromClause
    where: sa.ColumnElement[bool] = sa.true()


def _statement() -> sa.CompoundSelect[Any]:
    company = _companies()
    fleet, guard = _fleet(company), _cte("guard", GUARD_VEHICLES)
    near = _near(guard)
    parts = [_rest(fleet, near, guard), _vehicles(fleet, near, guard), _sites(company, fleet)]
    heads = [part.columns for part in parts]
    return sa.union_all(*(_padded(part, heads, at) for at, part in enumerate(parts)))


def _padded(part: _Part, heads: Sequence[Columns], kind: int) -> sa.Select[Any]:
    """A branch with nulls in the columns of the other kinds."""
    columns = [
        part.columns if at == kind else [_null(one.type) for one in head] for at, head in enumerate(heads)
    ]
    return sa.select(*chain.from_iterable(columns)).select_from(part.source).where(part.where)


def _null(type_: sa.types.TypeEngine[Any]) -> sa.ColumnElement[Any]:
    return sa.cast(sa.null(), type_)


def _cte(name: str, query: sa.SelectBase) -> sa.CTE:
    """Computed once, whatever PostgreSQL thinks of it: no plan knows how few rows these are."""
    return query.cte(name).prefix_with("MATERIALIZED")


def _companies() -> sa.CTE:
    """Those that the SAMU may solicit, and when each was last given a mission."""
    query = sa.select(conventions.c.company_id, last_mission(conventions).label("last_mission_at"))
    return _cte("company", query.where(conventions.c.samu_id == SAMU))


def _near(guard: sa.CTE) -> sa.CTE:
    """Every position in the cells, whosever it is; and that of a vehicle on guard, wherever it is."""
    fix = vehicle_positions
    columns = [fix.c[name] for name in _OF_FIX]
    within = sa.select(*columns).where(fix.c.cover_cell == sa.any_(CELLS))
    elsewhere = sa.select(*columns).join(guard, guard.c.vehicle_id == fix.c.vehicle_id)
    return _cte("near", sa.union_all(within, elsewhere.where(fix.c.cover_cell != sa.all_(CELLS))))


def _fleet(company: sa.CTE) -> sa.CTE:
    """Every vehicle of the companies; of one without a site its company's best lease counts."""
    plain = ("id", "company_id", "site_id", "category", "available", "available_until")
    homeless = vehicles.c.site_id.is_(None)
    query = sa.select(
        *(vehicles.c[name] for name in plain),
        engagements.c.vehicle_id.is_not(None).label("engaged"),
        on_guard().label("on_guard"),
        company.c.last_mission_at,
        *(sa.case((homeless, best_lease(leases.c[name]))).label(name) for name in ("state", "heartbeat_at")),
    )
    own = company.join(vehicles, vehicles.c.company_id == company.c.company_id)
    return _cte(
        "fleet", query.select_from(own.outerjoin(engagements, engagements.c.vehicle_id == vehicles.c.id))
    )


def _vehicles(fleet: sa.CTE, near: sa.CTE, guard: sa.CTE) -> _Part:
    """Those in the cells; and those on guard, which may be asked from anywhere."""
    elsewhere = {
        "vehicle_id": fleet.c.id,
        "cell": near.c.cover_cell,
        # In binary 12.65 of four bytes is 12.649999618…, which is another number of milliseconds.
        "road_access_m": sa.cast(sa.cast(near.c.road_access_m, sa.Text), sa.Double),
        "fix_at": near.c.recorded_at,
        "device_seen_at": device_seen(fleet),
    }
    own = [elsewhere[n] if n in elsewhere else (fleet if n in fleet.c else near).c[n] for n in OWN_FIELDS]
    of_company = [fleet.c[name] for name in ("last_mission_at", "state", "heartbeat_at")]
    joined = fleet.outerjoin(near, near.c.vehicle_id == fleet.c.id)
    return _Part(
        [*own, *of_company, *(guard.c[name] for name in OnGuard._fields)],
        joined.outerjoin(guard, guard.c.vehicle_id == fleet.c.id),
        near.c.vehicle_id.is_not(None) | guard.c.vehicle_id.is_not(None),
    )


def _sites(company: sa.CTE, fleet: sa.CTE) -> _Part:
    """All sites of the companies, with the categories of the vehicles that each company could name (rule 9)."""
    place, free = _places(company, fleet), _free(fleet)
    columns = [
        *(place.c[name] for name in _OF_SITE),
        sa.func.coalesce(free.c.categories, sa.cast(sa.literal_column("'{}'"), ARRAY(sa.Text))),
        company.c.last_mission_at,
        leases.c.state,
        leases.c.heartbeat_at,
        company.c.company_id.is_not(None),
    ]
    joined = (
        place.outerjoin(company, company.c.company_id == place.c.company_id)
        .outerjoin(free, free.c.company_id == place.c.company_id)
        .outerjoin(leases, leases.c.site_id == place.c.id)
    )
    return _Part(columns, joined)


def _places(company: sa.CTE, fleet: sa.CTE) -> sa.CTE:
    """The sites of the companies; and those of others at which a vehicle is at home: its crew leaves from there."""
    columns = [sites.c[name] for name in _OF_SITE]
    own = _cte("own", sa.select(*columns).join(company, company.c.company_id == sites.c.company_id))
    strange = sa.select(fleet.c.site_id).where(~sa.exists().where(own.c.id == fleet.c.site_id))
    return _cte("place", sa.union_all(sa.select(own), sa.select(*columns).where(sites.c.id.in_(strange))))


def _free(fleet: sa.CTE) -> sa.CTE:
    """Of each company the categories of its vehicles that are neither on a mission nor on guard."""
    categories = sa.func.array_agg(fleet.c.category.distinct(), type_=ARRAY(sa.Text)).label("categories")
    free = sa.select(fleet.c.company_id, categories).where(~fleet.c.engaged, ~fleet.c.on_guard)
    return _cte("free", free.group_by(fleet.c.company_id))


def _rest(fleet: sa.CTE, near: sa.CTE, guard: sa.CTE) -> _Part:
    """One row: whoever is in none of the cells, and what the survey before found."""
    fix = vehicle_positions
    read = sa.or_(*(sa.exists().where(one.c.vehicle_id == fleet.c.id) for one in (near, guard)))
    together = [sa.cast(sa.func.array_agg(one), sa.Text) for one in (fleet.c.id, fix.c.cover_cell)]
    joined = fleet.outerjoin(fix, fix.c.vehicle_id == fleet.c.id)
    return _Part([sa.true(), *together, _digest_before()], joined, ~read)


def _digest_before() -> sa.ScalarSelect[bytes]:
    demand, round_ = sa.bindparam("demand", type_=Uuid), sa.bindparam("round", type_=sa.Integer)
    of_round = sa.select(surveys.c.digest).where(surveys.c.demand_id == demand, surveys.c.round == round_)
    return of_round.order_by(surveys.c.number.desc()).limit(1).scalar_subquery()


STATEMENT = Direct(_statement())
"""Asked with a `storage.survey_reading.Question`."""
