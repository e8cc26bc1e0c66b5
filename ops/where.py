"""Of which Rescousse a command speaks: the one of the settings, or the one that `rescousse up` runs from a directory."""

from pathlib import Path

from pydantic import ValidationError

from ops.embedded.children import TASK_QUEUE
from ops.embedded.datadir import DataDir, Secrets, read_secrets
from ops.embedded.errors import StartError
from ops.embedded.runtime_file import Runtime
from ops.embedded.temporal import NAMESPACE
from settings import Settings
from settings_secrets import SECRETS

DATA_DIR = (
    "Speak to the stack that `rescousse up` runs from this directory, instead of the one of the settings."
)
ROADS = ("roads_file", "speeds_file", "push_ca_file")
"""Files that are about this machine, whichever stack runs on it."""


class NowhereError(Exception):
    """There is no Rescousse there; the text says why to the operator, in one sentence."""


def settings_for(data_dir: Path | None) -> Settings:
    """The settings of this environment; with a data directory those of the stack that runs from it, keys included.

    Raises NowhereError. Nothing is made in the directory.
    """
    try:
        return Settings() if data_dir is None else _embedded(DataDir(data_dir.expanduser().absolute()))
    except ValidationError as error:
        raise NowhereError(f"the settings cannot be used: {_why(error)}") from None


def running(data: DataDir) -> Runtime:
    """What `runtime.json` tells of the stack that runs from a data directory. Raises NowhereError."""
    try:
        return Runtime.model_validate_json(data.runtime_file.read_bytes())
    except FileNotFoundError:
        raise NowhereError(f"no stack runs from {data.root}: start it with `rescousse up`") from None
    except (OSError, ValidationError):
        raise NowhereError(f"{data.runtime_file} cannot be read") from None


def _embedded(data: DataDir) -> Settings:
    """The operator's own settings that are about another place, or a file with a secret of it, do not count here."""
    runtime, secrets = running(data), _secrets(data)
    elsewhere = [
        name for name in Settings.model_fields if name.startswith("temporal_") or name.endswith("_file")
    ]
    told: dict[str, object] = {
        **{name: Settings.model_fields[name].default for name in elsewhere if name not in ROADS},
        "database_url": runtime.database,
        "temporal_address": runtime.temporal,
        "temporal_namespace": NAMESPACE,
        "task_queue": TASK_QUEUE,
        **{name: getattr(secrets, name) for name in SECRETS if hasattr(secrets, name)},
    }
    return Settings(**told)  # type: ignore[arg-type]  # by name: pydantic checks them


def _secrets(data: DataDir) -> Secrets:
    try:
        return read_secrets(data)
    except StartError as error:
        raise NowhereError(str(error).removesuffix(".")) from None


def _why(error: ValidationError) -> str:
    return "; ".join(each["msg"].removeprefix("Value error, ") for each in error.errors(include_input=False))
