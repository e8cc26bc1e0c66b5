"""The guard: sectors, the roster's periods, the shifts that crews open, and whom a company employs."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.tables.base import Instant, Uuid, metadata, own_id, reference

guard_sectors = sa.Table(
    "guard_sectors",
    metadata,
    own_id(),
    reference("samu_id", "samus.id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("communes", ARRAY(sa.Text), nullable=False, comment="INSEE codes"),
    sa.Column("outline", JSONB, nullable=False, comment="GeoJSON geometry: the polygons of its communes"),
    sa.Column("neighbours", ARRAY(Uuid), nullable=False, server_default="{}"),
    sa.UniqueConstraint("samu_id", "name"),
)

guard_periods = sa.Table(
    "guard_periods",
    metadata,
    own_id(),
    reference("samu_id", "samus.id"),
    reference("sector_id", "guard_sectors.id"),
    reference("company_id", "companies.id"),
    sa.Column(
        "rank", sa.Integer, nullable=False, server_default="1", comment="the company's first, second… vehicle"
    ),
    sa.Column("starts_at", Instant, nullable=False),
    sa.Column("ends_at", Instant, nullable=False),
    sa.Column("provisional", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("phone", sa.Text, comment="where a provisional guard is called until it is approved"),
    sa.Column("asked_at", Instant, comment="of a provisional guard"),
    sa.Column("approved_at", Instant),
    sa.Column("approved_by", sa.Text),
    sa.Column("withdrawn_at", Instant),
    sa.Column("withdrawn_reason", sa.Text),
    sa.Column("watched_at", Instant, comment="null until the engine has its watch: the sweeper's work list"),
    sa.CheckConstraint("ends_at > starts_at", name="order"),
    sa.Index(
        "uq_guard_periods_line",
        "sector_id",
        "company_id",
        "starts_at",
        "ends_at",
        "rank",
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    ),
    sa.Index("ix_guard_periods_samu_id_starts_at", "samu_id", "starts_at"),
    sa.Index(
        "ix_guard_periods_not_watched",
        "starts_at",
        postgresql_where=sa.text("watched_at IS NULL AND withdrawn_at IS NULL"),
    ),
    comment="One line of the roster; a provisional one counts once it is approved (rule 59)",
)

guard_shifts = sa.Table(
    "guard_shifts",
    metadata,
    own_id(),
    reference("period_id", "guard_periods.id"),
    reference("company_id", "companies.id"),
    reference("vehicle_id", "vehicles.id"),
    sa.Column("device_id", Uuid, sa.ForeignKey("devices.id"), nullable=False),
    sa.Column("opened_by", Uuid, sa.ForeignKey("persons.id"), nullable=False),
    sa.Column(
        "teammate",
        JSONB,
        nullable=False,
        comment="{name, diploma, free_entry, staff_id}: staff, never patients",
    ),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("late_s", sa.Integer, nullable=False, comment="opened so long after the period's start"),
    sa.Column("closed_at", Instant),
    sa.Column("close_reason", sa.Text),
    sa.Column(
        "served_s", sa.Integer, comment="elapsed, from the later of start and opening to the end (rule 102)"
    ),
    sa.Column("overtime_s", sa.Integer, comment="beyond the period's end, for a running mission (rule 66)"),
    sa.Index("uq_guard_shifts_open", "period_id", unique=True, postgresql_where=sa.text("closed_at IS NULL")),
    sa.Index("ix_guard_shifts_open_vehicle", "vehicle_id", postgresql_where=sa.text("closed_at IS NULL")),
)

staff = sa.Table(
    "staff",
    metadata,
    own_id(),
    reference("company_id", "companies.id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("diploma", sa.Text, nullable=False, comment="DEA or AUXILIAIRE"),
    sa.Column("left_at", Instant),
    comment="Whom a company employs: the list that teammates are chosen from (rule 56)",
)
