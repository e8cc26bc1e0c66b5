"""What decides, and what explains."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSON

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

surveys = sa.Table(
    "surveys",
    metadata,
    sa.Column("demand_id", Uuid, primary_key=True),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False, comment="counts all of a demand"),
    sa.Column("round", sa.Integer, nullable=False),
    sa.Column("at", Instant, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("max_delay_minutes", sa.Integer, nullable=False),
    sa.Column("volume", sa.Text, nullable=False),
    sa.Column("engine", sa.Text, nullable=False, comment="geo.travel_time.Travel.identity"),
    sa.Column("profile", sa.Text, nullable=False, comment="of the latest arrival"),
    sa.Column("gap", sa.Text, comment="why the place was not reached by road"),
    sa.Column("policy", JSON, nullable=False),
    sa.Column(
        "digest", sa.LargeBinary, nullable=False, comment="of the verdicts alone, without their figures"
    ),
    sa.Column("sheet", JSON, nullable=False, comment="storage.surveys: what was known, and what was decided"),
    sa.Column(
        "beyond_vehicles", ARRAY(Uuid), comment="those of no cell that was searched: too far, or nowhere"
    ),
    sa.Column(
        "beyond_cells", ARRAY(sa.BigInteger), comment="under which each of them is filed; null: no position"
    ),
    sa.Column("beyond_sites", ARRAY(Uuid), comment="too far"),
    sa.Column(
        "attempt",
        sa.Integer,
        nullable=False,
        server_default="1",
        comment="one that comes late changes nothing",
    ),
    comment="Who could have been there in time, and why: kept when it differs from the survey before",
)

coverage_gaps = sa.Table(
    "coverage_gaps",
    metadata,
    sa.Column("samu_id", Uuid, sa.ForeignKey("samus.id"), primary_key=True),
    sa.Column("volume", sa.Text, primary_key=True),
    sa.Column("insee", sa.Text, primary_key=True),
    sa.Column("covered", sa.Boolean, nullable=False),
    sa.Column("since", Instant, nullable=False),
    sa.Column("minutes", sa.Integer, comment="of the nearest free vehicle at the last look; null: none"),
    comment="Which communes a free vehicle reaches within the policy's threshold, as it was last seen",
)
