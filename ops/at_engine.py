"""The engine of the settings, for commands that ask it about itself: reached within a time limit, or a sentence."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import typer
from pydantic import ValidationError
from rich.console import Console
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from connecting import engine_access
from settings import Settings
from workflows.client import connect

CALL = timedelta(seconds=5)
"""How long one call may take."""
PAUSE_SECONDS = 0.5

NOT_YET = {RPCStatusCode.NOT_FOUND, RPCStatusCode.INVALID_ARGUMENT, RPCStatusCode.FAILED_PRECONDITION}
"""What a call says while a part of the server, or a worker, has not heard yet what it is about."""

AWAY = {RPCStatusCode.UNAVAILABLE, RPCStatusCode.DEADLINE_EXCEEDED, RPCStatusCode.CANCELLED}
"""What a call says when nobody answers it."""

Answer = TypeVar("Answer")


class RefusedError(Exception):
    """It cannot be done; the text says why to the operator, in one sentence."""


def read_settings() -> Settings:
    """The settings, or RefusedError: what is wrong with them, in their own words, without what was given."""
    try:
        return Settings()
    except ValidationError as error:
        told = "; ".join(str(one["msg"]).removeprefix("Value error, ") for one in error.errors())
        raise RefusedError(f"The settings cannot be used: {told}.") from None


async def reach(settings: Settings, within: timedelta) -> Client:
    """A client of the engine, tried until `within` is over. Raises RefusedError."""
    try:
        access = engine_access(settings)
    except ValueError as error:
        raise RefusedError(f"The way to the engine cannot be used: {error}.") from error
    until = asyncio.get_running_loop().time() + within.total_seconds()
    while True:
        try:
            async with asyncio.timeout(CALL.total_seconds()):
                return await connect(access)
        except (RuntimeError, OSError, RPCError) as error:
            if asyncio.get_running_loop().time() > until:
                raise RefusedError(f"Temporal does not answer at {access.address}.") from error
        await asyncio.sleep(PAUSE_SECONDS)


async def until(
    attempt: Callable[[], Awaitable[Answer]],
    good: Callable[[Answer], bool],
    within: timedelta,
    sentence: str,
) -> Answer:
    """Try until an answer is good; calls that find nothing yet, or nobody, are tried again.

    Raises RefusedError, with the sentence, when `within` is over, and at once for whatever else the engine refuses.
    """
    give_up, said = asyncio.get_running_loop().time() + within.total_seconds(), ""
    while True:
        try:
            answer = await attempt()
            if good(answer):
                return answer
        except RPCError as error:
            if error.status not in AWAY | NOT_YET:
                raise refusal(error) from error
            said = f" It says: {error.message}."
        if asyncio.get_running_loop().time() > give_up:
            raise RefusedError(sentence + said)
        await asyncio.sleep(PAUSE_SECONDS)


def refusal(error: RPCError) -> RefusedError:
    """What the engine said, as a sentence for the operator."""
    if error.status in AWAY:
        return RefusedError("Temporal does not answer.")
    return RefusedError(f"Temporal refused ({error.status.name.lower()}): {error.message}.")


def obey(command: Callable[[], Awaitable[None]]) -> None:
    """Run a command; what cannot be done is one red sentence and exit code 1."""
    try:
        asyncio.run(_awaited(command))
    except RefusedError as error:
        console = Console(stderr=True, soft_wrap=True)
        console.print(f"rescousse: {error}", style="red", markup=False, highlight=False)
        raise typer.Exit(1) from error


async def _awaited(command: Callable[[], Awaitable[None]]) -> None:
    try:
        await command()
    except RPCError as error:
        raise refusal(error) from error
