"""The demo département in the embedded stack: seeded by a process of its own, which hands its accounts back."""

from enum import StrEnum

from pydantic import ValidationError

from ops.embedded.children import Surroundings, python
from ops.embedded.errors import StartError
from ops.embedded.processes import run_once
from ops.embedded.runtime_file import Accounts

SEED = 11
"""The demo's seed number: the same number, the same département."""
SEED_SECONDS = 120


class DemoName(StrEnum):
    """The demos that there are."""

    AUDE = "aude"
    NONE = "none"


async def seed(around: Surroundings, demo: DemoName) -> Accounts:
    """Write the demo into the database, unless it is there, and return its accounts."""
    accounts = around.data.secrets / "accounts.json"
    command = ("-m", "ops", "seed", "--demo", demo.value, "--seed", str(SEED), "--accounts", str(accounts))
    await run_once(python(around, "seed", *command), SEED_SECONDS)
    try:
        return Accounts.model_validate_json(accounts.read_bytes())
    except (OSError, ValidationError) as error:
        raise StartError(
            f"The demo's accounts, {accounts}, cannot be read ({type(error).__name__})."
        ) from error
    finally:
        accounts.unlink(missing_ok=True)
