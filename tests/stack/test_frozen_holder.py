"""A post that freezes: its site is suspended, nobody is asked blindly, and its late answer is refused (rule 37).

A file of its own: it waits for the thirty seconds of silence, while the other files run beside it.
"""

import time

import pytest

from bench.players import LAT, LON, Heard, Json, Samu, eventually
from bench.post import Post
from tests.stack.conftest import Stage
from tests.stack.scenes import confirmed, instant

pytestmark = pytest.mark.timeout(150)

CARCASSONNE = 1
AT_LEAST_S, AT_MOST_S = 30, 40


async def test_rule_037_a_post_that_freezes_is_suspended_fenced_and_comes_back(stage: Stage) -> None:
    post, phone = await stage.regulator(CARCASSONNE), await stage.crew(CARCASSONNE)
    samu_hears, phone_hears = await stage.ear_of(stage.samu), await stage.ear_of(phone)
    await post.take()
    await post.tick(post.vehicles[0], LAT, LON)
    [site_id], [old_epoch] = post.epochs.keys(), post.epochs.values()
    demand_id = (await stage.samu.post())["id"]
    await stage.samu.until(demand_id, "SOLICITING_VEHICLES")
    [asked] = await post.open_solicitations(demand_id)

    told = await _freeze(post, phone_hears)
    assert (told["epoch"], told["open_solicitations"]) == (old_epoch + 1, 1)
    [site] = [each for company in await phone.fleet() for each in company["sites"]]
    assert site["regulation"]["state"] == "SUSPENDED"
    await _the_samu_is_alarmed(stage.samu, samu_hears, site_id)
    blind = await _nobody_is_asked_blindly(stage.samu, post)
    for epoch in (old_epoch, None):
        await _is_fenced(post, asked, epoch)
    await _wakes_up(post)

    await post.take()
    assert post.epochs == {site_id: old_epoch + 2}
    await _is_fenced(post, asked, old_epoch)
    await _the_alarm_is_over(stage.samu, samu_hears, site_id)
    after = (await stage.samu.post())["id"]
    await stage.samu.until(after, "SOLICITING_VEHICLES")
    assert len(await post.open_solicitations(after)) == 1
    await eventually(
        lambda: post.open_solicitations(blind)
    )  # asked now: a newcomer to a search that found nobody
    await confirmed(post, asked)  # the question of before the freeze is still open


async def _freeze(post: Post, phone_hears: Heard) -> Json:
    """The fact of the suspension, which comes 30 to 40 s after the last heartbeat, by the server's clock and by ours."""
    last_beat = await post.freeze()
    told = await phone_hears.until(lambda fact: fact["kind"] == "regulation_suspended", within=60)
    heard_after = time.time() - last_beat
    silent_since = instant(told["data"]["silent_since"])
    assert AT_LEAST_S <= (instant(told["at"]) - silent_since).total_seconds() <= AT_MOST_S
    assert AT_LEAST_S <= heard_after <= AT_MOST_S
    assert told["data"]["device_id"] == post.device_id
    data: Json = told["data"]
    return data


async def _the_samu_is_alarmed(samu: Samu, heard: Heard, site_id: str) -> None:
    raised = await heard.until(lambda fact: fact["kind"] == "alarm_raised", within=5)
    assert (raised["data"]["alarm"], raised["data"]["site_id"]) == ("LEASE_LOST", site_id)
    [alarm] = await samu.alarms(kind="LEASE_LOST", site_id=site_id)
    assert (alarm["id"], alarm["state"]) == (raised["data"]["alarm_id"], "RAISED")
    seen = await samu.call("POST", f"/v1/alarms/{alarm['id']}/acknowledgement")
    assert (seen["state"], seen["seen_by_role"]) == ("SEEN", "SAMU")


async def _the_alarm_is_over(samu: Samu, heard: Heard, site_id: str) -> None:
    await heard.until(lambda f: (f["kind"], f["data"].get("alarm")) == ("alarm_closed", "LEASE_LOST"))
    [alarm] = await samu.alarms(kind="LEASE_LOST", site_id=site_id)
    assert alarm["state"] == "CLOSED"


async def _nobody_is_asked_blindly(samu: Samu, post: Post) -> str:
    """A demand that is posted now has nobody to ask, and says why."""
    blind = (await samu.post())["id"]
    await samu.until(blind, "ARBITRATION")
    [verdict] = await samu.verdicts(blind, vehicle_id=post.vehicles[0].id)
    assert verdict["verdict"] == "REGULATION_SUSPENDED"
    assert await post.open_solicitations(blind) == []
    return str(blind)


async def _is_fenced(post: Post, asked: Json, epoch: int | None) -> None:
    """Under this epoch, or under none, an answer is refused."""
    headers = {} if epoch is None else {"X-Lease-Epoch": str(epoch)}
    late = await post.http.post(f"/v1/solicitations/{asked['id']}/acceptance", json={}, headers=headers)
    assert (late.status_code, late.json()["code"]) == (409, "lease_lost")


async def _wakes_up(post: Post) -> None:
    """A heartbeat brings back nothing that was lost, and says so."""
    readiness = await post.beat()
    assert (readiness["colour"], readiness["leases"]) == ("RED", [])
    assert readiness["missing"][-1]["code"] == "REGULATION_SUSPENDED"
    assert "la régulation est suspendue, reprenez-la" in readiness["sentence"]
