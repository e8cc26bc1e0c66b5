"""Fixtures for every tier of tests; the expensive ones start only when a test asks for them."""

pytest_plugins = [
    "tests.fixtures.chromium",
    "tests.fixtures.postgres",
    "tests.fixtures.roads",
    "tests.fixtures.world",
]
