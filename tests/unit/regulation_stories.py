"""Posts, a site and its lease, for tests of who regulates."""

from datetime import UTC, datetime
from uuid import uuid4

from domain import lease as rules
from domain.boarding import Changes
from domain.lease import Change, Lease, Post
from domain.outcomes import Outcome
from domain.people import Actor, Role
from domain.vocabulary import DeviceKind

NOW = datetime(2026, 11, 15, 14, 5, tzinfo=UTC)
COMPANY, SITE = uuid4(), uuid4()
FREE = Lease(site_id=SITE, company_id=COMPANY)
VEHICLE, LOOSE, OTHER_SITE = uuid4(), uuid4(), uuid4()


def post(role: Role = Role.REGULATOR, kind: DeviceKind = DeviceKind.PLUGIN) -> Post:
    person_id, device_id = uuid4(), uuid4()
    by = Actor(role=role, name="x", person_id=person_id, device_id=device_id, company_id=COMPANY)
    return Post(device_id=device_id, kind=kind, by=by)


def phone() -> Post:
    return post(Role.CREW, DeviceKind.MOBILE)


def changed(change: Change | Outcome | None) -> Change:
    assert isinstance(change, Change), change
    return change


def kinds(change: Change | Changes) -> list[str]:
    return [fact.body.kind for fact in change.facts]


def held(by: Post, at: datetime = NOW) -> Lease:
    return changed(rules.take(FREE, by, at)).lease
