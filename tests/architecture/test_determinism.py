"""What decides, and what replays, knows no clock, no chance and no world but what it is given (ADR 38)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OUTSIDE = {"client.py", "codec.py", "versioning.py"}
"""Files of workflows/ that speak to the engine, and run in no workflow."""
FILES = sorted(
    file
    for room in ("domain", "workflows")
    for file in (ROOT / room).rglob("*.py")
    if file.name not in OUTSIDE
)
WORLDLY = {
    *("asyncio.subprocess", "multiprocessing", "os", "pathlib", "random", "secrets", "shutil", "socket"),
    *("ssl", "subprocess", "sys", "tempfile", "threading", "time", "urllib", "httpx", "platform"),
}
CLOCKS = {"now", "utcnow", "today", "fromtimestamp", "monotonic", "perf_counter"}
CHANCE = {"uuid1", "uuid4", "uuid7", "urandom", "getrandbits"}
CALLED_BY_NAME = {"open", "input", "print", "id", "hash", "exec", "eval"}


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
            yield from (each.name for each in node.names if each.name in CHANCE)


def _calls(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        called = node.func
        if isinstance(called, ast.Name) and called.id in CALLED_BY_NAME | CHANCE:
            yield called.id
        elif isinstance(called, ast.Attribute) and called.attr in CLOCKS | CHANCE:
            whose = ast.unparse(called.value)
            if whose != "workflow":
                yield f"{whose}.{called.attr}"


def found_in(source: str) -> list[str]:
    """What a source takes from the world."""
    tree = ast.parse(source)
    return [each for each in (*_imports(tree), *_calls(tree)) if _is_worldly(each)]


def _is_worldly(name: str) -> bool:
    return name in WORLDLY | CALLED_BY_NAME | CHANCE or name.partition(".")[0] in WORLDLY or _is_clock(name)


def _is_clock(name: str) -> bool:
    return "." in name and name.rpartition(".")[2] in CLOCKS | CHANCE


@pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(ROOT)))
def test_nothing_worldly_is_asked(file: Path) -> None:
    assert found_in(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("from datetime import datetime\nat = datetime.now()", "datetime.now"),
        ("import time", "time"),
        ("from random import choice", "random"),
        ("from uuid import uuid4\nname = uuid4()", "uuid4"),
        ("text = open('a').read()", "open"),
    ],
)
def test_what_is_worldly_is_noticed(source: str, what: str) -> None:
    assert what in found_in(source)
