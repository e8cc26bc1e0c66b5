"""Two guard sectors, a company's staff, and periods of the roster, for tests of the guard."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import sqlalchemy as sa

from storage import tables
from tests.api.caller import Json
from tests.api.conftest import Api

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class GuardWorld:
    """The sectors, and one of the first company's staff."""

    api: Api
    carcassonne: UUID
    limoux: UUID
    staff_id: UUID
    left_id: UUID

    async def plan(self, start: timedelta, length: timedelta = 12 * HOUR, **more: object) -> str:
        """A period of the roster, from now on; of the first company, in Carcassonne."""
        starts_at = self.api.resources.clock() + start
        row: dict[str, object] = {
            "id": uuid4(),
            "samu_id": self.api.world.samu_id,
            "sector_id": self.carcassonne,
            "company_id": self.api.world.cathare.id,
            "starts_at": starts_at,
            "ends_at": starts_at + length,
            "approved_at": starts_at - HOUR,
        }
        async with self.api.resources.database.begin() as connection:
            await connection.execute(sa.insert(tables.guard_periods).values(row | more))
        return str((row | more)["id"])

    async def facts(self, subject_id: str) -> list[str]:
        """The kinds of a subject's facts, in order."""
        query = sa.select(tables.journal.c.kind).where(tables.journal.c.subject_id == UUID(subject_id))
        async with self.api.resources.database.connect() as connection:
            return list(await connection.scalars(query.order_by(tables.journal.c.seq)))

    def opening(self, period_id: str, *, vehicle: int = 0) -> Json:
        """What a crew of the first company sends."""
        return {
            "period_id": period_id,
            "vehicle_id": str(self.api.world.cathare.vehicles[vehicle].id),
            "teammate": {"staff_id": str(self.staff_id)},
        }

    def missing(self, **more: object) -> Json:
        """What a crew of the first company sends when its period is missing."""
        return {
            "sector_id": str(self.carcassonne),
            "vehicle_id": str(self.api.world.cathare.vehicles[0].id),
            "teammate": {"name": "Fable Exemple", "diploma": "AUXILIAIRE", "diploma_number": "X-1"},
            "phone": "0468000000",
            **more,
        }


async def build_guard_world(api: Api) -> GuardWorld:
    """Write it."""
    carcassonne, limoux, staff_id, left_id = (uuid4() for _ in range(4))
    outline = {"type": "Polygon", "coordinates": []}
    async with api.resources.database.begin() as connection:
        for id_, name, other in ((carcassonne, "Carcassonne", limoux), (limoux, "Haute Vallée", carcassonne)):
            await connection.execute(
                sa.insert(tables.guard_sectors).values(
                    id=id_,
                    samu_id=api.world.samu_id,
                    name=name,
                    communes=["11069"],
                    outline=outline,
                    neighbours=[other],
                )
            )
        for id_, name, left_at in (
            (staff_id, "Ada Fictive", None),
            (left_id, "Partie Loin", datetime.now(UTC)),
        ):
            await connection.execute(
                sa.insert(tables.staff).values(
                    id=id_, company_id=api.world.cathare.id, name=name, diploma="DEA", left_at=left_at
                )
            )
    return GuardWorld(api, carcassonne, limoux, staff_id, left_id)
