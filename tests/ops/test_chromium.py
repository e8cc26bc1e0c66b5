"""A Chromium is found where there is one, and Debian's is installed where it may; nothing of it ever fails a build."""

import shutil
from pathlib import Path

import pytest

from ops import chromium

INSTALLS = """#!/bin/sh
echo "$@" >> {log}
case "$*" in
  *--download-only*) echo "0 upgraded, 2 newly installed"; echo "Get:1 http://deb x/main amd64 libnss3 amd64 2 [1 B]" ;;
  *install*) echo "0 upgraded, 2 newly installed"; echo "Setting up chromium (1) ..."; cp {self} {folder}/chromium ;;
esac
"""
FAILS = "#!/bin/sh\necho 'E: Unable to fetch some archives'\nexit 100\n"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Debian with hardly anything on its path, where we are root."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("sh", "env", "timeout", "cp"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    (tmp_path / "os-release").write_text('PRETTY_NAME="Exemple"\nID=exemple\nID_LIKE="ubuntu debian"\n')
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(chromium.VARIABLE, raising=False)
    monkeypatch.setattr(chromium, "OS_RELEASE", tmp_path / "os-release")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    return folder


def put(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_one_of_the_machine_is_taken(machine: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = put(machine, "google-chrome", "#!/bin/sh\n")
    assert chromium.find() == there
    assert chromium.main() == 0
    assert str(there) in capsys.readouterr().out


def test_the_one_that_is_named_comes_first_and_none_means_none(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    put(machine, "chromium", "#!/bin/sh\n")
    monkeypatch.setenv(chromium.VARIABLE, str(put(tmp_path, "mine", "#!/bin/sh\n")))
    assert chromium.find() == tmp_path / "mine"
    put(machine, "apt-get", FAILS)
    monkeypatch.setenv(chromium.VARIABLE, chromium.NOT_WANTED)
    assert chromium.find() is None
    assert chromium.main() == 0
    assert "will not run" in capsys.readouterr().out


def test_debians_is_fetched_before_anything_is_changed(
    machine: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "log"
    put(machine, "apt-get", INSTALLS.format(log=log, self=machine / "apt-get", folder=machine))
    assert chromium.main() == 0
    update, fetch, install = log.read_text().splitlines()
    assert "update" in update
    assert "--download-only chromium" in fetch
    assert install.endswith("--no-install-recommends chromium fonts-liberation")
    said = capsys.readouterr().out
    assert "[  1/2] libnss3" in said
    assert "[  1/2] chromium" in said
    assert str(machine / "chromium") in said


def test_without_network_it_is_said_and_nothing_fails(
    machine: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(machine, "apt-get", FAILS)
    assert chromium.main() == 0
    said = capsys.readouterr().out
    assert "Unable to fetch" in said
    assert chromium.HOW in said


def test_nothing_is_installed_without_the_right_to(
    machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "log"
    put(machine, "apt-get", INSTALLS.format(log=log, self=machine / "apt-get", folder=machine))
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert chromium.main() == 0
    put(machine, "sudo", "#!/bin/sh\nexit 1\n")
    assert chromium.main() == 0
    assert not log.exists()
    (tmp_path / "os-release").write_text("ID=fedora\n")
    monkeypatch.setattr("os.geteuid", lambda: 0)
    assert chromium.main() == 0
    assert not log.exists()
