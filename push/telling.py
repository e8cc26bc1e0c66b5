"""Which phones are told what of some facts: pure, from the facts and from how their demands stand by now.

A notification is about one demand, however many vehicles a company is asked with: one card, one ring, one tag. Who may
answer, and whom a mission concerns, is decided by the rules that the API decides by (`domain.authority`).
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from pydantic import JsonValue, TypeAdapter

from domain import facts
from domain.authority import Right, is_concerned, right_to_answer
from domain.facts import AnyBody
from domain.vocabulary import Subject
from push import wording
from push.wording import TAKEN_BACK, Kind
from storage.push import Key, Letter
from storage.push_views import Ask, Given, Phone, Picture
from storage.timeline import JournalLine

MISSION_LASTS = timedelta(minutes=30)
"""A phone without network is told of its mission for so long; then the stream, and the regulator, have done so."""
OVER_LASTS = timedelta(minutes=5)
RINGS = frozenset({"solicitation_opened", "solicitation_revised", "solicitations_rung"})
ANSWERS = frozenset(
    {
        "solicitation_accepted",
        "solicitation_refused",
        "delay_proposed",
        "solicitation_unavailable",
        "solicitation_expired",
        "solicitation_withdrawn",
    }
)
MISSIONS = frozenset({"mission_assigned", "vehicle_relieved", "demand_amended", "mission_ended"})
TOLD_OF = RINGS | ANSWERS | MISSIONS
"""The kinds of facts that anybody is notified of."""

_BODY: TypeAdapter[AnyBody] = TypeAdapter(AnyBody)


@dataclass(slots=True)
class Agenda:
    """What some facts are about."""

    demands: dict[UUID, datetime] = field(default_factory=dict)
    """When the last of its facts was recorded, for each demand."""
    ringing: set[UUID] = field(default_factory=set)
    """Solicitations that ring now."""
    missions: set[UUID] = field(default_factory=set)
    """Missions that were given to a vehicle, or are over."""
    amended: set[UUID] = field(default_factory=set)
    """Demands whose terms are others now."""


@dataclass(slots=True)
class Post:
    """What is to be sent, and under which tags nothing is to be said any more."""

    letters: list[Letter] = field(default_factory=list)
    unsaid: list[Key] = field(default_factory=list)


def agenda_of(lines: Iterable[JournalLine]) -> Agenda:
    """What these facts are about; empty when nobody is notified of any of them."""
    agenda = Agenda()
    for line in lines:
        if line.subject == Subject.DEMAND and line.kind in TOLD_OF:
            agenda.demands[line.subject_id] = line.recorded_at
            _note(agenda, line.subject_id, _BODY.validate_python(line.data))
    return agenda


def _note(agenda: Agenda, demand_id: UUID, body: AnyBody) -> None:
    match body:
        case facts.SolicitationOpened() | facts.SolicitationRevised():
            agenda.ringing.add(body.solicitation_id)
        case facts.SolicitationsRung():
            agenda.ringing.update(body.solicitation_ids)
        case facts.MissionAssigned() | facts.VehicleRelieved() | facts.MissionEnded():
            agenda.missions.add(body.mission_id)
        case facts.DemandAmended():
            agenda.amended.add(demand_id)
        case _:
            pass


def tags_of(agenda: Agenda) -> set[str]:
    """The tags under which anything may have been said of these matters, but for those of missions of amended demands."""
    return {demand_tag(each) for each in agenda.demands} | {mission_tag(each) for each in agenda.missions}


def demand_tag(demand_id: UUID) -> str:
    """The tag of all that a company is asked for one demand."""
    return f"demand-{demand_id}"


def mission_tag(mission_id: UUID) -> str:
    """The tag of a mission."""
    return f"mission-{mission_id}"


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


def _concerned(picture: Picture, mission: Given) -> Iterator[UUID]:
    for phone in picture.phones:
        if phone.company_id == mission.company_id and is_concerned(phone.hands, mission.vehicle_id):
            yield phone.device_id


def _stop(
    post: Post, picture: Picture, tag: str, still: Collection[UUID] | Sequence[UUID], moment: _Moment
) -> None:
    """End what was said under a tag to anybody but those; what nobody has yet is not said at all."""
    for each in picture.said:
        if each.tag != tag or each.device_id in still:
            continue
        if each.told and each.kind != Kind.OVER:
            content = wording.over(moment.recorded_at)
            expires_at = moment.at + OVER_LASTS
            post.letters.append(moment.letter((each.device_id, tag), content, expires_at))
        elif not each.told:
            post.unsaid.append((each.device_id, tag))
