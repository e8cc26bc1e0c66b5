"""Names of workflows. They are stored in plain and seen by operators: no personal data."""

from uuid import UUID


def workflow_id(demand_id: UUID) -> str:
    """The id of a demand's workflow."""
    return f"demand-{demand_id}"


def guard_watch_id(period_id: UUID) -> str:
    """The id of the watch of a guard period."""
    return f"guard-{period_id}"


PROBE_ID = "probe"
"""The one workflow that answers the end-to-end probe."""
