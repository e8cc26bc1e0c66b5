"""What an operator sees of the life of a demand: its traces, its figures, its log lines. Everything is real."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from api.resources import Resources
from telemetry.spans import TOLD
from tests.api.caller import Caller, demand
from tests.api.conftest import Api, make_resources, serving
from tests.api.outside import WORDS, Outside, TalkingEngine, standing_outside, working
from tests.api.people import People
from tests.api.test_life_of_a_demand import Listener
from tests.api.test_stream import listening
from tests.fixtures.figures import labels_of, names_asked, names_of
from tests.fixtures.world import World
from tests.replay.test_histories import replayer

SECONDS = 30
SECRETS = ("EXEMPLE", "Fable", "33465710000", "Verdun", "hanche", "Chien", "Bearer", "127.0.0.1")
UUID_LIKE = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{32}")
KNOWN_LABELS = {
    *(
        "activity",
        "activity_type",
        "alarm",
        "by",
        "kind",
        "le",
        "method",
        "outcome",
        "route",
        "status",
        "update",
    ),
    *("eager", "failure_reason", "namespace", "operation", "poller_type", "status_code", "task_queue"),
    *("worker_type", "workflow_type", "reason", "service_name"),
}


@pytest.fixture
def outside() -> Iterator[Outside]:
    with standing_outside() as seen:
        yield seen


@pytest.fixture
async def resources(engine: AsyncEngine, database_url: str, outside: Outside) -> AsyncIterator[Resources]:
    del engine  # it made the database empty
    async with working(outside, database_url) as (pool, behind):
        yield make_resources(pool, database_url, behind)


@pytest.fixture
async def api(resources: Resources, people: People, world: World, outside: Outside) -> AsyncIterator[Api]:
    async with serving(resources, outside.api) as url:
        yield Api(url, resources, people, world)


async def test_a_life_is_seen_and_who_the_patient_is_is_not(
    samu: Caller, regulator: Caller, outside: Outside, api: Api
) -> None:
    async with listening(samu) as heard, listening(regulator) as rung:
        posted = (await samu.post("/v1/demands?Fable=EXEMPLE", demand(), traceparent=THEIRS)).json()
        asked = (await Listener(rung).until("solicitation_opened"))["data"]
        path = f"/v1/solicitations/{asked['solicitation_id']}/acceptance"
        assert (await regulator.post(path, {})).json()["outcome"] == "CONFIRMED"
        await samu.post(f"/v1/demands/{posted['id']}/cancellation", {"reason": "Fable EXEMPLE"})
        await Listener(heard).until("demand_cancelled")
    await figures_are_there(samu, outside)
    await it_replays_untraced(api, UUID(posted["id"]))
    await outside.flush()
    a_request_is_one_trace(outside)
    an_answer_is_one_trace(outside)
    traces_tell_what_is_allowed(outside)
    lines_tell_what_they_are_about(outside, UUID(posted["id"]))


THEIRS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
"""A trace that somebody else began."""


async def figures_are_there(samu: Caller, outside: Outside) -> None:
    """Every figure that an alert or a panel asks for is shown, and no label says whose it is."""
    give_up = asyncio.get_running_loop().time() + SECONDS
    while missing := names_asked() - names_of(page := await pages(samu, outside)):
        assert asyncio.get_running_loop().time() < give_up, missing
        await asyncio.sleep(0.1)
    assert "rescousse_first_solicitation_seconds_count 1\n" in page
    assert "rescousse_confirmation_seconds_count 1\n" in page
    assert 'rescousse_open_demands{status="ASSIGNED"}' in page
    for name, value in labels_of(page) - {("task_queue", value) for _, value in labels_of(page)}:
        assert name in KNOWN_LABELS
        assert not UUID_LIKE.search(value), (name, value)
    assert not [secret for secret in (*SECRETS, WORDS) if secret in page]


async def pages(samu: Caller, outside: Outside) -> str:
    return (await samu.get("/metrics")).text + await outside.page()


async def it_replays_untraced(api: Api, demand_id: UUID) -> None:
    """Traces can be switched off, and on, while demands run: the ids that they leave in a history change no command."""
    assert isinstance(api.resources.engine, TalkingEngine)
    history = await api.resources.engine.history(demand_id)
    assert "_tracer-data" in history.to_json()
    await replayer().replay_workflow(history)


def a_request_is_one_trace(outside: Outside) -> None:
    """From the request to the statements of the survey, in two processes."""
    [door] = outside.traces.named("POST /v1/demands")
    spans = outside.traces.of(door.trace)
    names = {(span.service.removeprefix("rescousse-"), span.name) for span in spans}
    assert names >= {
        ("api", "INSERT demands"),
        ("api", "StartWorkflow:Demand"),
        ("worker", "RunWorkflow:Demand"),
        ("worker", "StartActivity:survey"),
        ("worker", "RunActivity:survey"),
        ("worker", "RunActivity:record"),
        ("worker", "INSERT surveys"),
    }
    assert door.trace not in THEIRS
    assert {span.parent for span in spans} - {span.id for span in spans} == {""}


def an_answer_is_one_trace(outside: Outside) -> None:
    """From the request to the row that engages the vehicle."""
    [door] = outside.traces.named("POST /v1/solicitations/{solicitation_id}/acceptance")
    names = {span.name for span in outside.traces.of(door.trace)}
    assert names >= {
        "StartWorkflowUpdate:accept",
        "HandleUpdate:accept",
        "RunActivity:engage",
        "INSERT engagements",
    }


def traces_tell_what_is_allowed(outside: Outside) -> None:
    spans = outside.traces.spans
    assert {name for span in spans for name in span.attributes} <= TOLD
    assert not [(secret, span.name) for span in spans for secret in (*SECRETS, WORDS) if secret in span.raw]
    roots = {span.name for span in spans if not span.parent}
    assert roots <= {name for name in roots if name.split()[-1].startswith("/v1/")}, (
        "only a request begins one"
    )
    assert not [name for name in roots if name.endswith("/stream")]


def lines_tell_what_they_are_about(outside: Outside, demand_id: UUID) -> None:
    """A line has the id of its demand, whoever wrote it, and what a failure says is not repeated."""
    stumbling = str(UUID(int=7))
    for event, told in {
        "in a request": str(demand_id),
        "in an activity": stumbling,
        "in a workflow": stumbling,
        "Completing activity as failed": stumbling,
        "Failed activation on workflow": stumbling,
    }.items():
        about = {line.get("demand_id") for line in outside.lines(event)}
        assert told in about, event
        assert None not in about, event
    [failed] = [line for line in outside.lines("Completing activity") if line["demand_id"] == stumbling]
    assert failed["exception"].endswith("RuntimeError: " + WORDS), "our own words may be told"
