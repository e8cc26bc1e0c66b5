"""The journal, and the read model that is folded from it."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.tables.base import Instant, Uuid, metadata, own_id

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(), nullable=False, unique=True),
    sa.Column("subject_id", Uuid, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column(
        "subject", sa.Text, nullable=False, server_default="DEMAND", comment="domain.vocabulary.Subject"
    ),
    sa.Column("samu_id", Uuid, comment="who sees it all; null for what concerns a company only"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False, server_default=sa.func.clock_timestamp()),
    sa.Column("audience", ARRAY(Uuid), nullable=False, server_default="{}"),
    sa.Column("data", JSONB, nullable=False),
    sa.Index("ix_journal_samu_id_position", "samu_id", "position"),
    comment="Append-only: what people see, and the proof",
)

demand_views = sa.Table(
    "demand_views",
    metadata,
    sa.Column("demand_id", Uuid, primary_key=True),
    sa.Column("samu_id", Uuid, nullable=False),
    sa.Column("version", sa.Integer, nullable=False, comment="seq of the last fact folded"),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("max_delay_minutes", sa.Integer, nullable=False),
    sa.Column("volume", sa.Text, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("deadline", Instant, nullable=False),
    sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
    sa.Column("tier_deadline", Instant),
    sa.Column("carence_proposed", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("exercise", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("mission_id", Uuid),
    sa.Column("facility_id", sa.Text),
    sa.Column("facility_name", sa.Text),
    sa.Column("ended_at", Instant),
    sa.Column("end_reason", sa.Text),
    sa.Index("ix_demand_views_samu_id_received_at", "samu_id", "received_at"),
    sa.Index("ix_demand_views_status", "status"),
)

solicitations = sa.Table(
    "solicitations",
    metadata,
    own_id(),
    sa.Column("demand_id", Uuid, nullable=False, index=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("company_id", Uuid, nullable=False),
    sa.Column("site_id", Uuid),
    sa.Column("vehicle_id", Uuid),
    sa.Column("eta_minutes", sa.Integer, comment="the latest arrival: what is promised"),
    sa.Column("earliest_minutes", sa.Integer),
    sa.Column("exact_volume", sa.Boolean, nullable=False),
    sa.Column("to_confirm", sa.Boolean, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("counter_delay_minutes", sa.Integer),
    sa.Column("counter_refused", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("reason", sa.Text, comment="of a refusal, an unavailability or a withdrawal"),
    sa.Column("opened_at", Instant, nullable=False),
    sa.Column("answer_before", Instant, nullable=False),
    sa.Column("answered_at", Instant),
    sa.Column("rung_at", Instant),
    sa.Index("ix_solicitations_company_id_state", "company_id", "state"),
    sa.Index("ix_solicitations_open_vehicle", "vehicle_id", postgresql_where=sa.text("state = 'OPEN'")),
)

missions = sa.Table(
    "missions",
    metadata,
    own_id(),
    sa.Column("demand_id", Uuid, nullable=False, index=True),
    sa.Column("solicitation_id", Uuid, nullable=False),
    sa.Column("company_id", Uuid, nullable=False),
    sa.Column("vehicle_id", Uuid, nullable=False),
    sa.Column("assigned_at", Instant, nullable=False),
    sa.Column("promised_at", Instant, nullable=False),
    sa.Column("deadline", Instant, nullable=False),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("alarm", sa.Text),
    sa.Column(
        "acknowledged_late",
        sa.Boolean,
        nullable=False,
        server_default=sa.false(),
        comment="that alarm was raised: it stands again when the acknowledgement is taken back",
    ),
    sa.Column("ended_at", Instant),
    sa.Column("end_reason", sa.Text),
    sa.Column("end_detail", sa.Text),
    sa.Column(
        "phone_bound", sa.Boolean, comment="whether a phone was in the vehicle at confirmation (rule 31)"
    ),
    sa.Column("delivered_at", Instant, comment="the first device of the company has it (rule 30)"),
    sa.Column("opened_at", Instant, comment="somebody of the company has read it (rule 30)"),
    sa.Index("ix_missions_company_id_assigned_at", "company_id", "assigned_at"),
    sa.Index("ix_missions_vehicle_id_assigned_at", "vehicle_id", "assigned_at"),
)

mission_steps = sa.Table(
    "mission_steps",
    metadata,
    sa.Column("mission_id", Uuid, primary_key=True),
    sa.Column("step_id", Uuid, primary_key=True),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("rank", sa.Integer, nullable=False),
    sa.Column("occurred_at", Instant, nullable=False),
    sa.Column("recorded_at", Instant, nullable=False, comment="when the server received it"),
    sa.Column("device_time", Instant),
    sa.Column("by", sa.Text, nullable=False),
    sa.Column("by_role", sa.Text, nullable=False),
    sa.Column("reason", sa.Text),
    sa.Column("undone_at", Instant),
)

kept_steps = sa.Table(
    "kept_steps",
    metadata,
    sa.Column("mission_id", Uuid, primary_key=True),
    sa.Column("step_id", Uuid, primary_key=True),
    sa.Column("step", sa.Text, nullable=False),
    sa.Column("kept_at", Instant, nullable=False, index=True),
    comment="Steps that were answered 202: the engine has them, their fact is still to come",
)
