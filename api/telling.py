"""Facts as they are told: who did something is named to their own organisation only."""

from collections.abc import Mapping

from pydantic import JsonValue

from storage.views import Scope

TOLD_TO_OTHERS = ("role", "company_id")


def told_to(scope: Scope, data: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The content of a fact for a caller of this scope: of other organisations' people, role and company."""
    by = data.get("by")
    if not isinstance(by, dict) or _is_own(scope, by.get("company_id")):
        return dict(data)
    return {**data, "by": {name: by.get(name) for name in TOLD_TO_OTHERS}}


def _is_own(scope: Scope, company_id: JsonValue) -> bool:
    """An actor without a company is of the demand's SAMU, and a SAMU reads its own demands only."""
    if scope.company_id is not None:
        return company_id == str(scope.company_id)
    return scope.samu_id is not None and company_id is None
