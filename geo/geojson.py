"""Outlines from GeoJSON (RFC 7946), as geography services publish them: longitude first, then latitude."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, Field, TypeAdapter, ValidationError, model_validator

from geo.cells import LatLon, Polygon

_PUBLISHED = {"code": "insee", "code_insee": "insee", "INSEE_COM": "insee", "nom": "name", "NOM": "name"}
"""What publishers of communes call their code and name: Etalab, OpenStreetMap's export, IGN's Admin Express."""

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


class _CommuneProperties(BaseModel):
    insee: str
    name: str

    @model_validator(mode="before")
    @classmethod
    def _in_our_words(cls, given: object) -> object:
        if not isinstance(given, dict):
            return given
        return {_PUBLISHED.get(key, key): value for key, value in given.items()}


class _Commune(_Feature):
    properties: _CommuneProperties


class _Communes(BaseModel):
    type: Literal["FeatureCollection"]
    features: Annotated[list[_Commune], Field(min_length=1)]


_Document = Annotated[
    _PolygonGeometry | _MultiPolygonGeometry | _Feature | _FeatureCollection, Field(discriminator="type")
]
_DOCUMENT: TypeAdapter[_Document] = TypeAdapter(_Document)
_GEOMETRY: TypeAdapter[_Geometry] = TypeAdapter(_Geometry)


@dataclass(frozen=True, slots=True)
class CommuneOutline:
    """The polygons of one commune, WGS-84 degrees."""

    insee: str
    name: str
    polygons: tuple[Polygon, ...]


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
    return tuple(polygon for geometry in geometries for polygon in _polygons(geometry))


def polygons_of(geometry: Mapping[str, object]) -> tuple[Polygon, ...]:
    """Return the polygons of a GeoJSON Polygon or MultiPolygon that is parsed already.

    Raises pydantic.ValidationError (a ValueError) that names what is wrong.
    """
    return _polygons(_GEOMETRY.validate_python(geometry))


def multipolygon(polygons: Iterable[Polygon]) -> dict[str, object]:
    """Return the GeoJSON MultiPolygon of some polygons, to the last digit: `polygons_of` gives them back."""
    rings = [[_positions(ring) for ring in (one.outer, *one.holes)] for one in polygons]
    return {"type": "MultiPolygon", "coordinates": rings}


def read_communes(text: str | bytes) -> tuple[CommuneOutline, ...]:
    """Return the communes of a FeatureCollection whose features have an INSEE code and a name.

    Raises pydantic.ValidationError (a ValueError) that names the feature and what is wrong with it.
    """
    communes = _Communes.model_validate_json(text)
    return tuple(
        CommuneOutline(one.properties.insee, one.properties.name, _polygons(one.geometry))
        for one in communes.features
    )


def explain(error: ValueError) -> str:
    """Say in one line what a reader of this module refused: where in the document, and why."""
    if not isinstance(error, ValidationError):
        return str(error)
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    return f"{where}: {first['msg']}" if where else first["msg"]


def _polygons(geometry: _Geometry) -> tuple[Polygon, ...]:
    return tuple(_polygon(rings) for rings in _polygons_of(geometry))


def _positions(ring: Iterable[LatLon]) -> list[list[float]]:
    return [[place.lon, place.lat] for place in ring]


def _polygons_of(geometry: _PolygonGeometry | _MultiPolygonGeometry) -> list[list[list[list[float]]]]:
    if isinstance(geometry, _PolygonGeometry):
        return [geometry.coordinates]
    return geometry.coordinates


def _polygon(rings: list[list[list[float]]]) -> Polygon:
    outer, *holes = (tuple(LatLon(lat=y, lon=x) for x, y, *_ in ring) for ring in rings)
    return Polygon(outer, tuple(holes))
