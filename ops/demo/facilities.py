"""Health establishments of the Aude, where a patient may be taken, from `data/hospitals_11.csv`."""

import csv
import unicodedata
from collections.abc import Sequence
from pathlib import Path

from ops.demo.model import DemoFacility, demo_id
from simulation.places import DATA, Commune


def load_facilities(seed: int, communes: Sequence[Commune], data: Path = DATA) -> tuple[DemoFacility, ...]:
    """Return the establishments in the order of their FINESS numbers.

    Raises OSError if the file is missing and KeyError for a town that is no commune of the département.
    """
    by_name = {_plain(commune.name): commune for commune in communes}
    with (data / "hospitals_11.csv").open(encoding="utf-8", newline="") as lines:
        rows = sorted(csv.DictReader(lines), key=lambda row: row["id"].zfill(9))
    return tuple(_facility(seed, row, by_name[_plain(row["city"])]) for row in rows)


def _facility(seed: int, row: dict[str, str], commune: Commune) -> DemoFacility:
    finess = row["id"].zfill(9)
    street = " ".join(part for part in (row["house_number"], row["street"]) if part)
    return DemoFacility(
        id=demo_id(seed, "facility", finess),
        finess=finess,
        name=row["hospital_name"],
        commune=commune.name,
        insee=commune.insee,
        address=f"{street}, {row['postcode']} {row['city']}",
        lat=float(row["lat"]),
        lon=float(row["lon"]),
        emergency=_yes_or_no(row["emergency"]),
    )


def _plain(name: str) -> str:
    """Write a name as postal files do: no accents, no hyphens, capitals."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return letters.upper().replace("-", " ").replace("'", " ")


def _yes_or_no(word: str) -> bool | None:
    return {"yes": True, "no": False}.get(word.strip().lower())
