"""Passwords and keys of the demonstration: derived from a secret, so that they need not be stored anywhere.

The same secret and name give the same credential; without the secret none can be guessed from the names,
which are public.
"""

import hmac
from base64 import urlsafe_b64encode
from uuid import UUID


def demo_password(secret: str, username: str) -> str:
    """Return the password of an account: 24 characters. Raises ValueError for an empty secret."""
    return _derived(secret, "password", username)[:24]


def demo_api_key(secret: str, samu_id: UUID) -> str:
    """Return the API key of a SAMU's software: ``rsc_`` and 43 characters. Raises ValueError for an empty secret."""
    return f"rsc_{_derived(secret, 'api-key', str(samu_id))}"


def _derived(secret: str, purpose: str, name: str) -> str:
    if not secret:
        raise ValueError("demonstration credentials need a secret that is not empty")
    digest = hmac.digest(secret.encode(), f"rescousse-demo/{purpose}/{name}".encode(), "sha256")
    return urlsafe_b64encode(digest).decode().rstrip("=")
