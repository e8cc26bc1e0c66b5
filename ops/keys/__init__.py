"""`rescousse keys`: the rings of keys, and changing a key without losing anything (ADR 30)."""
