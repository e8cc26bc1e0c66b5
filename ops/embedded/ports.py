"""Ports of this machine: taken or free, and the one socket that all API processes share."""

import socket
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from ops.embedded.errors import StartError

HOST = "127.0.0.1"
BACKLOG = 1024
"""Connections that wait while every API process is busy or being started again."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A port that somebody asked for: 0 stands for any free one."""

    number: int
    what: str
    """Who wants it, for the message."""
    option: str
    """How to give it another, for the message."""


def listen(wanted: Wanted, patience: float = 0.0) -> socket.socket:
    """A socket that listens on a port of this machine.

    A port that is taken is tried again for `patience` seconds, then StartError says which and how to change it.
    """
    give_up = time.monotonic() + patience
    while True:
        try:
            return _listen(wanted.number)
        except OSError as error:
            if time.monotonic() >= give_up:
                reason = error.strerror or str(error)
                where = f"Port {wanted.number}, wanted for {wanted.what},"
                raise StartError(
                    f"{where} cannot be used ({reason}): choose another with {wanted.option}."
                ) from error
        time.sleep(0.1)


def find_free(wanted: Sequence[Wanted], patience: float = 0.0) -> list[int]:
    """The numbers of ports that children will bind themselves (0: any free one). Raises like `listen`."""
    with ExitStack() as held:  # all of them at once, so that no two are the same
        probes = [held.enter_context(listen(one, patience)) for one in wanted]
        return [port_of(probe) for probe in probes]


def port_of(listener: socket.socket) -> int:
    """The number of the port that a socket listens on."""
    number: int = listener.getsockname()[1]
    return number


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
