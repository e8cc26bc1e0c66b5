"""Every secret may stand in a file; which of two counts is never guessed."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from settings import Settings
from settings_secrets import SECRETS, format_keys, parse_keys

KEYS = format_keys({"new": b"n" * 32, "old": b"o" * 32})
OTHER = "another secret of the tests, long enough"
VALUES = {
    "database_url": "postgresql+psycopg://somebody@db/rescousse",
    "secret_key": "a signing key of the tests, long enough",
    "identity_keys": KEYS,
    "payload_keys": KEYS,
    "push_key": "a push key",
    "temporal_api_key": "an api key",
}


@pytest.fixture(autouse=True)
def _no_settings_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("RESCOUSSE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("RESCOUSSE_TEMPORAL_TLS", "true")


@pytest.mark.parametrize("name", SECRETS)
def test_a_secret_is_read_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    file = tmp_path / name
    file.write_text(VALUES.get(name, OTHER) + "\n")
    monkeypatch.setenv(f"RESCOUSSE_{name.upper()}_FILE", str(file))
    told = Settings()
    assert getattr(told, name) == VALUES.get(name, OTHER)
    assert VALUES.get(name, OTHER) not in repr(told)


@pytest.mark.parametrize("name", SECRETS)
def test_a_file_and_a_value_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text(VALUES.get(name, OTHER))
    monkeypatch.setenv(f"RESCOUSSE_{name.upper()}_FILE", str(tmp_path / name))
    monkeypatch.setenv(f"RESCOUSSE_{name.upper()}", VALUES.get(name, OTHER))
    with pytest.raises(ValidationError, match=f"RESCOUSSE_{name.upper()}_FILE, not both") as refused:
        Settings()
    assert VALUES.get(name, OTHER) not in str(refused.value)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read .No such file"),
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\xff\xfe", "not a text"),
    ],
)
def test_a_file_without_a_secret_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes | None, why: str
) -> None:
    file = tmp_path / "secret_key"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv("RESCOUSSE_SECRET_KEY_FILE", str(file))
    with pytest.raises(ValidationError, match=f"RESCOUSSE_SECRET_KEY_FILE: {file} .*{why}"):
        Settings()


def test_a_folder_in_place_of_a_file_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RESCOUSSE_SECRET_KEY_FILE", str(tmp_path))
    with pytest.raises(ValidationError, match="cannot be read"):
        Settings()


def test_an_empty_name_of_a_file_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCOUSSE_SECRET_KEY_FILE", "")
    monkeypatch.setenv("RESCOUSSE_SECRET_KEY", VALUES["secret_key"])
    assert Settings().secret_key == VALUES["secret_key"]


def test_a_wrong_secret_in_a_file_is_not_repeated(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("kid:not-a-key")
    monkeypatch.setenv("RESCOUSSE_PAYLOAD_KEYS_FILE", str(tmp_path / "keys"))
    with pytest.raises(ValidationError) as refused:
        Settings()
    assert "not-a-key" not in str(refused.value)


def test_a_ring_may_be_written_a_key_a_line() -> None:
    assert parse_keys(KEYS.replace(",", "\n")) == parse_keys(KEYS)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TEMPORAL_API_KEY", "key"),
        ("TEMPORAL_TLS_CA_FILE", "/ca.pem"),
        ("TEMPORAL_TLS_SERVER_NAME", "temporal.invalid"),
    ],
)
def test_what_needs_tls_is_refused_without(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv("RESCOUSSE_TEMPORAL_TLS", "false")
    monkeypatch.setenv(f"RESCOUSSE_{name}", value)
    with pytest.raises(ValidationError, match=f"RESCOUSSE_{name} needs TLS"):
        Settings()


def test_a_certificate_without_its_key_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESCOUSSE_TEMPORAL_TLS_CERT_FILE", "/cert.pem")
    with pytest.raises(ValidationError, match="go together"):
        Settings()
