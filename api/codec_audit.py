"""Who reads in clear text what the engine keeps: a line of the audit trail for each demand that somebody opens."""

import re
from collections import OrderedDict
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

SAME_LOOK = timedelta(minutes=1)
"""The Temporal UI asks for each event by itself: within this time it is one look, and one line."""
MOST_REMEMBERED = 10_000
DEMAND = re.compile(rb'"demand_id":\s*"([0-9a-f-]{36})"')


class Looks:
    """Remembers, in this process and bounded, who has looked at what a moment ago."""

    def __init__(self) -> None:
        """Nobody has looked yet."""
        self._seen: OrderedDict[tuple[str, str | None], datetime] = OrderedDict()

    def new(self, reader: str, contents: Iterable[bytes], at: datetime) -> list[str | None]:
        """The demands that these contents tell of and that the reader did not look at a moment ago.

        None stands for contents that name no demand.
        """
        found: set[str | None] = {demand for content in contents for demand in demands_in(content)}
        return [each for each in sorted(found, key=str) if self._is_new((reader, each), at)]

    def written(self, reader: str, demands: Iterable[str | None], at: datetime) -> None:
        """These looks are in the trail: for a while they are not written again. Call it when that is committed."""
        for each in demands:
            self._seen[reader, each] = at
            self._seen.move_to_end((reader, each))
        while len(self._seen) > MOST_REMEMBERED:
            self._seen.popitem(last=False)

    def _is_new(self, look: tuple[str, str | None], at: datetime) -> bool:
        last = self._seen.get(look)
        return last is None or at - last >= SAME_LOOK


def demands_in(content: bytes) -> set[str | None]:
    """The ids of the demands that a payload names; None in it when it names none."""
    named: set[str | None] = {str(UUID(each.decode())) for each in DEMAND.findall(content) if _is_id(each)}
    return named or {None}


def _is_id(text: bytes) -> bool:
    try:
        UUID(text.decode())
    except ValueError:
        return False
    return True
