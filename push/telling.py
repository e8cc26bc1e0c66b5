"""Which phones are told what of some facts: pure, from the facts and from how their demands stand by now.

A notification is about one demand, however many vehicles a company is asked with: one card, one ring, one tag. Who may
answer, and whom a mission concerns, is decided by the rules that the API decides by (`domain.authority`).
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue

from domain.authority import Right, is_concerned, right_to_answer
from push import wording
from push.agenda import Agenda, demand_tag, mission_tag, regulation_tag
from push.wording import TAKEN_BACK, Kind
from storage.push import Key, Letter
from storage.push_views import Ask, Given, Phone, Picture

MISSION_LASTS = timedelta(minutes=30)
"""A phone without network is told of its mission for so long; then the stream, and the regulator, have done so."""
REGULATION_LASTS = timedelta(hours=2)
"""Nobody else tells a Master whose page sleeps that nothing is asked there any more."""
OVER_LASTS = timedelta(minutes=5)


@dataclass(slots=True)
class Post:
    """What is to be sent, and under which tags nothing is to be said any more."""

    letters: list[Letter] = field(default_factory=list)
    unsaid: list[Key] = field(default_factory=list)


def post_of(agenda: Agenda, picture: Picture, at: datetime) -> Post:
    """What is sent to whom."""
    post = Post()
    for demand_id, recorded_at in agenda.demands.items():
        _ask(post, agenda, picture, demand_id, _Moment(at, recorded_at))
    for mission in picture.missions:
        moment = _Moment(at, agenda.demands[mission.demand_id])
        if mission.id in agenda.missions and mission.end_reason is not None:
            _end(post, picture, mission, moment)
        elif mission.end_reason is None:
            touched, amended = mission.id in agenda.missions, mission.demand_id in agenda.amended
            if touched or amended:
                _give(post, picture, mission, moment, amended=amended and not touched)
    for device_id, recorded_at in agenda.posts.items():
        is_new = device_id in agenda.silenced
        _regulation(post, picture, device_id, _Moment(at, recorded_at), is_new=is_new)
    return post


@dataclass(frozen=True, slots=True)
class _Moment:
    """Now, and when what is told was recorded."""

    at: datetime
    recorded_at: datetime

    def letter(self, key: Key, content: dict[str, JsonValue], expires_at: datetime) -> Letter:
        device_id, tag = key
        return Letter(
            device_id=device_id,
            tag=tag,
            kind=str(content["kind"]),
            content=content | {"tag": tag},
            recorded_at=self.recorded_at,
            expires_at=expires_at,
        )


def _ask(post: Post, agenda: Agenda, picture: Picture, demand_id: UUID, moment: _Moment) -> None:
    """Ring where something new is to be answered, end it where nothing is any more; leave alone what rings already."""
    tag, asked = demand_tag(demand_id), set[UUID]()
    for phone in picture.phones:
        mine = [each for each in picture.asks if each.demand_id == demand_id and _may_answer(phone, each)]
        if mine:
            asked.add(phone.device_id)
        if any(each.id in agenda.ringing for each in mine):
            content = wording.asked(mine, picture.terms[demand_id], moment.recorded_at)
            until = max(each.answer_before for each in mine)
            post.letters.append(moment.letter((phone.device_id, tag), content, until))
    _stop(post, picture, tag, asked, moment)


def _may_answer(phone: Phone, ask: Ask) -> bool:
    return phone.company_id == ask.company_id and isinstance(right_to_answer(phone.hands, ask.asked), Right)


def _give(post: Post, picture: Picture, mission: Given, moment: _Moment, *, amended: bool) -> None:
    """Tell whom a running mission concerns; end it for those whom it concerned before."""
    tag, crew = mission_tag(mission.id), list(_concerned(picture, mission))
    content = wording.given(mission, picture.terms[mission.demand_id], moment.recorded_at, amended=amended)
    expires_at = moment.at + MISSION_LASTS
    post.letters += [moment.letter((each, tag), content, expires_at) for each in crew]
    _stop(post, picture, tag, crew, moment)


def _end(post: Post, picture: Picture, mission: Given, moment: _Moment) -> None:
    """Call a crew back; a mission that came to its end, or broke down, its crew knows of."""
    tag, reason = mission_tag(mission.id), mission.end_reason
    if reason is None or reason not in TAKEN_BACK:
        post.unsaid += [(each.device_id, tag) for each in picture.said if each.tag == tag]
        return
    told = {each.device_id for each in picture.said if each.tag == tag and each.told}
    content = wording.taken_back(mission, reason, picture.terms[mission.demand_id], moment.recorded_at)
    expires_at = moment.at + MISSION_LASTS
    everybody = sorted(told | set(_concerned(picture, mission)))
    post.letters += [moment.letter((each, tag), content, expires_at) for each in everybody]
    _stop(post, picture, tag, everybody, moment)


def _regulation(post: Post, picture: Picture, device_id: UUID, moment: _Moment, *, is_new: bool) -> None:
    """Tell a Master that it regulates no more because nothing was heard of it; end it once it does, or no longer should."""
    tag, sites = regulation_tag(device_id), picture.suspended.get(device_id, ())
    if sites and is_new:
        content = wording.suspended(sites, moment.recorded_at)
        post.letters.append(moment.letter((device_id, tag), content, moment.at + REGULATION_LASTS))
    elif not sites:
        _stop(post, picture, tag, (), moment, wording.regulation_over(moment.recorded_at))


def _concerned(picture: Picture, mission: Given) -> Iterator[UUID]:
    for phone in picture.phones:
        if phone.company_id == mission.company_id and is_concerned(phone.hands, mission.vehicle_id):
            yield phone.device_id


def _stop(
    post: Post,
    picture: Picture,
    tag: str,
    still: Collection[UUID] | Sequence[UUID],
    moment: _Moment,
    words: dict[str, JsonValue] | None = None,
) -> None:
    """End what was said under a tag to anybody but those; what nobody has yet is not said at all."""
    for each in picture.said:
        if each.tag != tag or each.device_id in still:
            continue
        if each.told and each.kind != Kind.OVER:
            content = words or wording.over(moment.recorded_at)
            expires_at = moment.at + OVER_LASTS
            post.letters.append(moment.letter((each.device_id, tag), content, expires_at))
        elif not each.told:
            post.unsaid.append((each.device_id, tag))
