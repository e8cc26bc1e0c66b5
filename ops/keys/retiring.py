"""Whether a key may go: nothing that is kept needs it, and nobody works with it any more."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.client import Client

from ops.embedded.datadir import DataDir
from ops.embedded.runtime_file import Runtime
from ops.keys.histories import Need, needs
from ops.keys.rings import Ring, RingError, read
from storage.idempotency import KEPT_FOR
from storage.resealing import sealed_with


def check_restarted(data: DataDir, runtime: Runtime, ring: Ring) -> datetime:
    """Since when all processes work with the first key of the ring as it is now. Raises RingError when they do not.

    A process reads its ring once, when it begins: it encrypts with the key that was the first then.
    """
    keys = runtime.keys
    if keys is None or getattr(keys, ring)[:1] != list(read(data, ring))[:1]:
        raise RingError(
            f"the {ring} ring was changed after the stack was started: restart `rescousse up` first"
        )
    return keys.read_at


async def check_identities(database: AsyncEngine, kid: str) -> None:
    """Raise RingError while a patient is sealed with the key."""
    async with database.connect() as connection:
        left = (await sealed_with(connection)).get(kid, 0)
    if left:
        raise RingError(
            f"{left} patients are sealed with {kid!r}: seal them again first (rescousse keys reseal)"
        )


def check_digests(since: datetime, now: datetime) -> None:
    """Raise RingError while answers are kept that are known again by a digest under the key.

    Without it, a request that somebody repeats would be taken for another one under the same Idempotency-Key.
    """
    free = since + KEPT_FOR
    if now < free:
        raise RingError(
            f"requests of the last {KEPT_FOR.total_seconds() / 3600:.0f} hours are known again by this key: "
            f"wait until {free:%Y-%m-%d %H:%M} UTC"
        )


async def check_histories(client: Client, kid: str) -> None:
    """Raise RingError while the engine has a history that is sealed with the key."""
    need = (await needs(client)).get(kid, Need())
    if need.running or need.ended:
        until = f", the last of these until {need.until:%Y-%m-%d %H:%M} UTC" if need.until else ""
        raise RingError(
            f"{kid!r} is needed by {need.running} running workflows and {need.ended} ended ones{until}"
        )
