"""Every table, in SQLAlchemy Core. Names are those of the glossary; instants are UTC; H3 cells are bigint."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Uuid = PG_UUID(as_uuid=True)
Instant = sa.DateTime(timezone=True)


def _id() -> sa.Column[object]:
    return sa.Column("id", Uuid, primary_key=True)


def _ref(name: str, target: str, *, nullable: bool = False) -> sa.Column[object]:
    return sa.Column(name, Uuid, sa.ForeignKey(target), nullable=nullable, index=True)


# -- who there is ----------------------------------------------------------------------------------------------------

samus = sa.Table(
    "samus",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("area_cells", ARRAY(sa.BigInteger), nullable=False),
    sa.Column("policy", JSONB, nullable=False, server_default="{}"),
)

companies = sa.Table(
    "companies",
    metadata,
    _id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("phone", sa.Text),
)

conventions = sa.Table(
    "conventions",
    metadata,
    sa.Column("samu_id", Uuid, sa.ForeignKey("samus.id"), primary_key=True),
    sa.Column("company_id", Uuid, sa.ForeignKey("companies.id"), primary_key=True),
    comment="Which companies a SAMU may solicit: its own département's, and neighbours by convention (rule 99)",
)

sites = sa.Table(
    "sites",
    metadata,
    _id(),
    _ref("company_id", "companies.id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("mobilisation_s", sa.Integer, nullable=False, server_default="0"),
    sa.Column("available", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("available_until", Instant),
)

vehicles = sa.Table(
    "vehicles",
    metadata,
    _id(),
    _ref("company_id", "companies.id"),
    _ref("site_id", "sites.id", nullable=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("registration", sa.Text),
    sa.Column("category", sa.Text, nullable=False),
    sa.Column("available", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("available_until", Instant),
    sa.CheckConstraint("category IN ('A', 'C')", name="category"),
)

vehicle_positions = sa.Table(
    "vehicle_positions",
    metadata,
    sa.Column("vehicle_id", Uuid, sa.ForeignKey("vehicles.id"), primary_key=True),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("cell", sa.BigInteger, nullable=False, comment="H3 cell, geo.cells.STORED_RESOLUTION"),
    sa.Column("cover_cell", sa.BigInteger, nullable=False, comment="H3 cell, geo.cells.COVER_RESOLUTION"),
    sa.Column("recorded_at", Instant, nullable=False, comment="device time, never later than received_at"),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("accuracy_m", sa.Double),
    sa.Column("speed_kmh", sa.Double),
    sa.Column("heading", sa.Double),
    sa.Index("ix_vehicle_positions_cover_cell", "cover_cell"),
    postgresql_with={"fillfactor": 70},
)

facilities = sa.Table(
    "facilities",
    metadata,
    sa.Column("id", sa.Text, primary_key=True, comment="FINESS geographic number"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("commune", sa.Text),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
)

# -- who is calling --------------------------------------------------------------------------------------------------

persons = sa.Table(
    "persons",
    metadata,
    _id(),
    sa.Column("username", sa.Text, nullable=False, unique=True),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    _ref("samu_id", "samus.id", nullable=True),
    _ref("company_id", "companies.id", nullable=True),
    sa.Column("disabled", sa.Boolean, nullable=False, server_default=sa.false()),
)

api_keys = sa.Table(
    "api_keys",
    metadata,
    _id(),
    sa.Column("key_hash", sa.LargeBinary, nullable=False, unique=True, comment="SHA-256 of the key"),
    sa.Column("name", sa.Text, nullable=False),
    _ref("samu_id", "samus.id"),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("revoked_at", Instant),
)

refresh_tokens = sa.Table(
    "refresh_tokens",
    metadata,
    sa.Column("token_hash", sa.LargeBinary, primary_key=True, comment="SHA-256 of the token"),
    _ref("person_id", "persons.id"),
    sa.Column("expires_at", Instant, nullable=False),
    sa.Column("used_at", Instant),
)

devices = sa.Table(
    "devices",
    metadata,
    _id(),
    _ref("person_id", "persons.id"),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("push_subscription", JSONB),
    sa.Column("created_at", Instant, nullable=False, server_default=sa.func.now()),
    sa.Column("closed_at", Instant),
    sa.CheckConstraint("kind IN ('PLUGIN', 'WEB', 'MOBILE')", name="kind"),
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

# -- demands: what was asked -----------------------------------------------------------------------------------------

demands = sa.Table(
    "demands",
    metadata,
    _id(),
    _ref("samu_id", "samus.id"),
    sa.Column("reference", sa.Text, nullable=False, comment="the SAMU's own file number"),
    sa.Column("content_hash", sa.LargeBinary, nullable=False, comment="tells a retry from another content"),
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
    sa.Column("start_tries", sa.Integer, nullable=False, server_default="0"),
    sa.Column("try_again_at", Instant, comment="no sweeper starts it before; null for at once"),
    sa.UniqueConstraint("samu_id", "reference"),
    sa.Index("ix_demands_not_started", "received_at", postgresql_where=sa.text("started_at IS NULL")),
)

place_texts = sa.Table(
    "place_texts",
    metadata,
    sa.Column("demand_id", Uuid, sa.ForeignKey("demands.id"), primary_key=True),
    sa.Column("lat", sa.Double, primary_key=True),
    sa.Column("lon", sa.Double, primary_key=True),
    sa.Column("address", sa.Text),
    sa.Column("access", sa.Text),
    comment="What the crew reads of a corrected place (rule 2), kept by the place: the two change together",
)

patients = sa.Table(
    "patients",
    metadata,
    sa.Column("demand_id", Uuid, sa.ForeignKey("demands.id"), primary_key=True),
    sa.Column("last_name", sa.LargeBinary),
    sa.Column("first_name", sa.LargeBinary),
    sa.Column("birth_year", sa.LargeBinary),
    sa.Column("sex", sa.LargeBinary),
    sa.Column("weight_kg", sa.LargeBinary),
    sa.Column("callback_phone", sa.LargeBinary),
    comment="The only place of patient identity: each field encrypted, with the id of its key",
)

patient_reads = sa.Table(
    "patient_reads",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("demand_id", Uuid, sa.ForeignKey("demands.id"), nullable=False, index=True),
    sa.Column("reader", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False, server_default=sa.func.now()),
)

# -- the journal and the read model ----------------------------------------------------------------------------------

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("position", sa.BigInteger, sa.Identity(), nullable=False, unique=True),
    sa.Column("demand_id", Uuid, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("samu_id", Uuid, nullable=False),
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
    _id(),
    sa.Column("demand_id", Uuid, nullable=False, index=True),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("tier", sa.Text, nullable=False),
    sa.Column("company_id", Uuid, nullable=False),
    sa.Column("site_id", Uuid),
    sa.Column("vehicle_id", Uuid),
    sa.Column("eta_minutes", sa.Integer),
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
    _id(),
    sa.Column("demand_id", Uuid, nullable=False, index=True),
    sa.Column("solicitation_id", Uuid, nullable=False),
    sa.Column("company_id", Uuid, nullable=False),
    sa.Column("vehicle_id", Uuid, nullable=False, index=True),
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
    sa.Index("ix_missions_company_id_assigned_at", "company_id", "assigned_at"),
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

# -- deciding and explaining -----------------------------------------------------------------------------------------

engagements = sa.Table(
    "engagements",
    metadata,
    sa.Column("vehicle_id", Uuid, sa.ForeignKey("vehicles.id"), primary_key=True),
    sa.Column("demand_id", Uuid, nullable=False, unique=True),
    sa.Column("mission_id", Uuid, nullable=False, unique=True),
    sa.Column("engaged_at", Instant, nullable=False),
    comment="One row a vehicle on a mission: the single place where a race between demands is decided (rule 94)",
)

verdicts = sa.Table(
    "verdicts",
    metadata,
    sa.Column("demand_id", Uuid, primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True),
    sa.Column("tier", sa.Text, primary_key=True),
    sa.Column("target_id", Uuid, primary_key=True, comment="the vehicle, or the site"),
    sa.Column("survey", sa.Integer, primary_key=True, comment="the survey that first found this verdict"),
    sa.Column("company_id", Uuid, nullable=False),
    sa.Column("verdict", sa.Text, nullable=False),
    sa.Column("eta_minutes", sa.Integer),
    sa.Column("distance_m", sa.Double),
    sa.Column("fix_age_s", sa.Double),
    sa.Column("to_confirm", sa.Boolean, nullable=False),
    sa.Column("travel_engine", sa.Text, nullable=False),
    sa.Column("at", Instant, nullable=False),
)
