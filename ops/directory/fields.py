"""The types of single fields of a directory: each says in a few words what it refuses."""

import re
import unicodedata
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator

LONGEST_NAME = 100
PHONE = re.compile(r"\+?[0-9][0-9 .()\-]{1,29}")
PLATE = re.compile(r"[A-Z0-9][A-Z0-9 \-]{1,14}")
DEPARTMENT = re.compile(r"\d\d|2[AB]|9[78]\d")


def _name(text: str) -> str:
    """As people read it and PostgreSQL takes it: composed signs, single blanks."""
    plain = " ".join(unicodedata.normalize("NFC", text).split())
    if not plain:
        raise ValueError("is empty")
    if len(plain) > LONGEST_NAME:
        raise ValueError(f"is longer than {LONGEST_NAME} signs")
    if any(unicodedata.category(sign)[0] == "C" for sign in plain):
        raise ValueError("has a sign that nobody can see")
    return plain


def _username(text: str) -> str:
    plain = _name(text)
    if " " in plain:
        raise ValueError("must have no blank: it is typed to log in")
    return plain


def _phone(text: str) -> str:
    plain = text.strip()
    if plain and not PHONE.fullmatch(plain):
        raise ValueError('is no telephone number: write "+33 4 65 71 00 11"')
    return plain


def _plate(text: str) -> str:
    plain = text.strip().upper()
    if plain and not PLATE.fullmatch(plain):
        raise ValueError('is no registration: write "AB-123-CD"')
    return plain


def _department(text: str) -> str:
    plain = text.strip().upper()
    if not DEPARTMENT.fullmatch(plain):
        raise ValueError('is no département: write "11", "2A", "974"')
    return plain


def _zone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError('is no time zone: write "Europe/Paris", "Indian/Reunion"') from error


Name = Annotated[str, AfterValidator(_name)]
NameOrNone = Annotated[str, AfterValidator(lambda text: _name(text) if text else text)]
"""An empty text says that there is none."""
Username = Annotated[str, AfterValidator(_username)]
Phone = Annotated[str, AfterValidator(_phone)]
"""An empty text says that there is none."""
Plate = Annotated[str, AfterValidator(_plate)]
"""An empty text says that there is none."""
Department = Annotated[str, AfterValidator(_department)]
Zone = Annotated[str, AfterValidator(_zone)]


def same_plate(registration: str) -> str:
    """What two registrations share that are the same but for blanks and dashes."""
    return registration.upper().replace("-", "").replace(" ", "")
