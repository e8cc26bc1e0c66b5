"""What was asked, and who the patient is."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables.base import Instant, Uuid, metadata, own_id, reference

demands = sa.Table(
    "demands",
    metadata,
    own_id(),
    reference("samu_id", "samus.id"),
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
    sa.Column("at", Instant, nullable=False, index=True, server_default=sa.func.now()),
)
