"""What all fact bodies have in common."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """Base of all fact bodies."""

    model_config = ConfigDict(frozen=True)
