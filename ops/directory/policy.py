"""What a SAMU chooses of `domain.policy.Policy`: in a file it is held strictly, and what is not chosen stays by default."""

from collections.abc import Mapping
from typing import Self

from pydantic import ConfigDict, Field, JsonValue, ValidationError, model_validator

from domain.policy import Policy, Windows

NOTHING = "none"
"""Written where the policy knows null: a TOML file has no word for it."""
MOST = 7 * 24 * 3600
"""A week of seconds: what is beyond is a slip of the finger, and timers must be able to wait so long."""
STRICT = ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class WholeWindows(Windows):
    """All three: a window that was left out of `short` would become that of a standard demand."""

    model_config = STRICT

    guard_s: int = Field(ge=1)
    vehicles_s: int = Field(ge=1)
    sites_s: int = Field(ge=1)


class Chosen(Policy):
    """The policy of one SAMU, as a file gives it."""

    model_config = STRICT

    standard: WholeWindows = WholeWindows.model_validate(Policy().standard.model_dump())
    short: WholeWindows = WholeWindows.model_validate(Policy().short.model_dump())

    @model_validator(mode="after")
    def _within_a_week(self) -> Self:
        for name, value in self.model_dump().items():
            if isinstance(value, int) and value > MOST:
                raise ValueError(f"has a figure beyond {MOST}, '{name}': a week is the longest")
        return self


def chosen_values(policy: Policy) -> dict[str, JsonValue]:
    """What was chosen, as `samus.policy` keeps it: windows whole, nothing that is by default."""
    whole: dict[str, JsonValue] = policy.model_dump(mode="json")
    return {name: value for name, value in whole.items() if name in policy.model_fields_set}


def kept_values(stored: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The same of what the database has: what no policy knows any more is left out."""
    try:
        return chosen_values(Policy.model_validate(stored))
    except ValidationError:
        return dict(stored)


def without_nothing(given: object) -> object:
    """A policy as TOML has it, with null for NOTHING."""
    if not isinstance(given, dict):
        return given
    return {name: None if value == NOTHING else value for name, value in given.items()}
