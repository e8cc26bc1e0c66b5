"""What was done with accounts, the wrong passwords of a moment ago, and from where the right ones came."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB

from storage.tables.base import Instant, metadata

audit_events = sa.Table(
    "audit_events",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
    sa.Column("at", Instant, nullable=False, index=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False, comment="who did it; 'unknown' for a name that nobody has"),
    sa.Column("address", sa.Text, comment="where from"),
    sa.Column("subject", sa.Text, comment="whom or what it was done to"),
    sa.Column("detail", JSONB, nullable=False, server_default="{}", comment="no secret, no patient"),
    comment="Logins, and what operators did: append-only",
)

login_failures = sa.Table(
    "login_failures",
    metadata,
    sa.Column(
        "key", sa.LargeBinary, primary_key=True, comment="keyed digest of a name and an address, or of one"
    ),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("last_at", Instant, nullable=False, index=True),
    comment="Wrong passwords of the last minutes: forgotten soon",
)

login_places = sa.Table(
    "login_places",
    metadata,
    sa.Column("key", sa.LargeBinary, primary_key=True, comment="keyed digest of a name and an address"),
    sa.Column("last_at", Instant, nullable=False, index=True),
    comment="From where names logged in of late: whoever guesses there does not keep them out",
)
