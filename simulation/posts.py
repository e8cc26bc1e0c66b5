"""A post: a device with the person on it. What regulates, answers or passes a step is always one."""

from dataclasses import dataclass

from simulation.client import ApiClient
from simulation.stage import Stage
from simulation.wire import Created

PLUGIN, WEB, MOBILE = "PLUGIN", "WEB", "MOBILE"
"""The kinds of devices."""


@dataclass(slots=True)
class Post:
    """One device. ``client`` calls as the person who is on it; the device's id goes with every call."""

    kind: str
    name: str
    client: ApiClient

    @property
    def device_id(self) -> str | None:
        """The id of the device once it is registered."""
        return self.client.device_id

    async def connect(self, stage: Stage) -> bool:
        """Log in and register the device, unless that is done; says whether it is registered now."""
        async with stage.logins:
            if self.client.device_id is None:
                reply = await self.client.post("/v1/devices", {"kind": self.kind, "name": self.name})
                created = reply.read(Created) if stage.ledger.judge("register device", reply) else None
                self.client.device_id = created.id if created else None
        return self.client.device_id is not None

    async def close(self, stage: Stage) -> None:
        """Log the device out: nothing is sent to it any more."""
        if self.client.device_id is None:
            return
        reply = await self.client.delete(f"/v1/devices/{self.client.device_id}", confirm="true")
        if stage.ledger.judge("close device", reply):
            self.client.device_id = None
