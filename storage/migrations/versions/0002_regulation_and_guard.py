"""Regulation, crews, alarms and guard; the journal tells of companies and guard periods too."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0002"
down_revision: str | None = "0001"

Instant = sa.DateTime(timezone=True)

TABLES = "sessions leases crews alarms guard_sectors staff guard_periods guard_shifts"


def upgrade() -> None:
    _create_sessions()
    _create_regulation()
    _create_guard()
    _widen_the_journal()
    _add_columns()


def downgrade() -> None:
    """What companies and guard periods were told is lost: the older journal has no room for it."""
    for table, column in (
        ("samus", "timezone"),
        ("samus", "phone"),
        ("refresh_tokens", "session_id"),
        ("missions", "opened_at"),
        ("missions", "delivered_at"),
        ("missions", "phone_bound"),
        ("devices", "session_id"),
        ("devices", "last_seen_at"),
        ("devices", "closed_reason"),
    ):
        op.drop_column(table, column)
    op.drop_index("ix_missions_vehicle_id_assigned_at", "missions")
    op.create_index("ix_missions_vehicle_id", "missions", ["vehicle_id"])
    op.execute("DELETE FROM journal WHERE subject <> 'DEMAND'")
    op.alter_column("journal", "samu_id", nullable=False)
    op.drop_column("journal", "subject")
    op.alter_column("journal", "subject_id", new_column_name="demand_id")
    for table in reversed(TABLES.split()):
        op.drop_table(table)


def _create_sessions() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("person_id", sa.UUID, nullable=False),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("ended_at", Instant),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_sessions_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        comment="One login of one person: its tokens and its devices end with it",
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])


def _create_regulation() -> None:
    op.create_table(
        "leases",
        sa.Column("site_id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column(
            "epoch", sa.Integer, nullable=False, comment="grows with every change of hands: the fencing token"
        ),
        sa.Column("device_id", sa.UUID),
        sa.Column("person_id", sa.UUID),
        sa.Column("taken_at", Instant),
        sa.Column("heartbeat_at", Instant),
        sa.Column("suspended_at", Instant),
        sa.Column("offered_to", sa.UUID, comment="a hand-over that waits for its acceptance"),
        sa.Column("offered_at", Instant),
        sa.CheckConstraint("state IN ('FREE', 'HELD', 'SUSPENDED')", name="ck_leases_state"),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_leases_company_id"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_leases_device_id"),
        sa.ForeignKeyConstraint(["offered_to"], ["devices.id"], name="fk_leases_offered_to"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_leases_person_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_leases_site_id"),
        sa.PrimaryKeyConstraint("site_id", name="pk_leases"),
        comment="One device regulates a site at a time (rule 37)",
    )
    op.create_index("ix_leases_company_id", "leases", ["company_id"])
    op.create_index("ix_leases_device_id", "leases", ["device_id"])
    op.create_index("ix_leases_held", "leases", ["heartbeat_at"], postgresql_where=sa.text("state = 'HELD'"))
    op.create_table(
        "crews",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("vehicle_id", sa.UUID, nullable=False),
        sa.Column("device_id", sa.UUID, nullable=False),
        sa.Column("person_id", sa.UUID, nullable=False),
        sa.Column("is_primary", sa.Boolean, nullable=False),
        sa.Column("members", JSONB, nullable=False, comment="[{name, diploma}]: staff, never patients"),
        sa.Column("bound_at", Instant, nullable=False),
        sa.Column("left_at", Instant),
        sa.Column("left_reason", sa.Text),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_crews_company_id"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_crews_device_id"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_crews_person_id"),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles.id"], name="fk_crews_vehicle_id"),
        sa.PrimaryKeyConstraint("id", name="pk_crews"),
        comment="A phone is in at most one vehicle, a vehicle has one primary phone (rule 25)",
    )
    op.create_index("ix_crews_company_id", "crews", ["company_id"])
    op.create_index("ix_crews_device_id", "crews", ["device_id"])
    op.create_index("ix_crews_vehicle_id", "crews", ["vehicle_id"])
    op.create_index(
        "uq_crews_device", "crews", ["device_id"], unique=True, postgresql_where=sa.text("left_at IS NULL")
    )
    op.create_index(
        "uq_crews_primary",
        "crews",
        ["vehicle_id"],
        unique=True,
        postgresql_where=sa.text("left_at IS NULL AND is_primary"),
    )
    op.create_table(
        "alarms",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("level", sa.Integer, nullable=False, comment="how often it was raised for the same cause"),
        sa.Column("subject", sa.Text, nullable=False, comment="whose journal holds its facts"),
        sa.Column("subject_id", sa.UUID, nullable=False),
        sa.Column("samu_id", sa.UUID),
        sa.Column("company_id", sa.UUID),
        sa.Column("mission_id", sa.UUID),
        sa.Column("site_id", sa.UUID),
        sa.Column("raised_at", Instant, nullable=False),
        sa.Column("seen_at", Instant),
        sa.Column("seen_by", sa.Text),
        sa.Column("seen_by_role", sa.Text),
        sa.Column("seen_by_company", sa.UUID),
        sa.Column(
            "company_seen_at",
            Instant,
            comment="the company it concerns looked; it rings at the SAMU all the same",
        ),
        sa.Column("company_seen_by", sa.Text),
        sa.Column("closed_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_alarms"),
        comment="Folded from the facts alarm_raised, alarm_seen and alarm_closed",
    )
    op.create_index("ix_alarms_company_id_raised_at", "alarms", ["company_id", "raised_at"])
    op.create_index("ix_alarms_samu_id_raised_at", "alarms", ["samu_id", "raised_at"])
    op.create_index("ix_alarms_subject_id", "alarms", ["subject_id"])
    still_open = sa.text("closed_at IS NULL")
    op.create_index("ix_alarms_open_site", "alarms", ["site_id"], postgresql_where=still_open)
    op.create_index("ix_alarms_open_samu", "alarms", ["samu_id", "raised_at"], postgresql_where=still_open)


def _create_guard() -> None:
    op.create_table(
        "guard_sectors",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("samu_id", sa.UUID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("communes", ARRAY(sa.Text), nullable=False, comment="INSEE codes"),
        sa.Column("outline", JSONB, nullable=False, comment="GeoJSON geometry: the polygons of its communes"),
        sa.Column("neighbours", ARRAY(sa.UUID), server_default="{}", nullable=False),
        sa.ForeignKeyConstraint(["samu_id"], ["samus.id"], name="fk_guard_sectors_samu_id"),
        sa.PrimaryKeyConstraint("id", name="pk_guard_sectors"),
        sa.UniqueConstraint("samu_id", "name", name="uq_guard_sectors_samu_id_name"),
    )
    op.create_index("ix_guard_sectors_samu_id", "guard_sectors", ["samu_id"])
    op.create_table(
        "staff",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("diploma", sa.Text, nullable=False, comment="DEA or AUXILIAIRE"),
        sa.Column("left_at", Instant),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_staff_company_id"),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        comment="Whom a company employs: the list that teammates are chosen from (rule 56)",
    )
    op.create_index("ix_staff_company_id", "staff", ["company_id"])
    op.create_table(
        "guard_periods",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("samu_id", sa.UUID, nullable=False),
        sa.Column("sector_id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column(
            "rank",
            sa.Integer,
            server_default="1",
            nullable=False,
            comment="the company's first, second… vehicle",
        ),
        sa.Column("starts_at", Instant, nullable=False),
        sa.Column("ends_at", Instant, nullable=False),
        sa.Column("provisional", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("phone", sa.Text, comment="where a provisional guard is called until it is approved"),
        sa.Column("asked_at", Instant, comment="of a provisional guard"),
        sa.Column("approved_at", Instant),
        sa.Column("approved_by", sa.Text),
        sa.Column("withdrawn_at", Instant),
        sa.Column("withdrawn_reason", sa.Text),
        sa.Column(
            "watched_at", Instant, comment="null until the engine has its watch: the sweeper's work list"
        ),
        sa.CheckConstraint("ends_at > starts_at", name="ck_guard_periods_order"),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_guard_periods_company_id"),
        sa.ForeignKeyConstraint(["samu_id"], ["samus.id"], name="fk_guard_periods_samu_id"),
        sa.ForeignKeyConstraint(["sector_id"], ["guard_sectors.id"], name="fk_guard_periods_sector_id"),
        sa.PrimaryKeyConstraint("id", name="pk_guard_periods"),
        comment="One line of the roster; a provisional one counts once it is approved (rule 59)",
    )
    op.create_index("ix_guard_periods_company_id", "guard_periods", ["company_id"])
    op.create_index(
        "ix_guard_periods_not_watched",
        "guard_periods",
        ["starts_at"],
        postgresql_where=sa.text("watched_at IS NULL AND withdrawn_at IS NULL"),
    )
    op.create_index("ix_guard_periods_samu_id", "guard_periods", ["samu_id"])
    op.create_index("ix_guard_periods_samu_id_starts_at", "guard_periods", ["samu_id", "starts_at"])
    op.create_index("ix_guard_periods_sector_id", "guard_periods", ["sector_id"])
    op.create_index(
        "uq_guard_periods_line",
        "guard_periods",
        ["sector_id", "company_id", "starts_at", "ends_at", "rank"],
        unique=True,
        postgresql_where=sa.text("withdrawn_at IS NULL"),
    )
    op.create_table(
        "guard_shifts",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("period_id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("vehicle_id", sa.UUID, nullable=False),
        sa.Column("device_id", sa.UUID, nullable=False),
        sa.Column("opened_by", sa.UUID, nullable=False),
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
            "served_s",
            sa.Integer,
            comment="elapsed, from the later of start and opening to the end (rule 102)",
        ),
        sa.Column(
            "overtime_s", sa.Integer, comment="beyond the period's end, for a running mission (rule 66)"
        ),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_guard_shifts_company_id"),
        sa.ForeignKeyConstraint(["device_id"], ["devices.id"], name="fk_guard_shifts_device_id"),
        sa.ForeignKeyConstraint(["opened_by"], ["persons.id"], name="fk_guard_shifts_opened_by"),
        sa.ForeignKeyConstraint(["period_id"], ["guard_periods.id"], name="fk_guard_shifts_period_id"),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles.id"], name="fk_guard_shifts_vehicle_id"),
        sa.PrimaryKeyConstraint("id", name="pk_guard_shifts"),
    )
    op.create_index("ix_guard_shifts_company_id", "guard_shifts", ["company_id"])
    op.create_index(
        "ix_guard_shifts_open_vehicle",
        "guard_shifts",
        ["vehicle_id"],
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index("ix_guard_shifts_period_id", "guard_shifts", ["period_id"])
    op.create_index("ix_guard_shifts_vehicle_id", "guard_shifts", ["vehicle_id"])
    op.create_index(
        "uq_guard_shifts_open",
        "guard_shifts",
        ["period_id"],
        unique=True,
        postgresql_where=sa.text("closed_at IS NULL"),
    )


def _widen_the_journal() -> None:
    op.alter_column("journal", "demand_id", new_column_name="subject_id")
    op.add_column(
        "journal",
        sa.Column(
            "subject", sa.Text, server_default="DEMAND", nullable=False, comment="domain.vocabulary.Subject"
        ),
    )
    op.alter_column(
        "journal", "samu_id", nullable=True, comment="who sees it all; null for what concerns a company only"
    )


def _add_columns() -> None:
    op.add_column("devices", sa.Column("closed_reason", sa.Text))
    op.add_column("devices", sa.Column("last_seen_at", Instant, comment="its last heartbeat"))
    op.add_column("devices", sa.Column("session_id", sa.UUID))
    op.create_index("ix_devices_session_id", "devices", ["session_id"])
    op.create_foreign_key("fk_devices_session_id", "devices", "sessions", ["session_id"], ["id"])
    op.add_column(
        "missions",
        sa.Column(
            "phone_bound", sa.Boolean, comment="whether a phone was in the vehicle at confirmation (rule 31)"
        ),
    )
    op.add_column(
        "missions",
        sa.Column("delivered_at", Instant, comment="the first device of the company has it (rule 30)"),
    )
    op.add_column(
        "missions", sa.Column("opened_at", Instant, comment="somebody of the company has read it (rule 30)")
    )
    op.add_column("refresh_tokens", sa.Column("session_id", sa.UUID))
    op.create_index("ix_refresh_tokens_session_id", "refresh_tokens", ["session_id"])
    op.create_foreign_key(
        "fk_refresh_tokens_session_id", "refresh_tokens", "sessions", ["session_id"], ["id"]
    )
    op.add_column(
        "samus",
        sa.Column(
            "timezone", sa.Text, server_default="Europe/Paris", nullable=False, comment="IANA name (rule 101)"
        ),
    )
    op.add_column("samus", sa.Column("phone", sa.Text, comment="where crews pass the bilan (rule 22)"))
    op.drop_index("ix_missions_vehicle_id", "missions")
    op.create_index("ix_missions_vehicle_id_assigned_at", "missions", ["vehicle_id", "assigned_at"])
