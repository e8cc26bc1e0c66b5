"""The area of a SAMU as H3 cells: from its départements, from an outline, or as an export wrote it."""

import csv
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from geo.area import AREA_RESOLUTION, MARGIN_RINGS, Area
from geo.cells import cell_of, resolution_of, with_rings
from geo.geojson import explain
from ops.directory.document import Samu
from simulation.places import DATA

COMMUNES = "communes_france.csv"
AROUND_RINGS = 2 + MARGIN_RINGS
"""A commune is known by its town hall: its corners lie up to two cells further, so two rings more than around an outline."""
HEX = 16


class AreaError(ValueError):
    """There is no such area; the text says why."""


def area_of(samu: Samu, beside: Path) -> list[int] | None:
    """The cells in increasing order; none if the file says nothing of them. `beside` is where outlines are looked for.

    Raises AreaError.
    """
    if samu.departments is not None:
        return _of_departments(samu.departments)
    if samu.outline is not None:
        return _of_outline(beside / samu.outline)
    if samu.cells is not None:
        return _of_cells(samu.cells)
    return None


def _of_departments(codes: Sequence[str]) -> list[int]:
    known = _town_halls()
    for code in codes:
        if code not in known:
            raise AreaError(f"'departments': no commune of {code} is known here: give its outline instead")
    cells = {cell_of(*place, AREA_RESOLUTION) for code in codes for place in known[code]}
    return Area(with_rings(cells, AROUND_RINGS), AREA_RESOLUTION).to_cells()


def _of_outline(file: Path) -> list[int]:
    try:
        return Area.from_geojson(file.read_bytes()).to_cells()
    except OSError as error:
        raise AreaError(f"'outline': {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise AreaError(f"'outline': {file.name} is no GeoJSON of an area: {explain(error)}") from error


def _of_cells(names: Iterable[str]) -> list[int]:
    try:
        cells = [_cell(name) for name in names]
        return Area.from_cells(cells).to_cells()
    except ValueError as error:
        raise AreaError(f"'cells': {error}") from error


def _cell(name: str) -> int:
    try:
        cell = int(name, HEX)
        resolution_of(cell)
    except (ValueError, OverflowError, TypeError) as error:
        raise ValueError(f"'{name}' is no H3 cell") from error
    return cell


@cache
def _town_halls() -> dict[str, list[tuple[float, float]]]:
    """By département, in degrees."""
    found: dict[str, list[tuple[float, float]]] = {}
    with (DATA / COMMUNES).open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            found.setdefault(row["departement"], []).append((float(row["lat"]), float(row["lon"])))
    return found
