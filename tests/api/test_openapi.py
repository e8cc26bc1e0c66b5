"""The document says what the server does: schemathesis invents requests from it, and none may break the server."""

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.api.caller import Caller, demand
from tests.api.conftest import Api, regulating

EXAMPLES_EACH = 6
SECONDS = 150
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
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
        case.validate_response(response, checks=CHECKS)

    attempt()
