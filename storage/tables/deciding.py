"""What decides, and what explains."""

import sqlalchemy as sa

from storage.tables.base import Instant, Uuid, metadata

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
