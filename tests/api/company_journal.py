"""What a company's own journal says: who regulates, who is in which vehicle, what is ticked."""

from uuid import UUID

import sqlalchemy as sa

from storage import tables
from tests.api.caller import Json
from tests.api.conftest import Api


async def company_facts(api: Api, company_id: UUID) -> list[Json]:
    """The facts in order, each with its kind and the SAMU that sees it."""
    lines = tables.journal.c
    query = sa.select(lines.kind, lines.data, lines.samu_id).where(lines.subject_id == company_id)
    async with api.resources.database.connect() as connection:
        found = await connection.execute(query.order_by(lines.seq))
    return [{"kind": row.kind, "samu_id": row.samu_id, **row.data} for row in found]


async def company_kinds(api: Api, company_id: UUID) -> list[str]:
    """The kinds of the facts, in order."""
    return [fact["kind"] for fact in await company_facts(api, company_id)]
