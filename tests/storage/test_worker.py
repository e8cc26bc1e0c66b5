"""The worker process: it waits for what it needs, offers every activity under its name, and stops when told."""

import asyncio
import socket
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from temporalio.testing import ActivityEnvironment

import worker
from activities.engagement import EngagementActivities
from activities.limits import DECIDE_SECONDS, RECORD_SECONDS
from activities.recording import RecordingActivities
from activities.search import SearchActivities
from api.__main__ import build
from geo.straight import StraightTravel
from settings import Settings
from storage import journal
from tests.storage.telling import Telling
from tests.unit.stories import Story, vehicle
from workflows.options import ENGAGE, RECORD, SURVEY


async def test_it_stops_at_once_while_it_still_waits_for_temporal(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as nobody:  # bound, and nobody listens
        nobody.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RESCOUSSE_DATABASE_URL", database_url)
        monkeypatch.setenv("RESCOUSSE_TEMPORAL_ADDRESS", f"127.0.0.1:{nobody.getsockname()[1]}")
        stop = asyncio.Event()
        running = asyncio.create_task(worker.run(Settings(), stop))
        await asyncio.sleep(0.5)
        assert not running.done()
        stop.set()
        await asyncio.wait_for(running, timeout=5)


async def test_a_graph_that_cannot_be_read_ends_it_with_a_sentence(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.roads"
    bad.write_bytes(b"PK\x03\x04 no graph")
    for file in (bad, tmp_path / "none.roads"):
        settings = Settings(database_url=database_url, travel_engine="roads", roads_file=file)
        for starting in (worker.run(settings, asyncio.Event()), build(settings)):
            with pytest.raises(SystemExit, match="1"):
                await starting
    assert capsys.readouterr().out.count("bad.roads is no road graph: build it again") >= 1


async def test_activities_have_the_names_that_histories_know(engine: AsyncEngine) -> None:
    travel = StraightTravel(speed_kmh=70, detour=1.35)
    offered = [
        *SearchActivities(engine, travel).all(),
        *EngagementActivities(engine, travel).all(),
        *RecordingActivities(engine).all(),
    ]
    assert [one.__name__ for one in offered] == ["survey", "engage", "release", "record"]


async def test_facts_recorded_by_the_activity_twice_are_there_once(engine: AsyncEngine) -> None:
    telling = Telling(engine, Story(vehicle("A1")))
    batch = telling.batch()
    for _ in range(2):
        await ActivityEnvironment().run(RecordingActivities(engine).record, batch)
    async with engine.connect() as connection:
        assert await journal.facts_of(connection, batch.demand_id) == list(batch.facts)


def test_an_attempt_that_the_engine_gave_up_has_ended_by_itself() -> None:
    for options, seconds in ((SURVEY, DECIDE_SECONDS), (ENGAGE, DECIDE_SECONDS), (RECORD, RECORD_SECONDS)):
        assert seconds < options["start_to_close_timeout"].total_seconds()
