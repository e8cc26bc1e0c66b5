"""Which row of the database an entry of a file is."""

from collections import defaultdict
from collections.abc import Collection, Hashable, Sequence

from ops.directory.known import Row

Keys = Sequence[Hashable | None]
"""What an entry may be known by, the surest first; none where the file says nothing."""


def match(
    wanted: Sequence[Keys], rows: Sequence[Row], known_by: Sequence[Collection[Hashable]]
) -> list[Row | None]:
    """Return for each entry its row, or none; no row twice.

    `known_by` are the keys of each row. All entries look by their first key before any looks by its second: whoever has
    the registration is the vehicle, whatever others are called. A key that several rows have is nobody's.
    """
    holders: dict[Hashable, list[int]] = defaultdict(list)
    for number, keys in enumerate(known_by):
        for key in keys:
            holders[key].append(number)
    found: list[int | None] = [None] * len(wanted)
    taken: set[int] = set()
    for rank in range(max((len(keys) for keys in wanted), default=0)):
        for entry, keys in enumerate(wanted):
            if found[entry] is None and rank < len(keys) and keys[rank] is not None:
                free = [number for number in holders[keys[rank]] if number not in taken]
                if len(free) == 1:
                    found[entry] = free[0]
                    taken.add(free[0])
    return [None if number is None else rows[number] for number in found]
