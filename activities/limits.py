"""How long an activity works before it gives up, so that the engine's next attempt never meets the one before.

Each is shorter than the `start_to_close_timeout` of its intent in `workflows.options`: an attempt that the engine
has given up must not come back and change the world.
"""

DECIDE_SECONDS = 2.5
"""A survey, an engagement: three seconds in the engine."""

RECORD_SECONDS = 9.0
"""A batch of facts: ten seconds in the engine."""
