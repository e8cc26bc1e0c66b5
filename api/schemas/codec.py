"""Temporal's remote codec protocol: payloads as protobuf writes them in JSON."""

from typing import Annotated

from pydantic import Base64Bytes, BaseModel, ConfigDict, Field

MOST_PAYLOADS = 1000
MOST_METADATA = 50
LONGEST_NAME = 200


class WirePayload(BaseModel):
    """One payload; bytes are base64. What else the engine may add to it is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    metadata: dict[Annotated[str, Field(max_length=LONGEST_NAME)], Base64Bytes] = Field(
        default_factory=dict, max_length=MOST_METADATA
    )
    data: Base64Bytes = b""


class Payloads(BaseModel):
    """What the Temporal UI sends and gets back: as many payloads, in the same order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    payloads: tuple[WirePayload, ...] = Field(default=(), max_length=MOST_PAYLOADS)
