"""The regulation of a site: one device at a time, taken, kept by its heartbeat, handed over, lost (rules 37 to 39).

The epoch is the fencing token: it grows with every change of hands, with suspension and with giving up, so that a
stamp of an older epoch is never right again.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from domain.alarm_facts import AlarmClosed, AlarmRaised
from domain.duty_facts import (
    AnyDutyBody,
    DutyFact,
    HandoverOffered,
    HandoverWithdrawn,
    RegulationGivenUp,
    RegulationHandedOver,
    RegulationSuspended,
    RegulationTaken,
    of_company,
)
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import AlarmKind, DeviceKind, LeaseState

SILENCE = timedelta(seconds=30)
"""A holder that was not heard of for so long regulates no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """Somebody on a device."""

    device_id: UUID
    kind: DeviceKind
    by: Actor

    @property
    def may_regulate(self) -> bool:
        """A regulator on anything; a crew on a phone, in Master mode (rules 17 and 18)."""
        return self.by.role is Role.REGULATOR or self.kind is DeviceKind.MOBILE


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Who regulates a site. Once suspended, ``device_id`` is who had it."""

    site_id: UUID
    company_id: UUID
    state: LeaseState = LeaseState.FREE
    epoch: int = 0
    device_id: UUID | None = None
    person_id: UUID | None = None
    taken_at: datetime | None = None
    heartbeat_at: datetime | None = None
    suspended_at: datetime | None = None
    offered_to: UUID | None = None
    offered_at: datetime | None = None

    def is_live(self, at: datetime) -> bool:
        """Whether somebody regulates the site at that moment, even if nobody has looked since they fell silent."""
        if self.state is not LeaseState.HELD or self.heartbeat_at is None:
            return False
        return at - self.heartbeat_at < SILENCE

    def is_held_by(self, device_id: UUID, at: datetime) -> bool:
        """Whether this device regulates the site at that moment."""
        return self.device_id == device_id and self.is_live(at)


@dataclass(frozen=True, slots=True)
class Change:
    """The lease as it is now, and what is told of it: nothing when nothing changed."""

    lease: Lease
    facts: tuple[DutyFact, ...] = ()


@dataclass(frozen=True, slots=True)
class OpenAlarm:
    """An alarm of this site that is not closed."""

    id: UUID
    kind: AlarmKind
    samu_id: UUID | None


def take(
    lease: Lease, post: Post, at: datetime, *, take_over: bool = False, on_guard: bool = False
) -> Change | Outcome:
    """Regulate a site. Only a regulator may take it from a device that is there, and says so (rules 37 and 39).

    A phone that is on guard regulates nothing (rule 57).
    """
    if not post.may_regulate:
        return Outcome.PHONE_REQUIRED
    if on_guard:
        return Outcome.PHONE_ON_GUARD
    if lease.is_held_by(post.device_id, at):
        return Change(heartbeat(lease, post.device_id, at))
    if lease.is_live(at) and not (take_over and post.by.role is Role.REGULATOR):
        return Outcome.LEASE_HELD_ELSEWHERE
    taken = _held(lease, post, at)
    body = RegulationTaken(
        site_id=lease.site_id,
        device_id=post.device_id,
        device_kind=post.kind,
        epoch=taken.epoch,
        previous_device_id=lease.device_id if lease.device_id != post.device_id else None,
        by=post.by,
    )
    return _told(taken, at, *_offer_ends(lease, post.by), body)


def heartbeat(lease: Lease, device_id: UUID, at: datetime) -> Lease:
    """Keep a lease that is live; one that was lost is not brought back."""
    if not lease.is_held_by(device_id, at) or lease.heartbeat_at is None:
        return lease
    return replace(lease, heartbeat_at=max(lease.heartbeat_at, at))


def give_up(lease: Lease, device_id: UUID, by: Actor, at: datetime) -> Change | Outcome:
    """Regulate no more. Whoever does not regulate has nothing to give up; what another holds is not theirs."""
    if lease.device_id != device_id:
        return Outcome.LEASE_HELD_ELSEWHERE if lease.is_live(at) else Change(lease)
    free = Lease(site_id=lease.site_id, company_id=lease.company_id, epoch=lease.epoch + 1)
    body = RegulationGivenUp(site_id=lease.site_id, device_id=device_id, epoch=free.epoch, by=by)
    return _told(free, at, *_offer_ends(lease, by), body)


def offer(lease: Lease, post: Post, to_device_id: UUID, at: datetime) -> Change | Outcome:
    """Offer a site to another device, and keep it until that one accepts (rule 38)."""
    if not lease.is_held_by(post.device_id, at):
        return Outcome.LEASE_LOST
    if to_device_id in {lease.offered_to, post.device_id}:
        return Change(lease)
    offered = replace(lease, offered_to=to_device_id, offered_at=at)
    body = HandoverOffered(
        site_id=lease.site_id, device_id=post.device_id, to_device_id=to_device_id, by=post.by
    )
    return _told(offered, at, *_offer_ends(lease, post.by), body)


def withdraw(lease: Lease, post: Post, at: datetime) -> Change | Outcome:
    """Take an offer back; without one, nothing changes."""
    if not lease.is_held_by(post.device_id, at):
        return Outcome.LEASE_LOST
    return _told(replace(lease, offered_to=None, offered_at=None), at, *_offer_ends(lease, post.by))


def decline(lease: Lease, device_id: UUID, by: Actor, at: datetime) -> Change:
    """The device that was offered the site is there no more: the holder keeps it."""
    if lease.offered_to != device_id:
        return Change(lease)
    return _told(replace(lease, offered_to=None, offered_at=None), at, *_offer_ends(lease, by))


def accept(
    lease: Lease, post: Post, at: datetime, open_solicitations: int, *, on_guard: bool = False
) -> Change | Outcome:
    """Take what was offered, without a gap; also from a holder that fell silent meanwhile (rule 38).

    A phone that is on guard regulates nothing (rule 57).
    """
    if on_guard:
        return Outcome.PHONE_ON_GUARD
    if lease.offered_to is None and lease.is_held_by(post.device_id, at):
        return Change(lease)
    if lease.offered_to != post.device_id or lease.device_id is None:
        return Outcome.HANDOVER_UNKNOWN
    if not post.may_regulate:
        return Outcome.PHONE_REQUIRED
    taken = _held(lease, post, at)
    body = RegulationHandedOver(
        site_id=lease.site_id,
        device_id=post.device_id,
        device_kind=post.kind,
        previous_device_id=lease.device_id,
        epoch=taken.epoch,
        open_solicitations=open_solicitations,
        by=post.by,
    )
    return _told(taken, at, body)


def pass_on(lease: Lease, post: Post, at: datetime) -> Change:
    """The device that takes the place of the holder's regulates in its stead, without a gap. The lease is live."""
    taken = _held(lease, post, at)
    body = RegulationTaken(
        site_id=lease.site_id,
        device_id=post.device_id,
        device_kind=post.kind,
        epoch=taken.epoch,
        previous_device_id=lease.device_id,
        by=post.by,
    )
    return _told(taken, at, *_offer_ends(lease, post.by), body)


def suspend(lease: Lease, at: datetime, open_by_samu: Mapping[UUID, int]) -> Change | None:
    """The holder is silent for too long: suspended, with an alarm for each SAMU whose demands wait (rule 37).

    The company sees these; where nobody waits, the alarm is the company's alone: it will be asked nothing.
    ``open_by_samu`` counts the open solicitations that nobody can answer now. ``None`` while the holder is there.
    """
    if lease.state is not LeaseState.HELD or lease.is_live(at):
        return None
    assert lease.device_id is not None  # noqa: S101 - a held lease has a holder
    lost = replace(lease, state=LeaseState.SUSPENDED, epoch=lease.epoch + 1, suspended_at=at)
    body = RegulationSuspended(
        site_id=lease.site_id,
        device_id=lease.device_id,
        epoch=lost.epoch,
        silent_since=lease.heartbeat_at or at,
        open_solicitations=sum(open_by_samu.values()),
    )
    waiting: list[UUID | None] = [*sorted(open_by_samu)]
    alarms = [_alarm(lost, samu_id, at) for samu_id in waiting or [None]]
    return Change(lost, (of_company(lease.company_id, body, at), *alarms))


def close_alarms(lease: Lease, alarms: Iterable[OpenAlarm], at: datetime) -> tuple[DutyFact, ...]:
    """Somebody regulates the site again, or was meant to stop: the alarms of its loss are over."""
    return tuple(
        of_company(lease.company_id, AlarmClosed(alarm_id=each.id, alarm=each.kind), at, samu_id=each.samu_id)
        for each in alarms
        if each.kind is AlarmKind.LEASE_LOST
    )


def _held(lease: Lease, post: Post, at: datetime) -> Lease:
    return Lease(
        site_id=lease.site_id,
        company_id=lease.company_id,
        state=LeaseState.HELD,
        epoch=lease.epoch + 1,
        device_id=post.device_id,
        person_id=post.by.person_id,
        taken_at=at,
        heartbeat_at=at,
    )


def _offer_ends(lease: Lease, by: Actor) -> tuple[HandoverWithdrawn, ...]:
    if lease.offered_to is None:
        return ()
    return (HandoverWithdrawn(site_id=lease.site_id, to_device_id=lease.offered_to, by=by),)


def _alarm(lost: Lease, samu_id: UUID | None, at: datetime) -> DutyFact:
    body = AlarmRaised(
        alarm=AlarmKind.LEASE_LOST,
        alarm_id=uuid5(lost.site_id, f"lease:{lost.epoch}:{samu_id}"),
        company_id=lost.company_id,
        site_id=lost.site_id,
    )
    return of_company(lost.company_id, body, at, samu_id=samu_id)


def _told(lease: Lease, at: datetime, *bodies: AnyDutyBody) -> Change:
    return Change(lease, tuple(of_company(lease.company_id, body, at) for body in bodies))
