"""What an operator does to accounts and keys: who is out, how fast, in every process; and that it is written down."""

import asyncio
import contextlib
import getpass
import inspect
import io
import json
import platform
import re
from collections.abc import Callable

import httpx
import pytest
import typer
from sqlalchemy.ext.asyncio import AsyncEngine

from api.app import create_app
from api.resources import ACCOUNT_SECONDS, Resources
from ops import access, audit
from ops.cli import ENTRIES, Group
from ops.embedded.children import ROOT
from ops.operators import IMAGE_ACCOUNT
from tests.api.caller import assert_problem, demand
from tests.api.conftest import Clock, make_resources, people, rules
from tests.api.engine import RuleEngine
from tests.api.people import PASSWORD, People, Person

__all__ = ["people", "rules"]  # fixtures


class Both:
    """Two API processes on one database, whose memories can be made to age."""

    def __init__(self, resources: list[Resources]) -> None:
        self._resources = resources
        self.clients = [
            httpx.AsyncClient(transport=httpx.ASGITransport(create_app(each)), base_url="http://api")
            for each in resources
        ]

    async def log_in(self, person: Person, password: str = PASSWORD) -> httpx.Response:
        form = {"username": person.username, "password": password}
        return await self.clients[0].post("/v1/token", data=form)

    async def codes(self, path: str, headers: dict[str, str]) -> list[int]:
        return [(await client.get(path, headers=headers)).status_code for client in self.clients]

    def age(self) -> None:
        """What was remembered is older than it may be."""
        for each in self._resources:
            for memory in (each.people, each.sessions, each.keys):
                later = memory._now
                memory._now = lambda later=later: later() + ACCOUNT_SECONDS + 0.1  # type: ignore[misc]


@pytest.fixture
def both(engine: AsyncEngine, database_url: str, rules: RuleEngine, people: People) -> Both:
    return Both([make_resources(engine, database_url, rules, Clock()) for _ in range(2)])


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, database_url: str) -> Callable[..., object]:
    """Run a command on the database of the test, as an operator of this machine; what it printed."""
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", database_url)
    monkeypatch.setenv("LOGNAME", "astreinte")  # not the image's account, whoever runs the tests

    async def run(command: Callable[..., None], *arguments: object, **options: object) -> str:
        printed = io.StringIO()

        def call() -> None:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                command(*arguments, **options)

        try:
            await asyncio.to_thread(call)
        except typer.Exit as ended:
            return f"{printed.getvalue()}exit {ended.exit_code}"
        return printed.getvalue()

    return run


async def _bearer(both: Both, person: Person) -> dict[str, str]:
    told = (await both.log_in(person)).raise_for_status().json()
    return {"Authorization": f"Bearer {told['access_token']}"}


Run = Callable[..., "asyncio.Future[str]"]


async def test_a_disabled_account_is_out_of_every_process_in_five_seconds(
    both: Both, people: People, run: Run
) -> None:
    doctor = people.doctor
    headers = await _bearer(both, doctor)
    assert await both.codes("/v1/me", headers) == [200, 200]
    assert "is disabled" in await run(access.disable_command, doctor.username)
    both.age()
    assert ACCOUNT_SECONDS <= 5
    assert await both.codes("/v1/me", headers) == [401, 401]
    assert_problem(await both.log_in(doctor), 401, "invalid_credentials")
    await run(access.enable_command, doctor.username)
    assert (await both.log_in(doctor)).status_code == 200
    assert await both.codes("/v1/me", headers) == [401, 401]  # the old login stays ended


@pytest.mark.parametrize("command", [access.disable_command, access.end_sessions_command])
async def test_no_patient_is_shown_from_the_first_moment(
    both: Both, people: People, run: Run, command: Callable[..., None]
) -> None:
    headers = await _bearer(both, people.doctor)
    key = {"X-API-Key": people.api_key}
    posted = (await both.clients[0].post("/v1/demands", json=demand(), headers=key)).raise_for_status().json()
    path = f"/v1/demands/{posted['id']}"
    assert await both.codes(path, headers) == [200, 200]
    await run(command, people.doctor.username)
    assert await both.codes(path, headers) == [401, 401]  # although both still remember the login


async def test_a_revoked_key_is_out_and_a_new_one_is_shown_once(both: Both, people: People, run: Run) -> None:
    old = {"X-API-Key": people.api_key}
    posted = (await both.clients[0].post("/v1/demands", json=demand(), headers=old)).raise_for_status().json()
    assert await both.codes("/v1/me", old) == [200, 200]
    shown = await run(access.new_key_command, "SAMU de test", "LRM 2")
    new = {"X-API-Key": shown.strip().splitlines()[-1]}
    assert await both.codes("/v1/me", new) == [200, 200]
    listed = await run(access.list_command)
    assert new["X-API-Key"] not in listed
    old_id = (await both.clients[0].get("/v1/me", headers=old)).json()["id"]
    assert "is revoked" in await run(access.revoke_key_command, old_id)
    assert await both.codes(f"/v1/demands/{posted['id']}", old) == [401, 401]  # no patient, at once
    both.age()
    assert await both.codes("/v1/me", old) == [401, 401]
    assert await both.codes("/v1/me", new) == [200, 200]
    assert "no key" in await run(access.revoke_key_command, old_id)


async def test_a_new_password_ends_every_login(both: Both, people: People, run: Run) -> None:
    headers = await _bearer(both, people.doctor)
    told = (await both.log_in(people.doctor)).json()
    shown = await run(access.new_password_command, people.doctor.username)
    password = shown.strip().splitlines()[-1]
    both.age()
    assert await both.codes("/v1/me", headers) == [401, 401]
    renewing = {"grant_type": "refresh_token", "refresh_token": told["refresh_token"]}
    assert (await both.clients[0].post("/v1/token", data=renewing)).status_code == 401
    assert (await both.log_in(people.doctor)).status_code == 401
    assert (await both.log_in(people.doctor, password)).status_code == 200


async def test_whoever_is_not_there_is_said_in_one_sentence(people: People, run: Run) -> None:
    told = await run(access.disable_command, "nobody")
    assert told == "rescousse: there is no account 'nobody': see `rescousse access list`\nexit 1"
    assert "no SAMU is called" in await run(access.new_key_command, "Nowhere", "LRM")
    assert "is no moment" in await run(audit.events_command, since="yesterday")


async def test_what_was_done_is_listed_and_no_secret_is(both: Both, people: People, run: Run) -> None:
    shown = await run(access.new_key_command, "SAMU de test", "LRM 2")
    await both.log_in(people.doctor)
    password = await run(access.new_password_command, people.doctor.username)
    lines = [json.loads(line) for line in (await run(audit.events_command, as_json=True)).splitlines()]
    assert [each["kind"] for each in lines] == ["PASSWORD_CHANGED", "LOGIN", "KEY_MADE"]
    assert lines[0]["actor"].startswith("operator ")
    assert lines[0]["subject"] == f"person:{people.doctor.id} {people.doctor.username}"
    everything = await run(audit.events_command) + str(lines)
    for secret in (shown, password):
        assert secret.strip().splitlines()[-1] not in everything
    assert (await run(audit.events_command, kind=["KEY_MADE"])).count("KEY_MADE") == 1
    assert (await run(audit.events_command, since="0m")).strip() == "nothing"


async def test_in_a_container_nothing_is_changed_before_the_operator_says_who_they_are(
    people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There everybody is the image's account, or a number that has no name, on a machine that is gone tomorrow."""
    doctor = people.doctor.username
    changes: list[tuple[Callable[..., None], tuple[str, ...]]] = [
        (access.new_key_command, ("SAMU de test", "LRM 2")),
        (access.revoke_key_command, ("LRM",)),
        (access.disable_command, (doctor,)),
        (access.enable_command, (doctor,)),
        (access.new_password_command, (doctor,)),
        (access.end_sessions_command, (doctor,)),
    ]
    monkeypatch.setattr(getpass, "getuser", lambda: IMAGE_ACCOUNT)
    for command, arguments in changes:
        with pytest.raises(typer.BadParameter, match="say who does it, --by NAME"):
            await run(command, *arguments)
    monkeypatch.setattr(getpass, "getuser", _nameless)
    with pytest.raises(typer.BadParameter, match="--by NAME"):
        await run(access.disable_command, doctor, by="  ")
    assert (await run(audit.events_command)).strip() == "nothing"
    await run(access.disable_command, doctor, by="Anne\n Fictive")
    [line] = (await run(audit.events_command, as_json=True)).splitlines()
    assert json.loads(line)["actor"] == f"operator Anne Fictive (@{platform.node()})"


def _nameless() -> str:
    raise KeyError("getpwuid(): uid not found: 12345")


async def test_a_name_is_written_down_beside_the_account(
    people: People, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(getpass, "getuser", lambda: "astreinte")
    await run(access.disable_command, people.doctor.username)
    await run(access.enable_command, people.doctor.username, by="Anne Fictive")
    lines = [json.loads(line) for line in (await run(audit.events_command, as_json=True)).splitlines()]
    here = f"astreinte@{platform.node()}"
    assert [each["actor"] for each in lines] == [f"operator Anne Fictive ({here})", f"operator {here}"]


def test_the_images_account_is_the_dockerfiles() -> None:
    made = re.search(r"useradd .* (\w+)$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert made is not None
    assert made.group(1) == IMAGE_ACCOUNT


def test_every_command_that_changes_accounts_or_keys_is_told_who_does_it() -> None:
    groups = [each for each in ENTRIES if isinstance(each, Group) and each.name in {"access", "keys"}]
    nobody = [
        f"{group.name} {entry.name}"
        for group in groups
        for entry in group.entries
        if "by" not in inspect.signature(entry.load()).parameters
    ]
    assert nobody == ["access list", "keys show"]


async def test_who_read_a_patient_is_listed_for_operators_and_for_the_samu(
    both: Both, people: People, run: Run
) -> None:
    key = {"X-API-Key": people.api_key}
    headers = await _bearer(both, people.doctor)
    http = both.clients[0]
    posted = (await http.post("/v1/demands", json=demand(), headers=key)).raise_for_status().json()
    path = f"/v1/demands/{posted['id']}"
    for sent in (key, headers):
        assert (await http.get(path, headers=sent)).json()["patient"]["last_name"] == "EXEMPLE"
    assert (await http.get(f"{path}?patient=false", headers=key)).json()["patient"] is None
    told = (await http.get(f"{path}/patient-reads", headers=key)).raise_for_status().json()
    doctor = people.doctor.username
    assert [(each["name"], each["kind"], each["role"]) for each in told["items"]] == [
        (doctor, "person", "SAMU"),
        ("LRM", "software", "SAMU"),
    ]
    assert told["items"][0]["sentence"] == f"{doctor} (SAMU, SAMU de test) a lu l’identité du patient."
    one = (await http.get(f"{path}/patient-reads?limit=1", headers=key)).json()
    rest = await http.get(f"{path}/patient-reads?limit=1&before={one['next_before']}", headers=key)
    assert [*one["items"], *rest.json()["items"]] == told["items"]
    for options in ({"demand": posted["reference"]}, {"reader": doctor}, {"since": "1h"}):
        listed = await run(audit.patients_command, **options)
        assert doctor in listed
        assert posted["reference"] in listed
        assert "EXEMPLE" not in listed
    assert (await run(audit.patients_command, reader="somebody else")).strip() == "nothing"
