"""`python -m ops`, which is the `rescousse` command."""

import sys

INTERRUPTED = 130
"""The exit code of a command that Ctrl-C ended (128 + SIGINT), as shells have it."""


def main(arguments: list[str]) -> None:
    """Run the command, without a traceback if Ctrl-C comes while it is still being loaded."""
    try:
        from ops.cli import build_app  # noqa: PLC0415 - so that its import is guarded too

        build_app(arguments)(args=arguments, prog_name="rescousse")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main(sys.argv[1:])
