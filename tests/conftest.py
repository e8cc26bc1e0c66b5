"""Fixtures for every tier of tests; the expensive ones start only when a test asks for them."""

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.fixtures.chromium",
    "tests.fixtures.postgres",
    "tests.fixtures.roads",
    "tests.fixtures.world",
]

HERE = Path(__file__).parent
FIRST = ("stack", "browser", "races")
"""Files of few long tests: at the end one of them would leave the other processors with nothing to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, so that short files fill up what is left."""
    items.sort(key=lambda item: _turn(item.path.relative_to(HERE).parts[0]))


def _turn(folder: str) -> int:
    return FIRST.index(folder) if folder in FIRST else len(FIRST)
