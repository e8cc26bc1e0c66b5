"""Names of workflows. They are stored in plain and seen by operators: no personal data."""

from uuid import UUID


def workflow_id(demand_id: UUID) -> str:
    """The id of a demand's workflow."""
    return f"demand-{demand_id}"
