"""What some facts are about, as far as anybody is notified of it: pure, from the facts alone."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, TypeAdapter

from domain import duty_facts, facts
from domain.facts import AnyBody
from domain.vocabulary import Subject
from storage.timeline import JournalLine

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
MISSIONS = frozenset(
    {"mission_assigned", "mission_rung", "vehicle_relieved", "demand_amended", "mission_ended"}
)
TOLD_OF = RINGS | ANSWERS | MISSIONS
"""The kinds of facts that anybody is notified of."""

REGULATION = frozenset(
    {"regulation_suspended", "regulation_taken", "regulation_given_up", "regulation_handed_over"}
)
"""By which a phone regulates a site no more, or again, or somebody else does."""

RegulationBody = Annotated[
    duty_facts.RegulationSuspended
    | duty_facts.RegulationTaken
    | duty_facts.RegulationGivenUp
    | duty_facts.RegulationHandedOver,
    Field(discriminator="kind"),
]

_BODY: TypeAdapter[AnyBody] = TypeAdapter(AnyBody)
_REGULATION: TypeAdapter[RegulationBody] = TypeAdapter(RegulationBody)


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
    posts: dict[UUID, datetime] = field(default_factory=dict)
    """When the last fact was recorded of what these devices regulate, or did until then."""
    silenced: set[UUID] = field(default_factory=set)
    """Devices whose regulation was suspended now (rule 37)."""

    def __bool__(self) -> bool:
        """Whether anybody may have to be told."""
        return bool(self.demands or self.posts)


def agenda_of(lines: Iterable[JournalLine]) -> Agenda:
    """What these facts are about; empty when nobody is notified of any of them."""
    agenda = Agenda()
    for line in lines:
        if line.subject == Subject.DEMAND and line.kind in TOLD_OF:
            agenda.demands[line.subject_id] = line.recorded_at
            _note(agenda, line.subject_id, _BODY.validate_python(line.data))
        elif line.subject == Subject.COMPANY and line.kind in REGULATION:
            _note_post(agenda, line.recorded_at, _REGULATION.validate_python(line.data))
    return agenda


def _note(agenda: Agenda, demand_id: UUID, body: AnyBody) -> None:
    match body:
        case facts.SolicitationOpened() | facts.SolicitationRevised():
            agenda.ringing.add(body.solicitation_id)
        case facts.SolicitationsRung():
            agenda.ringing.update(body.solicitation_ids)
        case facts.MissionAssigned() | facts.MissionRung() | facts.VehicleRelieved() | facts.MissionEnded():
            agenda.missions.add(body.mission_id)
        case facts.DemandAmended():
            agenda.amended.add(demand_id)
        case _:
            pass


def _note_post(agenda: Agenda, recorded_at: datetime, body: RegulationBody) -> None:
    agenda.posts[body.device_id] = recorded_at
    match body:
        case duty_facts.RegulationSuspended():
            agenda.silenced.add(body.device_id)
        case duty_facts.RegulationTaken() | duty_facts.RegulationHandedOver():
            if body.previous_device_id is not None:
                agenda.posts[body.previous_device_id] = recorded_at
        case _:
            pass


def tags_of(agenda: Agenda) -> set[str]:
    """The tags under which anything may have been said of these matters, but for those of missions of amended demands."""
    return (
        {demand_tag(each) for each in agenda.demands}
        | {mission_tag(each) for each in agenda.missions}
        | {regulation_tag(each) for each in agenda.posts}
    )


def demand_tag(demand_id: UUID) -> str:
    """The tag of all that a company is asked for one demand."""
    return f"demand-{demand_id}"


def mission_tag(mission_id: UUID) -> str:
    """The tag of a mission."""
    return f"mission-{mission_id}"


def regulation_tag(device_id: UUID) -> str:
    """The tag of what becomes of a phone's regulation, of however many sites."""
    return f"regulation-{device_id}"
