"""Seals a notification for one browser (RFC 8291) and signs who sends it (RFC 8292).

Only whoever sends imports this: `pywebpush` brings two further HTTP clients along, half a second of processor time.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from py_vapid import Vapid02, VapidException
from pywebpush import WebPusher, WebPushException

from push.config import PushConfig
from push.doors import origin_of
from push.keys import check_browser_key, check_browser_secret, private_key

ENCODING = "aes128gcm"
TOKEN_LASTS = timedelta(hours=12)
"""A push service takes 24 hours at most."""
PADDED_TO = 512
"""Bytes: every notification is as long as the next, so that its length tells nothing."""


class UnsealableError(Exception):
    """The keys of this subscription cannot be used."""


class Sealer:
    """Seals and signs under the platform's key."""

    def __init__(self, config: PushConfig) -> None:
        """Raise ValueError for a key that is none."""
        self._vapid = Vapid02(private_key(config.key))
        self._contact = config.contact

    def seal(self, subscription: Mapping[str, object], content: bytes) -> bytes:
        """The body of a message that only this browser can read. Raises UnsealableError."""
        try:
            _check_keys(subscription.get("keys"))
            pusher = WebPusher(subscription)
            sealed = pusher.encode(content.ljust(-(-len(content) // PADDED_TO) * PADDED_TO), ENCODING)
        except (WebPushException, ValueError) as error:
            raise UnsealableError from error
        body = sealed["body"]
        assert isinstance(body, bytes)  # noqa: S101 - what it says it returns
        return body

    def authorization(self, endpoint: str, at: datetime) -> str:
        """The header `Authorization` for a push service. Raises ValueError for an endpoint that none can be made for."""
        claims = {
            "aud": origin_of(endpoint),
            "exp": int((at + TOKEN_LASTS).timestamp()),
            "sub": self._contact,
        }
        try:
            header: str = self._vapid.sign(claims)["Authorization"]
        except VapidException as error:
            raise ValueError("no token for this endpoint") from error
        return header


def _check_keys(keys: object) -> None:
    """Raise ValueError for keys that were not checked when the browser subscribed."""
    if not isinstance(keys, Mapping):
        raise ValueError("a subscription has keys")
    check_browser_key(str(keys.get("p256dh", "")))
    check_browser_secret(str(keys.get("auth", "")))
