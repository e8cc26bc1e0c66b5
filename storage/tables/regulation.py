"""Who regulates which site, from which device; which crew is in which vehicle; what somebody must look at."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables.base import Instant, Uuid, metadata, own_id, reference

leases = sa.Table(
    "leases",
    metadata,
    sa.Column("site_id", Uuid, sa.ForeignKey("sites.id"), primary_key=True),
    reference("company_id", "companies.id"),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column(
        "epoch", sa.Integer, nullable=False, comment="grows with every change of hands: the fencing token"
    ),
    reference("device_id", "devices.id", nullable=True),
    sa.Column("person_id", Uuid, sa.ForeignKey("persons.id")),
    sa.Column("taken_at", Instant),
    sa.Column("heartbeat_at", Instant),
    sa.Column("suspended_at", Instant),
    sa.Column(
        "offered_to", Uuid, sa.ForeignKey("devices.id"), comment="a hand-over that waits for its acceptance"
    ),
    sa.Column("offered_at", Instant),
    sa.CheckConstraint("state IN ('FREE', 'HELD', 'SUSPENDED')", name="state"),
    sa.Index("ix_leases_held", "heartbeat_at", postgresql_where=sa.text("state = 'HELD'")),
    comment="One device regulates a site at a time (rule 37)",
)

crews = sa.Table(
    "crews",
    metadata,
    own_id(),
    reference("company_id", "companies.id"),
    reference("vehicle_id", "vehicles.id"),
    reference("device_id", "devices.id"),
    sa.Column("person_id", Uuid, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column("is_primary", sa.Boolean, nullable=False),
    sa.Column("members", JSONB, nullable=False, comment="[{name, diploma}]: staff, never patients"),
    sa.Column("bound_at", Instant, nullable=False),
    sa.Column("left_at", Instant),
    sa.Column("left_reason", sa.Text),
    sa.Index("uq_crews_device", "device_id", unique=True, postgresql_where=sa.text("left_at IS NULL")),
    sa.Index(
        "uq_crews_primary",
        "vehicle_id",
        unique=True,
        postgresql_where=sa.text("left_at IS NULL AND is_primary"),
    ),
    comment="A phone is in at most one vehicle, a vehicle has one primary phone (rule 25)",
)

alarms = sa.Table(
    "alarms",
    metadata,
    own_id(),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("level", sa.Integer, nullable=False, comment="how often it was raised for the same cause"),
    sa.Column("subject", sa.Text, nullable=False, comment="whose journal holds its facts"),
    sa.Column("subject_id", Uuid, nullable=False),
    sa.Column("samu_id", Uuid),
    sa.Column("company_id", Uuid),
    sa.Column("mission_id", Uuid),
    sa.Column("site_id", Uuid),
    sa.Column("volume", sa.Text, comment="whose coverage is lost"),
    sa.Column("raised_at", Instant, nullable=False),
    sa.Column("seen_at", Instant),
    sa.Column("seen_by", sa.Text),
    sa.Column("seen_by_role", sa.Text),
    sa.Column("seen_by_company", Uuid),
    sa.Column(
        "company_seen_at",
        Instant,
        comment="the company it concerns looked; it rings at the SAMU all the same",
    ),
    sa.Column("company_seen_by", sa.Text),
    sa.Column("closed_at", Instant),
    sa.Index("ix_alarms_subject_id", "subject_id"),
    sa.Index("ix_alarms_samu_id_raised_at", "samu_id", "raised_at"),
    sa.Index("ix_alarms_company_id_raised_at", "company_id", "raised_at"),
    sa.Index("ix_alarms_open_site", "site_id", postgresql_where=sa.text("closed_at IS NULL")),
    sa.Index("ix_alarms_open_samu", "samu_id", "raised_at", postgresql_where=sa.text("closed_at IS NULL")),
    comment="Folded from the facts alarm_raised, alarm_seen and alarm_closed",
)
