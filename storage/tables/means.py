"""Who there is: SAMUs, companies, their sites and vehicles, where patients are taken."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

from storage.tables.base import Instant, Uuid, metadata, own_id, reference

samus = sa.Table(
    "samus",
    metadata,
    own_id(),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("area_cells", ARRAY(sa.BigInteger), nullable=False),
    sa.Column("phone", sa.Text, comment="where crews pass the bilan (rule 22)"),
    sa.Column("policy", JSONB, nullable=False, server_default="{}"),
    sa.Column(
        "timezone", sa.Text, nullable=False, server_default="Europe/Paris", comment="IANA name (rule 101)"
    ),
)

companies = sa.Table(
    "companies",
    metadata,
    own_id(),
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
    own_id(),
    reference("company_id", "companies.id"),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column(
        "mobilisation_s",
        sa.Integer,
        nullable=False,
        server_default="0",
        comment="what a crew parked there needs before it leaves",
    ),
    sa.Column(
        "mobilisation_by_hour_s",
        ARRAY(sa.Integer),
        comment="24 of them, by the hour that clocks of the SAMU show; null: the same at every hour",
    ),
    sa.Column("available", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("available_until", Instant),
)

vehicles = sa.Table(
    "vehicles",
    metadata,
    own_id(),
    reference("company_id", "companies.id"),
    reference("site_id", "sites.id", nullable=True),
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
    sa.Column("road_graph", sa.Text, comment="the graph that the position was snapped to"),
    sa.Column("road_node", sa.Integer, comment="its node; null with a graph: off all roads"),
    sa.Column("road_access_m", sa.REAL, comment="how far that node is"),
    sa.Column("recorded_at", Instant, nullable=False, comment="device time, never later than received_at"),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("accuracy_m", sa.Double),
    sa.Column("speed_kmh", sa.Double),
    sa.Column("heading", sa.Double),
    sa.Index("ix_vehicle_positions_cover_cell", "cover_cell"),
    postgresql_with={"fillfactor": 70},
)

vehicle_fixes = sa.Table(
    "vehicle_fixes",
    metadata,
    sa.Column("vehicle_id", Uuid, primary_key=True),
    sa.Column("recorded_at", Instant, primary_key=True, comment="device time, never later than received_at"),
    sa.Column("received_at", Instant, nullable=False),
    sa.Column("lat", sa.Double, nullable=False),
    sa.Column("lon", sa.Double, nullable=False),
    sa.Column("cell", sa.BigInteger, nullable=False, comment="H3 cell, geo.cells.STORED_RESOLUTION"),
    sa.Column("accuracy_m", sa.REAL),
    sa.Column("speed_kmh", sa.REAL),
    sa.Column("heading", sa.REAL),
    postgresql_partition_by="RANGE (recorded_at)",
    comment="Every fix, for 48 hours; then only its cell is kept",
)

vehicle_cells = sa.Table(
    "vehicle_cells",
    metadata,
    sa.Column("vehicle_id", Uuid, primary_key=True),
    sa.Column("hour", Instant, primary_key=True),
    sa.Column("cell", sa.BigInteger, primary_key=True, comment="H3 cell, geo.cells.STORED_RESOLUTION"),
    sa.Column("fixes", sa.Integer, nullable=False),
    sa.Index("ix_vehicle_cells_hour", "hour"),
    comment="Where vehicles were, by the hour and to about 200 m: what stays of their fixes",
)

communes = sa.Table(
    "communes",
    metadata,
    sa.Column("insee", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("population", sa.Integer, nullable=False),
    sa.Column("lat", sa.Double, nullable=False, comment="town hall"),
    sa.Column("lon", sa.Double, nullable=False),
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
