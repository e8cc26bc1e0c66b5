"""Where the doctor looks: the settings, or the stack that `rescousse up` runs from a data directory."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ops.embedded import roads
from ops.embedded.datadir import DataDir
from ops.embedded.demo import DemoName
from ops.embedded.runtime_file import Pids, Runtime
from ops.where import running, settings_for
from settings import Settings


@dataclass(frozen=True, slots=True)
class Place:
    """Everything that can be looked at."""

    settings: Settings
    apis: tuple[str, ...] = ()
    """Addresses of API processes, or of what stands before them."""
    data: DataDir | None = None
    """Of an embedded stack."""
    pids: Pids | None = None
    """Its processes."""
    backups: Path | None = None
    """Where the operator keeps backups."""


def find_place(data_dir: Path | None, apis: Sequence[str], backups: Path | None = None) -> Place:
    """The place that the options name. Raises `ops.where.NowhereError` when there is nothing to look at."""
    settings = settings_for(data_dir)
    if data_dir is None:
        return Place(settings, tuple(apis), backups=backups)
    data = DataDir(data_dir.expanduser().absolute())
    runtime = running(data)
    with_roads = settings.model_copy(update=_roads(data, runtime))
    return Place(with_roads, (runtime.api, *apis), data, runtime.pids, backups)


def _roads(data: DataDir, runtime: Runtime) -> dict[str, object]:
    """The graph that the stack made for its demo, unless the operator's own is used."""
    graphs = sorted(data.roads.glob("*.roads"), key=lambda file: file.stat().st_mtime)
    if runtime.accounts is None or not graphs or not roads.are_wanted(DemoName.AUDE):
        return {}
    return {"travel_engine": "roads", "roads_file": graphs[-1]}
