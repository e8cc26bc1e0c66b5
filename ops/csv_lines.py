"""CSV files that people make in a spreadsheet: commas or semicolons, any order of columns, each bad line named."""

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO

INSEE_DIGITS = 5


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be used, counted from 1, and why."""

    number: int
    why: str


class BadFileError(ValueError):
    """The file cannot be used; every bad line is named."""

    def __init__(self, lines: list[BadLine]) -> None:
        """Take the lines in the order of the file."""
        super().__init__("\n".join(f"line {one.number}: {one.why}" for one in lines))
        self.lines = tuple(lines)


def rows_of(text: str, columns: Sequence[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield the number of each line that is not empty, and what stands in these columns, without blanks around.

    Raises BadFileError when a column is not named, or the text is not CSV.
    """
    header = text.partition("\n")[0]
    reader = csv.reader(StringIO(text), delimiter=";" if ";" in header else ",", strict=True)
    try:
        places = _places_of(columns, next(reader, []))
        for values in reader:
            if any(map(str.strip, values)):
                yield reader.line_num, [_at(values, place) for place in places]
    except csv.Error as error:
        raise BadFileError([BadLine(reader.line_num, f"this is not CSV ({error})")]) from error


def insee_code(written: str) -> str:
    """The code of a commune; one of four figures has lost its first zero in a spreadsheet, and gets it back."""
    return written.upper().zfill(INSEE_DIGITS) if written else ""


def _places_of(columns: Sequence[str], header: list[str]) -> list[int]:
    names = [name.strip().lower() for name in header]
    missing = [f"'{column}'" for column in columns if column not in names]
    if missing:
        raise BadFileError(
            [BadLine(1, f"the columns must be named here: {' and '.join(missing)} is missing")]
        )
    return [names.index(column) for column in columns]


def _at(values: list[str], place: int) -> str:
    return values[place].strip() if place < len(values) else ""
