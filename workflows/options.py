"""Time limits and retries of every activity, named by intent. No activity is called without one of these."""

from datetime import timedelta
from typing import TypedDict

from temporalio.common import RetryPolicy


class ActivityOptions(TypedDict):
    """What ``workflow.execute_activity_method`` is told."""

    start_to_close_timeout: timedelta
    retry_policy: RetryPolicy


_UNTIL_IT_SUCCEEDS = RetryPolicy(
    initial_interval=timedelta(milliseconds=200),
    backoff_coefficient=2.0,
    maximum_interval=timedelta(seconds=2),
)
"""Without the database nothing can be decided, so nothing is given up: the search goes on when it is back."""

SURVEY: ActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=3),
    "retry_policy": _UNTIL_IT_SUCCEEDS,
}
"""Look at the fleet. Short, so that a worker that dies in the middle costs three seconds."""

ENGAGE: ActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=3),
    "retry_policy": _UNTIL_IT_SUCCEEDS,
}
"""Decide who gets a vehicle, or give it back: repeatable, and never left undecided."""

RECORD: ActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=10),
    "retry_policy": _UNTIL_IT_SUCCEEDS,
}
"""Write facts to the journal: must be written in the end; the dispatch never waits for it."""

WATCH: ActivityOptions = {
    "start_to_close_timeout": timedelta(seconds=3),
    "retry_policy": _UNTIL_IT_SUCCEEDS,
}
"""Look at a guard period, warn, send its crew home: repeatable, and not given up before the database is back."""
