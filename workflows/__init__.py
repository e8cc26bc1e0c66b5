"""Orchestration: what waits, in which order, and what wakes it. No rule and no input or output lives here."""
