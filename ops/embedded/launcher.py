"""Becomes a child of the supervisor: gives up root, dies with its parent, then turns into the command.

Run as a script of its own (`python -I -S launcher.py PARENT SIGNAL UID GID COMMAND…`), so that nothing of ours
is imported and no Python code runs between fork and exec. The process id stays the same through the exec.
"""

import ctypes
import os
import sys

PR_SET_PDEATHSIG = 1
UNCHANGED = -1


def main(arguments: list[str]) -> int:
    """Become `COMMAND…`, as user UID of group GID (-1: unchanged); return an exit code only if that failed.

    SIGNAL is sent to the command when the process PARENT dies, even by `kill -9` (Linux only: elsewhere a command
    outlives a killed supervisor, and the next start puts it away).
    """
    parent, signal, uid, gid = (int(argument) for argument in arguments[:4])
    command = arguments[4:]
    if uid != UNCHANGED:
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform == "linux":  # after setuid, which clears it
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0)
    if os.getppid() != parent:  # it died before it could be watched
        return 1
    try:
        os.execv(command[0], command)  # noqa: S606 - a fixed command of ours, without a shell
    except OSError as error:
        sys.stderr.write(f"{command[0]} cannot be run: {error.strerror}\n")
    return 127


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
