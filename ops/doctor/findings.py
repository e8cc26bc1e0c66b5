"""What the doctor found: one sentence each, how bad it is, and what to do next."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from itertools import islice
from typing import TypeVar

MOST_OF_A_KIND = 5
"""So many findings of one kind are told one by one; the rest is counted."""

Case = TypeVar("Case")


class Severity(StrEnum):
    """How bad it is."""

    WRONG = "wrong"
    """Somebody is not served, or may be lost: act now."""
    SOON = "soon"
    """It works, and will not for long."""
    NOTE = "note"
    """For your information."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was found. Never holds anything of a patient, nor a secret."""

    severity: Severity
    part: str
    """What it is about: a word."""
    sentence: str
    action: str | None = None
    """A command, or where to read on."""


def wrong(part: str, sentence: str, action: str) -> Finding:
    """Somebody is not served, or may be lost."""
    return Finding(Severity.WRONG, part, sentence, action)


def soon(part: str, sentence: str, action: str) -> Finding:
    """It will be wrong if nobody acts."""
    return Finding(Severity.SOON, part, sentence, action)


def note(part: str, sentence: str, action: str | None = None) -> Finding:
    """Good to know."""
    return Finding(Severity.NOTE, part, sentence, action)


def first_few(cases: Sequence[Case], tell: Callable[[Case], Finding], what: str) -> list[Finding]:
    """A finding for each of the first cases; the rest in one, as "and 12 more ``what``"."""
    told = [tell(case) for case in islice(cases, MOST_OF_A_KIND)]
    rest = len(cases) - len(told)
    if rest > 0:
        last = told[-1]
        told.append(Finding(last.severity, last.part, f"… and {rest} more {what}.", last.action))
    return told


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The worst first; otherwise as they came."""
    rank = {severity: place for place, severity in enumerate(Severity)}
    return sorted(findings, key=lambda one: rank[one.severity])


def span(length: timedelta) -> str:
    """A duration in words: ``40 s``, ``3 min``, ``5 h``, ``12 days``."""
    seconds = length.total_seconds()
    for unit, size, until in (("s", 1, 120), ("min", 60, 7200), ("h", 3600, 172_800)):
        if seconds < until:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds / 86_400:.0f} days"


def size(count: float) -> str:
    """Bytes in words: ``512 MiB``, ``3.2 GiB``."""
    gib = count / 2**30
    return f"{gib:.1f} GiB" if gib >= 1 else f"{count / 2**20:.0f} MiB"
