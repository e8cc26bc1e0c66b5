"""Our own processes as data: worker, API, simulation, and the short ones that prepare the database."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ops.embedded.datadir import DataDir, Secrets
from ops.embedded.processes import ProcessSpec
from ops.embedded.temporal import NAMESPACE
from settings_secrets import SECRETS

ROOT = Path(__file__).resolve().parents[2]
"""The root of the project, where `worker.py` stands."""
GRACE_SECONDS = 20.0
"""How long a worker or an API may take to end what it is doing."""
TASK_QUEUE = "rescousse"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What every process of ours is told through its environment."""

    data: DataDir
    database: str
    """PostgreSQL's address."""
    temporal: str
    """host:port of the engine."""
    secrets: Secrets = field(repr=False)
    extra: Mapping[str, str] = field(default_factory=dict)
    """Further settings, by their names in the environment."""
    temporal_ui: str | None = None
    """The address of the engine's web UI."""

    @property
    def env(self) -> dict[str, str]:
        """The settings (settings.py) that the stack decides; the operator's own keep their effect."""
        return {
            "PYTHONPATH": str(ROOT),
            "RESCOUSSE_DATABASE_URL": self.database,
            "RESCOUSSE_TEMPORAL_ADDRESS": self.temporal,
            "RESCOUSSE_TEMPORAL_NAMESPACE": NAMESPACE,
            **({"RESCOUSSE_TEMPORAL_UI_ORIGIN": self.temporal_ui} if self.temporal_ui else {}),
            "RESCOUSSE_TASK_QUEUE": TASK_QUEUE,
            "RESCOUSSE_SECRET_KEY": self.secrets.secret_key,
            "RESCOUSSE_IDENTITY_KEYS": self.secrets.identity_keys,
            "RESCOUSSE_PAYLOAD_KEYS": self.secrets.payload_keys,
            "RESCOUSSE_DEMO_SECRET": self.secrets.demo_secret,
            "RESCOUSSE_PUSH_KEY": self.secrets.push_key,  # of no effect until the operator names push_hosts
            **{
                f"RESCOUSSE_{name.upper()}_FILE": "" for name in SECRETS
            },  # the operator's are for another place
            **self.extra,
        }


def python(around: Surroundings, name: str, *arguments: str) -> ProcessSpec:
    """A process of ours that runs until it is told to stop."""
    return ProcessSpec(
        name=name,
        argv=(sys.executable, *arguments),
        log=around.data.log(name),
        cwd=ROOT,
        env=around.env,
        stop_seconds=GRACE_SECONDS,
    )


def workers(around: Surroundings, metrics: Sequence[str]) -> list[ProcessSpec]:
    """The worker processes; each shows its figures on an address (host:port) of its own."""
    specs = (python(around, f"worker-{number}", "worker.py") for number in range(1, len(metrics) + 1))
    return [
        replace(spec, env={**spec.env, "RESCOUSSE_METRICS_ADDRESS": address})
        for spec, address in zip(specs, metrics, strict=True)
    ]


def apis(around: Surroundings, count: int, listener: int) -> list[ProcessSpec]:
    """The API processes: all accept on one socket, so that no caller is lost while one of them restarts."""
    names = (f"api-{number}" for number in range(1, count + 1))
    specs = (python(around, name, "-m", "api", "--fd", str(listener)) for name in names)
    return [replace(spec, pass_fds=(listener,)) for spec in specs]


def simulation(around: Surroundings) -> ProcessSpec:
    """The gentle life of the demo, for ever, through the public API."""
    where = ("--runtime", str(around.data.runtime_file))
    spec = python(around, "simulation", "-m", "ops", "simulate", *where, "--forever", "--quiet")
    return replace(spec, ends_well=True, stop_seconds=5.0)
