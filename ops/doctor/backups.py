"""The newest backup of a directory: is there one, can it be read, how old is it?"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from ops.backup.archive import read_manifest
from ops.backup.manifest import BackupError
from ops.doctor.findings import Finding, note, soon, span, wrong
from ops.doctor.looking import Opened

PART = "backup"
OLD = timedelta(hours=26)
"""Once a day, and two hours for one that began late."""
MAKE = "rescousse backup FILE --data-dir …   (docs/deployment.md)"


async def look(opened: Opened) -> Sequence[Finding]:
    """The newest backup where the operator keeps them; nothing when it was not said where."""
    place = opened.place.backups
    return [] if place is None else await asyncio.to_thread(judge, place, opened.at)


def judge(directory: Path, at: datetime) -> list[Finding]:
    """What the newest file says of itself. Whether it can be restored is known by restoring it."""
    try:
        files = [file for file in directory.iterdir() if file.is_file()]
    except OSError as error:
        return [wrong(PART, f"The backups in {directory} cannot be listed: {error.strerror}.", MAKE)]
    if not files:
        return [wrong(PART, f"There is no backup in {directory}.", MAKE)]
    newest = max(files, key=lambda file: file.stat().st_mtime)
    try:
        made_at = read_manifest(newest).made_at
    except (BackupError, OSError) as error:
        return [wrong(PART, f"The newest backup, {newest}, cannot be read: {error}", MAKE)]
    age = at - made_at
    if age > OLD:
        return [soon(PART, f"The newest backup, {newest}, is {span(age)} old.", MAKE)]
    return [note(PART, f"The newest backup, {newest}, is {span(age)} old.")]
