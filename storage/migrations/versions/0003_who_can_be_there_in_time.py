"""Roads, mobilisation times, raw fixes for 48 hours, whole surveys instead of single verdicts, coverage."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY, JSON

revision = "0003"
down_revision: str | None = "0002"

Instant = sa.DateTime(timezone=True)


def upgrade() -> None:
    """What takes long comes first: the tables that positions and answers need are locked for an instant, at the end."""
    _create_fixes()
    _create_coverage()
    _create_surveys()
    op.execute(_VERDICTS_TO_SURVEYS)
    op.drop_table("verdicts")
    _add_columns()


def downgrade() -> None:
    """Of the surveys, the verdicts stay; what led to them is lost, and so are fixes and coverage."""
    _create_verdicts()
    op.execute(_SURVEYS_TO_VERDICTS)
    for table in ("surveys", "coverage_gaps", "communes", "vehicle_cells", "vehicle_fixes"):
        op.drop_table(table)
    for table, column in (
        ("alarms", "volume"),
        ("solicitations", "earliest_minutes"),
        ("sites", "mobilisation_by_hour_s"),
        ("vehicle_positions", "road_access_m"),
        ("vehicle_positions", "road_node"),
        ("vehicle_positions", "road_graph"),
    ):
        op.drop_column(table, column)
    op.alter_column("sites", "mobilisation_s", comment=None)
    op.alter_column("solicitations", "eta_minutes", comment=None)


def _add_columns() -> None:
    op.alter_column(
        "sites",
        "mobilisation_s",
        comment="what a crew parked there needs before it leaves",
        existing_type=sa.Integer,
    )
    by_hour = "24 of them, by the hour that clocks of the SAMU show; null: the same at every hour"
    op.add_column("sites", sa.Column("mobilisation_by_hour_s", ARRAY(sa.Integer), comment=by_hour))
    positions = (
        sa.Column("road_graph", sa.Text, comment="the graph that the position was snapped to"),
        sa.Column("road_node", sa.Integer, comment="its node; null with a graph: off all roads"),
        sa.Column("road_access_m", sa.REAL, comment="how far that node is"),
    )
    for column in positions:
        op.add_column("vehicle_positions", column)
    promised = "the latest arrival: what is promised"
    op.alter_column("solicitations", "eta_minutes", comment=promised, existing_type=sa.Integer)
    op.add_column("solicitations", sa.Column("earliest_minutes", sa.Integer))
    op.add_column("alarms", sa.Column("volume", sa.Text, comment="whose coverage is lost"))


def _create_fixes() -> None:
    op.create_table(
        "vehicle_fixes",
        sa.Column("vehicle_id", sa.UUID, nullable=False),
        sa.Column(
            "recorded_at", Instant, nullable=False, comment="device time, never later than received_at"
        ),
        sa.Column("received_at", Instant, nullable=False),
        sa.Column("lat", sa.Double, nullable=False),
        sa.Column("lon", sa.Double, nullable=False),
        sa.Column("cell", sa.BigInteger, nullable=False, comment="H3 cell, geo.cells.STORED_RESOLUTION"),
        sa.Column("accuracy_m", sa.REAL),
        sa.Column("speed_kmh", sa.REAL),
        sa.Column("heading", sa.REAL),
        sa.PrimaryKeyConstraint("vehicle_id", "recorded_at", name="pk_vehicle_fixes"),
        postgresql_partition_by="RANGE (recorded_at)",
        comment="Every fix, for 48 hours; then only its cell is kept",
    )
    op.execute("CREATE TABLE vehicle_fixes_default PARTITION OF vehicle_fixes DEFAULT")
    op.create_table(
        "vehicle_cells",
        sa.Column("vehicle_id", sa.UUID, nullable=False),
        sa.Column("hour", Instant, nullable=False),
        sa.Column("cell", sa.BigInteger, nullable=False, comment="H3 cell, geo.cells.STORED_RESOLUTION"),
        sa.Column("fixes", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("vehicle_id", "hour", "cell", name="pk_vehicle_cells"),
        comment="Where vehicles were, by the hour and to about 200 m: what stays of their fixes",
    )
    op.create_index("ix_vehicle_cells_hour", "vehicle_cells", ["hour"])


def _create_coverage() -> None:
    op.create_table(
        "communes",
        sa.Column("insee", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("population", sa.Integer, nullable=False),
        sa.Column("lat", sa.Double, nullable=False, comment="town hall"),
        sa.Column("lon", sa.Double, nullable=False),
        sa.PrimaryKeyConstraint("insee", name="pk_communes"),
    )
    op.create_table(
        "coverage_gaps",
        sa.Column("samu_id", sa.UUID, nullable=False),
        sa.Column("volume", sa.Text, nullable=False),
        sa.Column("insee", sa.Text, nullable=False),
        sa.Column("covered", sa.Boolean, nullable=False),
        sa.Column("since", Instant, nullable=False),
        sa.Column("minutes", sa.Integer, comment="of the nearest free vehicle at the last look; null: none"),
        sa.ForeignKeyConstraint(["samu_id"], ["samus.id"], name="fk_coverage_gaps_samu_id"),
        sa.PrimaryKeyConstraint("samu_id", "volume", "insee", name="pk_coverage_gaps"),
        comment="Which communes a free vehicle reaches within the policy's threshold, as it was last seen",
    )


def _create_surveys() -> None:
    op.create_table(
        "surveys",
        sa.Column("demand_id", sa.UUID, nullable=False),
        sa.Column("number", sa.Integer, nullable=False, comment="counts all of a demand"),
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
        sa.Column(
            "sheet", JSON, nullable=False, comment="storage.surveys: what was known, and what was decided"
        ),
        sa.Column(
            "beyond_vehicles",
            ARRAY(sa.UUID),
            comment="those of no cell that was searched: too far, or nowhere",
        ),
        sa.Column(
            "beyond_cells",
            ARRAY(sa.BigInteger),
            comment="under which each of them is filed; null: no position",
        ),
        sa.Column("beyond_sites", ARRAY(sa.UUID), comment="too far"),
        sa.PrimaryKeyConstraint("demand_id", "number", name="pk_surveys"),
        comment="Who could have been there in time, and why: kept when it differs from the survey before",
    )
    # Compressing a sheet takes PostgreSQL longer than all the rest of writing it (ADR 21).
    op.execute("ALTER TABLE surveys ALTER COLUMN sheet SET STORAGE EXTERNAL")


def _create_verdicts() -> None:
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


# The terms of a demand whose place was amended are those of its last revision: older ones were not kept.
_VERDICTS_TO_SURVEYS = """
INSERT INTO surveys
    (demand_id, number, round, at, lat, lon, max_delay_minutes, volume, engine, profile, policy, digest, sheet)
SELECT v.demand_id, v.survey, min(v.round), min(v.at), min(d.lat), min(d.lon), min(d.max_delay_minutes),
    min(d.volume), min(v.travel_engine), 'DAY', '{}', ''::bytea,
    json_build_object(
        'columns', '["tier","target_id","company_id","verdict","eta_minutes","distance_m","fix_age_s","to_confirm"]'::json,
        'rows', json_agg(json_build_array(
            v.tier, v.target_id, v.company_id, v.verdict, v.eta_minutes, v.distance_m, v.fix_age_s, v.to_confirm
        ) ORDER BY v.tier, v.target_id)
    )
FROM verdicts v JOIN demand_views d USING (demand_id)
GROUP BY v.demand_id, v.survey
"""

_SURVEYS_TO_VERDICTS = """
INSERT INTO verdicts
SELECT s.demand_id, s.round, told.row ->> at.tier, (told.row ->> at.target_id)::uuid, s.number,
    (told.row ->> at.company_id)::uuid, told.row ->> at.verdict, (told.row ->> at.eta_minutes)::integer,
    (told.row ->> at.distance_m)::double precision, (told.row ->> at.fix_age_s)::double precision,
    coalesce((told.row ->> at.to_confirm)::boolean, false), s.engine, s.at
FROM surveys s
CROSS JOIN LATERAL (
    SELECT
        max(place) FILTER (WHERE name = 'tier') AS tier,
        max(place) FILTER (WHERE name = 'target_id') AS target_id,
        max(place) FILTER (WHERE name = 'company_id') AS company_id,
        max(place) FILTER (WHERE name = 'verdict') AS verdict,
        max(place) FILTER (WHERE name = 'eta_minutes') AS eta_minutes,
        max(place) FILTER (WHERE name = 'distance_m') AS distance_m,
        max(place) FILTER (WHERE name = 'fix_age_s') AS fix_age_s,
        max(place) FILTER (WHERE name = 'to_confirm') AS to_confirm
    FROM (
        SELECT name, (number - 1)::integer AS place
        FROM json_array_elements_text(s.sheet -> 'columns') WITH ORDINALITY AS named(name, number)
    ) AS places
) AS at
CROSS JOIN LATERAL json_array_elements(s.sheet -> 'rows') AS told(row)
"""
