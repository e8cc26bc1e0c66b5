"""What a loading would do: one deed for each entry, and what stays as it is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from pydantic import JsonValue

from ops.directory.faults import Fault, Loc
from ops.directory.known import Kind, Row


class What(StrEnum):
    """What becomes of an entry."""

    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True)
class Deed:
    """An entry of the file and the row that it is. `row` has the id and the columns that the file decides."""

    kind: Kind
    loc: Loc
    name: str
    """As people call it: ``Lac 2, Ambulances du Lac``."""
    row: Row
    before: Row | None = None

    @property
    def changes(self) -> dict[str, tuple[object, object]]:
        """The columns that become another, with what they were; none of a new row."""
        before = self.before or {}
        return {
            name: (before[name], value)
            for name, value in self.row.items()
            if name in before and before[name] != value
        }

    @property
    def what(self) -> What:
        """What becomes of it."""
        if self.before is None:
            return What.NEW
        return What.CHANGED if self.changes else What.UNCHANGED

    @property
    def subject(self) -> str:
        """How the audit trail names it, as it does accounts and keys: ``vehicle:<id> <name>``."""
        row = self.row
        ident = row["id"] if "id" in row else f"{row['samu_id']}/{row['company_id']}"
        return f"{self.kind.lower()}:{ident} {self.name}"


@dataclass(frozen=True, slots=True)
class Plan:
    """All deeds, and `faults` that keep them from being done."""

    deeds: Sequence[Deed]
    faults: Sequence[Fault]
    left: Mapping[Kind, Sequence[str]]
    """What the database has and the file does not name, as people call it."""
    names: Mapping[UUID, str]
    """Of SAMUs, companies and sites, to show what refers to them."""
    notes: Sequence[str]
    """What an operator may have forgotten."""

    def those(self, what: What, kind: Kind | None = None) -> list[Deed]:
        """The deeds of this sort."""
        return [one for one in self.deeds if one.what is what and kind in (None, one.kind)]

    @property
    def is_idle(self) -> bool:
        """Whether nothing would change."""
        return all(one.what is What.UNCHANGED for one in self.deeds)


def plain(column: str, value: object) -> JsonValue:
    """A value of a row as the audit trail keeps it, and people read it."""
    if column == "area_cells" and isinstance(value, list):
        return f"{len(value)} cells"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, (dict, list, int, float)):
        return value
    return None if value is None else str(value)
