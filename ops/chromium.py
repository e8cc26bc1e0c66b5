"""Finds a Chromium for the tests of the pages, and installs Debian's where it may: `python -m ops.chromium`.

``RESCOUSSE_CHROMIUM`` names one; ``none`` says that none is wanted. Standard library only. It never fails: the tests
of the pages say themselves, loudly, when they could not run.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

VARIABLE = "RESCOUSSE_CHROMIUM"
NOT_WANTED = "none"
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PACKAGES = ("chromium", "fonts-liberation")
"""Letters as well: a machine without any draws none."""
OS_RELEASE = Path("/etc/os-release")
RELATIVES = re.compile(r"^ID(?:_LIKE)?=.*\b(debian|ubuntu)\b", re.MULTILINE)
APT = (
    "apt-get",
    "-o",
    "DPkg::Lock::Timeout=30",
    "-o",
    "Acquire::http::Timeout=15",
    "-o",
    "Acquire::https::Timeout=15",
    "-o",
    "Acquire::Retries=1",
)
PHASES: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("reading the lists of packages", 60, ("update", "-q")),
    ("fetching", 180, ("install", "-y", "-q", "--no-install-recommends", "--download-only", *PACKAGES)),
    ("installing", 180, ("install", "-y", "-q", "--no-install-recommends", *PACKAGES)),
)
"""What is done, for how many seconds at most, with what. The network is needed before anything is changed."""
COUNT = re.compile(r"(\d+) newly installed")
STEP = re.compile(r"^(?:Get:\d+ \S+ \S+ \S+ (?P<fetched>\S+)|Setting up (?P<installed>\S+))")
LAST_WORDS = 5
SUDO_SECONDS = 5

HOW = (
    "install one (Debian, Ubuntu: the package chromium), or name yours with "
    f"{VARIABLE}=/path/to/chromium, and run make test again"
)
"""What a person can do about it."""


def find() -> Path | None:
    """The Chromium of this machine, or that which ``RESCOUSSE_CHROMIUM`` names; ``None`` without one."""
    named = os.environ.get(VARIABLE)
    found = (shutil.which(each) for each in ([named] if named else NAMES))
    return next((Path(each) for each in found if each is not None), None)


def main() -> int:
    """Say which Chromium the tests will use; without one, install Debian's if we may. Always 0."""
    found = find()
    if found is None and os.environ.get(VARIABLE) is None:
        rights = _rights()
        if rights is not None and _install(rights):
            found = find()
    _say(
        f"  {found}\n"
        if found
        else f"  no Chromium: the tests of the pages will not run. To run them, {HOW}.\n"
    )
    return 0


def _rights() -> list[str] | None:
    """What makes a command root's, where that needs no password and packages are Debian's; ``None`` elsewhere."""
    if not _is_debian() or any(shutil.which(each) is None for each in ("apt-get", "timeout")):
        return None
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo is None:
        return None
    try:
        subprocess.run([sudo, "-n", "true"], capture_output=True, timeout=SUDO_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return [sudo, "-n"]


def _is_debian() -> bool:
    try:
        return RELATIVES.search(OS_RELEASE.read_text(encoding="utf-8")) is not None
    except OSError:
        return False


def _install(rights: list[str]) -> bool:
    _say("  none found: installing Debian's\n")
    return all(_phase(rights, *each) for each in PHASES)


def _phase(rights: list[str], doing: str, seconds: int, arguments: tuple[str, ...]) -> bool:
    """Run apt-get within its time, and show how far it is; whether it did what it should."""
    _say(f"  {doing}…\n")
    limit = ("timeout", "--kill-after=10", str(seconds))
    command = [*rights, "env", "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", *limit, *APT, *arguments]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as apt:
        last = _follow(apt)
    if apt.returncode != 0:
        _say("".join(f"    {line}" for line in last), f"  {doing} did not work ({apt.returncode})\n")
    return apt.returncode == 0


def _follow(apt: "subprocess.Popen[str]") -> list[str]:
    """Show each package; return the last lines."""
    lines: list[str] = []
    total, done = "?", 0
    for line in apt.stdout or ():
        lines = [*lines[1 - LAST_WORDS :], line]
        counted, step = COUNT.search(line), STEP.match(line)
        total = counted[1] if counted else total
        if step and total != "?":
            done += 1
            _say(f"  [{done:>3}/{total}] {step['fetched'] or step['installed']}\n")
    return lines


def _say(*texts: str) -> None:
    sys.stdout.write("".join(texts))
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
