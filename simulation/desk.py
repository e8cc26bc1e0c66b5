"""A company's desk: holds the regulation of its sites, keeps it by heartbeats, hands it over, freezes, gives it up."""

import asyncio

from simulation.client import ApiClient
from simulation.posts import Post
from simulation.runtime import CompanyAccount
from simulation.stage import Stage
from simulation.wire import OpenSolicitation
from simulation.wire_duty import HeldLease, Readiness

ASK_AGAIN_AFTER = 5.0
"""Real seconds before the regulation is given up once more, while something still runs."""
MOST_ASKED = 8
"""So often; then it is given up all the same."""


class Desk:
    """Who regulates a company: one post at a time. ``epochs`` are the leases that it believes to hold, by site."""

    def __init__(self, account: CompanyAccount, stage: Stage, post: Post) -> None:
        """``post`` is the first one; it connects when the desk opens."""
        self._stage = stage
        self._sites = [site.id for site in account.sites]
        self._wanted: set[str] = set()
        self._turn = asyncio.Lock()
        self.post = post
        self.epochs: dict[str, int] = {}
        self.awake = asyncio.Event()
        self.awake.set()

    @property
    def client(self) -> ApiClient:
        """Whoever regulates calls through it."""
        return self.post.client

    @property
    def is_open(self) -> bool:
        """Whether the company means to regulate at least one site."""
        return bool(self._wanted)

    def epoch_for(self, solicitation: OpenSolicitation, site_id: str | None) -> int | None:
        """Return the fencing token to answer with; ``site_id`` is the site of the vehicle that is asked for."""
        wanted = solicitation.site_id or site_id
        if wanted is not None:
            return self.epochs.get(wanted)
        return next(iter(self.epochs.values()), None)

    async def open(self, post: Post) -> None:
        """Connect, and regulate every site: handed over by whoever had the night, or taken.

        An earlier run's post may still hold one: it is taken over, once.
        """
        await post.connect(self._stage)
        async with self._turn:
            before, self.post = self.post, post
            self._wanted = set(self._sites)
            for site_id in self._sites:
                had = before is not post and site_id in self.epochs
                if not had or not await self._pass_on(site_id, before, post):
                    await self._take(site_id, take_over=True)

    async def keep(self) -> None:
        """Send heartbeats until cancelled: the server suspends a silent desk after 30 real seconds."""
        while True:
            await self.awake.wait()
            async with self._turn:
                await self._beat()
            await asyncio.sleep(self._stage.beat_every)

    async def freeze(self) -> None:
        """Say and hear nothing for longer than the server waits, then look at once what is left.

        What was on the screen is answered first, under a lease that is lost by then.
        """
        self._stage.ledger.duty["desk froze"] += 1
        self.awake.clear()
        await asyncio.sleep(self._stage.frozen_for)
        self.awake.set()
        async with self._turn:
            await self._beat()

    async def hand_over(self, to: Post) -> bool:
        """Hand every site over to another post, which accepts; the old one is logged out. Says whether it was done."""
        if not await to.connect(self._stage):
            return False
        async with self._turn:
            if not self._wanted:  # it closed meanwhile
                return False
            old, self.post = self.post, to
            for site_id in sorted(self._wanted):
                if not await self._pass_on(site_id, old, to):
                    await self._take(site_id, take_over=True)
        await old.close(self._stage)
        return True

    async def give_up(self) -> None:
        """Regulate no more: politely as long as something runs, in the end all the same (rule 38)."""
        for attempt in range(MOST_ASKED + 1):
            for site_id in sorted(self._wanted):
                async with self._turn:
                    await self._give_up(site_id, confirm=attempt == MOST_ASKED)
            if not self._wanted:
                break
            await asyncio.sleep(ASK_AGAIN_AFTER)
        self._wanted.clear()

    async def _take(self, site_id: str, *, take_over: bool) -> bool:
        """Take the regulation of a site."""
        reply = await self.client.put(f"/v1/regulation/sites/{site_id}", {"take_over": take_over})
        lease = reply.read(HeldLease) if self._stage.ledger.judge("take lease", reply) else None
        if lease is not None:
            self.epochs[site_id] = lease.epoch
            self._stage.ledger.duty["lease taken"] += 1
        return lease is not None

    async def _beat(self) -> None:
        """Keep what it has; what the server does not know it by any more was lost, and is taken again."""
        if not self._wanted:
            return
        reply = await self.client.post("/v1/regulation/heartbeat", {})
        told = reply.read(Readiness) if self._stage.ledger.judge("heartbeat", reply) else None
        if told is None:
            return
        held = {lease.site_id: lease.epoch for lease in told.leases}
        for site_id in sorted(self._wanted - held.keys()):
            if self.epochs.pop(site_id, None) is not None:
                self._stage.ledger.duty["lease lost"] += 1
            await self._take(site_id, take_over=False)
        self.epochs.update({site_id: epoch for site_id, epoch in held.items() if site_id in self._wanted})

    async def _pass_on(self, site_id: str, old: Post, new: Post) -> bool:
        """Offer one site, and accept it on the other post: no moment without anybody (rule 38)."""
        path, ledger = f"/v1/regulation/sites/{site_id}/handover", self._stage.ledger
        offered = await old.client.post(path, {"to_device_id": new.device_id})
        if not ledger.judge("offer lease", offered):
            return False
        accepted = await new.client.post(f"{path}/acceptance", {})
        lease = accepted.read(HeldLease) if ledger.judge("accept lease", accepted) else None
        if lease is not None:
            self.epochs[site_id] = lease.epoch
            ledger.duty["site handed over"] += 1
            ledger.moved()
        return lease is not None

    async def _give_up(self, site_id: str, *, confirm: bool) -> None:
        """Ask to give one site up; a refusal ("something still runs") leaves it for the next time."""
        wish = {"confirm": "true"} if confirm else {}
        reply = await self.client.delete(f"/v1/regulation/sites/{site_id}", **wish)
        ledger = self._stage.ledger
        if ledger.judge("give up lease", reply) or reply.problem.code == "lease_held_elsewhere":
            self._wanted.discard(site_id)
            self.epochs.pop(site_id, None)
            ledger.duty["site given up"] += 1
