"""People and their devices are named to their own organisation only: in every journal, and live."""

from typing import Any
from uuid import uuid4

import pytest

from api.security import Caller
from api.telling import told_to
from domain.people import Role

CATHARE, MINERVOIS, SAMU = uuid4(), uuid4(), uuid4()


def caller(role: Role) -> Caller:
    """Somebody of the first company, or of none."""
    is_company = role in {Role.REGULATOR, Role.CREW}
    return Caller(
        id=uuid4(),
        name="somebody",
        role=role,
        samu_id=SAMU if role in {Role.SAMU, Role.COORDINATOR} else None,
        company_id=CATHARE if is_company else None,
        is_person=True,
    )


def by(role: Role, company_id: object = None) -> dict[str, Any]:
    return {"role": role, "name": "Ada", "company_id": company_id and str(company_id)}


BOUND: dict[str, Any] = {
    "vehicle_id": "v",
    "device_id": "d",
    "members": [{"name": "Ada Fictive", "diploma": "DEA"}],
    "by": by(Role.CREW, CATHARE),
}
TAKEN = {"device_id": "d", "previous_device_id": "p", "to_device_id": "t", "by": by(Role.REGULATOR, CATHARE)}
OPENED = {"company_id": str(CATHARE), "device_id": "d", "teammate": {"name": "Ada"}, "by": None}
STRANGERS = (Role.SAMU, Role.COORDINATOR, Role.ADMIN)


@pytest.mark.parametrize("data", [BOUND, TAKEN, OPENED])
def test_scope_a_company_reads_its_own_people_and_devices(data: dict[str, Any]) -> None:
    for role in (Role.REGULATOR, Role.CREW):
        assert told_to(caller(role), data) == data


@pytest.mark.parametrize("role", STRANGERS)
@pytest.mark.parametrize("data", [BOUND, TAKEN, OPENED])
def test_scope_nobody_else_reads_a_companys_people_and_devices(data: dict[str, Any], role: Role) -> None:
    told = told_to(caller(role), data)
    assert set(told) == set(data)
    hidden = {"members", "teammate", "device_id", "previous_device_id", "to_device_id"} & set(data)
    assert all(told[name] is None for name in hidden)
    if data["by"] is not None:
        assert told["by"] == {"role": data["by"]["role"], "company_id": str(CATHARE)}


def test_scope_another_company_reads_neither() -> None:
    theirs: dict[str, Any] = BOUND | {"by": by(Role.CREW, MINERVOIS)}
    told = told_to(caller(Role.CREW), theirs)
    assert (told["members"], told["device_id"]) == (None, None)
    assert "name" not in told["by"]  # type: ignore[operator]  # an object, as it was given


@pytest.mark.parametrize("role", STRANGERS)
@pytest.mark.parametrize("reader", [*STRANGERS, Role.REGULATOR])
def test_scope_samu_coordinator_and_administrator_are_three_organisations(role: Role, reader: Role) -> None:
    told = told_to(caller(reader), {"by": by(role)})["by"]
    assert ("name" in told) is (reader is role)  # type: ignore[operator]  # an object, as it was given


def test_scope_a_fact_without_a_name_is_its_own_companys() -> None:
    silent: dict[str, Any] = {"site_id": "s", "device_id": "d", "epoch": 3}
    assert told_to(caller(Role.REGULATOR), silent) == silent
    assert told_to(caller(Role.ADMIN), silent)["device_id"] is None
