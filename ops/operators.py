"""Who sits at this machine, as the audit trail names them."""

import getpass
import platform
from typing import Annotated

import typer

IMAGE_ACCOUNT = "rescousse"
"""The account of the image (Dockerfile): everybody who works in a container has it, so it names nobody."""
LONGEST_NAME = 80
BY = "Who does it, for the audit trail; the name of the system account otherwise. Needed in a container."
NAME_YOURSELF = "everybody has the account {account!r} here: say who does it, --by NAME"

By = Annotated[str, typer.Option(metavar="NAME", help=BY)]


def operator(by: str = "") -> str:
    """``operator NAME (account@machine)``, or ``operator account@machine`` when nobody is named.

    The machine's account stands there in any case: a name is what somebody says of themselves. Raises as `person`.
    """
    name, here = person(by), f"{_account()}@{platform.node()}"
    return f"operator {name} ({here})" if by.strip() else f"operator {here}"


def person(by: str = "") -> str:
    """The name that was given, or the system account's.

    Raises typer.BadParameter when nobody is named and the account is the image's, or has no name. Ask before anything
    is done.
    """
    name, account = " ".join(by.split())[:LONGEST_NAME], _account()
    if not name and account in {IMAGE_ACCOUNT, ""}:
        raise typer.BadParameter(NAME_YOURSELF.format(account=account), param_hint="--by")
    return name or account


def _account() -> str:
    """The system account; empty where the machine has no name for it, as in a container under any number."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # as Python 3.11 and 3.13 say it
        return ""
