"""The embedded stack: PostgreSQL, Temporal, workers, APIs and the simulation as children of one supervisor."""
