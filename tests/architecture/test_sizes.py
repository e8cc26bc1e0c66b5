"""A file has one reason to exist, a function one thing to do: the sizes that the house allows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = (
    *("domain", "workflows", "activities", "survey", "storage", "geo"),
    *("push", "api", "ops", "simulation", "bench", "telemetry"),
)
LONGEST_FILE = 400
LONGEST_FUNCTION = 25
LONGEST_TEST = 40
"""A test tells a story, and is longer than what it proves."""
GENERATED = "migrations/versions"


def sources() -> Iterator[Path]:
    files = [ROOT / "worker.py", ROOT / "settings.py"]
    for room in ROOMS:
        files += sorted((ROOT / room).rglob("*.py"))
    return (file for file in files if GENERATED not in file.as_posix())


@pytest.mark.parametrize("file", list(sources()), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_files_and_functions_stay_small(file: Path) -> None:
    assert not _too_long(file, LONGEST_FUNCTION)


def test_tests_stay_small_too() -> None:
    found = {file.relative_to(ROOT): _too_long(file, LONGEST_TEST) for file in (ROOT / "tests").rglob("*.py")}
    assert {file: those for file, those in found.items() if those} == {}


def _too_long(file: Path, longest_function: int) -> list[str]:
    """What is longer than the house allows: the file itself, or functions in it."""
    text = file.read_text(encoding="utf-8")
    lines = len(text.splitlines())
    found = [f"{lines} lines"] if lines > LONGEST_FILE else []
    return found + [
        f"{node.name} has {_code_lines(node)} lines"
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _code_lines(node) > longest_function
    ]


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body, its docstring and its signature not counted: they explain, they do not compute."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_the_procedure_fits_on_one_screen() -> None:
    tree = ast.parse((ROOT / "workflows" / "demand.py").read_text(encoding="utf-8"))
    runs = [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef) and n.name == "run"]
    assert len(runs) == 1
    assert (runs[0].end_lineno or 0) - runs[0].lineno < 40
