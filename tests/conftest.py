"""Fixtures for every tier of tests; the expensive ones start only when a test asks for them."""

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.fixtures.chromium",
    "tests.fixtures.postgres",
    "tests.fixtures.roads",
    "tests.fixtures.stack",
    "tests.fixtures.world",
]

HERE = Path(__file__).parent
FIRST = ("stack", "browser", "chaos", "races")
"""Few files of long tests: at the end one of them would leave the other processors with nothing to do."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long comes first, a file of each kind in turn: some wait for a clock while others want a processor."""
    files: dict[str, list[Path]] = {folder: [] for folder in FIRST}
    for item in items:
        kept = files.get(_folder(item), [])
        if item.path not in kept:
            kept.append(item.path)
    turns = {file: (turn, FIRST.index(folder)) for folder in FIRST for turn, file in enumerate(files[folder])}
    last = (len(items), 0)  # asked while it is sorted, a list says that it is empty
    items.sort(key=lambda item: turns.get(item.path, last))


def _folder(item: pytest.Item) -> str:
    return item.path.relative_to(HERE).parts[0]
