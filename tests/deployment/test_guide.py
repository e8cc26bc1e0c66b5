"""The commands of docs/deployment.md, followed word for word."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.deployment.compose import BASE, ROOT, load

GUIDE = (ROOT / "docs" / "deployment.md").read_text()
BLOCKS = re.findall(r"^```\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
LINES = [line for block in BLOCKS for line in block.splitlines()]
SERVICES = load(BASE)["services"]
[ASIDE] = [block for block in BLOCKS if "docker volume rm" in block]
"""How the old database is put aside for a restore."""

DOCKER = """#!/bin/sh
echo "$*" >>"$TOLD"
case "$*" in "$FAILS"*) exit 1 ;; esac
"""
STEPS = ("compose down", "volume create", "run --rm", "volume rm rescousse_postgres")


def test_what_is_chosen_is_written_down_for_every_later_command() -> None:
    """A variable or a file that one command is given alone is forgotten by the next, and the service made anew without."""
    assert [line for line in LINES if re.match(r"export |[A-Z_]+=\S* +\S", line)] == []
    with_files = [line for line in LINES if re.search(r"docker compose .*-f ", line)]
    assert all("deploy/compose.previous.yml" in line and "worker-previous" in line for line in with_files)
    assert [name for name in ("SITE_ADDRESS", "VERSION") if f"echo {name}=" not in BLOCKS[0]] == []


@pytest.mark.parametrize(
    "file", ["docs/deployment.md", "docs/runbook.md", "docs/security.md", "deploy/restore.sh"]
)
def test_commands_do_not_wait_for_what_they_ask_about(file: str) -> None:
    given = re.findall(r"docker compose run .*python -m ops (?!secrets)", (ROOT / file).read_text())
    assert [command for command in given if "--no-deps" not in command] == []


def test_the_aliases_name_services_and_addresses_that_are_there() -> None:
    aliases = dict(re.findall(r"^alias (\w+)='(.*)'$", GUIDE, re.MULTILINE))
    assert aliases["rescousse"] == "docker compose run --rm --no-deps migrate python -m ops"
    assert SERVICES["migrate"]["command"][:3] == ["python", "-m", "ops"]
    engine, ours = aliases["temporal"], SERVICES["migrate"]["environment"]
    assert "admin-tools" in SERVICES[engine.split()[-1]]["image"]
    for what in ("ADDRESS", "NAMESPACE"):
        assert f"--env TEMPORAL_{what}={ours[f'RESCOUSSE_TEMPORAL_{what}']} " in engine
    for page in ("runbook.md", "security.md"):
        assert "(deployment.md#commands-of-operators)" in (ROOT / "docs" / page).read_text()
    assert "### Commands of operators\n" in GUIDE


def test_histories_are_opened_where_they_can_be_read() -> None:
    """The command line runs in a network without a way out: it asks an API that is in the same one."""
    told = re.search(
        r"--codec-endpoint http://([\w-]+):(\d+)/v1/codec ", (ROOT / "docs" / "security.md").read_text()
    )
    assert told
    api = SERVICES[told[1]]
    assert told[2] == api["command"][-1]
    assert set(SERVICES["temporal-schema"]["networks"]) & set(api["networks"]) == {"inside"}


@pytest.mark.parametrize("fails", [*STEPS, "nothing"])
def test_the_old_database_is_removed_only_when_its_copy_is_whole(tmp_path: Path, fails: str) -> None:
    docker, told, restore = tmp_path / "docker", tmp_path / "told", tmp_path / "deploy" / "restore.sh"
    restore.parent.mkdir()
    for program, text in ((docker, DOCKER), (restore, '#!/bin/sh\necho restored >>"$TOLD"\n')):
        program.write_text(text)
        program.chmod(0o755)
    surroundings = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "TOLD": str(told), "FAILS": fails}
    subprocess.run(["sh", "-c", ASIDE], cwd=tmp_path, env=surroundings, check=False, timeout=10)
    done = told.read_text().splitlines()
    until = [*STEPS, "restored"] if fails == "nothing" else STEPS[: STEPS.index(fails) + 1]
    assert len(done) == len(until)
    assert all(line.startswith(step) for line, step in zip(done, until, strict=True))
    names = set(re.findall(r"rescousse_before_\d{8}T\d{6}", "\n".join(done)))
    assert len(names) == (0 if fails == "compose down" else 1)
