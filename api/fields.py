"""The types of single fields, as strict as PostgreSQL and the rules need: what they refuse is a 422, never a 500."""

import re
import unicodedata
from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from domain.policy import LONGEST_COUNTER_DELAY_MINUTES

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)")
EARLIEST, LATEST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2200, 1, 1, tzinfo=UTC)

LONGEST_DEMAND_DELAY = 480
LONGEST_TYPED_DELAY = 1440
"""A counter-delay beyond this is a slip of the finger; between this and the rule's limit, the rule answers."""
assert LONGEST_TYPED_DELAY > LONGEST_COUNTER_DELAY_MINUTES  # noqa: S101 - or the rule could never answer


class Body(BaseModel):
    """Base of what callers send: unknown fields are refused, numbers are finite."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, hide_input_in_errors=True)


class Answer(BaseModel):
    """Base of what callers get; may be read from a storage view of the same names."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def _printable(text: str) -> str:
    """PostgreSQL refuses NUL, and nobody can read the other control characters."""
    if any(ord(sign) < 32 and sign not in "\n\r\t" for sign in text):  # noqa: PLR2004 - ASCII controls
        raise ValueError("should not have control characters")
    if not any(unicodedata.category(sign)[0] in "LNPS" for sign in text):
        raise ValueError("should have at least one visible sign")
    return text


def _instant_text(value: object) -> object:
    if isinstance(value, str) and not RFC_3339.fullmatch(value):
        raise ValueError("should be an instant with its time zone (RFC 3339), like 2026-11-15T14:05:00Z")
    if not isinstance(value, (str, datetime)):
        raise ValueError("should be an instant with its time zone (RFC 3339), like 2026-11-15T14:05:00Z")
    return value


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("should have a time zone")
    try:
        instant = value.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("should lie between the years 2000 and 2200") from error
    if not EARLIEST <= instant < LATEST:
        raise ValueError("should lie between the years 2000 and 2200")
    return instant


def _quickly(value: object, with_care: ValidatorFunctionWrapHandler) -> datetime:
    """Read what is in order in a third of the time; whatever is not, is left to those who say what is wrong with it.

    Thousands of positions a second have an instant each.
    """
    if isinstance(value, str) and RFC_3339.fullmatch(value):
        try:
            instant = datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            return _carefully(value, with_care)
        if EARLIEST <= instant < LATEST:
            return instant
    return _carefully(value, with_care)


def _carefully(value: object, with_care: ValidatorFunctionWrapHandler) -> datetime:
    instant = with_care(value)
    assert isinstance(instant, datetime)  # noqa: S101 - it is what the type says
    return instant


Instant = Annotated[
    datetime,
    BeforeValidator(_instant_text),
    AfterValidator(_in_utc),
    WrapValidator(_quickly, json_schema_input_type=datetime),
]

_Printable = AfterValidator(_printable)
Word = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=100), _Printable]
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), _Printable]
Paragraph = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000), _Printable
]
Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 .()\-]{2,29}$")]

Latitude = Annotated[float, Field(strict=True, ge=-90, le=90, examples=[43.2130])]
Longitude = Annotated[float, Field(strict=True, ge=-180, le=180, examples=[2.3491])]
DelayMinutes = Annotated[int, Field(strict=True, ge=5, le=LONGEST_DEMAND_DELAY, examples=[20])]
CounterMinutes = Annotated[int, Field(strict=True, ge=1, le=LONGEST_TYPED_DELAY, examples=[32])]
Flag = Annotated[bool, Field(strict=True)]
