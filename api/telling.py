"""Facts as they are told: who did something is named to their own organisation only."""

from collections.abc import Mapping

from pydantic import JsonValue

from storage.views import Scope

TOLD_TO_OTHERS = ("role", "company_id")


def told_to(scope: Scope, data: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The content of a fact for a caller of this scope: of other organisations' people, role and company only."""
    told = dict(data)
    if "teammate" in told and not _is_own(scope, told.get("company_id")):
        told["teammate"] = None
    by = data.get("by")
    if isinstance(by, dict) and not _is_own(scope, by.get("company_id")):
        told["by"] = {name: by.get(name) for name in TOLD_TO_OTHERS}
    return told


def _is_own(scope: Scope, company_id: JsonValue) -> bool:
    """An actor without a company is of the demand's SAMU, and a SAMU reads its own demands only."""
    if scope.company_id is not None:
        return company_id == str(scope.company_id)
    return scope.samu_id is not None and company_id is None
