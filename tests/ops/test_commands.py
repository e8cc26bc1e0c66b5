"""The doors: `make`, `rescousse`, and what they say when they cannot open."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from ops import install
from ops.cli import ENTRIES
from ops.embedded.children import ROOT

TOO_OLD = "case $* in -V) echo Python 3.9.2;; *) exit 1;; esac"
NO_VENV = "case $* in *ensurepip*) exit 1;; *) exit 0;; esac"


def _script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def _run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))
    }
    return subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.parametrize(
    ("python", "sentence"),
    [
        (TOO_OLD, "Python 3.11 or newer is needed, and './python' is Python 3.9.2"),
        (NO_VENV, "comes without its venv module"),
        (None, "Python 3.11 or newer is needed, and './python' was not found"),
    ],
)
def test_make_says_which_python_it_needs(tmp_path: Path, python: str | None, sentence: str) -> None:
    for name in ("Makefile", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, tmp_path)
    if python is not None:
        _script(tmp_path / "python", python)
    refused = _run("make", "run", "PYTHON=./python", cwd=tmp_path)
    assert refused.returncode != 0
    assert sentence in refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_the_command_works_from_anywhere(tmp_path: Path) -> None:
    helped = _run(str(ROOT / "rescousse"), "--help", cwd=tmp_path)
    assert helped.returncode == 0
    for entry in ENTRIES:
        assert entry.name in helped.stdout


def test_help_loads_nothing_heavy() -> None:
    code = "import sys; from ops.cli import build_app; build_app(['--help']); print(*sys.modules)"
    loaded = _run(sys.executable, "-c", code, cwd=ROOT).stdout.split()
    assert not {"temporalio", "sqlalchemy", "psycopg", "fastapi", "numpy", "osmium"} & set(loaded)


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_every_command_is_there(entry: object) -> None:
    helped = _run(sys.executable, "-m", "ops", str(getattr(entry, "name", "")), "--help", cwd=ROOT)
    assert helped.returncode == 0, helped.stderr


def test_a_missing_environment_is_said(tmp_path: Path) -> None:
    shutil.copy(ROOT / "rescousse", tmp_path)
    refused = _run("./rescousse", cwd=tmp_path)
    assert refused.returncode == 1
    assert "run 'make run'" in refused.stderr


def _pip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> Path:
    monkeypatch.setattr(install, "PIP", (str(_script(tmp_path / "pip", script)),))
    lock = tmp_path / "requirements.lock"
    lock.write_text("# a lock\nalembic==1.0 \\\n    --hash=sha256:1\npsutil==7.2 ; x\ncolorama==1 ; win\n")
    return lock


def test_installing_shows_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    script = (
        "echo \"Ignoring colorama: markers\"; echo 'Collecting alembic==1.0 (from x)';"
        " echo 'Processing /wheels/psutil-7.2-cp36-abi3-linux.whl (from x)'"
    )
    assert install.main(_pip(tmp_path, monkeypatch, script)) == 0
    assert capsys.readouterr().out.splitlines() == ["  [  2/3] alembic 1.0", "  [  3/3] psutil 7.2"]


def test_a_failed_installation_ends_with_pips_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        install.main(_pip(tmp_path, monkeypatch, "echo 'THESE PACKAGES DO NOT MATCH THE HASHES'; exit 3"))
        == 3
    )
    shown = capsys.readouterr().out
    assert "DO NOT MATCH" in shown
    assert "Run the same command again" in shown
