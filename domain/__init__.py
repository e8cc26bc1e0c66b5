"""The rulebook: every decision about a demand, a solicitation and a mission.

Pure code: the standard library and pydantic. Time, identifiers and randomness come in as arguments, so that the
same story told twice gives the same facts. See ``docs/rules.md`` for where each rule lives.
"""
