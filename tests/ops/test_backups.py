"""The doctor and the backups of a deployment: PostgreSQL's own, which know nothing of ours (ADR 35)."""

import io
import os
import tarfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ops.doctor.backups import judge
from ops.doctor.findings import Severity

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


def _backup(file: Path, *members: str, age: timedelta) -> None:
    with tarfile.open(file, "w:gz") as tar:
        for name in members:
            content = b"START WAL LOCATION: 0/2000028 (file 000000010000000000000002)"
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    then = (NOW - age).timestamp()
    os.utime(file, (then, then))


def _told(directory: Path) -> tuple[Severity, str]:
    [found] = judge(directory, NOW)
    return found.severity, found.sentence


@pytest.mark.parametrize(("hours", "severity"), [(2, Severity.NOTE), (30, Severity.SOON)])
def test_a_base_backup_is_as_old_as_its_file(tmp_path: Path, hours: int, severity: Severity) -> None:
    file = tmp_path / "rescousse.tar.gz"
    _backup(file, "backup_label", "PG_VERSION", "base/1/1247", age=timedelta(hours=hours))
    assert _told(tmp_path) == (severity, f"The newest backup, {file}, is {hours} h old.")


def test_one_that_is_being_made_is_none_yet(tmp_path: Path) -> None:
    _backup(tmp_path / "b.tar.gz.new", "backup_label", age=timedelta())
    assert _told(tmp_path) == (Severity.WRONG, f"There is no backup in {tmp_path}.")
    _backup(tmp_path / "a.tar.gz", "backup_label", age=timedelta(hours=30))
    assert _told(tmp_path)[0] is Severity.SOON


def test_another_archive_is_no_backup(tmp_path: Path) -> None:
    _backup(tmp_path / "photos.tar.gz", "a.jpg", "b.jpg", age=timedelta())
    severity, sentence = _told(tmp_path)
    assert severity is Severity.WRONG
    assert "is no backup of Rescousse" in sentence
