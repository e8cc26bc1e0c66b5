"""Who is calling: people, software, sessions, devices."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables.base import Instant, metadata, own_id, reference

persons = sa.Table(
    "persons",
    metadata,
    own_id(),
    sa.Column("username", sa.Text, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    reference("samu_id", "samus.id", nullable=True),
    reference("company_id", "companies.id", nullable=True),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    own_id(),
    sa.Column("key_hash", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256 of the key"),
    sa.Column("name", sa.Text, nullable=False),
    reference("samu_id", "samus.id"),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("revoked_at", Instant),
)

sessions = sa.Table(
    "sessions",
    metadata,
    own_id(),
    reference("person_id", "persons.id"),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("ended_at", Instant),
    comment="One login of one person: its tokens and its devices end with it",
)

refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True, comment="SHA-256 of the token"),
    reference("person_id", "persons.id"),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
    reference("session_id", "sessions.id", nullable=True),
)

devices = sa.Table(
    "devices",
    metadata,
    own_id(),
    reference("person_id", "persons.id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("push_subscription", JSONB),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("closed_at", Instant),
    sa.Column("closed_reason", sa.Text),
    sa.Column("last_seen_at", Instant, comment="its last heartbeat"),
    reference("session_id", "sessions.id", nullable=True),
    sa.CheckConstraint("kind IN ('PLUGIN', 'WEB', 'MOBILE')", name="kind"),
    sa.Index("ix_devices_subscribed", "person_id", postgresql_where=sa.text("push_subscription IS NOT NULL")),
)

idempotency_keys = sa.Table(
    "idempotency_keys",
    metadata,
    sa.Column("caller", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("request_hash", sa.LargeBinary, nullable=False),
    sa.Column("status", sa.Integer, comment="null while the first request is still being answered"),
    sa.Column("content_type", sa.Text),
    sa.Column("response", sa.LargeBinary),
    sa.Column("received_at", Instant, nullable=False, index=True, comment="when it was first asked"),
    sa.Column("claimed_at", Instant, comment="by whoever answers it now; null while nobody does"),
)
