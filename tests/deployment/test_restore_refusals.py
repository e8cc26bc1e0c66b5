"""What `rescousse restore` looks at before it touches anything, and what `rescousse backup` refuses."""

import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ops.backup import archive
from ops.backup.making import back_up
from ops.backup.manifest import DATABASE, ENGINE, FORMAT, SECRETS, BackupError, Manifest, described
from ops.backup.restoring import restore
from ops.embedded.datadir import hold

DAY = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)


def _backup(folder: Path, **differs: object) -> Path:
    """A backup whose parts are no databases."""
    parts = {DATABASE: folder / "database", ENGINE: folder / "engine", f"{SECRETS}secret_key": folder / "key"}
    for name, file in parts.items():
        file.write_text(f"no {name}")
    told: dict[str, object] = {
        "format": FORMAT,
        "made_at": DAY,
        "engine_was_running": True,
        "schema_revision": "0004",
        "postgres": 180001,
        "temporal": "1.32.0",
        "sealed": True,
        "parts": {name: described(file) for name, file in parts.items()},
    }
    file = folder / "backup.tar.gz"
    archive.write(file, Manifest.model_validate({**told, **differs}), parts)
    return file


@pytest.mark.parametrize(
    ("differs", "sentence"),
    [
        ({"format": FORMAT + 1}, "made by a newer Rescousse"),
        ({"schema_revision": "9999"}, "migration 9999, which this Rescousse does not know"),
        ({"temporal": "1.99.0"}, r"of Temporal 1\.99\.0, and 1\.\d+\.\d+ is installed here"),
    ],
)
async def test_a_backup_of_a_newer_version(tmp_path: Path, differs: dict[str, object], sentence: str) -> None:
    with pytest.raises(BackupError, match=sentence):
        await restore(_backup(tmp_path, **differs), tmp_path / "data", DAY, force=False)
    assert not (tmp_path / "data").exists()


async def test_a_damaged_backup(tmp_path: Path) -> None:
    file = _backup(tmp_path, parts={})
    assert archive.read_manifest(file).parts == {}
    wrong = described(tmp_path / "database").model_copy(update={"sha256": "0" * 64})
    file = _backup(tmp_path, parts={DATABASE: wrong})
    with pytest.raises(BackupError, match=rf"is damaged: {DATABASE} is not what was put into it"):
        await restore(file, tmp_path / "data", DAY, force=False)
    cut = _backup(tmp_path)
    cut.write_bytes(cut.read_bytes()[:-60])
    with pytest.raises(BackupError, match=r"is damaged or cannot be unpacked|is no backup"):
        await restore(cut, tmp_path / "data", DAY, force=False)
    assert not (tmp_path / "data").exists()
    assert not (tmp_path / "data.restoring").exists()


@pytest.mark.parametrize("content", [b"", b"a letter", b"\x1f\x8b\x08\x00 not gzip"])
async def test_what_is_no_backup(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(BackupError, match="is no backup of Rescousse"):
        await restore(tmp_path / "file", tmp_path / "data", DAY, force=False)
    with pytest.raises(BackupError, match="There is no file"):
        await restore(tmp_path / "none", tmp_path / "data", DAY, force=False)


async def test_a_directory_that_is_not_empty_is_left_alone(tmp_path: Path) -> None:
    file, data = _backup(tmp_path), tmp_path / "data"
    data.mkdir()
    (data / "kept").write_text("as it was")
    with pytest.raises(BackupError, match="is not empty"):
        await restore(file, data, DAY, force=False)
    with hold(data), pytest.raises(BackupError, match=r"is in use by another `rescousse up`. Stop it first"):
        await restore(file, data, DAY, force=True)
    with pytest.raises(BackupError, match="pg_restore failed"):  # what it holds is no dump
        await restore(file, data, DAY, force=True)
    assert (data / "kept").read_text() == "as it was"
    assert set(os.listdir(tmp_path)) == {"backup.tar.gz", "data", "database", "engine", "key"}


async def test_what_cannot_be_backed_up(tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="There is nothing to back up in"):
        await back_up(tmp_path / "none", tmp_path / "file", DAY, with_secrets=True)
    (tmp_path / "data" / "postgres").mkdir(parents=True)
    (tmp_path / "file").write_text("another backup")
    with pytest.raises(BackupError, match="is there already"):
        await back_up(tmp_path / "data", tmp_path / "file", DAY, with_secrets=True)
    with (
        hold(tmp_path / "data"),
        pytest.raises(BackupError, match="It is starting or stopping: try again in a moment"),
    ):
        await back_up(tmp_path / "data", tmp_path / "new", DAY, with_secrets=True)
    assert (tmp_path / "file").read_text() == "another backup"
