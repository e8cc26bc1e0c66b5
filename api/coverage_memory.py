"""What one API process remembers of coverage: places made ready for the engine, and answers of a moment ago."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from api.cache import SharedCache
from domain.coverage import Commune
from domain.fleet import Volume
from geo.coverage import Ground, Mosaic

PLACES_SECONDS = 600.0
"""A changed area, sector or list of communes counts after at most this."""
ANSWER_SECONDS = 5.0
"""So old may an answer be: twenty consoles that ask cost one search."""
AREAS = 8
"""Some 15 MB each, for a département at resolution 8."""
ANSWERS = 8
"""Some 5 MB each, as GeoJSON of the same."""


@dataclass(frozen=True, slots=True)
class TiledArea:
    """The cells of a SAMU's area at one resolution, ready to be asked about."""

    mosaic: Mosaic
    ground: Ground


@dataclass(frozen=True, slots=True)
class Inhabited:
    """The communes of a SAMU's area, at their town halls, ready to be asked about."""

    communes: Sequence[Commune]
    ground: Ground


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a caller asks for."""

    samu_id: UUID
    volume: Volume
    resolution: int
    as_map: bool
    """GeoJSON, for a map; else compact JSON."""


@dataclass(frozen=True, slots=True)
class CoverageMemory:
    """Everything that is kept; bounded."""

    areas: SharedCache[tuple[UUID, int], TiledArea] = field(
        default_factory=lambda: SharedCache(PLACES_SECONDS, AREAS)
    )
    inhabited: SharedCache[UUID, Inhabited] = field(
        default_factory=lambda: SharedCache(PLACES_SECONDS, AREAS)
    )
    answers: SharedCache[Wanted, bytes] = field(default_factory=lambda: SharedCache(ANSWER_SECONDS, ANSWERS))
    turn: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(1))
    """One map is computed at a time: whoever looks at maps must not slow down who tells positions or asks for vehicles."""
