"""Nothing may have the name or the registration of another: most tables would not keep it from that."""

from collections import defaultdict
from collections.abc import Hashable, Iterator, Sequence

from ops.directory.draft import Draft, Standing
from ops.directory.faults import Fault, Source
from ops.directory.known import Kind

UNIQUE = (Kind.SAMU, Kind.COMPANY, Kind.SITE, Kind.VEHICLE, Kind.PERSON)


def doubles(draft: Draft, source: Source) -> Iterator[Fault]:
    """A fault for each entry that would be called as something else is; capitals make no difference.

    What is double in the database already, and not in the file, is not the file's fault.
    """
    for kind in UNIQUE:
        holders: dict[Hashable, list[Standing]] = defaultdict(list)
        for one in draft.standing(kind):
            for key in one.keys:
                holders[key].append(one)
        for key, same in holders.items():
            yield from _faults(key, same, draft, source)


def _faults(key: Hashable, same: Sequence[Standing], draft: Draft, source: Source) -> Iterator[Fault]:
    """The first stays; it is one of the database if there is any."""
    assert isinstance(key, tuple)  # noqa: S101 - Standing.keys made it
    first, *others = sorted(same, key=lambda one: (one.loc is not None, _line(one, source)))
    for other in others:
        if other.loc is not None:
            yield Fault(other.loc, f"its {key[0]} is that of {_other(first, draft, source)} too")


def _other(one: Standing, draft: Draft, source: Source) -> str:
    if one.loc is not None:
        line = source.line(one.loc)
        return f"{source.label(one.loc)}{f' (line {line})' if line else ''}"
    return f"{one.kind} '{draft.title(one.name, one.scope)}' in the database"


def _line(one: Standing, source: Source) -> int:
    return (source.line(one.loc) or 0) if one.loc is not None else 0
