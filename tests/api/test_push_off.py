"""A platform whose operator has named no push service says so, and calls nobody."""

import asyncio

from tests.api.caller import Caller, assert_problem
from tests.fixtures.push_service import Browser


async def test_without_push_services_nobody_subscribes_and_nothing_is_sent(crew: Caller) -> None:
    path = f"/v1/devices/{crew.headers['X-Device-Id']}/push-subscription"
    given = Browser("https://push.example/1").subscription
    assert_problem(await crew.send("PUT", path, given), 409, "push_not_configured")
    assert (await crew.send("DELETE", path)).status_code == 204
    assert (await crew.get("/v1/client-settings")).json()["push_key"] is None
    assert "push" not in {task.get_name() for task in asyncio.all_tasks()}
