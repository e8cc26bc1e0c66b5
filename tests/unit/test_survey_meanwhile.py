"""Work is done while something else is waited for, and nothing is left behind when it fails."""

import asyncio

import pytest

from survey.meanwhile import meanwhile


async def test_the_work_is_done_when_what_waits_has_begun_and_before_it_ends() -> None:
    told: list[str] = []
    worked = asyncio.Event()

    async def wait() -> str:
        told.append("asked")
        await worked.wait()
        told.append("answered")
        return "answer"

    def work() -> int:
        told.append("worked")
        worked.set()
        return 7

    assert await meanwhile(wait(), work) == ("answer", 7)
    assert told == ["asked", "worked", "answered"]


async def test_what_waits_is_cancelled_and_has_let_go_when_the_work_fails() -> None:
    ended = asyncio.Event()

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    with pytest.raises(ZeroDivisionError):
        await meanwhile(wait(), lambda: 1 // 0)
    assert ended.is_set()
