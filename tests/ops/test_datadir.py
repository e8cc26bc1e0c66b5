"""One stack per data directory; its secrets are made once, for its owner only."""

import os
import stat
from pathlib import Path

import pytest

from ops.embedded.datadir import DataDir, hold, load_secrets, write_private
from ops.embedded.errors import StartError
from push.keys import decoded, public_key
from settings import Settings


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_data_directory_is_held_by_one(tmp_path: Path) -> None:
    with (
        hold(tmp_path / "data"),
        pytest.raises(StartError, match="is in use by another"),
        hold(tmp_path / "data"),
    ):
        pass
    with hold(tmp_path / "data"):
        pass


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(StartError, match="cannot be written: Not a directory"),
        hold(tmp_path / "file" / "data"),
    ):
        pass


def test_secrets_are_made_once_and_kept_private(tmp_path: Path) -> None:
    with hold(tmp_path / "data") as data:
        first = load_secrets(data)
        assert load_secrets(data) == first
        assert {_mode(path) for path in data.secrets.iterdir()} == {0o600}
        assert _mode(data.secrets) == 0o700
    with hold(tmp_path / "other") as data:
        assert load_secrets(data).secret_key != first.secret_key
    assert first.secret_key not in repr(first)


def test_nothing_is_open_to_others_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        with hold(tmp_path / "deep" / "data") as data:
            load_secrets(data)
            write_private(data.runtime_file, "{}")
    finally:
        os.umask(before)
    found = [data.root, *data.root.rglob("*")]
    assert len(found) > 8
    assert [path.name for path in found if _mode(path) & 0o077] == []


def test_a_link_in_the_place_of_a_secret_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    with hold(tmp_path / "data") as data:
        elsewhere = tmp_path / "elsewhere"
        elsewhere.write_text("somebody else's")
        for name in ("runtime.json", "runtime.json.new"):
            (data.root / name).symlink_to(elsewhere)
        write_private(data.runtime_file, "a secret")
        assert elsewhere.read_text() == "somebody else's"
        assert not data.runtime_file.is_symlink()
        assert data.runtime_file.read_text() == "a secret"


def test_the_key_of_notifications_is_one_that_browsers_can_subscribe_to(tmp_path: Path) -> None:
    with hold(tmp_path) as data:
        made = load_secrets(data)
    assert len(decoded(public_key(made.push_key))) == 65
    assert made.push_key not in repr(made)


def test_secrets_are_good_enough_for_production(tmp_path: Path) -> None:
    with hold(tmp_path) as data:
        made = load_secrets(data)
    settings = Settings(
        environment="production",
        secret_key=made.secret_key,
        identity_keys=made.identity_keys,
        payload_keys=made.payload_keys,
    )
    assert len(settings.identity_key_ring) == len(settings.payload_key_ring) == 1
    assert settings.identity_key_ring != settings.payload_key_ring


def test_a_lost_identity_key_is_not_replaced(tmp_path: Path) -> None:
    data = DataDir(tmp_path)
    data.postgres.mkdir()
    with pytest.raises(StartError, match="not the key of its identities"):
        load_secrets(data)


def test_a_lost_key_of_what_the_engine_keeps_is_not_replaced(tmp_path: Path) -> None:
    with hold(tmp_path) as data:
        load_secrets(data)
        (data.secrets / "payload_keys").unlink()
        with pytest.raises(StartError, match=r"not the key of what it keeps: put .*payload_keys back"):
            load_secrets(data)


def test_an_engine_from_before_there_were_payload_keys_gets_one(tmp_path: Path) -> None:
    with hold(tmp_path) as data:
        (data.temporal / "temporal.db").write_bytes(b"plain histories")
        made = load_secrets(data)
        assert made.payload_keys
        assert load_secrets(data) == made


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    path.with_name("runtime.json.new").write_text("half of an earlier one")
    write_private(path, "one")
    write_private(path, "two")
    assert path.read_text() == "two"
    assert _mode(path) == 0o600
    assert list(tmp_path.iterdir()) == [path]
