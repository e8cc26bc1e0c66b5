"""The document says what the server does: schemathesis invents requests from it, and none may break the server."""

import asyncio
import os
import re
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS as REGISTERED
from schemathesis.core.result import Ok

from api.app import create_app
from api.resources import Resources
from tests.api.caller import Caller, assert_problem, demand
from tests.api.conftest import Api, regulating

EXAMPLES_EACH = int(os.environ.get("RESCOUSSE_SCHEMATHESIS_EXAMPLES", "6"))
"""Requests for each operation and caller; more by hand, for a long look."""
SECONDS = 150 * max(1, EXAMPLES_EACH // 6)

WITHOUT: Mapping[str, str] = {
    "missing_required_header": "no operation of ours has a required header; the credentials are test_scopes.py's",
    "unsupported_method": "judges requests of schemathesis' coverage phase only: below, for every address and method",
    "use_after_free": "judges chains of linked requests: below, a device that is read and used after its end",
    "ensure_resource_availability": "judges chains of linked requests: below, each kind that can be posted is read",
    "object_level_authorization": "needs a second identity in a run of chains: test_scopes.py, for every operation",
}
"""Every check of schemathesis is made, but for these."""
CHECKS = [check for check in REGISTERED.get_all() if check.__name__ not in WITHOUT]
APART = frozenset({"/v1/stream", "/v1/logout"})
"""An answer that does not end, and one that ends the login: test_stream.py and test_devices.py tell what they do."""


@pytest.mark.timeout(2 * SECONDS + 20)  # two callers, every route
async def test_the_server_keeps_to_its_document(samu: Caller, regulator: Caller, api: Api) -> None:
    """A bounded run over every route, as a SAMU and as a company, with good and bad requests."""
    document = (await samu.http.get("/openapi.json")).json()
    for caller in (samu, regulator):
        known = await _known(samu, regulator, api)
        async with asyncio.timeout(SECONDS):
            await asyncio.to_thread(_explore, document, api.url, caller.headers, known)


async def _known(samu: Caller, regulator: Caller, api: Api) -> dict[str, str]:
    """Ids of what there is, so that the invented requests meet something."""
    await regulating(regulator, api.world.cathare.site_id)  # a whole run is longer than a silent post's lease
    demand_id = (await samu.post("/v1/demands", demand())).json()["id"]
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]["id"]
    won = (await regulator.post(f"/v1/solicitations/{asked}/acceptance", {})).json()
    return {
        "demand_id": demand_id,
        "solicitation_id": asked,
        "mission_id": won["mission_id"],
        "vehicle_id": str(api.world.cathare.vehicles[0].id),
        "site_id": str(api.world.cathare.site_id),
    }


def _explore(document: dict[str, Any], url: str, headers: dict[str, str], known: dict[str, str]) -> None:
    schema = schemathesis.openapi.from_dict(document)
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.path not in APART:
            _try(operation, url, headers, known)


def _try(operation: Any, url: str, headers: dict[str, str], known: dict[str, str]) -> None:
    both = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=EXAMPLES_EACH,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=both, meet=st.booleans())
    def attempt(case: Any, meet: bool) -> None:
        if meet and case.path_parameters:
            case.path_parameters |= {n: known[n] for n in case.path_parameters if n in known}
        for name in ("Idempotency-Key", "X-Device-Id") if meet else ():
            (case.headers or {}).pop(name, None)
        response = case.call(base_url=url, headers=headers, timeout=10)
        case.validate_response(response, checks=CHECKS, headers=headers)

    attempt()


METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE")


async def test_no_address_takes_a_method_that_the_document_does_not_name(resources: Resources) -> None:
    app = create_app(resources)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://api") as http:
        for path, operations in app.openapi()["paths"].items():
            named = {method.upper() for method in operations}
            for method in set(METHODS) - named:
                response = await http.request(method, re.sub(r"\{\w+\}", str(uuid4()), path))
                assert_problem(response, 405, "method_not_allowed")
                assert named >= set(response.headers["allow"].split(", ")) - {"HEAD"}, f"{method} {path}"


async def test_what_was_posted_is_there_at_once(samu: Caller, regulator: Caller) -> None:
    posted = (await samu.post("/v1/demands", demand())).raise_for_status().json()
    assert (await samu.get(f"/v1/demands/{posted['id']}")).status_code == 200
    asked = (await regulator.get("/v1/solicitations", state="OPEN")).json()["items"][0]["id"]
    won = (await regulator.post(f"/v1/solicitations/{asked}/acceptance", {})).raise_for_status().json()
    for caller in (samu, regulator):
        assert (await caller.get(f"/v1/missions/{won['mission_id']}")).status_code == 200


async def test_what_was_ended_is_used_no_more(regulator: Caller) -> None:
    device = (await regulator.post("/v1/devices", {"kind": "WEB", "name": "deux"})).json()["id"]
    assert device in (await regulator.get("/v1/devices")).text
    assert (await regulator.send("DELETE", f"/v1/devices/{device}")).status_code == 204
    assert device not in (await regulator.get("/v1/devices")).text
    refused = await regulator.on_device(device).post("/v1/regulation/heartbeat")
    assert_problem(refused, 409, "device_closed")
