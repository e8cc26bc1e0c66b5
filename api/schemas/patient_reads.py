"""Who read who a patient is."""

from datetime import datetime
from typing import Literal

from api.fields import Answer
from domain.people import Role


class PatientReadShown(Answer):
    """One reading. ``organisation``: the reader's company or SAMU, as it is called now."""

    at: datetime
    name: str
    kind: Literal["person", "software"]
    role: Role
    organisation: str | None
    sentence: str


class PatientReadPage(Answer):
    """Newest first; ``next_before`` is null on the last page."""

    items: list[PatientReadShown]
    next_before: int | None = None
