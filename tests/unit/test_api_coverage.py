"""Twenty consoles that ask for the coverage cost one reading."""

import asyncio

import pytest

from api import cache as memory
from api.cache import SharedCache


class Slow:
    """A reading that waits until it is let go, and counts."""

    def __init__(self) -> None:
        self.count, self.go = 0, asyncio.Event()

    async def read(self) -> int:
        self.count += 1
        await self.go.wait()
        return self.count


async def test_who_asks_while_a_value_is_read_waits_for_that_one_reading() -> None:
    cache: SharedCache[str, int] = SharedCache(5, 2, lambda: 0.0)
    slow, other = Slow(), Slow()
    asking = [asyncio.create_task(cache.get("a", slow.read)) for _ in range(20)]
    asking.append(asyncio.create_task(cache.get("b", other.read)))
    await asyncio.sleep(0)
    slow.go.set()
    other.go.set()
    assert await asyncio.gather(*asking) == [1] * 21
    assert await cache.get("a", slow.read) == 1
    assert (slow.count, other.count) == (1, 1)


async def test_the_reading_goes_on_when_who_began_it_has_gone() -> None:
    cache: SharedCache[str, int] = SharedCache(5, 2, lambda: 0.0)
    slow = Slow()
    first = asyncio.create_task(cache.get("a", slow.read))
    await asyncio.sleep(0)
    second = asyncio.create_task(cache.get("a", slow.read))
    await asyncio.sleep(0)
    first.cancel()
    slow.go.set()
    assert await second == 1
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_what_went_wrong_is_told_to_all_who_waited_and_tried_again_by_the_next() -> None:
    cache: SharedCache[str, int] = SharedCache(5, 2, lambda: 0.0)

    async def fails() -> int:
        raise OSError

    told = await asyncio.gather(*(cache.get("a", fails) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [OSError] * 3

    async def succeeds() -> int:
        return 7

    assert await cache.get("a", succeeds) == 7


async def test_a_reading_that_does_not_end_is_given_up_and_the_next_one_reads(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(memory, "READ_SECONDS", 0.02)
    cache: SharedCache[str, int] = SharedCache(5, 2, lambda: 0.0)
    slow = Slow()
    told = await asyncio.gather(*(cache.get("a", slow.read) for _ in range(3)), return_exceptions=True)
    assert [type(each) for each in told] == [TimeoutError] * 3
    slow.go.set()
    assert await cache.get("a", slow.read) == 2


async def test_a_value_that_is_too_old_is_read_again() -> None:
    now = 0.0
    cache: SharedCache[str, float] = SharedCache(5, 2, lambda: now)

    async def read() -> float:
        return now

    assert await cache.get("a", read) == 0
    now = 4.0
    assert await cache.get("a", read) == 0
    now = 6.0
    assert await cache.get("a", read) == 6
