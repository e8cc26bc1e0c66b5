"""docker-compose.yml and its overrides, checked without a Docker engine."""

import json
import re
import subprocess
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from connecting import engine_access
from ops.secrets import make_secrets
from settings import Settings
from tests.deployment.compose import (
    BASE,
    CADDYFILE,
    OVERRIDES,
    ROOT,
    VARIABLE,
    combined,
    interpolated,
    load,
    ours,
    variables,
    without_resets,
)

SCHEMA = json.loads((ROOT / "tests" / "data" / "compose-spec.json").read_text())
COMPOSE = load(BASE)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
JOBS = {"migrate", "register", "temporal-schema"}
"""They end; everything else stays."""
WHOLE = {"docker-compose.yml": COMPOSE, **{file.name: combined(file) for file in OVERRIDES}}
KNOWN = {f"RESCOUSSE_{name.upper()}" for name in Settings.model_fields}

every_service = pytest.mark.parametrize("name", SERVICES)
every_file = pytest.mark.parametrize("file", [BASE, *OVERRIDES], ids=lambda file: file.name)
every_whole = pytest.mark.parametrize("whole", WHOLE.values(), ids=WHOLE.keys())


@every_file
def test_each_file_is_what_the_compose_specification_allows(file: Path) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(without_resets(load(file)))


def test_the_schema_refuses_what_is_none() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate({"services": {"api": {"imagee": "x"}}})


@every_whole
def test_every_merged_file_is_allowed_too(whole: dict[str, Any]) -> None:
    jsonschema.Draft202012Validator(SCHEMA).validate(whole)


@every_whole
def test_what_services_refer_to_is_declared_and_what_is_declared_is_used(whole: dict[str, Any]) -> None:
    used: dict[str, set[str]] = {kind: set() for kind in ("secrets", "configs", "networks", "volumes")}
    for service in whole["services"].values():
        used["secrets"] |= set(service.get("secrets", ()))
        used["networks"] |= set(service.get("networks", ()))
        used["configs"] |= {one["source"] for one in service.get("configs", ())}
        used["volumes"] |= {one.split(":")[0] for one in service.get("volumes", ()) if one[0] not in "./$"}
    assert used == {kind: set(whole[kind]) for kind in used}


@every_whole
def test_what_a_service_waits_for_is_there_and_can_come_true(whole: dict[str, Any]) -> None:
    for name, service in whole["services"].items():
        for other, told in service.get("depends_on", {}).items():
            awaited = whole["services"][other]
            assert awaited.get("profiles") == service.get("profiles"), (
                f"{name} waits for {other}, which is away"
            )
            condition = told["condition"]
            assert condition == ("service_completed_successfully" if other in JOBS else "service_healthy"), (
                f"{name} waits for {other}"
            )
            if condition == "service_healthy":
                assert awaited["healthcheck"]


@every_whole
def test_every_setting_that_is_named_is_known(whole: dict[str, Any]) -> None:
    named = {
        name
        for service in whole["services"].values()
        for name in service.get("environment", {})
        if name.startswith("RESCOUSSE_")
    }
    assert named
    assert named <= KNOWN


def test_the_example_of_settings_names_known_ones() -> None:
    text = (ROOT / "deploy" / "rescousse.env.example").read_text()
    named = set(re.findall(r"^#?(RESCOUSSE_\w+)=", text, re.MULTILINE))
    assert named
    assert named <= KNOWN


@every_file
def test_every_variable_is_explained(file: Path) -> None:
    explained = (ROOT / "docs" / "deployment.md").read_text()
    assert [name for name in sorted(variables(file)) if f"`{name}`" not in explained] == []


@every_file
def test_files_that_are_mounted_exist(file: Path) -> None:
    declared = load(file).get("configs", {})
    for config in declared.values():
        script = ROOT / config["file"]
        assert script.is_file()
        if script.suffix == ".sh":
            assert script.stat().st_mode & 0o111
            subprocess.run(["sh", "-n", script], check=True, timeout=10)


def test_the_secrets_are_those_that_our_command_makes(tmp_path: Path) -> None:
    made = make_secrets(tmp_path / "secrets", "postgres:5432")
    files = {interpolated(secret["file"]) for secret in COMPOSE["secrets"].values()}
    assert files == {f"deploy/secrets/{name}" for name in made}
    assert set(COMPOSE["secrets"]) == set(made)
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    kept = {name: (tmp_path / "secrets" / name).read_text() for name in made}
    assert make_secrets(tmp_path / "secrets", "postgres:5432") == []
    assert kept == {name: (tmp_path / "secrets" / name).read_text() for name in made}


@every_whole
def test_our_processes_take_their_environment(
    whole: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Production, with its secrets in files, as each service is given them."""
    make_secrets(tmp_path, "postgres:5432")
    (tmp_path / "api_key").write_text("a key")
    given = {
        "TEMPORAL_ADDRESS": "temporal.example:7233",
        "TEMPORAL_NAMESPACE": "samu11",
        "PREVIOUS_VERSION": "1",
    }
    given["TEMPORAL_API_KEY_FILE"] = str(tmp_path / "api_key")
    for name, service in ours(whole).items():
        for variable in KNOWN:
            monkeypatch.delenv(variable, raising=False)
        secrets = {f"/run/secrets/{one}" for one in service["secrets"]}
        for variable, text in service["environment"].items():
            value = interpolated(text, given)
            if value.startswith("/run/secrets/"):
                assert value in secrets, f"{name} is not given {value}"
                value = str(tmp_path / Path(value).name)
            monkeypatch.setenv(variable, value)
        settings = Settings()
        assert settings.environment == "production"
        assert settings.database_url.startswith("postgresql+psycopg://rescousse:")
        access = engine_access(settings)
        assert (access.address, access.namespace, access.api_key) in {
            ("temporal:7233", "rescousse", None),
            ("temporal.example:7233", "samu11", "a key"),
        }


# --- who may do what ---------------------------------------------------------------------------------------------


@every_service
def test_a_service_has_no_right_that_it_does_not_need(name: str) -> None:
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert "cap_add" not in service
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert not {"privileged", "network_mode", "pid", "ipc", "devices"} & service.keys()
    user = service["user"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user), f"{name} runs as {user}"
    assert service["read_only"] or name == "temporal-ui"
    assert service["logging"]["options"]["max-size"]


@every_service
def test_a_service_is_watched_limited_and_started_again(name: str) -> None:
    service = SERVICES[name]
    if name in JOBS:
        assert service["restart"].startswith("on-failure")
        return
    assert service["restart"] == "unless-stopped"
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory", "pids"}
    assert service["healthcheck"].keys() == {"test", "interval", "timeout", "start_period", "retries"}
    assert service["healthcheck"]["test"][0] == "CMD"


@every_service
def test_images_are_pinned(name: str) -> None:
    image = SERVICES[name]["image"]
    if image.startswith("rescousse"):
        assert image.endswith(":${VERSION:-latest}")
        assert SERVICES[name]["build"]["context"] == "."
    else:
        assert re.fullmatch(r"[\w/-]+:\d+\.\d+(\.\d+)?(-\w+)?", image), image


def test_only_the_proxy_can_be_reached_from_outside() -> None:
    open_to_all = {
        name: service["ports"]
        for name, service in SERVICES.items()
        if any(not port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    }
    assert open_to_all.keys() == {"proxy"}
    assert COMPOSE["networks"]["inside"]["internal"]
    for name in ("postgres", "temporal", "worker-1", "worker-2"):
        assert SERVICES[name]["networks"] == ["inside"]
    assert SERVICES["proxy"]["networks"] == ["door"]


def test_the_api_believes_the_network_of_the_proxy_and_no_other() -> None:
    told = SERVICES["api-1"]["environment"]
    [door] = COMPOSE["networks"]["door"]["ipam"]["config"]
    [inside] = COMPOSE["networks"]["inside"]["ipam"]["config"]
    assert interpolated(told["RESCOUSSE_TRUSTED_PROXIES"]) == f"{interpolated(door['subnet'])},127.0.0.1/32"
    assert told["RESCOUSSE_METRICS_NETWORKS"] == f"127.0.0.0/8,{inside['subnet']}"
    networks = [ip_network(interpolated(one["subnet"])) for one in (door, inside)]
    assert not networks[0].overlaps(networks[1])


@pytest.mark.parametrize(
    ("said", "seen"),
    [("203.0.113.9, 10.0.3.2", "203.0.113.9"), ("203.0.113.9, 10.9.9.9", "10.9.9.9")],
)
async def test_a_proxy_before_this_one_is_believed_by_the_proxy_and_by_the_apis(said: str, seen: str) -> None:
    """Ours appends its caller to what a proxy of OUTER_PROXIES says; the API goes back to the first that is none."""
    outer = "OUTER_PROXIES"
    given = SERVICES["proxy"]["environment"][outer]
    caddyfile = CADDYFILE.read_text()
    assert re.search(r"^\s*trusted_proxies \{\$OUTER_PROXIES:127\.0\.0\.1/32\}$", caddyfile, re.MULTILINE)
    believed = SERVICES["api-1"]["environment"]["RESCOUSSE_TRUSTED_PROXIES"]
    assert believed.endswith(f",{given}")
    callers: list[str] = []

    async def app(scope: Any, *_: object) -> None:
        callers.append(scope["client"][0])

    middleware = ProxyHeadersMiddleware(app, interpolated(believed, {outer: "10.0.3.0/29"}))
    headers = [(b"x-forwarded-for", said.encode())]
    scope: Any = {"type": "http", "scheme": "http", "client": ("172.31.253.2", 1), "headers": headers}
    await middleware(scope, None, None)  # type: ignore[arg-type]  # the application neither reads nor writes
    assert callers == [seen]


@every_whole
def test_who_calls_by_ipv6_has_an_address_of_its_own(whole: dict[str, Any]) -> None:
    """Docker's own proxy, which takes what comes by IPv6 to a network without it, shows its own address."""
    ports = whole["services"]["proxy"]["ports"]
    by_ipv6 = [port for port in ports if not port.startswith("0.0.0.0:")]
    assert bool(by_ipv6) == whole["networks"]["door"].get("enable_ipv6", False)
    assert len(ports) in {3, 6}


def test_the_site_does_not_forget_its_name() -> None:
    """Compose refuses every command without it, so that no later one makes the proxy answer to another name."""
    [found] = VARIABLE.finditer(SERVICES["proxy"]["environment"]["SITE_ADDRESS"])
    assert (found["name"], found["kind"]) == ("SITE_ADDRESS", "?")


def test_the_log_is_kept_until_a_backup_has_fetched_it() -> None:
    """`fetch` takes the log at the end, and a server without slots and `wal_keep_size` has recycled it by then."""
    assert "--wal-method=fetch" in (ROOT / "deploy" / "backup.sh").read_text()
    assert "-cwal_keep_size=4GB" in SERVICES["postgres"]["command"]


def test_there_are_two_workers_and_two_apis_that_are_alike() -> None:
    assert SERVICES["worker-1"] == SERVICES["worker-2"]
    assert SERVICES["api-1"] == SERVICES["api-2"]


def test_no_secret_stands_in_an_environment() -> None:
    for name, service in SERVICES.items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|PWD|SECRET|KEY|DATABASE_URL", variable):
                assert str(value).startswith("/run/secrets/"), f"{name}: {variable}"


def test_the_previous_workers_differ_from_the_new_ones_by_their_version_only() -> None:
    previous = WHOLE["compose.previous.yml"]["services"]["worker-previous-1"]
    new = SERVICES["worker-1"]
    differing = {key for key in previous.keys() | new.keys() if previous.get(key) != new.get(key)}
    assert differing == {"image", "build", "environment"}
    told = {key for key, value in previous["environment"].items() if new["environment"][key] != value}
    assert told == {"RESCOUSSE_WORKER_BUILD_ID"}
    version = previous["environment"]["RESCOUSSE_WORKER_BUILD_ID"]
    assert previous["image"] == f"rescousse:{version}"
