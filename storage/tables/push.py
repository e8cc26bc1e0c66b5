"""Notifications: how far the journal was read for them, and what each phone is told."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables.base import Instant, Uuid, metadata

push_cursor = sa.Table(
    "push_cursor",
    metadata,
    sa.Column("name", sa.Text, primary_key=True, comment="there is one"),
    sa.Column("position", sa.BigInteger, nullable=False, comment="of the last fact that was looked at"),
    sa.Column("moved_at", Instant, nullable=False),
)

notifications = sa.Table(
    "notifications",
    metadata,
    sa.Column("device_id", Uuid, sa.ForeignKey("devices.id"), primary_key=True),
    sa.Column("tag", sa.Text, primary_key=True, comment="what replaces what on the phone"),
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
    sa.Index("ix_notifications_due", "try_at", postgresql_where=sa.text("try_at IS NOT NULL")),
    sa.Index("ix_notifications_tag", "tag"),
    comment="What each phone is to be told, and what it was told last under each tag",
)
