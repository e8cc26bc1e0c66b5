"""Outlines from GeoJSON (RFC 7946), as geography services publish them: longitude first, then latitude."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter

from geo.cells import LatLon, Polygon

_Position = Annotated[list[float], Field(min_length=2)]
_Ring = Annotated[list[_Position], Field(min_length=4)]
_Rings = Annotated[list[_Ring], Field(min_length=1)]


class _PolygonGeometry(BaseModel):
    type: Literal["Polygon"]
    coordinates: _Rings


class _MultiPolygonGeometry(BaseModel):
    type: Literal["MultiPolygon"]
    coordinates: Annotated[list[_Rings], Field(min_length=1)]


_Geometry = Annotated[_PolygonGeometry | _MultiPolygonGeometry, Field(discriminator="type")]


class _Feature(BaseModel):
    type: Literal["Feature"]
    geometry: _Geometry


class _FeatureCollection(BaseModel):
    type: Literal["FeatureCollection"]
    features: Annotated[list[_Feature], Field(min_length=1)]


_Document = Annotated[
    _PolygonGeometry | _MultiPolygonGeometry | _Feature | _FeatureCollection, Field(discriminator="type")
]
_DOCUMENT: TypeAdapter[_Document] = TypeAdapter(_Document)


def read_polygons(text: str | bytes) -> tuple[Polygon, ...]:
    """Return the polygons of a GeoJSON Polygon, MultiPolygon, Feature or FeatureCollection.

    Raises pydantic.ValidationError (a ValueError) that names what is wrong: not JSON, another kind of
    geometry, a ring with fewer than four positions.
    """
    document = _DOCUMENT.validate_json(text)
    if isinstance(document, _FeatureCollection):
        geometries = [feature.geometry for feature in document.features]
    elif isinstance(document, _Feature):
        geometries = [document.geometry]
    else:
        geometries = [document]
    return tuple(_polygon(rings) for geometry in geometries for rings in _polygons_of(geometry))


def _polygons_of(geometry: _PolygonGeometry | _MultiPolygonGeometry) -> list[list[list[list[float]]]]:
    if isinstance(geometry, _PolygonGeometry):
        return [geometry.coordinates]
    return geometry.coordinates


def _polygon(rings: list[list[list[float]]]) -> Polygon:
    outer, *holes = (tuple(LatLon(lat=y, lon=x) for x, y, *_ in ring) for ring in rings)
    return Polygon(outer, tuple(holes))
