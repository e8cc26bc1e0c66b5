"""Who is speaking: roles and actors."""

from enum import StrEnum
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class Role(StrEnum):
    """What a caller may do; a scope (one SAMU or one company) goes with it."""

    SAMU = "SAMU"
    REGULATOR = "REGULATOR"
    CREW = "CREW"
    COORDINATOR = "COORDINATOR"
    ADMIN = "ADMIN"


class Actor(BaseModel):
    """Who did something, as the journal keeps it: an account, never a patient."""

    model_config = ConfigDict(frozen=True)

    role: Role
    name: str
    person_id: UUID | None = None
    device_id: UUID | None = None
    company_id: UUID | None = None
