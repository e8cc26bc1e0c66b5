"""`python -m ops.healthy URL | FILE`: is a process well? For the health checks of containers, so: standard library only."""

import argparse
import sys
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ANSWER_SECONDS = 4.0
FRESH_SECONDS = 30.0
"""A file that is not written for so long belongs to a process that is stuck: workers write it every 5 s."""
OK = 200


def why_not(what: str, fresh_s: float = FRESH_SECONDS) -> str | None:
    """Why something is not well; None when it is. A URL must answer 200 in 4 s, a file must be young."""
    if what.startswith(("http://", "https://")):
        return _answers(what)
    return _is_young(Path(what), fresh_s)


def _answers(url: str) -> str | None:
    try:
        with urlopen(url, timeout=ANSWER_SECONDS) as answer:  # noqa: S310 - http and https only, see above
            return None if answer.status == OK else f"{url} answered {answer.status}"
    except (URLError, OSError) as error:
        return f"{url}: {error}"


def _is_young(file: Path, fresh_s: float) -> str | None:
    try:
        age = time.time() - file.stat().st_mtime
    except OSError as error:
        return f"{file}: {error.strerror}"
    return None if age <= fresh_s else f"{file} is {age:.0f} s old"


def main(arguments: list[str]) -> int:
    """Exit code 0 when all is well, 1 with a sentence when it is not."""
    parser = argparse.ArgumentParser(prog="python -m ops.healthy", description="Is a process well?")
    parser.add_argument(
        "what", help="an address that must answer 200, or a file that must be written again and again"
    )
    parser.add_argument(
        "--within", type=float, default=FRESH_SECONDS, help="how old the file may be, in seconds"
    )
    told = parser.parse_args(arguments)
    wrong = why_not(told.what, told.within)
    if wrong is not None:
        sys.stderr.write(wrong + "\n")
    return 0 if wrong is None else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
