"""Encrypts fields and payloads: AES-256-GCM, with the id of its key, bound to the place where the value stands.

It also gives keyed digests: a plain hash of an identity can be guessed by whoever has a list of names.
"""

import hmac
import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

FORMAT = 1
"""First byte of everything sealed here; another layout takes another number."""
NONCE_BYTES = 12
LONGEST_KEY_ID = 255


class UnreadableError(Exception):
    """What was sealed cannot be opened: its key is gone, or it was moved or changed. Never holds the content."""


class Keyring:
    """The keys by their ids: the first encrypts, all decrypt. Layout: format, length of id, id, nonce, text."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """Take keys of 32 bytes; raises ValueError for none, or for an id that does not fit in one byte of length."""
        if not keys or any(not 0 < len(kid.encode()) <= LONGEST_KEY_ID for kid in keys):
            raise ValueError("a keyring needs at least one key, each with an id of 1 to 255 bytes")
        self._ciphers = {kid.encode(): AESGCM(key) for kid, key in keys.items()}
        self._first = next(iter(self._ciphers))
        self._secrets = tuple(keys.values())

    @property
    def first(self) -> str:
        """The id of the key that encrypts."""
        return self._first.decode()

    @property
    def key_ids(self) -> tuple[str, ...]:
        """The ids of all keys, the first one first."""
        return tuple(kid.decode() for kid in self._ciphers)

    def seal(self, text: str, place: str) -> bytes:
        """Encrypt ``text``; it can only be opened again for the same ``place`` (table/field/row)."""
        return self.seal_bytes(text.encode(), place)

    def seal_bytes(self, content: bytes, place: str) -> bytes:
        """Encrypt ``content`` as :meth:`seal` does text."""
        nonce = os.urandom(NONCE_BYTES)
        head = bytes([FORMAT, len(self._first)]) + self._first
        return head + nonce + self._ciphers[self._first].encrypt(nonce, content, place.encode())

    def digests(self, purpose: str, content: bytes) -> tuple[bytes, ...]:
        """HMAC-SHA-256 of ``content`` by every key of the ring, each with a key of its own derived for ``purpose``.

        Keep the first; compare with all, so that what was kept is known again after a change of keys.
        """
        derived = (hmac.digest(secret, f"rescousse/{purpose}".encode(), "sha256") for secret in self._secrets)
        return tuple(hmac.digest(key, content, "sha256") for key in derived)

    def open(self, sealed: bytes, place: str) -> str:
        """Decrypt what :meth:`seal` gave for this place. Raises UnreadableError."""
        try:
            return self.open_bytes(sealed, place).decode()
        except UnicodeDecodeError:
            raise UnreadableError(
                "what was sealed is not a text"
            ) from None  # its error would hold the content

    def open_bytes(self, sealed: bytes, place: str) -> bytes:
        """Decrypt what :meth:`seal_bytes` gave for this place. Raises UnreadableError."""
        kid, rest = _split(sealed)
        cipher = self._ciphers.get(kid)
        if cipher is None:
            raise UnreadableError(f"the key {kid.decode(errors='replace')!r} is not on the ring")
        try:
            return cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], place.encode())
        except (InvalidTag, ValueError) as error:
            raise UnreadableError("what was sealed was changed or moved") from error


def key_id_of(sealed: bytes) -> str:
    """The id of the key that something was sealed with. Raises UnreadableError if no keyring made it."""
    return _split(sealed)[0].decode(errors="replace")


def _split(sealed: bytes) -> tuple[bytes, bytes]:
    if len(sealed) < 2 + NONCE_BYTES or sealed[0] != FORMAT:
        raise UnreadableError("not sealed by this keyring")
    end = 2 + sealed[1]
    return sealed[2:end], sealed[end:]
