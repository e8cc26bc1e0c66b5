"""Installs a lock with pip and shows how far it is: `python ops/install.py requirements.lock`.

Run by the Makefile with the virtual environment's Python, before anything is installed: standard library only.
"""

import re
import subprocess
import sys
from collections import deque
from pathlib import Path

PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--no-color")
LAST_WORDS = 15
"""Lines of pip's own output that are shown when it fails."""
LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^ ;\\]+)", re.MULTILINE)
LOOKED_AT = re.compile(
    r"""^(?:(?:Collecting|Requirement\ already\ satisfied:)\ ([\w.-]+)==([^\ ;]+)
    |Processing\ (?:.*/)?([\w.]+)-([^-/]+)-[^/]*\.whl)""",
    re.VERBOSE,
)
NOT_FOR_HERE = "Ignoring "
"""How pip begins to say that a package is for other systems."""


def main(lock: Path) -> int:
    """Install every package of `lock`, each checked against its hash; return pip's exit code."""
    total = len(LOCKED.findall(lock.read_text(encoding="utf-8")))
    command = [*PIP, "install", "--require-hashes", "--progress-bar", "off", "-r", str(lock)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as pip:
        last = _follow(pip, total)
    if pip.returncode != 0:
        _say(
            "".join(last), f"pip could not install {lock}: see above. Run the same command again to go on.\n"
        )
    return pip.returncode


def _follow(pip: "subprocess.Popen[str]", total: int) -> deque[str]:
    """Show what pip is doing; return its last lines."""
    last: deque[str] = deque(maxlen=LAST_WORDS)
    done = 0
    for line in pip.stdout or ():
        last.append(line)
        found = LOOKED_AT.match(line)
        done += bool(found) or line.startswith(NOT_FOR_HERE)
        if found:
            _say(f"  [{done:>3}/{total}] {found[1] or found[3]} {found[2] or found[4]}\n")
        elif line.startswith("Installing collected packages"):
            _say("  everything is fetched and checked: installing it…\n")
    return last


def _say(*texts: str) -> None:
    sys.stdout.write("".join(texts))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
