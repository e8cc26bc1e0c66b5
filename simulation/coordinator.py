"""The ATSU's coordinator: imports the roster of the guard, one company for each sector and night."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import JsonValue

from simulation.calendar import HOUR, Night
from simulation.client import ApiClient
from simulation.fleet import distance_km
from simulation.lists import read_all
from simulation.runtime import CompanyAccount
from simulation.sectors import SectorPlace
from simulation.stage import Stage
from simulation.wire import Page, Point
from simulation.wire_duty import GuardPeriod, RosterTaken

NEAR_KM = 15.0
"""A company keeps a sector's guard when it has a site so near its main town."""
ENOUGH_VEHICLES = 3
"""A company of fewer vehicles keeps the guard only where there is no other."""
IMPORTS_BEFORE = 6 * HOUR
"""The roster of a night is imported so long before it (simulated seconds), or at the beginning of a run."""


class Coordinator:
    """Imports roster after roster."""

    def __init__(self, client: ApiClient, stage: Stage, companies: Sequence[CompanyAccount]) -> None:
        """``client`` calls as the coordinator."""
        self._client = client
        self._stage = stage
        self._companies = companies

    async def begin(self, sectors: Sequence[SectorPlace]) -> None:
        """Import the roster of the night that comes, or that it is."""
        await self._import(self._stage.calendar.night(self._stage.calendar.day), sectors)

    async def run(self, sectors: Sequence[SectorPlace]) -> None:
        """Import every further night's roster in its afternoon, until cancelled."""
        calendar, day = self._stage.calendar, self._stage.calendar.day
        while True:
            day += 1
            await calendar.until(calendar.evening(day) - IMPORTS_BEFORE)
            await self._import(calendar.night(day), sectors)

    async def _import(self, night: Night, sectors: Sequence[SectorPlace]) -> None:
        """Import a night's roster, all sectors at once."""
        starts = self._stage.calendar.instant(night.starts)
        ends = self._stage.calendar.instant(night.ends)
        planned = await self._planned(starts, ends)
        taken: set[str] = set()
        lines: list[JsonValue] = []
        for sector in sectors:
            company = self._company_for(sector, night.number, taken)
            taken.add(company.id)
            lines.append(
                {
                    "sector": sector.id,
                    "company": company.id,
                    "starts_at": starts.isoformat(),
                    "ends_at": ends.isoformat(),
                    "rank": _free_rank(planned, sector.id, company.id),
                }
            )
        if lines:
            reply = await self._client.post("/v1/guard/roster", {"periods": lines})
            done = reply.read(RosterTaken) if self._stage.ledger.judge("import roster", reply) else None
            self._stage.ledger.guard["periods planned"] += done.planned if done else 0

    async def _planned(self, starts: datetime, ends: datetime) -> list[GuardPeriod]:
        """Read what is planned for these hours already: an earlier run's roster stays."""
        span = {"from": starts.isoformat(), "to": ends.isoformat()}
        found = await read_all(self._client, self._stage, "/v1/guard/periods", Page[GuardPeriod], **span)
        return found or []

    def _company_for(self, sector: SectorPlace, day: int, taken: set[str]) -> CompanyAccount:
        """Choose a company with a site near the main town, another one every night."""
        rng = self._stage.rng("roster", sector.name, day)
        suited = [one for one in self._companies if _suits(one, sector.town)]
        free = [one for one in suited if one.id not in taken]
        nearest = sorted(self._companies, key=lambda one: (one.id in taken, _away_km(one, sector.town)))
        return rng.choice(free) if free else nearest[0]


def _suits(company: CompanyAccount, town: Point) -> bool:
    return len(company.vehicles) >= ENOUGH_VEHICLES and _away_km(company, town) <= NEAR_KM


def _away_km(company: CompanyAccount, town: Point) -> float:
    """The way from the town to the company's nearest site; very far without one."""
    places = (Point(lat=site.lat, lon=site.lon) for site in company.sites)
    return min((distance_km(place, town) for place in places), default=1e6)


def _free_rank(planned: Sequence[GuardPeriod], sector_id: str, company_id: str) -> int:
    """The rank after those that the company has for this sector and these hours: two periods of one never overlap."""
    ranks = [one.rank for one in planned if (one.sector.id, one.company.id) == (sector_id, company_id)]
    return max(ranks, default=0) + 1
