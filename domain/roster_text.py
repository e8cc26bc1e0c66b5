"""Reads a roster as it is sent, CSV or JSON, into lines of text; what cannot be read is a named fault.

Nothing raises here, whatever the bytes are: every line that is wrong is named, and the rest is read on.
"""

import csv
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

MOST_LINES = 20_000
HIGHEST_RANK = 99
BLANK = " \t;,"
"""What a line without a single cell is made of: spreadsheets end their tables with some."""


class Column(StrEnum):
    """What a line of the roster says."""

    SECTOR = "sector"
    COMPANY = "company"
    START = "start"
    END = "end"
    RANK = "rank"


REQUIRED = (Column.SECTOR, Column.COMPANY, Column.START, Column.END)
HEADERS: Mapping[str, Column] = {
    **{each.value: each for each in Column},
    "secteur": Column.SECTOR,
    "entreprise": Column.COMPANY,
    "debut": Column.START,
    "fin": Column.END,
    "rang": Column.RANK,
    "starts at": Column.START,
    "ends at": Column.END,
}
FIELDS: Mapping[str, Column] = {
    "sector": Column.SECTOR,
    "company": Column.COMPANY,
    "starts_at": Column.START,
    "ends_at": Column.END,
    "rank": Column.RANK,
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a line stands: the line of a file, counted from 1 with its header, or a JSON pointer.

    ``names`` are the columns as this roster calls them.
    """

    line: int | None = None
    pointer: str | None = None
    names: Mapping[Column, str] = field(default_factory=dict, compare=False, hash=False, repr=False)

    def fault(self, code: str, detail: str, column: Column | None = None) -> "Fault":
        """Something that is wrong here."""
        name = self.names.get(column, column.value) if column else None
        if self.line is not None:
            return Fault(code, detail, line=self.line, column=name)
        return Fault(code, detail, pointer=f"{self.pointer or ''}/{name}" if name else self.pointer or "")

    def __str__(self) -> str:
        return f"line {self.line}" if self.line is not None else self.pointer or "the document"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a roster, and where. ``detail`` never repeats what was sent."""

    code: str
    detail: str
    line: int | None = None
    pointer: str | None = None
    column: str | None = None


@dataclass(frozen=True, slots=True)
class WrittenLine:
    """One line of a roster, as it was written. A column that is empty is left out."""

    place: Place
    texts: Mapping[Column, str]


@dataclass(frozen=True, slots=True)
class Written:
    """A roster as it was read: its lines, and what could not be read."""

    lines: Sequence[WrittenLine] = ()
    faults: Sequence[Fault] = ()


def plain(text: str) -> str:
    """A name without capitals, accents and signs, so that it is found however it was typed."""
    bare = (sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(re.sub(r"[\W_]+", " ", "".join(bare).casefold()).split())


# -- CSV -------------------------------------------------------------------------------------------------------------


def read_csv(body: bytes) -> Written:
    """A table with a header, separated by commas or semicolons, in UTF-8. One line of the file is one period."""
    rows = [row for row in _lines_of(body) if isinstance(row, Fault) or row[1].strip(BLANK)]
    if not rows:
        return Written(faults=[Fault("empty_file", "the roster has no line", line=1)])
    head = rows.pop(0)
    if isinstance(head, Fault):
        return Written(faults=[head])
    if len(rows) > MOST_LINES:
        return Written(faults=[_too_many()])
    number, text = head
    delimiter = ";" if text.count(";") > text.count(",") else ","
    columns, faults = _header(number, _cells(text, delimiter) or [])
    if faults:
        return Written(faults=faults)
    if not rows:
        return Written(faults=[Fault("empty_file", "the roster has a header and no line", line=number)])
    read = [row if isinstance(row, Fault) else _row(*row, delimiter, columns) for row in rows]
    return _sorted_out(read)


def _lines_of(body: bytes) -> list[tuple[int, str] | Fault]:
    """The lines with their numbers; one that is not UTF-8 is a fault."""
    found: list[tuple[int, str] | Fault] = []
    body = body.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    for number, raw in enumerate(body.split(b"\n"), start=1):
        try:
            found.append((number, raw.decode("utf-8")))
        except UnicodeDecodeError:
            found.append(Fault("bad_encoding", "is not UTF-8: export the file again as UTF-8", line=number))
    return found


def _cells(text: str, delimiter: str) -> list[str] | None:
    """The cells of one line; null when its quotes do not close."""
    try:
        row = next(csv.reader([text], delimiter=delimiter, strict=True), [])
    except csv.Error:
        return None
    return [cell.strip() for cell in row]


def _header(number: int, cells: Sequence[str]) -> tuple[list[Column | None], list[Fault]]:
    """Which column is which; null for one without a name. The faults are those of the header."""
    columns = [HEADERS.get(plain(cell)) for cell in cells]
    named = [each for each in columns if each is not None]
    faults = [
        Fault("unknown_column", f"column {place} has a name that is not known", line=number)
        for place, (cell, column) in enumerate(zip(cells, columns, strict=True), start=1)
        if cell and column is None
    ]
    for column in Column:
        if named.count(column) > 1:
            faults.append(Fault("duplicate_column", "is there twice", line=number, column=column.value))
        if column in REQUIRED and column not in named:
            faults.append(
                Fault("missing_column", "is missing in the header", line=number, column=column.value)
            )
    return columns, faults


def _row(number: int, text: str, delimiter: str, columns: Sequence[Column | None]) -> WrittenLine | Fault:
    cells = _cells(text, delimiter)
    if cells is None:
        return Fault("bad_quotes", "has a quotation mark that does not close", line=number)
    texts = {column: cell for column, cell in zip(columns, cells, strict=False) if cell and column}
    beyond = [
        cell for place, cell in enumerate(cells) if cell and (columns[place : place + 1] or [None])[0] is None
    ]
    if beyond:
        return Fault("too_many_cells", "has more cells than the header has names", line=number)
    return WrittenLine(Place(line=number), texts)


# -- JSON ------------------------------------------------------------------------------------------------------------


def read_json(body: bytes) -> Written:
    """``{"periods": [{"sector", "company", "starts_at", "ends_at", "rank"?}]}``."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return Written(faults=[Fault("bad_json", "the body is not JSON in UTF-8", pointer="")])
    periods = document.get("periods") if isinstance(document, dict) else None
    if not isinstance(periods, list) or len(document) != 1:
        detail = 'should be an object with one field, "periods", that holds a list'
        return Written(faults=[Fault("wrong_type", detail, pointer="")])
    if not periods:
        return Written(faults=[Fault("empty_file", "the roster has no line", pointer="/periods")])
    if len(periods) > MOST_LINES:
        return Written(faults=[_too_many()])
    return _sorted_out(fault for each in enumerate(periods) for fault in _object(*each))


def _object(index: int, value: object) -> list[WrittenLine | Fault]:
    place = Place(pointer=f"/periods/{index}", names={column: name for name, column in FIELDS.items()})
    if not isinstance(value, dict):
        return [place.fault("wrong_type", "should be an object")]
    faults: list[WrittenLine | Fault] = []
    if set(value) - set(FIELDS):
        faults.append(place.fault("unknown_field", "has a field that is not known here"))
    texts: dict[Column, str] = {}
    for name, column in FIELDS.items():
        text = _text(value.get(name), column)
        if text is None:
            wanted = "a small whole number" if column is Column.RANK else "a text"
            faults.append(place.fault("wrong_type", f"should be {wanted}", column))
        elif text:
            texts[column] = text
    return faults or [WrittenLine(place, texts)]


def _text(value: object, column: Column) -> str | None:
    """A value as text, empty when it is not given; null when it has the wrong type."""
    if value is None:
        return ""
    if column is Column.RANK:
        small = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= HIGHEST_RANK
        return str(value) if small else None
    return value.strip() if isinstance(value, str) else None


# -- both ------------------------------------------------------------------------------------------------------------


def _sorted_out(read: Iterable[WrittenLine | Fault]) -> Written:
    lines: list[WrittenLine] = []
    faults: list[Fault] = []
    for each in read:
        if isinstance(each, Fault):
            faults.append(each)
        else:
            lines.append(each)
    return Written(lines, faults)


def _too_many() -> Fault:
    return Fault("too_many_lines", f"a roster has at most {MOST_LINES} lines: send it in parts")
