"""Whatever is done to a lease, in whatever order: one holder at most, and no epoch is ever right again (rule 37)."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain import lease as rules
from domain.authority import Asked, Hands, Right, right_to_answer
from domain.lease import SILENCE, Change, Lease, Post
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import DeviceKind, LeaseState, Tier

SITE = uuid4()
ASKED = Asked(tier=Tier.SITE, site_id=SITE)


def _post(role: Role, kind: DeviceKind) -> Post:
    device_id = uuid4()
    return Post(device_id=device_id, kind=kind, by=Actor(role=role, name="x", person_id=uuid4()))


POSTS = (
    _post(Role.REGULATOR, DeviceKind.PLUGIN),
    _post(Role.REGULATOR, DeviceKind.WEB),
    _post(Role.CREW, DeviceKind.MOBILE),
    _post(Role.CREW, DeviceKind.WEB),
)
posts = st.sampled_from(POSTS)


class LeaseMachine(RuleBasedStateMachine):
    """Four devices, a clock, and a sweeper that comes when it likes."""

    @initialize()
    def begin(self) -> None:
        self.at = datetime(2026, 11, 15, tzinfo=UTC)
        self.lease = Lease(site_id=SITE, company_id=uuid4())
        self.stamps: dict[int, UUID] = {}
        self.stale: set[int] = set()

    def _apply(self, change: Change | Outcome | None) -> None:
        if not isinstance(change, Change):
            return
        before, self.lease = self.lease, change.lease
        changed_hands = (before.device_id, before.state) != (self.lease.device_id, self.lease.state)
        assert self.lease.epoch == before.epoch + (1 if changed_hands or self._retaken(before) else 0)
        assert bool(change.facts) == (before.epoch != self.lease.epoch or self._offer_changed(before))
        if before.epoch != self.lease.epoch:
            self.stale.add(before.epoch)

    def _retaken(self, before: Lease) -> bool:
        """The same device took a site again that it had lost by its silence, before the sweeper came by."""
        return before.state is LeaseState.HELD and not before.is_live(self.at) and self.lease.is_live(self.at)

    def _offer_changed(self, before: Lease) -> bool:
        return before.offered_to != self.lease.offered_to

    @rule(post=posts, take_over=st.booleans())
    def take(self, post: Post, take_over: bool) -> None:
        change = rules.take(self.lease, post, self.at, take_over=take_over)
        if self.lease.is_live(self.at) and not self.lease.is_held_by(post.device_id, self.at):
            allowed = take_over and post.by.role is Role.REGULATOR
            assert isinstance(change, Change) == allowed
        self._apply(change)

    @rule(post=posts)
    def heartbeat(self, post: Post) -> None:
        before = self.lease
        self.lease = rules.heartbeat(before, post.device_id, self.at)
        assert (self.lease.epoch, self.lease.state) == (before.epoch, before.state)
        assert self.lease.is_live(self.at) == before.is_live(self.at)

    @rule(post=posts)
    def give_up(self, post: Post) -> None:
        self._apply(rules.give_up(self.lease, post.device_id, post.by, self.at))

    @rule(post=posts, to=posts)
    def offer(self, post: Post, to: Post) -> None:
        self._apply(rules.offer(self.lease, post, to.device_id, self.at))

    @rule(post=posts)
    def withdraw(self, post: Post) -> None:
        self._apply(rules.withdraw(self.lease, post, self.at))

    @rule(post=posts)
    def accept(self, post: Post) -> None:
        self._apply(rules.accept(self.lease, post, self.at, 0))

    @rule(post=posts)
    def device_closed(self, post: Post) -> None:
        self._apply(rules.decline(self.lease, post.device_id, post.by, self.at))

    @rule()
    def sweep(self) -> None:
        self._apply(rules.suspend(self.lease, self.at, {}))

    @rule(seconds=st.sampled_from([1, 10, 29, 30, 31]))
    def pass_time(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    @invariant()
    def one_holder_at_most_and_it_may_answer(self) -> None:
        holders = [post for post in POSTS if self.lease.is_held_by(post.device_id, self.at)]
        assert len(holders) == (1 if self.lease.is_live(self.at) else 0)
        for post in holders:
            assert post.may_regulate
            assert self.stamps.setdefault(self.lease.epoch, post.device_id) == post.device_id

    @invariant()
    def an_epoch_that_is_over_is_never_right_again(self) -> None:
        live = {SITE: self.lease.epoch} if self.lease.is_live(self.at) else {}
        hands = Hands(leases=live)
        for epoch in self.stale:
            assert not isinstance(right_to_answer(hands, ASKED, epoch), Right)

    @invariant()
    def silence_is_bounded(self) -> None:
        if self.lease.heartbeat_at and self.at - self.lease.heartbeat_at >= SILENCE:
            assert not self.lease.is_live(self.at)


LeaseMachine.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestLease = LeaseMachine.TestCase
