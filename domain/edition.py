"""Editions of the rulebook: a demand ends by the one that it began with.

The facts of a demand are numbered where its workflow runs. When the workflow is replayed by newer code it must write
the same facts under the same numbers: a rule that adds a fact, or a moment to wake up at, is of a new edition.
"""

from enum import IntEnum


class Edition(IntEnum):
    """What was added when."""

    FIRST = 1
    REGULATION = 2
    """Alarms are seen and closed, an unreached device raises one, the chosen company is asked if it is regulated."""
    OPERATORS = 3
    """A mission whose vehicle is not there in time wants somebody's eyes, and a demand that ended waits for no survey.

    A step after the last alarm wakes the procedure; a promise made while new terms are looked at lapses (ADR 28).
    """
    REVIEW = 4
    """Nothing waits for a look for newcomers, and no acceptance keeps the SAMU from amending; who is asked in free choice
    is not asked twice; new terms are told whole; the clock of an operator's machine is not believed (ADR 36).
    """


LATEST = max(Edition)
