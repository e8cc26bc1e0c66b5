"""Names of places: which commune somebody means who types three letters of it, and which one a place is nearest to."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from heapq import nsmallest

import numpy as np
from numpy.typing import NDArray

from geo.cells import check_place

SHORT = {"st": "saint", "ste": "sainte"}
"""As people write them."""
LAST = "\x7f"
"""Comes after every letter of a folded name."""


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A commune with its town hall, in degrees."""

    insee: str
    name: str
    population: int
    lat: float
    lon: float


class Gazetteer:
    """All communes that are known. Safe to share between threads once it is made."""

    def __init__(self, places: Sequence[NamedPlace]) -> None:
        """Put them in the order of their names."""
        named = sorted((folded(one.name), one.insee, one) for one in places)
        self._keys = [key for key, _, _ in named]
        self.places = [one for _, _, one in named]

    def find(self, text: str, limit: int, here: Container[str] = ()) -> list[NamedPlace]:
        """The communes that begin with the text; if they are few, those with a later word that does.

        Those whose INSEE code is among ``here`` come first, then the most populous. Accents, capitals, hyphens and
        apostrophes do not count. Nothing for an empty text.
        """
        key = folded(text)
        if not key:
            return []
        found = list(range(bisect_left(self._keys, key), bisect_right(self._keys, key + LAST)))
        if len(found) < limit:
            inner = f" {key}"
            found += [at for at, name in enumerate(self._keys) if inner in name and not name.startswith(key)]

        def rank(at: int) -> tuple[bool, bool, int]:
            one = self.places[at]
            return (one.insee not in here, self._keys[at] != key, -one.population)

        return [self.places[at] for at in nsmallest(limit, found, key=rank)]

    def nearest(self, lat: float, lon: float) -> NamedPlace | None:
        """The commune whose town hall is the nearest; ``None`` without any. Raises ValueError for no place on Earth."""
        check_place(lat, lon)
        if not self.places:
            return None
        return self.places[int(np.argmax(self._from_the_centre @ _directions([lat], [lon])[0]))]

    @cached_property
    def _from_the_centre(self) -> NDArray[np.float64]:
        return _directions([one.lat for one in self.places], [one.lon for one in self.places])


def folded(name: str) -> str:
    """A name as it is compared: ``Saint-Étienne-d'Albagnan`` is ``saint etienne d albagnan``."""
    plain = unicodedata.normalize("NFKD", name.lower().replace("œ", "oe"))
    letters = (each if each.isalnum() else " " for each in plain if not unicodedata.combining(each))
    words = "".join(letters).encode("ascii", "ignore").decode().split()
    return " ".join(SHORT.get(word, word) for word in words)


def _directions(lat: Sequence[float], lon: Sequence[float]) -> NDArray[np.float64]:
    """Unit vectors from the centre of the Earth, shape (n, 3)."""
    phi, theta = np.radians(np.array(lat)), np.radians(np.array(lon))
    return np.stack((np.cos(phi) * np.cos(theta), np.cos(phi) * np.sin(theta), np.sin(phi)), axis=1)
