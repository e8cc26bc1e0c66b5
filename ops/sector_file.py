"""An operator's file of guard sectors: a CSV with the columns `sector` and `insee`, one commune a line."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from ops.csv_lines import BadFileError, BadLine, insee_code, rows_of

COLUMNS = ("sector", "insee")


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    sector: str
    insee: str


def read_sectors(text: str, known: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the communes of each sector, in order of their INSEE codes; the sectors as the file first names them.

    Separated by commas or semicolons; other columns and empty lines are passed over. A code of four figures has lost
    its first zero in a spreadsheet and gets it back. Raises BadFileError: a column that lacks, an empty name, a code
    that is not `known`, a commune that comes twice, no line at all.
    """
    lines = list(_lines(text))
    bad = [BadLine(one.number, why) for one, why in zip(lines, _complaints(lines, known), strict=True) if why]
    if bad:
        raise BadFileError(bad)
    if not lines:
        raise BadFileError([BadLine(1, "there is no sector in the file")])
    sectors: dict[str, list[str]] = {}
    for line in lines:
        sectors.setdefault(line.sector, []).append(line.insee)
    return {name: tuple(sorted(communes)) for name, communes in sectors.items()}


def _lines(text: str) -> Iterator[_Line]:
    for number, (sector, insee) in rows_of(text, COLUMNS):
        yield _Line(number, " ".join(sector.split()), insee_code(insee))


def _complaints(lines: list[_Line], known: Collection[str]) -> Iterator[str | None]:
    """Yield for each line what is wrong with it, or None."""
    first: dict[str, _Line] = {}
    for line in lines:
        yield _complaint(line, first.setdefault(line.insee, line), known)


def _complaint(line: _Line, first: _Line, known: Collection[str]) -> str | None:
    if not line.sector:
        return "it names no sector"
    if not line.insee:
        return "it names no commune (column 'insee')"
    if line.insee not in known:
        return f"INSEE code {line.insee} is not in the file of communes"
    if first is line:
        return None
    if first.sector == line.sector:
        return f"commune {line.insee} stands on line {first.number} already"
    return f"commune {line.insee} is in sector '{first.sector}' already (line {first.number})"
