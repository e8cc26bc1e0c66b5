"""The hospitals that patients are taken to: those of the Aude with an emergency department."""

import csv
from dataclasses import dataclass
from pathlib import Path

from simulation.wire import Point

DATA = Path(__file__).resolve().parent.parent / "data" / "hospitals_11.csv"

# FINESS numbers of Carcassonne, Castelnaudary, Narbonne and Lézignan-Corbières.
RECEIVING = frozenset({"110000023", "110000049", "110000056", "110000247"})


@dataclass(frozen=True, slots=True)
class Hospital:
    """A facility, by its FINESS number."""

    facility_id: str
    place: Point


def load_hospitals(path: Path = DATA) -> tuple[Hospital, ...]:
    """Read the receiving hospitals, by FINESS number. Raises ``OSError`` or ``ValueError`` for a bad file."""
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [row for row in csv.DictReader(lines) if row["id"] in RECEIVING]
    found = (Hospital(row["id"], Point(lat=float(row["lat"]), lon=float(row["lon"]))) for row in rows)
    return tuple(sorted(found, key=lambda hospital: hospital.facility_id))
