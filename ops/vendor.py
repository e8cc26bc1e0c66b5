"""Brings the released files that the pages need into the tree, and checks those that are there (`make vendor`).

The package manager of the platform (npm) fetches a package and says under which hash it was published; we keep the
files that are wanted and those they import, byte for byte, in a directory that carries the version, and write into the
lock what each of them is.
"""

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path, PurePosixPath

import typer

ROOT = Path(__file__).resolve().parents[1]
WANTED = ROOT / "web" / "vendor.toml"
LOCK = ROOT / "web" / "vendor.lock.json"
PLACES = {False: Path("web/vendor"), True: Path("tests/browser/vendor")}
FETCH_SECONDS = 120
RELATIVE_IMPORT = re.compile(r"""(?:from|import)\s*["'](\.{1,2}/[^"']+)["']""")
LICENCE = re.compile(r"(licen[cs]e|copying)(\.(md|txt))?", re.IGNORECASE)


class VendorError(RuntimeError):
    """A package could not be brought, or is not what it should be."""


@dataclass(frozen=True, slots=True)
class Package:
    """What is wanted of a package."""

    name: str
    version: str
    files: tuple[str, ...]
    tests_only: bool = False

    @property
    def home(self) -> Path:
        """Where its files lie, from the root of the tree; another version lies elsewhere."""
        return PLACES[self.tests_only] / f"{self.name}-{self.version}"


@dataclass(slots=True)
class Locked:
    """What was brought: the hash under which the package was published, and that of each file (SHA-256)."""

    version: str
    integrity: str
    licence: str
    home: str
    files: dict[str, str] = field(default_factory=dict)


def wanted() -> list[Package]:
    """The packages of `vendor.toml`."""
    told = tomllib.loads(WANTED.read_text(encoding="utf-8"))
    return [
        Package(name, one["version"], tuple(one["files"]), one.get("tests_only", False))
        for name, one in told.items()
    ]


def locked() -> dict[str, Locked]:
    """The packages of the lock."""
    told = json.loads(LOCK.read_text(encoding="utf-8"))
    return {name: Locked(**one) for name, one in told.items()}


def faults() -> list[str]:
    """What is not as the lock says: a file that is missing, changed, or in nobody's list."""
    packages = locked()
    listed = {
        Path(one.home) / name: digest for one in packages.values() for name, digest in one.files.items()
    }
    found = {
        path.relative_to(ROOT)
        for place in PLACES.values()
        for path in (ROOT / place).rglob("*")
        if path.is_file()
    }
    told = [f"{path}: in no list" for path in sorted(found - set(listed))]
    told += [f"{path}: missing" for path in sorted(set(listed) - found)]
    told += [
        f"{path}: changed"
        for path in sorted(found & set(listed))
        if _sha256((ROOT / path).read_bytes()) != listed[path]
    ]
    told += [
        f"{one.name}: version {one.version} is wanted"
        for one in wanted()
        if one.name not in packages or packages[one.name].version != one.version
    ]
    return told


def bring() -> None:
    """Fetch every package, keep what is wanted of it, write the lock. Raises VendorError."""
    made = {}
    for package in wanted():
        with tempfile.TemporaryDirectory() as folder:
            made[package.name] = _bring(package, Path(folder))
        typer.echo(f"{package.name} {package.version}: {len(made[package.name].files)} files")
    homes = {ROOT / one.home for one in made.values()}
    for place in PLACES.values():
        _remove_others(ROOT / place, homes)
    text = json.dumps({name: asdict(one) for name, one in sorted(made.items())}, indent=2)
    LOCK.write_text(text + "\n", encoding="utf-8")


def _bring(package: Package, folder: Path) -> Locked:
    archive, integrity = _fetch(package, folder)
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    inside = folder / "package"
    about = json.loads((inside / "package.json").read_text(encoding="utf-8"))
    made = Locked(package.version, integrity, about["license"], package.home.as_posix())
    home = ROOT / package.home
    for name in sorted({*_closure(inside, package.files), *_licences(inside)}):
        content = (inside / name).read_bytes()
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(content)
        made.files[name] = _sha256(content)
    return made


def _fetch(package: Package, folder: Path) -> tuple[Path, str]:
    command = [
        "npm",
        "pack",
        f"{package.name}@{package.version}",
        "--json",
        "--pack-destination",
        str(folder),
    ]
    try:
        done = subprocess.run(command, capture_output=True, timeout=FETCH_SECONDS, check=True, text=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise VendorError(f"{package.name} {package.version} could not be fetched: {error}") from error
    told = json.loads(done.stdout)
    [one] = told.values() if isinstance(told, dict) else told
    archive = folder / one["filename"].replace("@", "").replace("/", "-")
    if _integrity(archive.read_bytes()) != one["integrity"]:
        raise VendorError(f"{package.name} {package.version} is not what was published")
    return archive, one["integrity"]


def _closure(inside: Path, files: tuple[str, ...]) -> Iterator[str]:
    """The files, and those that they import by a relative path."""
    waiting, seen = list(files), set(files)
    while waiting:
        name = waiting.pop()
        yield name
        text = (inside / name).read_text(encoding="utf-8")
        for ahead in RELATIVE_IMPORT.findall(text) if name.endswith(("js", "mjs")) else ():
            target = _joined(PurePosixPath(name).parent, ahead)
            if target not in seen and (inside / target).is_file():
                seen.add(target)
                waiting.append(target)


def _joined(folder: PurePosixPath, relative: str) -> str:
    parts: list[str] = list(folder.parts)
    for part in PurePosixPath(relative).parts:
        if part == "..":
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(parts)


def _licences(inside: Path) -> Iterator[str]:
    return (each.name for each in inside.iterdir() if LICENCE.fullmatch(each.name))


def _remove_others(place: Path, homes: set[Path]) -> None:
    """Files of versions that are not wanted any more."""
    for path in sorted(place.rglob("*"), reverse=True):
        if path.is_file() and not any(home in path.parents for home in homes):
            path.unlink()
        elif path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _integrity(content: bytes) -> str:
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def main() -> None:
    """Bring everything, then look at it once more."""
    try:
        bring()
    except VendorError as error:
        typer.echo(f"vendor: {error}", err=True)
        sys.exit(1)
    for fault in faults():
        typer.echo(f"vendor: {fault}", err=True)


if __name__ == "__main__":
    main()
