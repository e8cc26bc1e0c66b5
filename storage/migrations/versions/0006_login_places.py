"""From where names logged in: who guesses at an address does not keep out whoever came in from there before."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"

Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """One table, empty: everybody is new until they log in."""
    op.create_table(
        "login_places",
        sa.Column("key", sa.LargeBinary, nullable=False, comment="keyed digest of a name and an address"),
        sa.Column("last_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_places"),
        comment="From where names logged in of late: whoever guesses there does not keep them out",
    )
    op.create_index("ix_login_places_last_at", "login_places", ["last_at"])


def downgrade() -> None:
    """Everybody is new again."""
    op.drop_table("login_places")
