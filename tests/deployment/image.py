"""The Dockerfile as data, and the build context that `.dockerignore` leaves, without a Docker engine."""

import fnmatch
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from tests.deployment.compose import ROOT

DOCKERFILE = ROOT / "Dockerfile"


@dataclass
class Stage:
    """One `FROM … AS name` with what follows."""

    image: str
    name: str
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Instruction and the rest of its line, continued lines joined."""

    def last(self, instruction: str) -> str:
        return next(rest for word, rest in reversed(self.steps) if word == instruction)

    def all(self, instruction: str) -> list[str]:
        return [rest for word, rest in self.steps if word == instruction]

    def command(self) -> list[str]:
        told: list[str] = json.loads(self.last("CMD"))
        return told


def stages() -> dict[str, Stage]:
    """The stages of our Dockerfile by name."""
    found: dict[str, Stage] = {}
    lines = DOCKERFILE.read_text().replace("\\\n", " ").splitlines()
    for line in lines:
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            stage = found[name] = Stage(image, name)
        elif word and not word.startswith("#"):
            stage.steps.append((word, rest.strip()))
    return found


def patterns() -> list[str]:
    """The lines of `.dockerignore` that say something."""
    return _lines(ROOT / ".dockerignore")


def is_ignored(path: str) -> bool:
    """Whether a path, relative to the root, is left out of the build context: it, or a directory that it is in.

    The last line that speaks of it decides; one with `!` takes it in again.
    """
    parts = path.split("/")
    heads = ["/".join(parts[: n + 1]) for n in range(len(parts))]
    ignored = False
    for pattern in patterns():
        if any(_matches(head, pattern.removeprefix("!")) for head in heads):
            ignored = not pattern.startswith("!")
    return ignored


def is_kept_from_git(path: str) -> bool:
    """Whether a line of `.gitignore` speaks of a path or of a directory that it is in. Of git's rules those used here:
    a line with `/` counts from the root, any other at every depth."""
    parts = path.split("/")
    for line in _lines(ROOT / ".gitignore"):
        pattern = line.strip("/")
        heads = ["/".join(parts[: n + 1]) for n in range(len(parts))] if "/" in line.rstrip("/") else parts
        if any(head.count("/") == pattern.count("/") and fnmatch.fnmatch(head, pattern) for head in heads):
            return True
    return False


def _lines(file: Path) -> list[str]:
    lines = file.read_text().splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _matches(path: str, pattern: str) -> bool:
    if pattern.startswith("**/"):
        return fnmatch.fnmatch(path.rsplit("/", 1)[-1], pattern[3:])
    return path.count("/") == pattern.count("/") and fnmatch.fnmatch(path, pattern)


def copy_context(into: Path) -> Path:
    """What `COPY . /app` copies."""

    def left_out(folder: str, names: list[str]) -> set[str]:
        beginning = Path(folder).relative_to(ROOT).as_posix()
        return {name for name in names if is_ignored(name if beginning == "." else f"{beginning}/{name}")}

    return Path(shutil.copytree(ROOT, into, ignore=left_out, symlinks=True))
