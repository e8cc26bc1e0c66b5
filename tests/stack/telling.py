"""A demand's journal as a story: one line a fact, with who did it and on which device."""

from collections.abc import Iterable, Mapping
from typing import Any

from bench.players import Json, Samu
from bench.post import Post

TELLING = (
    "tier",
    "candidates",
    "receipt",
    "step",
    "reason",
    "phone_bound",
    "on_guard",
    "alarm",
    "outcome",
    "transported",
)
"""What makes a fact of its kind, in this order; what is null is left out."""


async def story(samu: Samu, demand_id: str, **posts: Post) -> list[str]:
    """Every fact of the demand, in order. Devices are told to their own company only: each is asked for its own view,
    and named here as the keyword says.
    """
    lines = {fact["seq"]: fact for fact in await samu.journal(demand_id)}
    assert list(lines) == list(range(1, len(lines) + 1))
    devices = {post.device_id: name for name, post in posts.items()}
    for post in posts.values():
        own = await post.http.get(f"/v1/demands/{demand_id}/journal")
        if own.status_code == 200:
            lines |= {fact["seq"]: fact for fact in own.json()["items"] if _is_own(fact, post)}
    return [line(lines[seq], devices) for seq in sorted(lines)]


def line(fact: Json, devices: Mapping[str, str]) -> str:
    """`kind telling, words by ROLE on device`."""
    data: dict[str, Any] = fact["data"]
    words = [_word(name, data[name]) for name in TELLING if data.get(name) is not None]
    by = data.get("by") or {}
    who = [f"by {by['role']}"] if by else []
    on = [f"on {devices[by['device_id']]}"] if by.get("device_id") else []
    return " ".join([fact["kind"], *words, *who, *on])


def kinds(facts: Iterable[Json]) -> list[str]:
    """What kinds of facts these are."""
    return [fact["kind"] for fact in facts]


def _word(name: str, value: Any) -> str:
    return str(value) if isinstance(value, str) else f"{name}={value}"


def _is_own(fact: Json, post: Post) -> bool:
    """Whether the fact, as this company sees it, tells more than the SAMU's view of it."""
    return ((fact["data"].get("by") or {}).get("company_id")) == post.account.id
