"""What callers send and get: the wire models of the public API, version 1."""
