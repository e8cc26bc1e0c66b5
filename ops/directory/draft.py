"""Puts the entries of a file beside the rows of the database: what is the same, what is new, what refers to what."""

import difflib
from collections import defaultdict
from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from uuid_utils.compat import uuid7

from ops.directory.deeds import Deed
from ops.directory.faults import Fault, Loc
from ops.directory.fields import same_plate
from ops.directory.known import PLURALS, Kind, Known, Row
from ops.directory.matching import Keys, match

KnownBy = Callable[[Row], Collection[Hashable]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """An entry as columns: `values` are those that the file decides, `first` those of a new row alone."""

    loc: Loc
    name: str
    keys: Keys
    values: Row
    first: Row = field(default_factory=dict)
    scope: UUID | None = None
    """The company of a site or a vehicle."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Something as it will be called after the loading; without `loc` the file does not name it."""

    kind: Kind
    id: UUID
    name: str
    scope: UUID | None
    registration: str | None
    loc: Loc | None

    @property
    def keys(self) -> list[Hashable]:
        """What nothing else of its kind may have."""
        named: list[Hashable] = [("name", self.scope, self.name.casefold())]
        return named + ([("registration", same_plate(self.registration))] if self.registration else [])


class Draft:
    """What is known so far of a loading."""

    def __init__(self, known: Known) -> None:
        """Begin with the rows of the database."""
        self.known = known
        self.deeds: list[Deed] = []
        self.faults: list[Fault] = []
        self.names: dict[UUID, str] = {}
        self._standing: dict[Kind, list[Standing]] = defaultdict(list)
        self._named: dict[tuple[Kind, UUID | None], dict[str, list[UUID]]] = {}
        """The ids under each name, within each company for sites and vehicles."""

    def enter(self, kind: Kind, wanted: Sequence[Wanted], known_by: KnownBy) -> list[Deed]:
        """Find or make the row of each entry; the deeds in the order of the entries."""
        rows = self.known[kind]
        found = match([one.keys for one in wanted], rows, [known_by(row) for row in rows])
        deeds = [self._deed(kind, one, before) for one, before in zip(wanted, found, strict=True)]
        named = {row["id"] for row in found if row is not None}
        standing = [_standing(kind, {**(deed.before or {}), **deed.row}, deed.loc) for deed in deeds]
        standing += [_standing(kind, row, None) for row in rows if row["id"] not in named]
        self._standing[kind] = standing
        self.names |= {one.id: one.name for one in standing}
        for one in standing:
            self._named.setdefault((kind, one.scope), {}).setdefault(one.name, []).append(one.id)
        self.deeds += deeds
        return deeds

    def find(self, kind: Kind, name: str, loc: Loc, scope: UUID | None = None) -> UUID | None:
        """The id of what an entry refers to by its name; none, and a fault, when that is not one thing."""
        beside = self._named.get((kind, scope), {})
        found = beside.get(name, [])
        if len(found) == 1:
            return found[0]
        whose = f" of {self.names[scope]}" if scope else ""
        why = f"there are {len(found)} {PLURALS[kind]} '{name}'{whose}: it is not clear which one is meant"
        if not found:
            alike = {one.casefold(): one for one in beside}
            near = difflib.get_close_matches(name.casefold(), alike, n=1)
            hint = f"; is it '{alike[near[0]]}'?" if near else ""
            why = f"there is no {kind} '{name}'{whose}, neither in the file nor in the database{hint}"
        self.fault(loc, why)
        return None

    def fault(self, loc: Loc, why: str) -> None:
        """Keep that an entry cannot be as it is."""
        self.faults.append(Fault(loc, why))

    def standing(self, kind: Kind) -> Sequence[Standing]:
        """Everything of a kind as it will be."""
        return self._standing[kind]

    def left(self, kind: Kind) -> list[str]:
        """What the file does not name, as people call it."""
        return [self.title(one.name, one.scope) for one in self._standing[kind] if one.loc is None]

    def title(self, name: str, scope: UUID | None) -> str:
        """A name with the company that it belongs to."""
        return f"{name}, {self.names[scope]}" if scope else name

    def _deed(self, kind: Kind, one: Wanted, before: Row | None) -> Deed:
        made: Row = {"id": uuid7(), **one.first} if before is None else {"id": before["id"]}
        row = {**made, **one.values}
        return Deed(kind, one.loc, self.title(one.name, one.scope), row, before)


def _standing(kind: Kind, row: Row, loc: Loc | None) -> Standing:
    name = row["username"] if kind is Kind.PERSON else row["name"]
    scope = row["company_id"] if kind in (Kind.SITE, Kind.VEHICLE) else None
    return Standing(kind, row["id"], name, scope, row.get("registration"), loc)
