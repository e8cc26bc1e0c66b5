"""The database of the compose file: its owners, its backup and the way back, by the scripts themselves.

There is no Docker here: `docker compose exec postgres …` runs the same programs against a cluster of the test's own.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa

from ops.doctor import backups
from ops.doctor.findings import Severity
from ops.embedded import postgres
from ops.embedded.datadir import DataDir, hold
from ops.embedded.postgres import Cluster
from ops.embedded.processes import end, spawn
from ops.secrets import make_secrets
from storage.migrate import upgrade
from tests.deployment.compose import ROOT

DEPLOY = ROOT / "deploy"
START_SECONDS = 60
COMMAND_SECONDS = 60

DOCKER = """#!{python}
import os, shutil, sys
words = sys.argv[1:]
assert words[0] == "compose", words
if words[1] == "exec":
    service, command = words[3], words[4:]
elif words[1] == "run":
    at = words.index("--entrypoint")
    service, command = words[at + 2], [words[at + 1], *words[at + 3:]]
else:
    print(*words, file=open(os.environ["TOLD"], "a"))
    sys.exit()
assert service == "postgres", words
program = shutil.which(command[0])
if os.environ["ACCOUNT"] and words[1] == "run":
    os.setgroups([])
    os.setgid(int(os.environ["ACCOUNT"]))
    os.setuid(int(os.environ["ACCOUNT"]))
os.execv(program, command)
"""
"""Stands for Docker: what is executed in the service `postgres` is executed here, as the database's account."""


@asynccontextmanager
async def _served(cluster: Cluster) -> AsyncIterator[None]:
    spec = cluster.server()
    process = await spawn(spec)
    try:
        async with asyncio.timeout(START_SECONDS):
            while not await postgres.answers(cluster):  # noqa: ASYNC110 - another process starts
                await asyncio.sleep(0.02)
        yield
    finally:
        await end(process, spec)


class Place:
    """A cluster as the container has it, its secrets, and our scripts on it."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.cluster = cluster
        self.secrets, self.told, self.restored = (
            folder / "secrets",
            folder / "told",
            folder / "data" / "restored",
        )
        make_secrets(self.secrets, "postgres:5432")
        self.programs = folder / "bin"
        self.programs.mkdir()
        docker = self.programs / "docker"
        docker.write_text(DOCKER.format(python=sys.executable))
        docker.chmod(0o755)
        checking = self.programs / "pg_verifybackup"  # the wheel's own crashes, whatever it is asked
        checking.write_text('#!/bin/sh\nset -eu\ntest "$1" = --quiet\ntest -s "$2/backup_manifest"\n')
        checking.chmod(0o755)
        self.path = f"{self.programs}:{cluster.binaries}:{os.environ['PATH']}"

    def run(self, script: str, *arguments: Path) -> "subprocess.CompletedProcess[str]":
        account = self.cluster.account
        surroundings = {
            "PATH": self.path,
            "PGHOST": str(self.cluster.sockets),
            "PGDATA": str(self.restored),
            "SECRETS": str(self.secrets),
            "TOLD": str(self.told),
            "ACCOUNT": str(account.uid) if account else "",
        }
        command = ["sh", str(DEPLOY / script), *map(str, arguments)]
        return subprocess.run(
            command, env=surroundings, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )

    def owner(self, role: str, database: str) -> str:
        """Our address of a database, as its owner. Here, whoever reaches the socket is believed."""
        return f"postgresql://{role}@/{database}?host={self.cluster.sockets}"


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    with hold(tmp_path / "data") as data:
        cluster = await postgres.prepare(data, lambda _: None)
        if cluster.account is not None:
            os.chown(data.root, cluster.account.uid, cluster.account.gid)
        async with _served(cluster):
            yield Place(tmp_path, cluster)


async def test_owners_databases_backup_and_the_way_back(place: Place, tmp_path: Path) -> None:
    made = place.run("postgres/databases.sh")
    assert made.returncode == 0, made.stderr
    _owners_have_no_further_right(place)
    # Our owner is enough for the migrations.
    await asyncio.to_thread(upgrade, place.owner("rescousse", "rescousse"))
    with psycopg.connect(place.owner("temporal", "temporal"), autocommit=True) as engine:
        engine.execute("CREATE TABLE executions AS SELECT 42 AS id")
    file = tmp_path / "backups" / "backup.tar.gz"
    file.parent.mkdir()
    backed = place.run("backup.sh", file)
    assert backed.returncode == 0, backed.stderr
    assert file.stat().st_mode & 0o777 == 0o600
    assert place.run("backup.sh", file).returncode == 1, "backups are not written over"
    [told] = backups.judge(file.parent, datetime.now(UTC))
    assert told.severity is Severity.NOTE, told.sentence
    with psycopg.connect(place.owner("temporal", "temporal"), autocommit=True) as engine:
        engine.execute("UPDATE executions SET id = 43")

    restored = _broken_off_and_given_again(place, file)
    assert restored.returncode == 0, restored.stderr
    steps = ["compose stop", "compose up --detach --wait postgres", "compose up --detach"]
    assert place.told.read_text().splitlines() == steps
    again = replace(place.cluster, data=place.restored, sockets=_sockets(place, tmp_path))
    await _hold_what_they_held(again)
    refused = place.run("restore.sh", file)
    assert refused.returncode == 1
    assert "There is a database already" in refused.stderr


def _broken_off_and_given_again(place: Place, file: Path) -> "subprocess.CompletedProcess[str]":
    """First half of the file arrives, then PostgreSQL does not answer; nothing is half there, and nothing is in the way."""
    checking = place.programs / "pg_verifybackup"
    whole = checking.read_text()
    checking.write_text("#!/bin/sh\nexit 1\n")
    assert place.run("restore.sh", file).returncode == 1
    assert not place.restored.exists()
    checking.write_text(whole)
    psql = place.programs / "psql"
    psql.write_text("#!/bin/sh\nexit 2\n")
    psql.chmod(0o755)
    assert place.run("restore.sh", file).returncode == 2
    assert (place.restored / "rescousse.restoring").exists()
    psql.unlink()
    place.told.unlink()
    done = place.run("restore.sh", file)
    assert not (place.restored / "rescousse.restoring").exists()
    return done


def _owners_have_no_further_right(place: Place) -> None:
    with psycopg.connect(place.cluster.url("postgres")) as connection:
        rights = connection.execute(
            "SELECT rolname FROM pg_roles WHERE rolname IN ('temporal', 'rescousse')"
            " AND rolcanlogin AND NOT (rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls)"
        ).fetchall()
        [password] = connection.execute(
            "SELECT rolpassword FROM pg_authid WHERE rolname = 'rescousse'"
        ).fetchone() or [""]
    assert {name for (name,) in rights} == {"temporal", "rescousse"}
    assert password.startswith("SCRAM-SHA-256$")
    url = (place.secrets / "database_url").read_text().strip()
    assert sa.make_url(url).password == (place.secrets / "rescousse_password").read_text().strip()
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(place.owner("rescousse", "temporal"))


def _sockets(place: Place, folder: Path) -> Path:
    directory = DataDir(folder / "data").root / "s"
    directory.mkdir(mode=0o700)
    if place.cluster.account is not None:
        os.chown(directory, place.cluster.account.uid, place.cluster.account.gid)
    return directory


async def _hold_what_they_held(again: Cluster) -> None:
    async with _served(again):
        with psycopg.connect(again.url("temporal")) as engine:
            assert engine.execute("SELECT id FROM executions").fetchone() == (42,)
        with psycopg.connect(again.url("rescousse")) as ours:
            assert ours.execute("SELECT count(*) FROM journal").fetchone() == (0,)
