"""What the engine keeps of ours is sealed: every payload, encrypted before it leaves a process (ADR 30).

The keys are the caller's: a workflow and the engine know key ids only. What was written before there was a key is
plain, and stays readable.
"""

from collections.abc import Iterator, Sequence
from typing import Protocol

from google.protobuf.message import Message
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

ENCODING = b"binary/encrypted"
"""The name of the encoding in a payload's metadata: that of Temporal's own samples, which its UI knows."""
KEY_ID = "encryption-key-id"
"""Under which key, for whoever looks at a history without having one."""
PLACE = "temporal/payload"
"""What a payload is bound to: what was sealed as a field of a table cannot be passed off as one, nor the reverse."""


class Sealing(Protocol):
    """A ring of keys, as :class:`storage.keyring.Keyring` is: the first encrypts, all decrypt."""

    @property
    def first(self) -> str:
        """The id of the key that encrypts."""

    def seal_bytes(self, content: bytes, place: str) -> bytes:
        """Encrypt for a place."""

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """Decrypt what was sealed for this place. Raises an error that names the missing key, never the content."""


class EncryptingCodec(PayloadCodec):
    """Seals payloads on their way to the engine, opens them on their way back; passes plain ones through."""

    def __init__(self, sealing: Sealing) -> None:
        """Use these keys."""
        self._sealing = sealing

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal each one whole: its metadata says what the content is made of."""
        return [self._sealed(payload) for payload in payloads]

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open what is sealed; the rest is from before, and stays as it is. Raises what the keyring raises."""
        return [self._opened(payload) if is_sealed(payload) else payload for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        return Payload(
            metadata={"encoding": ENCODING, KEY_ID: self._sealing.first.encode()},
            data=self._sealing.seal_bytes(payload.SerializeToString(), PLACE),
        )

    def _opened(self, payload: Payload) -> Payload:
        return Payload.FromString(self._sealing.open_bytes(payload.data, PLACE))


def is_sealed(payload: Payload) -> bool:
    """Whether this codec made the payload."""
    return payload.metadata.get("encoding") == ENCODING


def payloads_in(message: Message) -> Iterator[Payload]:
    """Every payload that a message of the engine's holds, at any depth, as it is kept there."""
    if isinstance(message, Payload):
        yield message
        return
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        if field.message_type.GetOptions().map_entry:
            held = [each for each in value.values() if isinstance(each, Message)]
        else:
            held = [value] if isinstance(value, Message) else list(value)
        for each in held:
            yield from payloads_in(each)
