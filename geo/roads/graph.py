"""A road graph: what stays of an OpenStreetMap extract, as arrays, in one file of our own."""

import hashlib
import io
import json
import os
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FORMAT = 1
"""Grows when the arrays change their meaning; a file of another format is refused."""

UNREADABLE = (
    KeyError,
    TypeError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What reading a file raises that is damaged, or something else altogether."""

Ints = NDArray[np.int32]
Floats = NDArray[np.float64]


class BadGraphError(ValueError):
    """A file is no road graph that can be used; the text says why, in one sentence."""


@dataclass(frozen=True, slots=True)
class About:
    """Where a graph comes from, in words that a page can show."""

    name: str
    """Short, for people: ``aude``."""
    source: str
    """What it was made from, with its licence."""
    invented: bool = False
    """Whether the roads are made up: then they must never be shown as real."""


@dataclass(frozen=True, eq=False)
class RoadGraph:
    """Roads as nodes and directed arcs; arcs are in increasing order of their tails.

    Shapes: ``n`` nodes and ``m`` arcs. Every node lies on an island: 0 is the largest, and from every node of an
    island every other one of it can be reached. Nodes that lead nowhere or come from nowhere are not in a graph.
    """

    about: About
    lat: Floats
    """(n,) degrees."""
    lon: Floats
    """(n,) degrees."""
    island: Ints
    """(n,) which island, 0 the largest, then in decreasing size."""
    tail: Ints
    """(m,) the node that an arc leaves."""
    head: Ints
    """(m,) the node that it leads to."""
    length_cm: Ints
    """(m,) length in centimetres, at least 1."""
    road: NDArray[np.uint8]
    """(m,) which class: an index into `geo.roads.speeds.CLASSES`."""
    limit_kmh: NDArray[np.uint8]
    """(m,) the posted limit in km/h, 0 where none is known."""
    order: Ints
    """(n,) a contraction order for `geo.roads.contraction`."""

    @cached_property
    def graph_id(self) -> str:
        """Twelve hexadecimal digits that follow from the arrays: another graph has another one."""
        digest = hashlib.sha256(f"rescousse road graph {FORMAT}".encode())
        for name in ARRAYS:
            array = getattr(self, name)
            digest.update(f"{name} {array.dtype.str} {array.shape}".encode())
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()[:12]

    def save(self, file: Path) -> None:
        """Write the graph to a file, all or nothing: a reader never sees half of one."""
        arrays: Mapping[str, Any] = {name: getattr(self, name) for name in ARRAYS}
        about = {field.name: getattr(self.about, field.name) for field in fields(About)}
        head = json.dumps({"format": FORMAT, "graph_id": self.graph_id, "about": about})
        held = io.BytesIO()
        np.savez_compressed(held, about=np.frombuffer(head.encode(), dtype=np.uint8), **arrays)
        beside = file.with_name(f".{file.name}.{os.getpid()}")
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("wb") as opened:
                opened.write(held.getvalue())
                opened.flush()
                os.fsync(opened.fileno())
            beside.replace(file)
        finally:
            beside.unlink(missing_ok=True)

    @classmethod
    def load(cls, file: Path) -> "RoadGraph":
        """Read a graph that `save` wrote. Raises BadGraphError for any other file, FileNotFoundError for none."""
        try:
            with file.open("rb") as opened, np.load(opened, allow_pickle=False) as held:
                head = json.loads(held["about"].tobytes())
                if head["format"] != FORMAT:
                    raise BadGraphError(
                        f"{file.name} is of format {head['format']}, this version reads {FORMAT}"
                    )
                made = cls(about=About(**head["about"]), **{name: held[name] for name in ARRAYS})
        except UNREADABLE as error:
            if isinstance(error, (BadGraphError, FileNotFoundError, PermissionError)):
                raise
            raise BadGraphError(f"{file.name} is no road graph: build it again ({error})") from error
        if made.graph_id != head["graph_id"]:
            raise BadGraphError(f"{file.name} is damaged: build it again")
        return made


ARRAYS = tuple(field.name for field in fields(RoadGraph) if field.name != "about")
