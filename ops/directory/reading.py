"""Reads a directory file whole: either everything in it has its shape, or every fault is told."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, to_json

from ops.directory.areas import AreaError, area_of
from ops.directory.document import Company, Directory, Person, Samu, Site, Vehicle
from ops.directory.faults import ENTRIES, Fault, Loc, RefusedError, Source, entry_steps
from ops.directory.policy import Chosen, WholeWindows, without_nothing

MODELS: Mapping[str, type[BaseModel]] = {
    "samus": Samu,
    "companies": Company,
    "sites": Site,
    "vehicles": Vehicle,
    "persons": Person,
    "policy": Chosen,
    "standard": WholeWindows,
    "short": WholeWindows,
}


@dataclass(frozen=True, slots=True)
class Given:
    """A file that has its shape; `areas` are the cells of its SAMUs, by their place in the file."""

    source: Source
    directory: Directory
    areas: Mapping[int, list[int]]


def read_directory(name: str, content: bytes, beside: Path) -> Given:
    """Read a file of this name. Outlines are looked for in `beside`. Raises RefusedError, which names every fault."""
    source = _source(name, content)
    try:
        # By way of JSON: there a list may be a tuple, and a text a role, without anything being less strict.
        directory = Directory.model_validate_json(to_json(source.raw))
    except ValidationError as error:
        raise source.refuse([_fault(each) for each in error.errors(include_url=False)]) from None
    if not (directory.samus or directory.companies or directory.persons):
        raise source.refuse([Fault((), "there is no entry in it")])
    return Given(source, directory, _areas(source, directory, beside))


def _source(name: str, content: bytes) -> Source:
    try:
        text = content.decode("utf-8-sig")
        raw = tomllib.loads(text)
    except UnicodeDecodeError as error:
        raise RefusedError(f"{name} is not UTF-8 text, and nothing was written") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise RefusedError(f"{name} is not TOML, and nothing was written: {error}") from error
    for samu in _items(raw.get("samus")):
        if "policy" in samu:
            samu["policy"] = without_nothing(samu["policy"])
    return Source(name, text, raw)


def _items(value: object) -> list[dict[str, object]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _areas(source: Source, directory: Directory, beside: Path) -> dict[int, list[int]]:
    areas: dict[int, list[int]] = {}
    faults: list[Fault] = []
    for index, samu in enumerate(directory.samus):
        try:
            cells = area_of(samu, beside)
        except AreaError as error:
            faults.append(Fault(("samus", index), str(error)))
        else:
            areas |= {} if cells is None else {index: cells}
    if faults:
        raise source.refuse(faults)
    return areas


def _fault(error: ErrorDetails) -> Fault:
    """What pydantic found, in our words."""
    loc = error["loc"]
    key = ".".join(str(part) for part in loc[2 * len(entry_steps(loc)) :])
    return Fault(loc, _why(error, loc, key))


def _why(error: ErrorDetails, loc: Loc, key: str) -> str:
    said = error["msg"].removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"'{key}' is missing"
    if error["type"] == "extra_forbidden":
        return f"'{key}' is not known here (known: {', '.join(_known_beside(loc))})"
    if error["type"] == "list_type" and loc[-1] in ENTRIES:
        return f"write [[{'.'.join(str(part) for part in loc if isinstance(part, str))}]], in double brackets"
    if error["type"] == "value_error":
        return f"'{key}' {said}" if key else said
    return f"'{key}': {said[0].lower()}{said[1:]}" if key else said


def _known_beside(loc: Loc) -> list[str]:
    """The keys that may stand where one stood that may not."""
    above = [part for part in loc[:-1] if isinstance(part, str)]
    return list(MODELS.get(above[-1] if above else "", Directory).model_fields)
