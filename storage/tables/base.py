"""What every module of tables shares: the metadata, the types, the usual columns."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Uuid = PG_UUID(as_uuid=True)
Instant = sa.DateTime(timezone=True)


def own_id() -> sa.Column[object]:
    """The primary key `id`."""
    return sa.Column("id", Uuid, primary_key=True)


def reference(name: str, target: str, *, nullable: bool = False) -> sa.Column[object]:
    """An indexed foreign key."""
    return sa.Column(name, Uuid, sa.ForeignKey(target), nullable=nullable, index=True)
