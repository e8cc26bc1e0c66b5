"""The newest backup of a directory: is there one, can it be read, how old is it?"""

import asyncio
import tarfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from ops.backup.archive import read_manifest
from ops.backup.manifest import BackupError
from ops.doctor.findings import Finding, note, soon, span, wrong
from ops.doctor.looking import Opened

PART = "backup"
OLD = timedelta(hours=26)
"""Once a day, and two hours for one that began late."""
MAKE = "rescousse backup FILE --data-dir …, or deploy/backup.sh FILE   (docs/deployment.md)"
DRAFT = ".new"
"""How the name of a backup ends while it is made."""
BASE_BACKUP = "backup_label"
"""A file that PostgreSQL puts into every base backup, before all others."""
FIRST_FEW = 3
"""Members to look at: a base backup may be of gigabytes, and the doctor has seconds."""


async def look(opened: Opened) -> Sequence[Finding]:
    """The newest backup where the operator keeps them; nothing when it was not said where."""
    place = opened.place.backups
    return [] if place is None else await asyncio.to_thread(judge, place, opened.at)


def judge(directory: Path, at: datetime) -> list[Finding]:
    """What the newest file says of itself. Whether it can be restored is known by restoring it."""
    try:
        files = [file for file in directory.iterdir() if file.is_file() and file.suffix != DRAFT]
    except OSError as error:
        return [wrong(PART, f"The backups in {directory} cannot be listed: {error.strerror}.", MAKE)]
    if not files:
        return [wrong(PART, f"There is no backup in {directory}.", MAKE)]
    newest = max(files, key=lambda file: file.stat().st_mtime)
    try:
        age = at - made_at(newest)
    except (BackupError, OSError) as error:
        return [wrong(PART, f"The newest backup, {newest}, cannot be read: {error}", MAKE)]
    if age > OLD:
        return [soon(PART, f"The newest backup, {newest}, is {span(age)} old.", MAKE)]
    return [note(PART, f"The newest backup, {newest}, is {span(age)} old.")]


def made_at(file: Path) -> datetime:
    """When a backup was made, of `rescousse backup` or of `deploy/backup.sh`. Raises BackupError, OSError.

    The first says it itself. The second is PostgreSQL's own base backup, which was written until then.
    """
    if _is_base_backup(file):
        return datetime.fromtimestamp(file.stat().st_mtime, UTC)
    return read_manifest(file).made_at


def _is_base_backup(file: Path) -> bool:
    try:
        with tarfile.open(file) as tar:
            return BASE_BACKUP in [member.name for member in islice(tar, FIRST_FEW)]
    except (tarfile.TarError, EOFError):
        return False
