"""The `rescousse` command: starts the embedded stack, seeds it, plays with it."""
