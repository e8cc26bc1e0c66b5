"""Which phones are told what: from facts and from how things stand, with the rules that the API answers by."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from domain import duty_facts, facts
from domain.authority import Asked, Hands
from domain.facts import AnyBody
from domain.fleet import Point, Volume
from domain.people import Actor, Role
from domain.vocabulary import DeviceKind, MissionEndReason, Step, Subject, Tier, WithdrawalReason
from push.agenda import agenda_of, demand_tag, mission_tag, regulation_tag, tags_of
from push.telling import MISSION_LASTS, Post, post_of
from storage.push_views import Ask, Given, Phone, Picture, Said, Terms
from storage.timeline import JournalLine

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)
UNTIL = NOW + timedelta(seconds=90)
DEMAND, COMPANY, OTHER = uuid4(), uuid4(), uuid4()
SITE, ELSEWHERE, VEHICLE, SECOND = uuid4(), uuid4(), uuid4(), uuid4()
TERMS = {DEMAND: Terms(20, "ASSU", exercise=False)}
BY = Actor(role=Role.SAMU, name="SAMU")
SITES: dict[UUID, UUID | None] = {VEHICLE: SITE, SECOND: ELSEWHERE}


def _line(body: AnyBody, subject: Subject = Subject.DEMAND) -> JournalLine:
    data = body.model_dump(mode="json")
    return JournalLine(1, subject, DEMAND, 1, body.kind, NOW, NOW, data)


def _ask(tier: Tier = Tier.VEHICLE, vehicle: UUID | None = VEHICLE, site: UUID | None = None) -> Ask:
    asked = Asked(tier=tier, vehicle_id=vehicle, site_id=site)
    return Ask(uuid4(), DEMAND, COMPANY, asked, 9, UNTIL, "Ambulance 1")


def _phone(company: UUID = COMPANY, *, sites: tuple[UUID, ...] = (), **hands: object) -> Phone:
    held = Hands(leases=dict.fromkeys(sites, 1), site_of=SITES, **hands)  # type: ignore[arg-type]  # its own fields
    return Phone(uuid4(), company, held)


def _opened(ask: Ask) -> JournalLine:
    return _line(
        facts.SolicitationOpened(
            solicitation_id=ask.id,
            tier=ask.asked.tier,
            round=1,
            company_id=ask.company_id,
            answer_before=ask.answer_before,
        )
    )


def _given(reason: MissionEndReason | None = None) -> Given:
    return Given(uuid4(), DEMAND, COMPANY, VEHICLE, "Ambulance 1", reason)


def _assigned(mission: Given) -> JournalLine:
    return _line(
        facts.MissionAssigned(
            mission_id=mission.id,
            solicitation_id=uuid4(),
            vehicle_id=VEHICLE,
            company_id=COMPANY,
            promised_at=NOW,
            deadline=NOW,
            by=BY,
        )
    )


def _ended(mission: Given) -> JournalLine:
    assert mission.end_reason is not None
    return _line(
        facts.MissionEnded(
            mission_id=mission.id,
            vehicle_id=VEHICLE,
            company_id=COMPANY,
            reason=mission.end_reason,
            last_step=Step.ACQUITTE,
            deadline=NOW,
        )
    )


def _posted(
    *lines: JournalLine,
    asks: tuple[Ask, ...] = (),
    missions: tuple[Given, ...] = (),
    phones: tuple[Phone, ...] = (),
    said: tuple[Said, ...] = (),
    terms: dict[UUID, Terms] = TERMS,
) -> Post:
    picture = Picture(terms=terms, asks=asks, missions=missions, phones=phones, said=said)
    return post_of(agenda_of(lines), picture, NOW)


def _told(post: Post) -> list[tuple[UUID, str]]:
    return [(each.device_id, each.kind) for each in post.letters]


def test_nobody_is_told_of_what_concerns_nobody() -> None:
    passed = facts.StepPassed(mission_id=uuid4(), step_id=uuid4(), step=Step.ACQUITTE, occurred_at=NOW, by=BY)
    completed = facts.DemandCompleted(mission_id=uuid4())
    agenda = agenda_of([_line(passed), _line(completed), _line(passed, Subject.COMPANY)])
    assert not agenda.demands
    assert not tags_of(agenda)


def test_rule_014_whoever_regulates_the_vehicles_site_is_asked_and_no_other() -> None:
    ask = _ask()
    master, other_site, crew = _phone(sites=(SITE,)), _phone(sites=(ELSEWHERE,)), _phone(aboard=VEHICLE)
    stranger = _phone(OTHER, sites=(SITE,))
    post = _posted(_opened(ask), asks=(ask,), phones=(master, other_site, crew, stranger))
    [letter] = post.letters
    assert (letter.device_id, letter.kind, letter.tag) == (
        master.device_id,
        "solicitation",
        demand_tag(DEMAND),
    )
    assert letter.expires_at == UNTIL
    assert letter.content["body"] == "ASSU, délai 20 min · Ambulance 1 (9 min)"


def test_rule_055_a_guard_vehicle_is_answered_for_by_its_phone_only() -> None:
    ask = _ask(Tier.GUARD)
    guard, master = _phone(guards=frozenset({VEHICLE}), aboard=VEHICLE), _phone(sites=(SITE,))
    assert _told(_posted(_opened(ask), asks=(ask,), phones=(guard, master))) == [
        (guard.device_id, "solicitation")
    ]


def test_rule_011_free_choice_is_answered_by_whoever_regulates_any_site() -> None:
    ask = _ask(Tier.FREE_CHOICE, vehicle=None)
    master = _phone(sites=(ELSEWHERE,))
    [letter] = _posted(_opened(ask), asks=(ask,), phones=(master, _phone())).letters
    assert letter.device_id == master.device_id
    assert letter.content["title"] == "Libre choix : confirmez un véhicule"


def test_rule_006_one_demand_is_one_notification_however_many_vehicles() -> None:
    asks = tuple(_ask() for _ in range(5))
    post = _posted(*(_opened(each) for each in asks), asks=asks, phones=(_phone(sites=(SITE,)),))
    [letter] = post.letters
    assert str(letter.content["body"]).endswith("Ambulance 1 (9 min) et 2 de plus")


def test_the_second_ring_rings_again_and_an_answer_to_one_of_two_rings_nothing() -> None:
    ask, master = _ask(), _phone(sites=(SITE,))
    said = Said(master.device_id, demand_tag(DEMAND), "solicitation", told=True)
    rung = _line(facts.SolicitationsRung(company_id=COMPANY, solicitation_ids=(ask.id,)))
    refused = _line(facts.SolicitationRefused(solicitation_id=uuid4(), by=BY))
    assert _told(_posted(rung, asks=(ask,), phones=(master,), said=(said,))) == [
        (master.device_id, "solicitation")
    ]
    assert _posted(refused, asks=(ask,), phones=(master,), said=(said,)) == Post()


def test_rule_090_what_rings_stops_when_nothing_is_to_be_answered() -> None:
    withdrawn = _line(
        facts.SolicitationWithdrawn(solicitation_id=uuid4(), reason=WithdrawalReason.DEMAND_CANCELLED)
    )
    told, silent, waits = uuid4(), uuid4(), uuid4()
    tag = demand_tag(DEMAND)
    said = (
        Said(told, tag, "solicitation", told=True),
        Said(silent, tag, "over", told=True),
        Said(waits, tag, "solicitation", told=False),
    )
    post = _posted(withdrawn, said=said)
    assert _told(post) == [(told, "over")]
    assert post.unsaid == [(waits, tag)]  # nobody has it: it is not sent at all


def test_rule_030_a_mission_is_told_to_whom_it_concerns() -> None:
    mission = _given()
    crew, guard, master = (
        _phone(aboard=VEHICLE),
        _phone(guards=frozenset({VEHICLE})),
        _phone(sites=(SITE,)),
    )
    others = _phone(aboard=SECOND), _phone(OTHER, aboard=VEHICLE), _phone(sites=(ELSEWHERE,))
    post = _posted(_assigned(mission), missions=(mission,), phones=(crew, guard, master, *others))
    assert _told(post) == [(each.device_id, "mission") for each in (crew, guard, master)]
    assert {each.tag for each in post.letters} == {mission_tag(mission.id)}
    assert {each.expires_at for each in post.letters} == {NOW + MISSION_LASTS}


def test_a_vehicle_that_was_relieved_has_its_mission_no_more() -> None:
    mission, before, now = _given(), uuid4(), _phone(aboard=VEHICLE)
    relieved = facts.VehicleRelieved(
        mission_id=mission.id, vehicle_id=VEHICLE, relieved_vehicle_id=SECOND, reason="panne", by=BY
    )
    said = Said(before, mission_tag(mission.id), "mission", told=True)
    post = _posted(_line(relieved), missions=(mission,), phones=(now,), said=(said,))
    assert _told(post) == [(now.device_id, "mission"), (before, "over")]


def test_rule_091_an_amended_mission_is_told_as_such() -> None:
    mission, crew = _given(), _phone(aboard=VEHICLE)
    amended = facts.DemandAmended(
        revision=2,
        max_delay_minutes=20,
        volume=Volume.ASSU,
        place=Point(lat=43.2, lon=2.3),
        deadline=NOW,
        by=BY,
    )
    [letter] = _posted(_line(amended), missions=(mission,), phones=(crew,)).letters
    assert letter.content["title"] == "Mission modifiée par le SAMU"


def test_rule_090_a_crew_is_called_back_when_its_mission_is_taken_from_it() -> None:
    for reason in MissionEndReason:
        mission, crew = _given(reason), _phone(aboard=VEHICLE)
        said = Said(crew.device_id, mission_tag(mission.id), "mission", told=True)
        post = _posted(_ended(mission), missions=(mission,), phones=(crew,), said=(said,))
        taken = reason not in {
            MissionEndReason.COMPLETED,
            MissionEndReason.NO_TRANSPORT,
            MissionEndReason.BREAKDOWN,
        }
        assert _told(post) == ([(crew.device_id, "cancelled")] if taken else []), reason
        assert bool(post.unsaid) is not taken


def test_rule_100_a_drill_says_so_first() -> None:
    ask, drill = _ask(), {DEMAND: Terms(20, "ASSU", exercise=True)}
    [letter] = _posted(_opened(ask), asks=(ask,), phones=(_phone(sites=(SITE,)),), terms=drill).letters
    assert letter.content["title"] == "EXERCICE · Sollicitation du SAMU"


# -- a Master whose page sleeps ------------------------------------------------------------------------------


def _duty(body: duty_facts.AnyDutyBody) -> JournalLine:
    return JournalLine(1, Subject.COMPANY, COMPANY, 1, body.kind, NOW, NOW, body.model_dump(mode="json"))


def _silent(device_id: UUID, site: UUID = SITE) -> JournalLine:
    return _duty(
        duty_facts.RegulationSuspended(
            site_id=site, device_id=device_id, epoch=2, silent_since=NOW, open_solicitations=0
        )
    )


def _taken(device_id: UUID, before: UUID | None = None) -> JournalLine:
    body = duty_facts.RegulationTaken(
        site_id=SITE,
        device_id=device_id,
        device_kind=DeviceKind.PLUGIN,
        epoch=3,
        previous_device_id=before,
        by=BY,
    )
    return _duty(body)


def _of_master(
    *lines: JournalLine,
    suspended: dict[UUID, tuple[str, ...]] | None = None,
    said: tuple[Said, ...] = (),
) -> Post:
    picture = Picture(terms={}, said=said, suspended=suspended or {})
    return post_of(agenda_of(lines), picture, NOW)


def test_rule_037_a_master_that_fell_silent_is_told_once_of_all_its_sites() -> None:
    phone = uuid4()
    lines = (_silent(phone), _silent(phone, ELSEWHERE))
    [letter] = _of_master(*lines, suspended={phone: ("Limoux", "Narbonne")}).letters
    assert (letter.device_id, letter.kind, letter.tag) == (
        phone,
        "regulation_suspended",
        regulation_tag(phone),
    )
    assert letter.content["title"] == "Régulation suspendue"
    assert "Limoux, Narbonne" in str(letter.content["body"])


def test_rule_037_a_post_that_cannot_be_reached_or_has_come_back_meanwhile_is_not_told() -> None:
    assert _of_master(_silent(uuid4())) == Post()


def test_rule_037_it_is_over_when_it_regulates_again_or_another_does_or_it_was_given_up() -> None:
    phone, other = uuid4(), uuid4()
    said = (Said(phone, regulation_tag(phone), "regulation_suspended", told=True),)
    given_up = _duty(duty_facts.RegulationGivenUp(site_id=SITE, device_id=phone, epoch=3, by=BY))
    for end in (_taken(phone), _taken(other, before=phone), given_up):
        [letter] = _of_master(end, said=said).letters
        assert (letter.device_id, letter.kind, letter.tag) == (phone, "over", regulation_tag(phone))
        assert letter.content["title"] == "Régulation"
    waits = (Said(phone, regulation_tag(phone), "regulation_suspended", told=False),)
    assert _of_master(_taken(phone), said=waits).unsaid == [(phone, regulation_tag(phone))]


def test_rule_037_one_site_taken_back_leaves_the_other_to_be_told() -> None:
    phone = uuid4()
    said = (Said(phone, regulation_tag(phone), "regulation_suspended", told=True),)
    assert _of_master(_taken(phone), suspended={phone: ("Limoux",)}, said=said) == Post()
