"""Run by `bench.roads_valhalla` in an interpreter that has pyvalhalla, and nothing of ours: times its matrix."""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BUILD_S = 600
MANY = 100_000


def main() -> None:
    """Read places from standard input, write the milliseconds of each matrix to standard output."""
    import valhalla  # type: ignore[import-not-found]  # noqa: PLC0415  # in the other interpreter only

    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tiles").mkdir()
        (Path(folder) / "tiles.tar").touch()
        settings = valhalla.get_config(tile_extract=f"{folder}/tiles.tar", tile_dir=f"{folder}/tiles")
        settings["mjolnir"] |= {"tile_extract": "", "concurrency": 1, "admin": "", "timezone": ""}
        settings["service_limits"]["auto"] |= {"max_matrix_location_pairs": MANY, "max_locations": MANY}
        file = Path(folder) / "valhalla.json"
        file.write_text(json.dumps(settings))
        programs = Path(valhalla.__file__).parent / "bin"
        command = [programs / "valhalla_build_tiles", "-c", file, asked["extract"]]
        subprocess.run(command, check=True, timeout=BUILD_S, stdout=subprocess.DEVNULL, cwd=folder)
        actor = valhalla.Actor(str(file))
        took = [_matrix_ms(actor, asked["origins"], target) for target in asked["targets"]]
    sys.stdout.write(json.dumps(took) + "\n")


def _matrix_ms(actor: object, origins: list[list[float]], target: list[float]) -> float:
    wanted = {"sources": [_place(one) for one in origins], "targets": [_place(target)], "costing": "auto"}
    began = time.perf_counter()
    actor.matrix(wanted)  # type: ignore[attr-defined]  # of pyvalhalla, which has no types
    return (time.perf_counter() - began) * 1000


def _place(one: list[float]) -> dict[str, float]:
    return {"lat": one[0], "lon": one[1]}


if __name__ == "__main__":
    main()
