"""The files of the pages, as they lie in `web/`: read once, and again when they change on the disk."""

import gzip
import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

KINDS = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".mjs": "text/javascript; charset=utf-8",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".webmanifest": "application/manifest+json",
}
"""Nothing else is given out: sources, lists and licences stay where they are."""
PACKED = frozenset({".css", ".html", ".js", ".json", ".mjs", ".svg"})
VENDOR = "vendor"


@dataclass(frozen=True, slots=True)
class WebFile:
    """A file, ready to be sent: ``packed`` with gzip, where that makes it shorter."""

    content: bytes
    packed: bytes | None
    kind: str
    etag: str
    lasting: bool
    """Its address names its version: it never changes."""
    changed_ns: int


class WebFiles:
    """What may be given out of one directory, by its address relative to it."""

    def __init__(self, root: Path) -> None:
        """Nothing is read before it is asked for."""
        self.root = root.resolve()
        self._known: dict[str, WebFile] = {}

    def find(self, name: str) -> WebFile | None:
        """A file of the pages; ``None`` for an address that is none."""
        path = PurePosixPath(name)
        if path.suffix not in KINDS or path.is_absolute() or any(part.startswith(".") for part in path.parts):
            return None
        if path.as_posix() != name:  # one address for each file, so that no invented ones fill the memory
            return None
        real = self.root / path
        try:
            changed_ns = real.stat().st_mtime_ns
        except (OSError, ValueError):
            return None
        known = self._known.get(name)
        if known is None or known.changed_ns != changed_ns:
            known = self._known[name] = _read(real, path, changed_ns)
        return known

    def names(self, *folders: str) -> list[str]:
        """The addresses of everything in these directories, in order."""
        found = (path for folder in folders for path in (self.root / folder).rglob("*") if path.is_file())
        return sorted(path.relative_to(self.root).as_posix() for path in found if path.suffix in KINDS)

    def edition(self, names: list[str]) -> str:
        """One word for what these files are now: another one when one of them changed."""
        found = [self.find(name) for name in names]
        told = "\n".join(f"{name} {one.etag}" for name, one in zip(names, found, strict=True) if one)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


def _read(real: Path, path: PurePosixPath, changed_ns: int) -> WebFile:
    content = real.read_bytes()
    packed = gzip.compress(content, 6, mtime=0) if path.suffix in PACKED else None
    return WebFile(
        content=content,
        packed=packed if packed is not None and len(packed) < len(content) else None,
        kind=KINDS[path.suffix],
        etag=f'"{hashlib.sha256(content).hexdigest()[:24]}"',
        lasting=path.parts[0] == VENDOR,
        changed_ns=changed_ns,
    )
