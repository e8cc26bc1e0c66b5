"""The key of access tokens is changed without logging anybody out: the new one signs, the old one is still believed."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from api.problems import Problem
from api.resources import ApiConfig
from api.security import read_token, sign_token
from domain.people import Role
from storage.accounts import Person

OLD, NEW = "the old key, thirty-two bytes or more", "the new key, thirty-two bytes or more"
ANNA = Person(uuid4(), "anna", Role.SAMU, uuid4(), None)


def signed(keys: str) -> str:
    return sign_token(ApiConfig(secret_key=keys), ANNA, uuid4(), datetime.now(UTC))


def test_a_token_of_the_old_key_counts_until_its_line_is_taken_out() -> None:
    token = signed(OLD)
    assert read_token(ApiConfig(secret_key=f"{NEW}\n{OLD}\n"), token).person_id == ANNA.id
    with pytest.raises(Problem, match="invalid_credentials"):
        read_token(ApiConfig(secret_key=NEW), token)


def test_the_first_line_signs() -> None:
    assert read_token(ApiConfig(secret_key=NEW), signed(f"{NEW}\n{OLD}")).person_id == ANNA.id
    with pytest.raises(Problem):
        read_token(ApiConfig(secret_key=OLD), signed(f"{NEW}\n{OLD}"))
