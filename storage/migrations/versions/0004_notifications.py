"""Notifications: how far the journal was read for them, and what each phone is told."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision: str | None = "0003"

Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """Two tables, and an index over the few devices that are reached: devices are written rarely."""
    op.create_table(
        "push_cursor",
        sa.Column("name", sa.Text, nullable=False, comment="there is one"),
        sa.Column("position", sa.BigInteger, nullable=False, comment="of the last fact that was looked at"),
        sa.Column("moved_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_push_cursor"),
    )
    op.create_table(
        "notifications",
        sa.Column("device_id", sa.UUID, nullable=False),
        sa.Column("tag", sa.Text, nullable=False, comment="what replaces what on the phone"),
        sa.Column("version", sa.Integer, nullable=False, comment="counts what was said under this tag"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("content", JSONB, nullable=False, comment="no patient, no address"),
        sa.Column("recorded_at", Instant, nullable=False, comment="when the fact was recorded that it tells"),
        sa.Column("expires_at", Instant, nullable=False, comment="of no use any more"),
        sa.Column(
            "told",
            sa.Boolean,
            nullable=False,
            comment="a push service may have it, in this version or an older one",
        ),
        sa.Column("tries", sa.Integer, nullable=False, comment="of this version"),
        sa.Column("try_at", Instant, comment="null: there is nothing to do"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_notifications_device_id"),
        sa.PrimaryKeyConstraint("device_id", "tag", name="pk_notifications"),
        comment="What each phone is to be told, and what it was told last under each tag",
    )
    op.create_index(
        "ix_notifications_due", "notifications", ["try_at"], postgresql_where=sa.text("try_at IS NOT NULL")
    )
    op.create_index("ix_notifications_tag", "notifications", ["tag"])
    op.create_index(
        "ix_devices_subscribed",
        "devices",
        ["person_id"],
        postgresql_where=sa.text("push_subscription IS NOT NULL"),
    )


def downgrade() -> None:
    """What was to be sent is not sent."""
    op.drop_index("ix_devices_subscribed", "devices")
    op.drop_table("notifications")
    op.drop_table("push_cursor")
