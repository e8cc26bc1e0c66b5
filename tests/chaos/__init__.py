"""Chaos: the whole stack under load, its processes killed, frozen and restarted; then what must hold is checked.

`python -m tests.chaos` is the long form, `test_short.py` the one that runs with every other test.
"""
