"""Keys of the curve P-256: ours, under which notifications are sent (RFC 8292), and those of browsers (RFC 8291)."""

import base64
import binascii

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

PRIVATE_BYTES = 32
AUTH_BYTES = 16


def new_key() -> str:
    """Make a private key: 32 bytes, base64url."""
    number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
    return encoded(number.to_bytes(PRIVATE_BYTES, "big"))


def private_key(text: str) -> ec.EllipticCurvePrivateKey:
    """Read a private key. Raises ValueError, which never holds the key, for what is none."""
    raw = decoded(text)
    if len(raw) != PRIVATE_BYTES:
        raise ValueError(f"a key for notifications has {PRIVATE_BYTES} bytes, base64url")
    try:
        return ec.derive_private_key(int.from_bytes(raw, "big"), ec.SECP256R1())
    except ValueError:
        raise ValueError("a key for notifications is a number of the curve P-256") from None


def public_key(text: str) -> str:
    """The public key of a private one, as browsers take it: an uncompressed point, base64url. Raises ValueError."""
    point = private_key(text).public_key()
    return encoded(point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))


def check_browser_key(p256dh: str) -> None:
    """Raise ValueError for what is no point of the curve P-256."""
    ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), decoded(p256dh))


def check_browser_secret(auth: str) -> None:
    """Raise ValueError for what is no authentication secret of a browser."""
    if len(decoded(auth)) != AUTH_BYTES:
        raise ValueError(f"should have {AUTH_BYTES} bytes")


def encoded(raw: bytes) -> str:
    """Base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    """Read base64url, padded or not. Raises ValueError for anything else."""
    bare = text.rstrip("=").replace("+", "-").replace("/", "_")
    try:
        raw = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("should be base64url") from None
    return raw
