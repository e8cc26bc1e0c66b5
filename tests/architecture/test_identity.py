"""Identities are opened in one place, which writes down who read them (rule 32)."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = (
    "activities",
    "api",
    "bench",
    "domain",
    "geo",
    "ops",
    "push",
    "simulation",
    "storage",
    "survey",
    "telemetry",
    "workflows",
)
MAY_NAME_THE_TABLE = frozenset(
    {
        "storage/identity.py",  # opens and writes down
        "storage/resealing.py",  # opens and seals with another key: tells nobody
        "ops/doctor/configuration.py",  # opens a sample, to see that the key is there: tells nobody
        "storage/tables/__init__.py",
        "storage/tables/posted.py",
    }
)
IN_SQL = re.compile(r"\b(?:FROM|INTO|JOIN|UPDATE|TABLE|COPY)\s+(\w+)")
"""A table in a statement that was written as text."""
MAY_READ = frozenset({"api/demand_reading.py"})


def _files() -> Iterator[tuple[str, ast.Module]]:
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations" not in path.parts:
                yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def _names(tree: ast.Module) -> set[str]:
    """Every attribute, import and table of a statement in a file."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            found.add(node.attr)
        elif isinstance(node, ast.alias):
            found.add(node.name)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found |= set(IN_SQL.findall(node.value))
    return found


def test_the_table_of_patients_is_named_in_one_place() -> None:
    named = {path for path, tree in _files() if "patients" in _names(tree)}
    assert sorted(named - MAY_NAME_THE_TABLE) == []


def test_identities_are_read_in_one_place() -> None:
    reading = {path for path, tree in _files() if "read_identity" in _names(tree)} - {"storage/identity.py"}
    assert reading == MAY_READ


def test_whoever_opens_an_identity_for_somebody_writes_it_down() -> None:
    """In the function that opens it, before anything is opened: no line, no identity."""
    tree = ast.parse((ROOT / "storage/identity.py").read_text())
    [reader] = [
        each for each in tree.body if isinstance(each, ast.AsyncFunctionDef) and each.name == "read_identity"
    ]
    source = ast.unparse(reader)
    assert 0 < source.index("insert(patient_reads)") < source.index("keyring.open(")
