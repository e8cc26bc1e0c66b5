"""Coverage as it is read: how soon a free vehicle could be at each cell of an area."""

from datetime import datetime
from enum import StrEnum
from typing import Literal
from uuid import UUID

from api.fields import Answer
from domain.fleet import Volume


class CoverageFormat(StrEnum):
    """GeoJSON for a map, with the outline of every cell; compact for whoever can draw H3 cells."""

    GEOJSON = "geojson"
    COMPACT = "compact"


class GapShown(Answer):
    """A commune beyond the threshold. ``minutes`` to its town hall; null when nobody can come."""

    insee: str
    name: str
    population: int
    minutes: int | None


class CoverageShown(Answer):
    """How soon the nearest of the free ``vehicles`` could be there, as it was computed at that moment by that engine.

    ``gaps`` are the communes beyond the SAMU's threshold (minutes), the most populous first; none without a threshold.
    """

    samu_id: UUID
    at: datetime
    engine: str
    resolution: int
    volume: Volume
    vehicles: int
    threshold_minutes: int | None
    gaps: list[GapShown]


class CompactCoverage(CoverageShown):
    """The H3 cells, and of each the minutes, in the same order; null where nobody can come."""

    cells: list[str]
    minutes: list[int | None]


class CellOutline(Answer):
    """A GeoJSON polygon: one ring of longitude and latitude, counter-clockwise, closed."""

    type: Literal["Polygon"]
    coordinates: list[list[tuple[float, float]]]


class CellMinutes(Answer):
    """An H3 cell and its minutes; null where nobody can come."""

    cell: str
    minutes: int | None


class CellFeature(Answer):
    """A cell on the map."""

    type: Literal["Feature"]
    geometry: CellOutline
    properties: CellMinutes


class CoverageMap(CoverageShown):
    """GeoJSON (RFC 7946), with what was computed beside its features."""

    type: Literal["FeatureCollection"]
    features: list[CellFeature]
