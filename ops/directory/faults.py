"""What is wrong with a directory, told with the line and the name of the entry."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

Loc = tuple[str | int, ...]
"""The way to an entry or to one of its keys: ``("companies", 0, "vehicles", 2, "category")``."""

ENTRIES: Mapping[str, str] = {
    "samus": "SAMU",
    "companies": "company",
    "sites": "site",
    "vehicles": "vehicle",
    "persons": "person",
}
MOST_TOLD = 100
HEADER = re.compile(r"\s*\[\[\s*([A-Za-z_.\s]+?)\s*\]\]")


class RefusedError(Exception):
    """It cannot be done, and nothing was done; the text says why to the operator."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an entry."""

    loc: Loc
    why: str


@dataclass(frozen=True)
class Source:
    """The text of a file and what TOML makes of it."""

    name: str
    text: str = field(repr=False)
    raw: Mapping[str, object] = field(repr=False)

    def refuse(self, faults: Sequence[Fault]) -> RefusedError:
        """The error that tells all of them, in the order of the file."""
        told = [self._sentence(fault) for fault in sorted(faults, key=lambda one: self.line(one.loc) or 0)]
        more = [f"and {len(told) - MOST_TOLD} faults more"] if len(told) > MOST_TOLD else []
        head = f"{self.name} cannot be used, and nothing was written."
        return RefusedError("\n".join([head, *told[:MOST_TOLD], *more]))

    def line(self, loc: Loc) -> int | None:
        """The line where the entry begins; none for one that was not written under a header of its own."""
        for length in range(len(loc), 0, -1):
            found = self._lines.get(loc[:length]) or self._lines.get((*loc[:length], 0))
            if found is not None:
                return found
        return None

    def label(self, loc: Loc) -> str:
        """How people call the entry: ``vehicle 'Lac 2' of company 'Ambulances du Lac'``."""
        names: list[str] = []
        value: object = self.raw
        for word, index in entry_steps(loc):
            items = value.get(word) if isinstance(value, Mapping) else None
            value = items[index] if isinstance(items, list) and index < len(items) else None
            names.insert(0, f"{ENTRIES[word]} {_called(value, index)}")
        return " of ".join(names) or "the file"

    def _sentence(self, fault: Fault) -> str:
        line = self.line(fault.loc)
        return f"{f'line {line}, ' if line else ''}{self.label(fault.loc)}: {fault.why}"

    @cached_property
    def _lines(self) -> dict[Loc, int]:
        """Where each ``[[header]]`` stands. TOML's reader does not tell."""
        counts: dict[Loc, int] = {}
        found: dict[Loc, int] = {}
        for number, line in enumerate(self.text.splitlines(), start=1):
            header = HEADER.match(line)
            if header:
                *above, last = (part.strip() for part in header[1].split("."))
                place = (*_opened(above, counts), last)
                counts[place] = counts.get(place, 0) + 1
                found[(*place, counts[place] - 1)] = number
        return found


def entry_steps(loc: Loc) -> list[tuple[str, int]]:
    """The entries on a way, from the outermost: word and number of each."""
    steps = []
    for word, index in zip(loc[::2], loc[1::2], strict=False):
        if word not in ENTRIES or not isinstance(index, int):
            break
        steps.append((str(word), index))
    return steps


def _opened(above: Iterable[str], counts: Mapping[Loc, int]) -> Loc:
    """The last entry that was begun under each of these headers."""
    way: Loc = ()
    for word in above:
        way = (*way, word, max(0, counts.get((*way, word), 1) - 1))
    return way


def _called(value: object, index: int) -> str:
    name = value.get("name", value.get("username")) if isinstance(value, Mapping) else None
    return f"'{name}'" if isinstance(name, str) and name.strip() else f"number {index + 1}"
