"""What a process says of itself: the form of its lines, what is not repeated, ages, and which traces begin."""

import json
import subprocess
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, Status, StatusCode
from pydantic import BaseModel, ValidationError
from temporalio.common import MetricMeter
from temporalio.exceptions import ApplicationError

from api.app import NO_TELEMETRY
from settings import Settings
from telemetry.concern import demand_of
from telemetry.discretion import story_of, words_of
from telemetry.figures import FORGOTTEN, Unrecorded, WorkerFigures
from telemetry.spans import DOOR, Discreet, sampler
from telemetry.statements import what_it_does

ROOT = Path(__file__).resolve().parents[2]
NOW = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
DEMAND = UUID("01a20466-2c2c-7005-acce-0cbfd6a5ff5f")
WORDS = "Fable EXEMPLE"

SPEAKER = f"""
import logging, structlog
from telemetry import logs
from telemetry.concern import begin_request, concerns_demand
logs.configure("INFO")
begin_request("r-1", "/v1/missions/{DEMAND}/steps")
structlog.get_logger("rescousse.api").info("ours", ms=3)
concerns_demand(__import__("uuid").UUID("{DEMAND}"))
logging.getLogger("uvicorn.error").info("%s", "theirs")
logging.getLogger("alembic.runtime").info("greeting")
logging.getLogger("httpx").info("GET http://somebody:secret@there/")
logging.getLogger("rescousse.x").debug("too fine")
try:
    raise ValueError("that is ours")
except ValueError:
    logging.getLogger("storage.feed").exception("failed")
begin_request("r-2", "/v1/demands")
structlog.get_logger("rescousse.api").warning("next")
"""


def test_every_line_is_one_object_and_says_what_it_is_about() -> None:
    spoken = subprocess.run(
        [sys.executable, "-c", SPEAKER], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert spoken.stdout == ""
    lines = [json.loads(line) for line in spoken.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["ours", "theirs", "failed", "next"]
    assert all(line.keys() >= {"timestamp", "level", "logger", "event", "request_id"} for line in lines)
    ours, theirs, failed, following = lines
    assert (ours["mission_id"], ours["logger"], ours["ms"]) == (str(DEMAND), "rescousse.api", 3)
    assert (theirs["demand_id"], theirs["logger"]) == (str(DEMAND), "uvicorn.error")
    assert failed["exception"].endswith("ValueError: that is ours")
    assert "demand_id" not in following


def test_without_an_endpoint_nothing_of_opentelemetry_is_loaded() -> None:
    """FastAPI loads the names of its interface, which do nothing."""
    look = (
        "import sys, worker, api.__main__; from telemetry.process import Watched; w = Watched('x');"
        "assert w.interceptors == () and w.http(len, str) is len;"
        "sys.exit(any(each.startswith(('opentelemetry.sdk', 'opentelemetry.exporter')) for each in sys.modules))"
    )
    subprocess.run([sys.executable, "-c", look], cwd=ROOT, check=True, timeout=60)


def test_the_telemetry_of_the_framework_stays_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """It tells addresses and words of errors, and the environment could switch it on."""
    monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
    switched = FastAPI(telemetry=NO_TELEMETRY)._telemetry  # there is no other way to look
    assert not any(switched[what] for what in ("tracing", "metrics", "logs", "auto_configure"))
    assert "telemetry=NO_TELEMETRY" in (ROOT / "api" / "app.py").read_text(encoding="utf-8")


class Patient(BaseModel):
    birth_year: int


def test_the_words_of_others_are_not_repeated() -> None:
    """A database's error holds the row, a validation what was sent, a failure of the engine either."""
    with pytest.raises(ValidationError) as invalid:
        Patient.model_validate({"birth_year": WORDS})
    others = [
        sa.exc.IntegrityError("INSERT INTO patients", {"name": WORDS}, ValueError(WORDS)),
        invalid.value,
        ApplicationError(WORDS, type="IntegrityError"),
    ]
    for error in others:
        assert WORDS not in words_of(error)
        assert type(error).__name__ in story_of(error)
    assert words_of(others[2]) == "IntegrityError"


def test_what_led_to_a_failure_is_told_first() -> None:
    try:
        try:
            raise OSError("first")
        except OSError as cause:
            raise RuntimeError("then") from cause
    except RuntimeError as error:
        story = story_of(error)
    assert story.index("OSError: first") < story.index("RuntimeError: then")


def test_a_demand_is_known_by_its_workflow() -> None:
    assert demand_of(f"demand-{DEMAND}") == str(DEMAND)
    assert demand_of(f"guard-{DEMAND}") is None
    assert demand_of("probe") is None


def test_the_oldest_unrecorded_fact_is_known_until_it_is_recorded() -> None:
    waiting = Unrecorded()
    assert waiting.oldest_seconds(NOW) == 0
    waiting.begin(UUID(int=1), NOW - timedelta(seconds=5), NOW)
    waiting.begin(UUID(int=2), NOW - timedelta(seconds=9), NOW)
    assert waiting.oldest_seconds(NOW) == 9
    waiting.end(UUID(int=2))
    assert waiting.oldest_seconds(NOW + FORGOTTEN) == 5 + FORGOTTEN.total_seconds()
    waiting.begin(UUID(int=1), NOW - timedelta(seconds=5), NOW + FORGOTTEN)
    assert waiting.oldest_seconds(NOW + FORGOTTEN + timedelta(seconds=1)) > 0, "it is tried again here"
    assert waiting.oldest_seconds(NOW + 3 * FORGOTTEN) == 0, "another worker has it"


def test_clocks_of_two_machines_give_no_negative_age() -> None:
    figures = WorkerFigures(MetricMeter.noop)
    figures.recording(DEMAND, NOW + timedelta(seconds=1), NOW)
    assert figures.unrecorded.oldest_seconds(NOW) == 0


def test_only_a_request_begins_a_trace_and_exceptions_stay_here() -> None:
    kept = InMemorySpanExporter()
    provider = TracerProvider(sampler=sampler(1.0), shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(Discreet(kept)))
    tracer = provider.get_tracer("test")
    with tracer.start_as_current_span("SELECT demands", kind=SpanKind.CLIENT):
        pass
    assert kept.get_finished_spans() == ()
    with (
        suppress(RuntimeError),
        tracer.start_as_current_span("POST", attributes={DOOR: True, "url.query": WORDS}),
        tracer.start_as_current_span("inside") as inside,
    ):
        inside.set_status(Status(StatusCode.ERROR, WORDS))
        raise RuntimeError(WORDS)
    told = kept.get_finished_spans()
    assert [span.name for span in told] == ["inside", "POST"]
    assert not [span for span in told if WORDS in span.to_json() or span.events or span.attributes]


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("SELECT a FROM demands WHERE x FOR UPDATE OF demands", ("SELECT", "demands")),
        ("INSERT INTO journal (a) SELECT b FROM given ON CONFLICT DO NOTHING", ("INSERT", "journal")),
        ("WITH kept AS (SELECT 1 FROM surveys) INSERT INTO surveys (a) VALUES (1)", ("INSERT", "surveys")),
        ("WITH kept AS (SELECT 1 FROM vehicles) SELECT * FROM kept", ("SELECT", "vehicles")),
        ("UPDATE leases SET a = 1", ("UPDATE", "leases")),
        ("SET LOCAL x TO 1", ("SET", "")),
        ("", ("?", "")),
    ],
)
def test_a_statement_is_named_by_what_it_does(statement: str, told: tuple[str, str]) -> None:
    assert what_it_does(statement) == told


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("METRICS_ADDRESS", "9464"),
        ("METRICS_ADDRESS", "http://127.0.0.1:9464"),
        ("TRACES_ENDPOINT", "collector:4318"),
        ("TRACES_ENDPOINT", "http://collector:4318/v1/traces?token=x"),
        ("TRACES_RATIO", "1.5"),
    ],
)
def test_settings_that_cannot_work_are_refused(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(f"RESCOUSSE_{name}", value)
    with pytest.raises(ValidationError, match=name.lower()):
        Settings()
