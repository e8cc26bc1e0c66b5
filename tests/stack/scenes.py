"""What every mission has in common, whoever regulates and whoever drives."""

from datetime import datetime

from bench.players import Heard, Json, Player, Samu
from bench.post import Post
from domain.vocabulary import STEPS
from simulation.runtime import VehicleInfo
from tests.stack.telling import kinds

STEPS_LEFT = STEPS[1:]
"""All but AFFECTE, which the confirmation passes."""


async def vehicle_of(player: Player, vehicle: VehicleInfo) -> Json:
    """A vehicle as the fleet shows it to this player."""
    found = [each for company in await player.fleet() for each in company["vehicles"]]
    return next(each for each in found if each["id"] == vehicle.id)


async def mode_of(vehicle: VehicleInfo, *players: Player) -> str | None:
    """The mode of a vehicle, which all of these players must see alike."""
    modes: set[str | None] = {(await vehicle_of(player, vehicle))["mode"] for player in players}
    assert len(modes) == 1
    return modes.pop()


async def confirmed(post: Post, asked: Json, body: Json | None = None) -> Json:
    """The answer to an acceptance that wins."""
    response = await post.answer(asked, "acceptance", body)
    assert response.status_code == 200, response.text
    told: Json = response.json()
    assert told["outcome"] == "CONFIRMED"
    return told


async def pass_steps(post: Post, mission_id: str, *steps: str) -> None:
    """Pass these steps, by default all up to DISPONIBLE; each must be recorded at once."""
    for step in steps or STEPS_LEFT:
        response = await post.step(mission_id, step)
        assert (response.status_code, response.json()["status"]) == (200, "recorded"), response.text


async def samu_saw(
    samu: Samu, heard: Heard, demand_id: str, winner: Post, vehicle: VehicleInfo, *roles: str
) -> Json:
    """The demand as the SAMU sees it in the end: all of it, live as well as afterwards, and of the company's people
    the roles only, one for each step.
    """
    ended = await samu.until(demand_id, "COMPLETED")
    mission = ended["mission"]
    assert (mission["company_id"], mission["vehicle_id"]) == (winner.account.id, vehicle.id)
    assert [step["step"] for step in mission["steps"]] == list(STEPS)
    assert [step["by"] for step in mission["steps"]] == list(roles)
    journal = await samu.journal(demand_id)
    theirs = [f["data"]["by"] for f in journal if (f["data"].get("by") or {}).get("company_id")]
    assert theirs
    assert all(set(by) == {"role", "company_id"} for by in theirs)
    await heard.until(lambda fact: (fact["demand_id"], fact["kind"]) == (demand_id, "demand_completed"))
    assert kinds(f for f in heard.facts if f["demand_id"] == demand_id) == kinds(journal)
    return ended


def instant(text: str) -> datetime:
    """An instant as the API writes it."""
    return datetime.fromisoformat(text)
