"""`python -m ops`, which is the `rescousse` command."""

import os
import sys
from typing import NoReturn

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended (128 + SIGINT), as shells have it."""


def main(arguments: list[str]) -> None:
    """Run the command, without a traceback if Ctrl-C comes while it is still being loaded."""
    try:
        from ops.cli import build_app  # noqa: PLC0415 - so that its import is guarded too

        build_app(arguments)(args=arguments, prog_name="rescousse")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except SystemExit as end:
        if "temporalio" in sys.modules:
            _leave_at_once(end)
        raise


def _leave_at_once(end: SystemExit) -> NoReturn:
    """End without taking the interpreter down: threads of the engine's client may still call it, and abort the process.

    Everything was closed by the command itself; what it said is written out.
    """
    if isinstance(end.code, str):
        print(end.code, file=sys.stderr)  # noqa: T201 - as Python does
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(end.code if isinstance(end.code, int) else bool(end.code))


if __name__ == "__main__":
    main(sys.argv[1:])
