"""How soon a free vehicle could be at each cell of a SAMU's area, and which communes nobody reaches in time.

What is long is done in a thread, so that streams go on; what is the same for all is made once.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import pydantic_core

from api.coverage_means import Means, read_means
from api.coverage_memory import Inhabited, TiledArea, Wanted
from api.problems import Problem
from api.resources import Resources, SamuArea
from api.schemas.coverage import CoverageShown, GapShown
from domain.coverage import Seen, gaps
from domain.fleet import Volume
from domain.policy import Policy
from geo.area import Area
from geo.box import box_of
from geo.cells import count_at
from geo.coverage import Ground, Mosaic, Starter
from storage import coverage

FINEST, COARSEST, USUAL = 9, 5, 8
"""H3 resolutions: edges of about 0.2, 10 and 0.5 km."""
MOST_MAPPED = 40_000
"""Cells in one GeoJSON answer: 10 MB. A département has some 22,000 of resolution 8."""
MOST_LISTED = 250_000
"""Cells in one compact answer: 6 MB. A département has some 157,000 of resolution 9."""


async def coverage_of(resources: Resources, wanted: Wanted, at: datetime) -> bytes:
    """The answer, as JSON; a few seconds old if somebody has just asked the same.

    Raises Problem 404 for an unknown SAMU, 422 for more cells than one answer has, 503 when it takes too long.
    """
    samu = await resources.samu(wanted.samu_id)
    if samu is None:
        raise Problem("not_found")
    _check_size(samu.area, wanted)

    async def compute() -> bytes:
        return await _compute(resources, samu, wanted, at)

    try:
        return await resources.coverage.answers.get(wanted, compute)
    except TimeoutError as error:
        raise Problem("too_busy") from error


async def communes_seen(resources: Resources, samu: SamuArea, means: Means, volume: Volume) -> list[Seen]:
    """How soon a free vehicle could be at each commune of the SAMU."""
    people = await inhabited(resources, samu)
    return await asyncio.to_thread(_seen, people, means.starters(volume))


async def inhabited(resources: Resources, samu: SamuArea) -> Inhabited:
    """The communes whose town hall lies in the SAMU's area, made ready; those with too few people left out."""

    async def read() -> Inhabited:
        area, least = samu.area, samu.profile.policy.coverage_least_population
        if area is None:
            return Inhabited((), Ground(resources.travel, ()))
        async with resources.database.connect() as connection:
            found = await coverage.communes_within(connection, box_of(tuple(area.cells)), least)
        own = [each for each in found if area.contains(each.lat, each.lon)]
        sectors = await resources.sector_map(samu.profile.id)
        ground = await asyncio.to_thread(Ground, resources.travel, own, sectors)
        return Inhabited([each.commune for each in own], ground)

    return await resources.coverage.inhabited.get(samu.profile.id, read)


async def _tiled(resources: Resources, samu: SamuArea, resolution: int) -> TiledArea:
    async def make() -> TiledArea:
        sectors = await resources.sector_map(samu.profile.id)
        cells = samu.area.cells if samu.area else ()

        def tile() -> TiledArea:
            mosaic = Mosaic(cells, resolution)
            return TiledArea(mosaic, Ground(resources.travel, mosaic.centres, sectors))

        async with resources.coverage.turn:
            return await asyncio.to_thread(tile)

    return await resources.coverage.areas.get((samu.profile.id, resolution), make)


async def _compute(resources: Resources, samu: SamuArea, wanted: Wanted, at: datetime) -> bytes:
    policy = samu.profile.policy
    tiled, people = await asyncio.gather(
        _tiled(resources, samu, wanted.resolution), inhabited(resources, samu)
    )
    async with resources.database.connect() as connection:
        means = await read_means(connection, samu.profile.id, policy, at)
    starters = means.starters(wanted.volume)

    def write() -> bytes:
        head = _head(resources, wanted, policy, starters, _seen(people, starters), at)
        minutes = tiled.ground.minutes(starters)
        return _map(head, tiled.mosaic, minutes) if wanted.as_map else _list(head, tiled.mosaic, minutes)

    async with resources.coverage.turn:
        return await asyncio.to_thread(write)


def _seen(people: Inhabited, starters: Sequence[Starter]) -> list[Seen]:
    minutes = people.ground.minutes(starters)
    return [Seen(commune, each) for commune, each in zip(people.communes, minutes, strict=True)]


def _head(
    resources: Resources,
    wanted: Wanted,
    policy: Policy,
    starters: Sequence[Starter],
    seen: Sequence[Seen],
    at: datetime,
) -> bytes:
    threshold = policy.coverage_alarm_minutes
    shown = CoverageShown(
        samu_id=wanted.samu_id,
        at=at,
        engine=resources.travel.identity,
        resolution=wanted.resolution,
        volume=wanted.volume,
        vehicles=len(starters),
        threshold_minutes=threshold,
        gaps=[_gap(each) for each in gaps(seen, threshold)],
    )
    return pydantic_core.to_json(shown)


def _gap(seen: Seen) -> GapShown:
    of = seen.commune
    return GapShown(insee=of.insee, name=of.name, population=of.population, minutes=seen.minutes)


def _list(head: bytes, mosaic: Mosaic, minutes: Sequence[int | None]) -> bytes:
    cells, told = pydantic_core.to_json(mosaic.names), pydantic_core.to_json(minutes)
    return b"".join((head[:-1], b',"cells":', cells, b',"minutes":', told, b"}"))


def _map(head: bytes, mosaic: Mosaic, minutes: Sequence[int | None]) -> bytes:
    features = mosaic.features(minutes).encode()
    return b"".join((head[:-1], b',"type":"FeatureCollection","features":[', features, b"]}"))


def _check_size(area: Area | None, wanted: Wanted) -> None:
    count = count_at(area.cells, wanted.resolution) if area else 0
    most = MOST_MAPPED if wanted.as_map else MOST_LISTED
    if count > most:
        instead = "a coarser resolution, or format=compact" if wanted.as_map else "a coarser resolution"
        raise Problem(
            "too_many_cells",
            f"This area has some {count} cells of resolution {wanted.resolution}, one answer has at most {most}:"
            f" ask for {instead}.",
        )


def samu_asked(own: UUID | None, named: UUID | None) -> UUID:
    """Whose coverage a caller asks for: their own, and whoever has none names it.

    Raises Problem 404 for another than their own, 422 for none at all.
    """
    if own is not None and named not in {None, own}:
        raise Problem("not_found")
    found = own or named
    if found is None:
        raise Problem("samu_required", "Say whose coverage (`samu_id`).")
    return found
