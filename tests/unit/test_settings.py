"""What an operator sets is understood or refused before anything starts."""

import base64

import pytest
from pydantic import ValidationError

from settings import Settings
from settings_secrets import DEVELOPMENT_SECRET_KEY, parse_keys

KEY = base64.b64encode(bytes(range(32))).decode()
OTHER = base64.b64encode(bytes(reversed(range(32)))).decode()


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in [name for name in os.environ if name.startswith("RESCOUSSE_")]:
        monkeypatch.delenv(name)


def test_development_needs_no_setting() -> None:
    settings = Settings()
    assert settings.environment == "development"
    assert settings.temporal_address == "127.0.0.1:7233"
    assert list(settings.identity_key_ring) == ["development"]


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_every_postgresql_address_names_the_driver(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", f"{scheme}://postgres@/rescousse?host=/run/x")
    assert Settings().database_url == "postgresql+psycopg://postgres@/rescousse?host=/run/x"


@pytest.mark.parametrize("url", ["mysql://localhost/x", "rescousse", "postgresql+asyncpg://localhost/x", ""])
def test_another_database_is_refused(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", url)
    with pytest.raises(ValidationError, match="PostgreSQL address"):
        Settings()


def test_production_refuses_the_secrets_of_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCOUSSE_ENVIRONMENT", "production")
    with pytest.raises(
        ValidationError, match="SECRET_KEY and RESCOUSSE_IDENTITY_KEYS and RESCOUSSE_PAYLOAD_KEYS"
    ):
        Settings()
    monkeypatch.setenv("RESCOUSSE_SECRET_KEY", "k" * 32)
    with pytest.raises(ValidationError, match="set RESCOUSSE_IDENTITY_KEYS and RESCOUSSE_PAYLOAD_KEYS"):
        Settings()
    monkeypatch.setenv("RESCOUSSE_IDENTITY_KEYS", f"a:{KEY}")
    monkeypatch.setenv("RESCOUSSE_PAYLOAD_KEYS", f"b:{OTHER}")
    assert Settings().environment == "production"
    monkeypatch.setenv("RESCOUSSE_SECRET_KEY", f"{'k' * 32}\n{DEVELOPMENT_SECRET_KEY}")
    with pytest.raises(
        ValidationError, match="set RESCOUSSE_SECRET_KEY"
    ):  # beside one's own, it would be believed
        Settings()


def test_push_services_without_a_key_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCOUSSE_PUSH_HOSTS", "push.example")
    with pytest.raises(ValidationError, match="RESCOUSSE_PUSH_KEY"):
        Settings()
    monkeypatch.setenv("RESCOUSSE_PUSH_KEY", "any")
    assert Settings().push_hosts == "push.example"


def test_a_short_signing_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCOUSSE_SECRET_KEY", "short")
    with pytest.raises(ValidationError, match="at least 32 bytes"):
        Settings()


def test_the_first_identity_key_comes_first() -> None:
    ring = parse_keys(f"new:{KEY}, old:{OTHER}")
    assert list(ring) == ["new", "old"]
    assert ring["old"] == bytes(reversed(range(32)))


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ("", "at least one"),
        (KEY, "key id of its own"),
        (f"a:{KEY},a:{OTHER}", "key id of its own"),
        ("a:***", "not base64"),
        ("a:c2hvcnQ=", "has 5 bytes"),
    ],
)
def test_unusable_identity_keys_are_named(keys: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_keys(keys)


def test_a_refused_secret_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCOUSSE_IDENTITY_KEYS", KEY)
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert KEY[:8] not in str(refused.value)


def test_secrets_never_show() -> None:
    settings = Settings()
    assert settings.secret_key not in repr(settings)
    assert settings.identity_keys not in repr(settings)
    assert settings.database_url not in repr(settings)
