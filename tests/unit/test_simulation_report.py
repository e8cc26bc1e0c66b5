"""The runtime file, the figures of the table, and the exit codes of the command."""

import io
import json
from pathlib import Path

import httpx
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from simulation.cases import draw_case
from simulation.cli import Options, load_country, simulate_command
from simulation.client import Reply
from simulation.clock import derive
from simulation.habits import Habits
from simulation.ledger import AlarmRecord, Ledger
from simulation.report import percentile, print_report, print_standing
from simulation.runtime import RuntimeUnusableError, load_runtime
from simulation.wire import Demand
from tests.unit.simulation_fake import runtime_document

COMMAND = typer.Typer()
COMMAND.command()(simulate_command)


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([4.0], 0.9, 4.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0], 0.5, 1.5),
        ([float(n) for n in range(11)], 0.9, 9.0),
    ],
)
def test_percentile(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


def seen(status: str, confirmed_after: float | None, number: int) -> Demand:
    steps = [{"step": "AFFECTE", "occurred_at": "2026-01-01T00:00:00Z", "recorded_at": None}]
    steps[0]["recorded_at"] = f"2026-01-01T00:00:{confirmed_after or 0:06.3f}Z"
    mission = {"id": "m", "step": "AFFECTE", "steps": steps} if confirmed_after is not None else None
    received = "2026-01-01T00:00:00Z"
    return Demand.model_validate(
        {"id": f"d{number}", "status": status, "received_at": received, "mission": mission}
    )


def test_the_table_counts_outcomes_and_times_of_the_server() -> None:
    ledger = Ledger()
    for number in range(1, 12):
        ledger.saw(seen("COMPLETED", float(number), number))
    ledger.saw(seen("UNFULFILLED", None, 20))
    ledger.saw(seen("ARBITRATION", None, 21))
    ledger.judge("post demand", Reply(500, b'{"code": "internal"}'))
    ledger.judge("acceptance", Reply(409, b'{"code": "already_assigned"}'))
    out = io.StringIO()
    print_report(Console(file=out, width=120), ledger, not_posted=0, wall_seconds=12.0)
    lines = ["".join(ch for ch in line if ch not in "│┃").split() for line in out.getvalue().splitlines()]
    rows = {" ".join(words[:-1]): words[-1] for words in lines if words}
    assert rows["demands completed"] == "11"
    assert rows["demands unfulfilled"] == "1"
    assert rows["demands not ended"] == "1"
    assert "time to confirmation, median 6.00" in rows
    assert "time to confirmation, 90th percentile 10.00" in rows
    assert rows["refused by a rule: already_assigned"] == "1"
    assert rows["HTTP errors"] == "1"


def rows_of(ledger: Ledger) -> dict[str, str]:
    out = io.StringIO()
    print_report(Console(file=out, width=160), ledger, not_posted=0, wall_seconds=12.0)
    cells = [[cell.strip() for cell in line.split("│")] for line in out.getvalue().splitlines()]
    return {found[1]: found[2] for found in cells if len(found) == 4}


def test_the_table_tells_modes_guard_regulation_and_alarms() -> None:
    ledger = Ledger()
    for number, mode in enumerate(("R1", "R1", "G1"), 1):
        demand = seen("COMPLETED", float(number), number)
        assert demand.mission is not None
        mission = demand.mission.model_copy(update={"id": f"m{number}"})
        ledger.saw(demand.model_copy(update={"mission": mission}))
        ledger.modes[f"m{number}"] = mode
    ledger.modes["m9"] = "R2"  # of a demand that another vehicle had before
    ledger.guard["shifts opened"] += 2
    ledger.duty["lease lost"] += 1
    ledger.alarms["a"] = AlarmRecord("GUARD_NOT_OPENED", seen=True, closed=True)
    ledger.alarms["b"] = AlarmRecord("GUARD_NOT_OPENED")
    rows = rows_of(ledger)
    assert rows["mode R1: missions, median confirmation"] == "2, 1.50 s"
    assert rows["mode R2: missions, median confirmation"] == "1, -"
    assert rows["mode G1: missions, median confirmation"] == "1, 3.00 s"
    assert rows["guard: shifts opened"] == "2"
    assert rows["regulation: lease lost"] == "1"
    assert rows["alarm GUARD_NOT_OPENED: raised, seen, closed"] == "2, 1, 1"
    out = io.StringIO()
    print_standing(Console(file=out, width=160), ledger)
    assert out.getvalue() == "alarm not closed: b GUARD_NOT_OPENED (not seen)\n"


def test_a_counted_run_sees_day_and_night() -> None:
    assert Options(200, 60.0, 1).start_hour == pytest.approx(17.78, abs=0.01)
    assert Options(60, 60.0, 1).start_hour == pytest.approx(19.33, abs=0.01)
    assert Options(5_000, 60.0, 1).start_hour == 8.0
    assert Options(None, 10.0, 1).start_hour == 17.0
    assert Options(200, 60.0, 1, start=0.0).start_hour == 0.0


def test_the_first_confirmation_seen_is_the_one_that_counts() -> None:
    ledger = Ledger()
    ledger.saw(seen("ASSIGNED", 5.0, 1))
    ledger.saw(seen("COMPLETED", 40.0, 1))
    assert ledger.demands["d1"].confirmed_after == 5.0


def test_the_runtime_file_is_read_and_unknown_fields_are_ignored(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    path.write_text(json.dumps(runtime_document()))
    found = load_runtime(path)
    assert found.accounts.companies[1].regulator.username == "reg1"
    assert found.accounts.samu.api_key == "key"


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"api": "x"}', b"\xff\xfe", b'{"accounts": {"samu": 1}}']
)
def test_an_unusable_runtime_file_is_said_in_one_sentence(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    path.write_bytes(content)
    with pytest.raises(RuntimeUnusableError) as caught:
        load_runtime(path)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_fault_in_the_runtime_file_never_repeats_a_password(tmp_path: Path) -> None:
    document = runtime_document()
    accounts = document["accounts"]
    assert isinstance(accounts, dict)
    accounts["companies"][0]["regulator"] = {"username": 5, "password": "top-secret"}
    path = tmp_path / "runtime.json"
    path.write_text(json.dumps(document))
    with pytest.raises(RuntimeUnusableError) as caught:
        load_runtime(path)
    assert "top-secret" not in str(caught.value)


@pytest.mark.parametrize("content", [None, "nonsense"])
def test_the_command_fails_with_a_sentence_without_a_usable_runtime_file(
    content: str | None, tmp_path: Path
) -> None:
    path = tmp_path / "runtime.json"
    if content is not None:
        path.write_text(content)
    result = CliRunner().invoke(COMMAND, ["--runtime", str(path), "--demands", "1"])
    assert result.exit_code == 1
    assert "untime file" in result.output
    assert "Traceback" not in result.output


def test_the_command_fails_with_a_sentence_when_nothing_listens(tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    path.write_text(json.dumps(runtime_document() | {"api": "http://127.0.0.1:9"}))
    result = CliRunner().invoke(COMMAND, ["--runtime", str(path), "--demands", "1"])
    assert result.exit_code == 1
    assert "does not answer" in result.output


@pytest.mark.parametrize("address", ["", "nonsense", "http://[", "http://a b:x"])
def test_the_command_fails_with_a_sentence_for_a_nonsense_address(address: str, tmp_path: Path) -> None:
    path = tmp_path / "runtime.json"
    path.write_text(json.dumps(runtime_document() | {"api": address}))
    result = CliRunner().invoke(COMMAND, ["--runtime", str(path), "--demands", "1"])
    assert result.exit_code == 1
    assert "does not answer" in result.output or "not usable" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("option", [["--demands", "0"], ["--speed", "0"], ["--seed", "x"], ["--start", "24"]])
def test_the_command_refuses_nonsense(option: list[str]) -> None:
    assert CliRunner().invoke(COMMAND, option).exit_code == 2


def test_the_same_seed_invents_the_same_demand_in_the_aude() -> None:
    country = load_country()
    cases = [draw_case(derive(4, n), country.places, Habits(), "R", ["c"]) for n in (1, 1, 2)]
    assert cases[0] == cases[1] != cases[2]
    assert len(country.hospitals) == 4
    pickup = cases[0]["pickup"]
    assert isinstance(pickup, dict)
    assert 42.6 < float(str(pickup["lat"])) < 43.5
    assert cases[0]["max_delay_minutes"] in {20, 40, 60}


def test_httpx_timeouts_are_bounded() -> None:
    from simulation.client import LIMITS, TIMEOUT

    assert isinstance(TIMEOUT, httpx.Timeout)
    assert None not in TIMEOUT.as_dict().values()
    assert LIMITS.max_connections
