"""Two databases at one moment: neither view is ahead of the other, and the engine goes on whatever happens to us."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest

from ops.backup.manifest import BackupError
from ops.backup.moment import copy_engine, one_moment

MOMENTS = 25

ENGINE = """
import sqlite3, sys, psycopg
engine = sqlite3.connect(sys.argv[1], isolation_level=None)
ours = psycopg.connect(sys.argv[2], autocommit=True)
number = 0
while True:
    number += 1
    engine.execute("UPDATE told SET number = ?", [number])
    ours.execute("UPDATE told SET number = %s", [number])
"""
"""Tells its own database first, then ours, as an engine that was answered and the activity that records it."""


@pytest.fixture
def told(database_url: str, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """A number in each database, in a table of its own."""
    file = tmp_path / "temporal.db"
    with closing(sqlite3.connect(file)) as engine, psycopg.connect(database_url, autocommit=True) as ours:
        engine.execute("PRAGMA journal_mode = WAL")
        engine.execute("CREATE TABLE told (number INTEGER)")
        engine.execute("INSERT INTO told VALUES (0)")
        engine.commit()
        ours.execute("CREATE TABLE told AS SELECT 0 AS number")
    yield database_url, file
    with psycopg.connect(database_url, autocommit=True) as ours:
        ours.execute("DROP TABLE told")


@pytest.fixture
def busy(told: tuple[str, Path]) -> Iterator[int]:
    """The process id of an engine that never rests."""
    url, file = told
    process = subprocess.Popen([sys.executable, "-c", ENGINE, str(file), url])
    try:
        _wait(lambda: _number(file) > 10)
        yield process.pid
    finally:
        process.kill()
        process.wait()


def test_neither_view_is_ahead(told: tuple[str, Path], busy: int, tmp_path: Path) -> None:
    url, file = told
    pairs = []
    for attempt in range(MOMENTS):
        with one_moment(url, file, busy) as moment:
            copy = tmp_path / f"copy-{attempt}"
            copy_engine(moment, copy)
            with psycopg.connect(url) as ours:
                ours.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
                ours.execute(f"SET TRANSACTION SNAPSHOT '{moment.snapshot}'".encode())
                row = ours.execute("SELECT number FROM told").fetchone()
        pairs.append((_number(copy), row[0] if row else None))
    assert all(ours in {engine, engine - 1} for engine, ours in pairs), pairs
    assert len(set(pairs)) == MOMENTS, "the engine went on between the moments"


def test_the_copy_is_of_the_moment_although_the_engine_goes_on(
    told: tuple[str, Path], busy: int, tmp_path: Path
) -> None:
    url, file = told
    with one_moment(url, file, busy) as moment:
        [then] = moment.engine.execute("SELECT number FROM told").fetchone()
        _wait(lambda: _number(file) > then + 20)
        copy_engine(moment, tmp_path / "copy")
    assert _number(tmp_path / "copy") == then
    with closing(sqlite3.connect(tmp_path / "copy")) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_an_engine_goes_on_when_the_backup_is_killed_while_it_is_held(
    told: tuple[str, Path], busy: int
) -> None:
    holding = f"import time\nfrom ops.backup.moment import _held\nwith _held({busy}):\n print(flush=True)\n time.sleep(60)"
    process = subprocess.Popen([sys.executable, "-c", holding], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert psutil.Process(busy).status() == psutil.STATUS_STOPPED
    finally:
        process.kill()
        process.communicate()
    _wait(lambda: psutil.Process(busy).status() != psutil.STATUS_STOPPED)


def test_an_engine_goes_on_after_an_error(told: tuple[str, Path], busy: int) -> None:
    url, file = told
    with pytest.raises(BackupError), one_moment(url, file, busy):
        raise psycopg.OperationalError("away")
    assert psutil.Process(busy).status() != psutil.STATUS_STOPPED


def test_what_cannot_be_read_is_a_sentence(told: tuple[str, Path], tmp_path: Path) -> None:
    url, file = told
    with pytest.raises(BackupError, match="no engine's database"), one_moment(url, tmp_path / "none", None):
        pass
    (tmp_path / "broken").write_text("not a database, and long enough for its header to be looked at " * 9)
    with pytest.raises(BackupError, match="cannot be read"), one_moment(url, tmp_path / "broken", None):
        pass
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with pytest.raises(BackupError, match="cannot be held"), one_moment(url, file, gone.pid):
        pass


def _number(file: Path) -> int:
    with closing(sqlite3.connect(file)) as database:
        [number] = database.execute("SELECT number FROM told").fetchone()
        return int(number)


def _wait(holds: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < until, "it never came true"
        time.sleep(0.01)
