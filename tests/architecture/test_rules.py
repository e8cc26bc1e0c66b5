"""docs/rules.md tells the truth: every rule that it calls proved has a test that carries its number."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OF_THIS_CORE = {*range(1, 67), *range(88, 98)}


def proved() -> set[int]:
    names = [
        name
        for file in sorted((ROOT / "tests").rglob("test_*.py"))
        for name in re.findall(r"def test_rule_(\d{3})_", file.read_text(encoding="utf-8"))
    ]
    return {int(name) for name in names}


def promised() -> set[int]:
    table = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8").split("## Settled in part")[0]
    return {int(number) for number in re.findall(r"^\| (\d{3}) \|", table, flags=re.MULTILINE)}


def test_every_rule_that_is_promised_has_its_test() -> None:
    assert promised() - proved() == set()


def test_every_test_of_a_rule_is_in_the_document() -> None:
    assert proved() - promised() == set()


def explained() -> set[int]:
    """Rules that a line says are proved under another number, or why they are not testable here."""
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8").split("## Of people and pages")[1]
    rows = re.findall(r"^\| ([\d, ]+) \|", text, flags=re.MULTILINE)
    return {int(number) for row in rows for number in row.split(",")}


def test_the_core_covers_the_rules_it_must() -> None:
    assert OF_THIS_CORE - proved() - explained() == set()
    assert not explained() & proved()


def test_every_room_that_the_document_names_exists() -> None:
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    for place in re.findall(r"`((?:domain|api|storage|geo|workflows)/[\w/]+\.py)`", text):
        assert (ROOT / place).exists(), place
