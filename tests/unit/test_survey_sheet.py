"""A survey's sheet says everything that led to a verdict, to the last bit."""

import json
from datetime import datetime, timedelta
from uuid import UUID

import pydantic_core
import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.eligibility import (
    Arrival,
    GuardDuty,
    SiteState,
    Terms,
    VehicleState,
    judge_chosen_company,
    judge_site,
    judge_vehicle,
)
from domain.fleet import Volume, Whereabouts
from domain.policy import Policy
from domain.vocabulary import LeaseState, Tier, VehicleVerdict
from storage.survey_sheet import (
    COLUMNS,
    BadSheetError,
    Line,
    SheetRow,
    line_of,
    read,
    state_of,
    written,
)
from tests.unit.stories import START, uid

TERMS = Terms(Volume.AMBULANCE, 20, START, Policy())
seconds = st.floats(0, 1e5)
moments = st.none() | st.floats(0, 1e6).map(lambda s: START - timedelta(seconds=s))
places = st.none() | st.builds(
    Whereabouts,
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.none() | st.just("0123456789ab"),
    st.none() | st.integers(0, 10**6),
    st.floats(0, 1000),
)
arrivals = st.none() | st.builds(Arrival, seconds, seconds, seconds, st.booleans())
ids: st.SearchStrategy[UUID] = st.uuids()
vehicles = st.builds(
    VehicleState,
    vehicle_id=ids,
    company_id=ids,
    site_id=st.none() | ids,
    volume=st.sampled_from(Volume),
    available=st.booleans(),
    engaged=st.booleans(),
    on_guard=st.booleans(),
    fix_at=moments,
    speed_kmh=st.none() | st.floats(0, 200),
    device_seen_at=moments,
    distance_m=st.none() | st.floats(0, 1e6),
    arrival=arrivals,
    cut_off=st.booleans(),
    mobilisation_s=st.integers(0, 3600),
    last_mission_at=moments,
    regulation=st.sampled_from(LeaseState),
    guard=st.none() | st.builds(GuardDuty, st.none() | st.integers(0, 1), st.integers(0, 9), st.booleans()),
    where=places,
    cell=st.none() | st.integers(2**59, 2**62),
)
sites = st.builds(
    SiteState,
    site_id=ids,
    company_id=ids,
    available=st.booleans(),
    free_volumes=st.frozensets(st.sampled_from(Volume)),
    distance_m=st.floats(0, 1e6),
    arrival=arrivals,
    cut_off=st.booleans(),
    mobilisation_s=st.integers(0, 3600),
    last_mission_at=moments,
    regulation=st.sampled_from(LeaseState),
    where=places,
)


def arrival_of(row: SheetRow) -> Arrival | None:
    """When the survey found that it could be there."""
    if row.earliest_s is None or row.latest_s is None or row.way_s is None:
        return None
    return Arrival(row.earliest_s, row.latest_s, row.way_s, bool(row.estimated))


def through_the_database(line: Line) -> SheetRow:
    """As JSON, and back."""
    kept = json.loads(pydantic_core.to_json(written([line])))
    [row] = read(kept["columns"], kept["rows"])
    return row


@given(state=vehicles)
def test_what_was_known_of_a_vehicle_comes_back_to_the_last_bit(state: VehicleState) -> None:
    judged = judge_vehicle(state, TERMS)
    row = through_the_database(line_of(state, judged))
    assert arrival_of(row) == state.arrival
    again = state_of(row)
    assert isinstance(again, VehicleState)
    if state.where is None:
        again, state = again._replace(cut_off=False), state._replace(cut_off=False)
    assert again._replace(arrival=state.arrival, cut_off=state.cut_off) == state
    assert judge_vehicle(again._replace(arrival=arrival_of(row), cut_off=bool(row.cut_off)), TERMS) == judged
    told = (row.verdict, row.obstacles, row.earliest_minutes, row.eta_minutes, row.to_confirm, row.freshness)
    assert told == (
        judged.verdict,
        judged.obstacles,
        judged.earliest_minutes,
        judged.eta_minutes,
        judged.to_confirm,
        judged.freshness,
    )


@given(state=sites)
def test_what_was_known_of_a_site_comes_back_to_the_last_bit(state: SiteState) -> None:
    judged = judge_site(state, TERMS)
    row = through_the_database(line_of(state, judged))
    again = state_of(row)
    assert isinstance(again, SiteState)
    assert again._replace(arrival=arrival_of(row), cut_off=bool(row.cut_off)) == state
    assert (row.target_id, row.site_id, row.exact_volume) == (
        state.site_id,
        state.site_id,
        judged.exact_volume,
    )


def test_of_a_chosen_company_the_verdict_is_kept() -> None:
    row = through_the_database(line_of(None, judge_chosen_company(uid("A"), LeaseState.FREE)))
    assert (row.tier, row.target_id, row.verdict) == (
        Tier.FREE_CHOICE,
        uid("A"),
        VehicleVerdict.NOT_REGULATED,
    )
    assert state_of(row) is None


@given(state=vehicles)
def test_every_line_has_a_value_for_every_column(state: VehicleState) -> None:
    assert len(line_of(state, judge_vehicle(state, TERMS))) == len(COLUMNS)


def test_a_line_of_the_first_version_is_read_and_said_to_lack_what_led_to_it() -> None:
    columns = ["tier", "target_id", "company_id", "verdict", "eta_minutes", "unheard_of"]
    values = ["VEHICLE", str(uid("V")), str(uid("A")), "TOO_FAR", 31, {"anything": 1}]
    [row] = read(columns, [values])
    assert (row.verdict, row.eta_minutes, row.obstacles) == (VehicleVerdict.TOO_FAR, 31, None)
    with pytest.raises(BadSheetError, match="without what led to it"):
        state_of(row)


def test_a_sheet_that_is_none_is_refused() -> None:
    with pytest.raises(BadSheetError, match="cannot be read"):
        read(["tier", "target_id"], [["VEHICLE", "no id"]])


def test_the_moments_of_a_line_are_those_that_were_written() -> None:
    seen = datetime.fromisoformat("2026-11-22T07:59:59.123456+00:00")
    state = VehicleState(
        uid("V"), uid("A"), None, Volume.ASSU, True, False, False, fix_at=seen, device_seen_at=seen
    )
    row = through_the_database(line_of(state, judge_vehicle(state, TERMS)))
    assert (row.fix_at, row.device_seen_at) == (seen, seen)
