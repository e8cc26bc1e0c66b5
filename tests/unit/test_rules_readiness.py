"""What a device receives and what is missing; modes are seen, never set (rules 15 to 19, 23, 24, 49)."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from api.sentences import WORDS, crew_sentence, own_vehicle_sentence, post_sentence
from domain.readiness import (
    Aboard,
    Colour,
    Hand,
    Kept,
    Means,
    Missing,
    Readiness,
    Signs,
    SiteHand,
    VehicleHand,
    mode_of,
    of_crew,
    of_post,
)
from domain.vocabulary import DeviceKind, Mode

NOW = datetime(2026, 11, 15, 14, 5, tzinfo=UTC)
FRESH = Signs(at=NOW, probed_at=NOW - timedelta(seconds=9), heard_at=NOW - timedelta(seconds=5))
SITE = SiteHand(id=uuid4(), name="Narbonne", hand=Hand.MINE, ticked=True)


def vehicle(name: str, *, ticked: bool = True, engaged: bool = False, on_guard: bool = False) -> VehicleHand:
    return VehicleHand(
        id=uuid4(), name=name, site_id=SITE.id, ticked=ticked, engaged=engaged, on_guard=on_guard
    )


ONE, TWO, THREE = vehicle("1"), vehicle("2", ticked=False), vehicle("3")
MEANS = Means(sites=[SITE], vehicles=[ONE, TWO, THREE])


def told(found: Readiness) -> str:
    return post_sentence(found, [WORDS[each] for each in found.missing])


def test_rule_024_green_needs_the_probe_the_lease_and_a_tick() -> None:
    found = of_post(FRESH, MEANS)
    assert (found.colour, found.missing) == (Colour.GREEN, ())
    assert told(found) == "Vous recevrez : site Narbonne, véhicules 1 et 3."
    assert found.kept == ((TWO, Kept.NOT_TICKED),)


@pytest.mark.parametrize(
    ("age", "colour", "missing"),
    [
        (10, Colour.AMBER, Missing.PROBE_LATE),
        (29.9, Colour.AMBER, Missing.PROBE_LATE),
        (30, Colour.RED, Missing.PROBE_LOST),
        (None, Colour.RED, Missing.PROBE_LOST),
    ],
)
def test_rule_024_an_old_probe_is_not_green(age: float | None, colour: Colour, missing: Missing) -> None:
    probed_at = None if age is None else NOW - timedelta(seconds=age)
    found = of_post(replace(FRESH, probed_at=probed_at), MEANS)
    assert (found.colour, found.missing) == (colour, (missing,))
    assert bool(found.vehicles) == (colour is Colour.AMBER)


@pytest.mark.parametrize("heard_at", [None, NOW - timedelta(seconds=16)])
def test_rule_024_a_device_that_was_not_heard_of_is_not_green(heard_at: datetime | None) -> None:
    found = of_post(replace(FRESH, heard_at=heard_at), MEANS)
    assert (found.colour, found.missing) == (Colour.AMBER, (Missing.HEARTBEAT_LATE,))


@pytest.mark.parametrize(
    ("hand", "colour", "missing"),
    [
        (Hand.FREE, Colour.RED, Missing.NOBODY_REGULATES),
        (Hand.SUSPENDED, Colour.RED, Missing.REGULATION_SUSPENDED),
        (Hand.ELSEWHERE, Colour.AMBER, Missing.HELD_ELSEWHERE),
    ],
)
def test_rule_024_without_the_lease_nothing_is_received(hand: Hand, colour: Colour, missing: Missing) -> None:
    found = of_post(FRESH, Means(sites=[replace(SITE, hand=hand)], vehicles=[ONE]))
    assert (found.colour, found.missing) == (colour, (missing,))
    assert (found.sites, found.vehicles) == ((), ())


def test_rule_023_nothing_ticked_says_so() -> None:
    found = of_post(FRESH, Means(sites=[replace(SITE, ticked=False)], vehicles=[TWO]))
    assert (found.colour, found.missing) == (Colour.AMBER, (Missing.NOTHING_TICKED,))
    assert told(found) == "Vous ne recevez rien : aucun site ni véhicule n'est coché."


def test_rule_023_each_vehicle_that_is_not_received_has_its_reason() -> None:
    busy, guard = vehicle("4", engaged=True), vehicle("5", on_guard=True)
    elsewhere = replace(vehicle("6"), site_id=uuid4())
    sites = [replace(SITE, ticked=False)]
    found = of_post(FRESH, Means(sites=sites, vehicles=[busy, guard, elsewhere]))
    assert found.kept == ((sites[0], Kept.NOT_TICKED), (busy, Kept.ON_MISSION), (guard, Kept.ON_GUARD))
    assert found.missing == (Missing.NOTHING_FREE,)


def test_rule_023_a_vehicle_on_a_mission_is_not_asked_to_be_ticked() -> None:
    busy = vehicle("4", ticked=False, engaged=True)
    found = of_post(FRESH, Means(sites=[SITE], vehicles=[ONE, busy]))
    assert found.kept == ((busy, Kept.ON_MISSION),)
    unticked = of_post(FRESH, Means(sites=[replace(SITE, ticked=False)], vehicles=[busy]))
    assert unticked.missing == (Missing.NOTHING_TICKED,)


def test_rule_018_the_r4_sentence_names_its_own_vehicle() -> None:
    assert own_vehicle_sentence(ONE) == " Et les missions du véhicule 1, où vous êtes."
    assert own_vehicle_sentence(replace(ONE, engaged=True)).endswith("La mission en cours continue.")


def test_rule_031_a_crew_whose_regulator_went_home_is_told_that_its_mission_goes_on() -> None:
    here = Aboard(vehicle=replace(ONE, engaged=True), hand=Hand.FREE, is_primary=True)
    found = of_crew(FRESH, here)
    words = [WORDS[each] for each in found.missing]
    assert crew_sentence(found, words, here) == (
        "Vous ne recevez rien de nouveau : personne ne tient la régulation. Votre mission en cours continue."
    )
    idle = replace(here, vehicle=ONE)
    assert crew_sentence(found, words, idle) == "Vous ne recevez rien : personne ne tient la régulation."


def test_rule_023_a_vehicle_of_no_site_is_received_by_who_regulates_any() -> None:
    loose = replace(ONE, site_id=None)
    assert of_post(FRESH, Means(sites=[SITE], vehicles=[loose])).vehicles == (loose,)


def test_rule_025_a_phone_without_a_vehicle_receives_nothing() -> None:
    found = of_crew(FRESH, None)
    assert (found.colour, found.missing) == (Colour.RED, (Missing.NO_VEHICLE,))
    sentence = crew_sentence(found, [WORDS[e] for e in found.missing], None)
    assert sentence == "Vous ne recevez rien : déclarez-vous dans un véhicule."


@pytest.mark.parametrize(
    ("hand", "colour"),
    [
        (Hand.ELSEWHERE, Colour.GREEN),
        (Hand.MINE, Colour.GREEN),
        (Hand.SUSPENDED, Colour.RED),
        (Hand.FREE, Colour.RED),
    ],
)
def test_rule_025_a_crew_receives_when_its_site_is_regulated(hand: Hand, colour: Colour) -> None:
    found = of_crew(FRESH, Aboard(vehicle=ONE, hand=hand, is_primary=True))
    assert found.colour is colour
    assert found.vehicles == ((ONE,) if colour is Colour.GREEN else ())


@pytest.mark.parametrize(("approved", "colour"), [(True, Colour.GREEN), (False, Colour.AMBER)])
def test_rule_019_a_guard_phone_needs_no_regulation_but_an_approved_period(
    approved: bool, colour: Colour
) -> None:
    found = of_crew(FRESH, Aboard(vehicle=ONE, hand=Hand.FREE, is_primary=True, approved=approved))
    assert found.colour is colour
    assert bool(found.vehicles) is approved


PHONE, OTHER, POST = uuid4(), uuid4(), uuid4()


def test_rule_015_r1_a_plugin_regulates_and_a_phone_is_in_the_vehicle() -> None:
    assert mode_of(DeviceKind.PLUGIN, [PHONE], POST, on_guard=False) is Mode.R1
    assert mode_of(DeviceKind.WEB, [PHONE], POST, on_guard=False) is Mode.R1


def test_rule_016_r2_a_plugin_regulates_and_no_phone_is_there() -> None:
    assert mode_of(DeviceKind.PLUGIN, [], POST, on_guard=False) is Mode.R2


def test_rule_017_r3_a_phone_regulates_and_another_does_the_mission() -> None:
    assert mode_of(DeviceKind.MOBILE, [OTHER], PHONE, on_guard=False) is Mode.R3


def test_rule_018_r4_the_same_phone_does_both() -> None:
    assert mode_of(DeviceKind.MOBILE, [OTHER, PHONE], PHONE, on_guard=False) is Mode.R4


def test_rule_019_g1_on_guard_nobody_regulates_and_otherwise_no_mode_is_seen() -> None:
    assert mode_of(None, [PHONE], None, on_guard=True) is Mode.G1
    assert mode_of(DeviceKind.PLUGIN, [PHONE], POST, on_guard=True) is Mode.G1
    assert mode_of(None, [PHONE], None, on_guard=False) is None
    assert mode_of(DeviceKind.MOBILE, [], PHONE, on_guard=False) is None
