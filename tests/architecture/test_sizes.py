"""A file has one reason to exist, a function one thing to do: the sizes that the house allows."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("domain", "workflows", "activities", "survey", "storage", "geo", "api", "ops", "simulation", "bench")
LONGEST_FILE = 400
LONGEST_FUNCTION = 25
GENERATED = "migrations/versions"


def sources() -> Iterator[Path]:
    files = [ROOT / "worker.py", ROOT / "settings.py"]
    for room in ROOMS:
        files += sorted((ROOT / room).rglob("*.py"))
    return (file for file in files if GENERATED not in file.as_posix())


@pytest.mark.parametrize("file", list(sources()), ids=lambda file: file.relative_to(ROOT).as_posix())
def test_files_and_functions_stay_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_FILE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert _code_lines(node) <= LONGEST_FUNCTION, f"{node.name} has {_code_lines(node)} lines"


def _code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of the body, its docstring and its signature not counted: they explain, they do not compute."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def test_the_procedure_fits_on_one_screen() -> None:
    tree = ast.parse((ROOT / "workflows" / "demand.py").read_text(encoding="utf-8"))
    runs = [n for n in ast.walk(tree) if isinstance(n, ast.AsyncFunctionDef) and n.name == "run"]
    assert len(runs) == 1
    assert (runs[0].end_lineno or 0) - runs[0].lineno < 40
