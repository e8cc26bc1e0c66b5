"""Facts as they are told: people, and the devices that they are on, are named to their own organisation only."""

from collections.abc import Mapping

from pydantic import JsonValue

from api.security import Caller

TOLD_TO_OTHERS = ("role", "company_id")
"""Of an actor."""
OF_THE_COMPANY = ("teammate", "members", "device_id", "to_device_id", "previous_device_id")
"""What a fact says of a company's staff and devices."""


def told_to(caller: Caller, data: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The content of a fact for a caller: of other organisations' people, role and company only."""
    told = dict(data)
    if not _is_own_companys(caller, data):
        told |= dict.fromkeys(name for name in OF_THE_COMPANY if name in told)
    by = data.get("by")
    if isinstance(by, dict) and not is_colleague(caller, _text(by.get("role")), _text(by.get("company_id"))):
        told["by"] = {name: by.get(name) for name in TOLD_TO_OTHERS}
    return told


def is_colleague(caller: Caller, role: str | None, company_id: str | None) -> bool:
    """Whether the caller is of the organisation of somebody with this role.

    Companies are told apart by their id. The SAMU, the coordinator of the companies and the platform's administrator
    are three organisations; which SAMU's, the scope says: nobody reads another one's facts.
    """
    if caller.company_id is not None or company_id is not None:
        return str(caller.company_id) == company_id
    return role == caller.role


def _is_own_companys(caller: Caller, data: Mapping[str, JsonValue]) -> bool:
    """Whether a fact's company is the caller's. One that names none is of those only who are shown it: its own."""
    by = data.get("by")
    company_id = data.get("company_id") or (by.get("company_id") if isinstance(by, dict) else None)
    return caller.company_id is not None and company_id in {None, str(caller.company_id)}


def _text(value: JsonValue) -> str | None:
    return value if isinstance(value, str) else None
