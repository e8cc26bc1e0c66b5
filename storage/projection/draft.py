"""What a batch of facts makes of one demand's read model, gathered in memory before anything is written."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa

from domain.vocabulary import AlarmKind, DemandStatus
from storage import tables
from storage.bulk import Row

Key = tuple[UUID, ...]


@dataclass(slots=True)
class Changes:
    """New rows of a table, and the columns to set in rows that are there already."""

    table: sa.Table
    key: tuple[str, ...] = field(init=False)
    """The names of the primary key's columns."""
    empty: Mapping[str, object] = field(init=False)
    """A row of nulls."""
    new: dict[Key, dict[str, object]] = field(default_factory=dict)
    changed: dict[Key, dict[str, object]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        """Names as plain strings: SQLAlchemy's own kind of string takes ten times as long to become JSON."""
        self.key = tuple(str(column.name) for column in self.table.primary_key)
        self.empty = {str(column.name): None for column in self.table.columns}

    def add(self, *key: UUID, **columns: object) -> None:
        """A new row; columns that are not named are null."""
        self.new[key] = {**self.empty, **dict(zip(self.key, key, strict=True)), **columns}

    def set(self, *key: UUID, **columns: object) -> None:
        """Set columns of a row, new or not; the last value given is the one that is written."""
        row = self.new.get(key)
        (self.changed[key] if row is None else row).update(columns)

    def updates(self) -> list[Sequence[Row]]:
        """The changed rows in groups that set the same columns: one statement each."""
        groups: dict[frozenset[str], list[Row]] = defaultdict(list)
        for key, columns in self.changed.items():
            groups[frozenset(columns)].append(dict(zip(self.key, key, strict=True)) | columns)
        return list(groups.values())


@dataclass(slots=True)
class Draft:
    """One demand's read model while facts are folded into it.

    `status`, `mission_id`, `alarm` and `acknowledged_late` are what the database held before, and then what the
    facts made of them: the only things that a fold looks at.
    """

    demand_id: UUID
    samu_id: UUID
    status: DemandStatus | None = None
    mission_id: UUID | None = None
    received_at: datetime | None = None
    """As the database has it; none before the first fact is there."""
    alarm: AlarmKind | None = None
    acknowledged_late: bool = False
    """Whether the alarm of a late acknowledgement was raised for the mission."""
    view: dict[str, object] = field(default_factory=dict)
    solicitations: Changes = field(default_factory=lambda: Changes(tables.solicitations))
    missions: Changes = field(default_factory=lambda: Changes(tables.missions))
    steps: Changes = field(default_factory=lambda: Changes(tables.mission_steps))
    released: list[UUID] = field(default_factory=list)
    """Missions whose vehicle is free again."""

    @property
    def is_searching(self) -> bool:
        """Whether a vehicle is looked for."""
        return self.status is not None and self.status.is_searching

    def becomes(self, status: DemandStatus, **columns: object) -> None:
        """The demand has another status, and other columns of its view are set with it."""
        self.status = status
        self.view.update(columns)

    def raise_alarm(self, mission_id: UUID, alarm: AlarmKind | None) -> None:
        """The mission's alarm, or that there is none any more."""
        self.alarm = alarm
        self.missions.set(mission_id, alarm=alarm)

    def view_columns(self, version: int) -> Mapping[str, object]:
        """What to write to the demand's view once every fact up to `version` is folded."""
        return {**self.view, "status": self.status, "mission_id": self.mission_id, "version": version}
