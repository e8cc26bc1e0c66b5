"""Which attempt at a survey was kept: its answer is the one that was taken, and one that comes late changes nothing."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"


def upgrade() -> None:
    """One column; the version before goes on writing first attempts."""
    attempt = sa.Column(
        "attempt",
        sa.Integer,
        server_default="1",
        nullable=False,
        comment="one that comes late changes nothing",
    )
    op.add_column("surveys", attempt)


def downgrade() -> None:
    """Which attempt it was is lost."""
    op.drop_column("surveys", "attempt")
