"""The tables of the first version: who there is, who is calling, demands, the journal and its read model."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

revision = "0001"
down_revision: str | None = None

Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    _create_who_there_is()
    _create_who_is_calling()
    _create_demands()
    _create_journal()
    _create_read_model()
    _create_deciding()


def downgrade() -> None:
    for table in reversed(TABLES.split()):
        op.drop_table(table)


TABLES = """
    samus companies conventions sites vehicles vehicle_positions facilities
    persons api_keys refresh_tokens devices idempotency_keys
    demands place_texts patients patient_reads
    journal demand_views
    solicitations missions mission_steps kept_steps
    engagements verdicts
"""


def _create_who_there_is() -> None:
    op.create_table(
        "samus",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("area_cells", ARRAY(sa.BigInteger), nullable=False),
        sa.Column("policy", JSONB, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_samus"),
    )
    op.create_table(
        "companies",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("phone", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_companies"),
    )
    op.create_table(
        "conventions",
        sa.Column("samu_id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_conventions_company_id"),
        sa.ForeignKeyConstraint(["samu_id"], ["samus.id"], name="fk_conventions_samu_id"),
        sa.PrimaryKeyConstraint("samu_id", "company_id", name="pk_conventions"),
        comment="Which companies a SAMU may solicit: its own département's, and neighbours by convention (rule 99)",
    )
    op.create_table(
        "sites",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("mobilisation_s", sa.Integer, server_default="0", nullable=False),
        sa.Column("available", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("available_until", Instant),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_sites_company_id"),
        sa.PrimaryKeyConstraint("id", name="pk_sites"),
    )
    op.create_index("ix_sites_company_id", "sites", ["company_id"])
    op.create_table(
        "vehicles",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("site_id", sa.UUID),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("registration", sa.Text),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("available", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("available_until", Instant),
        sa.CheckConstraint("category IN ('A', 'C')", name="ck_vehicles_category"),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_vehicles_company_id"),
        sa.ForeignKeyConstraint(["site_id"], ["sites.id"], name="fk_vehicles_site_id"),
        sa.PrimaryKeyConstraint("id", name="pk_vehicles"),
    )
    op.create_index("ix_vehicles_company_id", "vehicles", ["company_id"])
    op.create_index("ix_vehicles_site_id", "vehicles", ["site_id"])
    op.create_table(
        "vehicle_positions",
        sa.Column("vehicle_id", sa.UUID, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("cell", sa.BigInteger, nullable=False, comment="H3 cell, geo.cells.STORED_RESOLUTION"),
        sa.Column("cover_cell", sa.BigInteger, nullable=False, comment="H3 cell, geo.cells.COVER_RESOLUTION"),
        sa.Column(
            "recorded_at", Instant, nullable=False, comment="device time, never later than received_at"
        ),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("accuracy_m", sa.Double),
        sa.Column("speed_kmh", sa.Double),
        sa.Column("heading", sa.Double),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles.id"], name="fk_vehicle_positions_vehicle_id"),
        sa.PrimaryKeyConstraint("vehicle_id", name="pk_vehicle_positions"),
        postgresql_with={"fillfactor": 70},
    )
    op.create_index("ix_vehicle_positions_cover_cell", "vehicle_positions", ["cover_cell"])
    op.create_table(
        "facilities",
        sa.Column("id", sa.Text, nullable=False, comment="FINESS geographic number"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("commune", sa.Text),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_facilities"),
    )


def _create_who_is_calling() -> None:
    op.create_table(
        "persons",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("username", sa.Text, nullable=False),
        sa.Column("password_hash", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("samu_id", sa.UUID),
        sa.Column("company_id", sa.UUID),
        sa.Column("disabled", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.ForeignKeyConstraint(["company_id"], ["companies.id"], name="fk_persons_company_id"),
        sa.ForeignKeyConstraint(["samu_id"], ["samus.id"], name="fk_persons_samu_id"),
        sa.PrimaryKeyConstraint("id", name="pk_persons"),
        sa.UniqueConstraint("username", name="uq_persons_username"),
    )
    op.create_index("ix_persons_company_id", "persons", ["company_id"])
    op.create_index("ix_persons_samu_id", "persons", ["samu_id"])
    op.create_table(
        "api_keys",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("key_hash", sa.LargeBinary, nullable=False, comment="SHA-256 of the key"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("samu_id", sa.UUID, nullable=False),
        sa.Column("created_at", Instant, server_default=sa.func.now(), nullable=False),
        sa.Column("revoked_at", Instant),
        sa.ForeignKeyConstraint(["samu_id"], ["samus.id"], name="fk_api_keys_samu_id"),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("key_hash", name="uq_api_keys_key_hash"),
    )
    op.create_index("ix_api_keys_samu_id", "api_keys", ["samu_id"])
    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", sa.LargeBinary, nullable=False, comment="SHA-256 of the token"),
        sa.Column("person_id", sa.UUID, nullable=False),
        sa.Column("expires_at", Instant, nullable=False),
        sa.Column("used_at", Instant),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_refresh_tokens_person_id"),
        sa.PrimaryKeyConstraint("token_hash", name="pk_refresh_tokens"),
    )
    op.create_index("ix_refresh_tokens_person_id", "refresh_tokens", ["person_id"])
    op.create_table(
        "devices",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("person_id", sa.UUID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("push_subscription", JSONB),
        sa.Column("created_at", Instant, server_default=sa.func.now(), nullable=False),
        sa.Column("closed_at", Instant),
        sa.CheckConstraint("kind IN ('PLUGIN', 'WEB', 'MOBILE')", name="ck_devices_kind"),
        sa.ForeignKeyConstraint(["person_id"], ["persons.id"], name="fk_devices_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_devices"),
    )
    op.create_index("ix_devices_person_id", "devices", ["person_id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("caller", sa.Text, nullable=False),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("request_hash", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.Integer, comment="null while the first request is still being answered"),
        sa.Column("content_type", sa.Text),
        sa.Column("response", sa.LargeBinary),
        sa.Column("received_at", Instant, nullable=False, comment="when it was first asked"),
        sa.Column("claimed_at", Instant, comment="by whoever answers it now; null while nobody does"),
        sa.PrimaryKeyConstraint("caller", "key", name="pk_idempotency_keys"),
    )
    op.create_index("ix_idempotency_keys_received_at", "idempotency_keys", ["received_at"])


def _create_demands() -> None:
    op.create_table(
        "demands",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("samu_id", sa.UUID, nullable=False),
        sa.Column("reference", sa.Text, nullable=False, comment="the SAMU's own file number"),
        sa.Column(
            "content_hash", sa.LargeBinary, nullable=False, comment="tells a retry from another content"
        ),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("access", sa.Text),
        sa.Column("motive", sa.Text),
        sa.Column("instructions", sa.Text),
        sa.Column(
            "start", JSONB, nullable=False, comment="domain.messages.DemandStart, to start the workflow with"
        ),
        sa.Column(
            "started_at", Instant, comment="null until the engine has the workflow: the sweeper's work list"
        ),
        sa.Column("start_tries", sa.Integer, server_default="0", nullable=False),
        sa.Column("try_again_at", Instant, comment="no sweeper starts it before; null for at once"),
        sa.ForeignKeyConstraint(["samu_id"], ["samus.id"], name="fk_demands_samu_id"),
        sa.PrimaryKeyConstraint("id", name="pk_demands"),
        sa.UniqueConstraint("samu_id", "reference", name="uq_demands_samu_id_reference"),
    )
    op.create_index(
        "ix_demands_not_started", "demands", ["received_at"], postgresql_where=sa.text("started_at IS NULL")
    )
    op.create_index("ix_demands_samu_id", "demands", ["samu_id"])
    op.create_table(
        "place_texts",
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("access", sa.Text),
        sa.ForeignKeyConstraint(["demand_id"], ["demands.id"], name="fk_place_texts_demand_id"),
        sa.PrimaryKeyConstraint("demand_id", "lat", "lon", name="pk_place_texts"),
        comment="What the crew reads of a corrected place (rule 2), kept by the place: the two change together",
    )
    op.create_table(
        "patients",
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("last_name", sa.LargeBinary),
        sa.Column("first_name", sa.LargeBinary),
        sa.Column("birth_year", sa.LargeBinary),
        sa.Column("sex", sa.LargeBinary),
        sa.Column("weight_kg", sa.LargeBinary),
        sa.Column("callback_phone", sa.LargeBinary),
        sa.ForeignKeyConstraint(["demand_id"], ["demands.id"], name="fk_patients_demand_id"),
        sa.PrimaryKeyConstraint("demand_id", name="pk_patients"),
        comment="The only place of patient identity: each field encrypted, with the id of its key",
    )
    op.create_table(
        "patient_reads",
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("reader", sa.Text, nullable=False),
        sa.Column("role", sa.Text, nullable=False),
        sa.Column("at", Instant, server_default=sa.func.now(), nullable=False),
        sa.ForeignKeyConstraint(["demand_id"], ["demands.id"], name="fk_patient_reads_demand_id"),
        sa.PrimaryKeyConstraint("id", name="pk_patient_reads"),
    )
    op.create_index("ix_patient_reads_demand_id", "patient_reads", ["demand_id"])


def _create_journal() -> None:
    op.create_table(
        "journal",
        sa.Column("position", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("seq", sa.Integer, autoincrement=False, nullable=False),
        sa.Column("samu_id", sa.UUID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.Column("recorded_at", Instant, server_default=sa.func.clock_timestamp(), nullable=False),
        sa.Column("audience", ARRAY(sa.UUID), server_default="{}", nullable=False),
        sa.Column("data", JSONB, nullable=False),
        sa.PrimaryKeyConstraint("demand_id", "seq", name="pk_journal"),
        sa.UniqueConstraint("position", name="uq_journal_position"),
        comment="Append-only: what people see, and the proof",
    )
    op.create_index("ix_journal_samu_id_position", "journal", ["samu_id", "position"])
    op.create_table(
        "demand_views",
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("samu_id", sa.UUID, nullable=False),
        sa.Column("version", sa.Integer, nullable=False, comment="seq of the last fact folded"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("max_delay_minutes", sa.Integer, nullable=False),
        sa.Column("volume", sa.Text, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("deadline", Instant, nullable=False),
        sa.Column("revision", sa.Integer, server_default="1", nullable=False),
        sa.Column("tier_deadline", Instant),
        sa.Column("carence_proposed", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("exercise", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("mission_id", sa.UUID),
        sa.Column("facility_id", sa.Text),
        sa.Column("facility_name", sa.Text),
        sa.Column("ended_at", Instant),
        sa.Column("end_reason", sa.Text),
        sa.PrimaryKeyConstraint("demand_id", name="pk_demand_views"),
    )
    op.create_index("ix_demand_views_samu_id_received_at", "demand_views", ["samu_id", "received_at"])
    op.create_index("ix_demand_views_status", "demand_views", ["status"])


def _create_read_model() -> None:
    op.create_table(
        "solicitations",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("site_id", sa.UUID),
        sa.Column("vehicle_id", sa.UUID),
        sa.Column("eta_minutes", sa.Integer),
        sa.Column("exact_volume", sa.Boolean, nullable=False),
        sa.Column("to_confirm", sa.Boolean, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("counter_delay_minutes", sa.Integer),
        sa.Column("counter_refused", sa.Boolean, server_default=sa.false(), nullable=False),
        sa.Column("reason", sa.Text, comment="of a refusal, an unavailability or a withdrawal"),
        sa.Column("opened_at", Instant, nullable=False),
        sa.Column("answer_before", Instant, nullable=False),
        sa.Column("answered_at", Instant),
        sa.Column("rung_at", Instant),
        sa.PrimaryKeyConstraint("id", name="pk_solicitations"),
    )
    op.create_index("ix_solicitations_company_id_state", "solicitations", ["company_id", "state"])
    op.create_index("ix_solicitations_demand_id", "solicitations", ["demand_id"])
    op.create_index(
        "ix_solicitations_open_vehicle",
        "solicitations",
        ["vehicle_id"],
        postgresql_where=sa.text("state = 'OPEN'"),
    )
    op.create_table(
        "missions",
        sa.Column("id", sa.UUID, nullable=False),
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("solicitation_id", sa.UUID, nullable=False),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("vehicle_id", sa.UUID, nullable=False),
        sa.Column("assigned_at", Instant, nullable=False),
        sa.Column("promised_at", Instant, nullable=False),
        sa.Column("deadline", Instant, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("alarm", sa.Text),
        sa.Column(
            "acknowledged_late",
            sa.Boolean,
            server_default=sa.false(),
            nullable=False,
            comment="that alarm was raised: it stands again when the acknowledgement is taken back",
        ),
        sa.Column("ended_at", Instant),
        sa.Column("end_reason", sa.Text),
        sa.Column("end_detail", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_missions"),
    )
    op.create_index("ix_missions_company_id_assigned_at", "missions", ["company_id", "assigned_at"])
    op.create_index("ix_missions_demand_id", "missions", ["demand_id"])
    op.create_index("ix_missions_vehicle_id", "missions", ["vehicle_id"])
    op.create_table(
        "mission_steps",
        sa.Column("mission_id", sa.UUID, nullable=False),
        sa.Column("step_id", sa.UUID, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False),
        sa.Column("occurred_at", Instant, nullable=False),
        sa.Column("recorded_at", Instant, nullable=False, comment="when the server received it"),
        sa.Column("device_time", Instant),
        sa.Column("by", sa.Text, nullable=False),
        sa.Column("by_role", sa.Text, nullable=False),
        sa.Column("reason", sa.Text),
        sa.Column("undone_at", Instant),
        sa.PrimaryKeyConstraint("mission_id", "step_id", name="pk_mission_steps"),
    )
    op.create_table(
        "kept_steps",
        sa.Column("mission_id", sa.UUID, nullable=False),
        sa.Column("step_id", sa.UUID, nullable=False),
        sa.Column("step", sa.Text, nullable=False),
        sa.Column("kept_at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("mission_id", "step_id", name="pk_kept_steps"),
        comment="Steps that were answered 202: the engine has them, their fact is still to come",
    )
    op.create_index("ix_kept_steps_kept_at", "kept_steps", ["kept_at"])


def _create_deciding() -> None:
    op.create_table(
        "engagements",
        sa.Column("vehicle_id", sa.UUID, nullable=False),
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("mission_id", sa.UUID, nullable=False),
        sa.Column("engaged_at", Instant, nullable=False),
        sa.ForeignKeyConstraint(["vehicle_id"], ["vehicles.id"], name="fk_engagements_vehicle_id"),
        sa.PrimaryKeyConstraint("vehicle_id", name="pk_engagements"),
        sa.UniqueConstraint("demand_id", name="uq_engagements_demand_id"),
        sa.UniqueConstraint("mission_id", name="uq_engagements_mission_id"),
        comment="One row a vehicle on a mission: the single place where a race between demands is decided (rule 94)",
    )
    op.create_table(
        "verdicts",
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("round", sa.Integer, nullable=False),
        sa.Column("tier", sa.Text, nullable=False),
        sa.Column("target_id", sa.UUID, nullable=False, comment="the vehicle, or the site"),
        sa.Column("survey", sa.Integer, nullable=False, comment="the survey that first found this verdict"),
        sa.Column("company_id", sa.UUID, nullable=False),
        sa.Column("verdict", sa.Text, nullable=False),
        sa.Column("eta_minutes", sa.Integer),
        sa.Column("distance_m", sa.Double),
        sa.Column("fix_age_s", sa.Double),
        sa.Column("to_confirm", sa.Boolean, nullable=False),
        sa.Column("travel_engine", sa.Text, nullable=False),
        sa.Column("at", Instant, nullable=False),
        sa.PrimaryKeyConstraint("demand_id", "round", "tier", "target_id", "survey", name="pk_verdicts"),
    )
