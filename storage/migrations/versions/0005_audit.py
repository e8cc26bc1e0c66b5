"""The audit trail of what is done with accounts, and the wrong passwords of a moment ago, shared by all processes."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision: str | None = "0004"

Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables, and an index over the reads of patients by their time."""
    op.create_table(
        "audit_events",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column(
            "actor", sa.Text, nullable=False, comment="who did it; 'unknown' for a name that nobody has"
        ),
        sa.Column("address", sa.Text, comment="where from"),
        sa.Column("subject", sa.Text, comment="whom or what it was done to"),
        sa.Column("detail", JSONB, server_default="{}", nullable=False, comment="no secret, no patient"),
        sa.PrimaryKeyConstraint("id", name="pk_audit_events"),
        comment="Logins, and what operators did: append-only",
    )
    op.create_index("ix_audit_events_at", "audit_events", ["at"])
    op.create_table(
        "login_failures",
        sa.Column(
            "key", sa.LargeBinary, nullable=False, comment="keyed digest of a name and an address, or of one"
        ),
        sa.Column("count", sa.Integer, nullable=False),
        sa.Column("last_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_login_failures"),
        comment="Wrong passwords of the last minutes: forgotten soon",
    )
    op.create_index("ix_login_failures_last_at", "login_failures", ["last_at"])
    op.create_index("ix_patient_reads_at", "patient_reads", ["at"])


def downgrade() -> None:
    """The trail is lost: keep a copy."""
    op.drop_index("ix_patient_reads_at", "patient_reads")
    op.drop_table("login_failures")
    op.drop_table("audit_events")
