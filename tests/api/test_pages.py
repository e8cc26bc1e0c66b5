"""The pages and their files as they are served: under a strict policy, kept by browsers as long as they are the same."""

import asyncio
import base64
import gzip
import hashlib
import os
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.resources import Resources
from api.web_files import WebFiles
from api.web_pages import PAGES, WebConfig, policy_of
from tests.api.caller import assert_problem
from tests.api.conftest import Api, serving

LIT = "/web/vendor/lit-3.3.3/index.js"
OWN = "/web/core/time.js"
FOREVER = "public, max-age=31536000, immutable"
IMPORTMAP = re.compile(rb'<script type="importmap">(.*?)</script>', re.DOTALL)
OUT_OF_THE_DIRECTORY = (
    "../settings.py",
    "..%2fsettings.py",
    "%2e%2e/settings.py",
    "%2e%2e%2fapi%2fapp.py",
    "core/../../settings.py",
    "core/%2e%2e/%2e%2e/web/core/time.js",
    "/etc/passwd",
    "%2fetc%2fpasswd",
    "core/time.js%00.css",
    ".hidden.js",
    "core/.hidden/x.js",
    "..%5csettings.py",
)
NOT_GIVEN_OUT = ("vendor.toml", "vendor/lit-3.3.3/LICENSE", "core", "core/", "", "nothing.js")
OTHER_NAMES_OF_ONE_FILE = (
    "core/time.js/",
    "core//time.js",
    "core/./time.js",
    "./core/time.js",
    "/core/time.js",
)


@pytest.fixture
async def another_web(resources: Resources, tmp_path: Path) -> AsyncIterator[tuple[httpx.AsyncClient, Path]]:
    """An API whose pages are a few small files, and their directory."""
    for name, text in {
        "importmap.json": '{"imports": {}}',
        "shell.html": "<title>{title}</title>{links}{importmap}{module}{body}",
        "mobile/sw.js": 'const EDITION = "{edition}";',
        "core/one.js": "export const one = 1;",
        "samu/desk.js": "export const desk = 1;",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    async with (
        serving(replace(resources, web=WebFiles(tmp_path))) as url,
        httpx.AsyncClient(base_url=url, timeout=20) as client,
    ):
        yield client, tmp_path


# -- documents --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_lets_nothing_in_that_is_not_ours(http: httpx.AsyncClient, path: str) -> None:
    response = await http.get(path)
    assert response.status_code == 200
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    [importmap] = IMPORTMAP.findall(response.content)
    digest = base64.b64encode(hashlib.sha256(importmap).digest()).decode()
    assert response.headers["content-security-policy"] == (
        f"default-src 'none'; script-src 'self' 'sha256-{digest}'; style-src 'self'; img-src 'self' data: blob:; "
        "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    told = {
        name: response.headers[name] for name in ("cache-control", "permissions-policy", "referrer-policy")
    }
    assert told == {
        "cache-control": "no-cache",
        "permissions-policy": "geolocation=(self), camera=(), microphone=()",
        "referrer-policy": "no-referrer",
    }
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_is_filled_in_and_everything_that_it_names_is_there(
    http: httpx.AsyncClient, path: str
) -> None:
    text = (await http.get(path)).text
    assert re.search(r"\{[a-z]+\}", text) is None
    assert f"<{PAGES[path].element}></{PAGES[path].element}>" in text
    for address in re.findall(r'(?:href|src)="([^"]+)"', text):
        assert (await http.get(address)).status_code == 200, address


async def test_the_policy_lets_the_maps_own_addresses_in_and_no_others(resources: Resources) -> None:
    web = WebConfig(
        map_style_url="https://carte.exemple.invalid/style.json?clef=1",
        map_tiles_url="https://tuiles.exemple.invalid:8443/{z}/{x}/{y}.png",
        map_hosts=("https://lettres.exemple.invalid/polices",),
    )
    assert web.origins == [
        "https://carte.exemple.invalid",
        "https://lettres.exemple.invalid",
        "https://tuiles.exemple.invalid:8443",
    ]
    rules = dict(rule.split(" ", 1) for rule in policy_of(resources.web, web.origins).split("; "))
    assert rules["img-src"] == f"'self' data: blob: {' '.join(web.origins)}"
    assert rules["connect-src"] == f"'self' {' '.join(web.origins)}"
    assert all("exemple" not in rules[name] for name in rules if name not in {"img-src", "connect-src"})


async def test_the_root_leads_to_the_login(http: httpx.AsyncClient) -> None:
    response = await http.get("/")
    assert (response.status_code, response.headers["location"]) == (302, "/login")


# -- files ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("path", "kept"), [(LIT, FOREVER), (OWN, "no-cache")])
async def test_a_file_is_sent_once_and_then_only_when_it_changed(
    http: httpx.AsyncClient, path: str, kept: str
) -> None:
    """A file whose address names its version is not even asked for again."""
    first = await http.get(path)
    assert first.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (first.headers["cache-control"], first.headers["vary"]) == (kept, "Accept-Encoding")
    again = await http.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert (again.headers["etag"], again.headers["cache-control"]) == (first.headers["etag"], kept)
    other = await http.get(path, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_a_file_travels_packed_to_whoever_can_unpack_it(http: httpx.AsyncClient) -> None:
    async with http.stream("GET", OWN, headers={"Accept-Encoding": "gzip"}) as packed:
        body = b"".join([each async for each in packed.aiter_raw()])
    plain = await http.get(OWN, headers={"Accept-Encoding": "identity"})
    assert (packed.headers["content-encoding"], gzip.decompress(body)) == ("gzip", plain.content)
    assert "content-encoding" not in plain.headers
    assert len(body) < len(plain.content)
    assert packed.headers["etag"] == plain.headers["etag"]


@pytest.mark.parametrize(
    "name",
    [
        "../settings.py",
        "core/../../settings.py",
        "%2e%2e/settings.py",
        "..%2fsettings.py",
        "/etc/passwd",
        "core/%00.js",
        ".hidden.js",
        "vendor.toml",
        "core",
        "core/",
        "nothing.js",
        "",
    ],
)
async def test_nothing_outside_of_the_directory_is_given_out(api: Api, name: str) -> None:
    assert await _status_of(api.url, f"/web/{name}") == 404


async def test_what_no_page_needs_is_not_given_out(http: httpx.AsyncClient) -> None:
    for name in NOT_GIVEN_OUT:
        assert_problem(await http.get(f"/web/{name}"), 404, "not_found")


async def test_a_file_has_one_address(api: Api) -> None:
    """Else whoever invents addresses fills the memory with the same file."""
    for name in OTHER_NAMES_OF_ONE_FILE:
        assert await _status_of(api.url, f"/web/{name}") == 404, name


# -- the phone's shell ------------------------------------------------------------------------------------------


async def test_the_phone_keeps_the_page_and_its_files_and_nothing_that_anybody_was_told(
    http: httpx.AsyncClient,
) -> None:
    files = (await http.get("/mobile/shell.json")).json()["files"]
    assert files[0] == "/mobile"
    assert {"/web/core/api.js", "/web/mobile/main.js", LIT} < set(files)
    for page in (PAGES["/mobile"], PAGES["/login"]):
        assert {page.module, *page.styles} < set(files)
    assert not [each for each in files if each.startswith("/v1") or not each.startswith(("/web/", "/mobile"))]
    assert len(files) == len(set(files))
    for each in files:
        assert (await http.get(each)).status_code == 200, each


async def test_a_shell_of_other_files_is_another_service_worker(
    another_web: tuple[httpx.AsyncClient, Path],
) -> None:
    http, folder = another_web
    worker = await http.get("/mobile/sw.js")
    assert worker.headers["content-type"] == "text/javascript; charset=utf-8"
    assert (worker.headers["cache-control"], worker.headers["service-worker-allowed"]) == (
        "no-cache",
        "/mobile",
    )
    assert worker.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; connect-src 'self'; frame-ancestors 'none'"
    )
    assert re.fullmatch(r'const EDITION = "[0-9a-f]{16}";', worker.text)
    assert (await http.get("/mobile/sw.js")).text == worker.text
    _write(folder / "samu" / "desk.js", "export const desk = 2;")  # no phone has it
    assert (await http.get("/mobile/sw.js")).text == worker.text
    _write(folder / "core" / "one.js", "export const one = 2;")
    assert (await http.get("/mobile/sw.js")).text != worker.text


async def test_the_phones_page_can_be_installed(http: httpx.AsyncClient) -> None:
    response = await http.get("/mobile/manifest.webmanifest")
    assert response.headers["content-type"] == "application/manifest+json"
    told: dict[str, Any] = response.json()
    assert (told["display"], told["start_url"], told["scope"]) == ("standalone", "/mobile", "/mobile")
    assert told["name"] == "Rescousse"
    for icon in told["icons"]:
        found = await http.get(icon["src"])
        assert (found.status_code, found.headers["content-type"]) == (200, icon["type"]), icon


# -- settings ---------------------------------------------------------------------------------------------------


async def test_a_page_is_told_where_the_maps_ground_comes_from_and_by_default_from_nowhere(
    http: httpx.AsyncClient,
) -> None:
    response = await http.get("/v1/client-settings")
    assert response.json() == {
        "map_style_url": None,
        "map_tiles_url": None,
        "map_attribution": None,
        "push_key": None,
        "environment": "development",
    }
    assert response.headers["cache-control"] == "no-store"


async def _status_of(api: str, address: str) -> int:
    """The answer to an address that is sent as it is: a client would tidy it up first."""
    at = urlsplit(api)
    reader, writer = await asyncio.open_connection(at.hostname, at.port)
    writer.write(f"GET {address} HTTP/1.1\r\nHost: {at.netloc}\r\nConnection: close\r\n\r\n".encode())
    status = int((await reader.readline()).split()[1])
    writer.close()
    return status


def _write(path: Path, text: str) -> None:
    """As a deployment does: with another time of change, whatever the clock's grain."""
    before = path.stat().st_mtime_ns
    path.write_text(text)
    os.utime(path, ns=(before + 1_000_000, before + 1_000_000))
