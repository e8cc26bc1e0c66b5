"""What a directory file may not do to what is there: each is told with its entry, and nothing at all is written."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from storage import accounts, sessions, tables
from tests.fixtures.world import World
from tests.ops.directory import AUDE, Run, changed, column, everything, load, run

__all__ = ["load", "run"]  # fixtures

LAC = "of company 'Ambulances du Lac'"
LAC_1 = "vehicle 'Lac 1, Ambulances du Lac' in the database"
TWICE = 'name = "Lac 2"\ncategory = "C"\nregistration = "aa 111-zz"'
BAD = [
    ('conventions = ["SAMU 11"]', 'conventions = ["SAMU 12"]', "no SAMU 'SAMU 12', neither in the file nor in the dat"),
    ('conventions = ["SAMU 11"]', 'conventions = ["Samu 11"]', "'Samu 11', neither in the file nor in the database; is"),
    ('conventions = ["SAMU 11"]', 'conventions = ["SAMU 11", "SAMU 11"]', "convention with 'SAMU 11' is named twice"),
    ('site = "Carcassonne"', 'site = "Narbonne"', f"vehicle 'Lac 1' {LAC}: there is no site 'Narbonne' of Ambulances d"),
    ('company = "Ambulances du Lac"', 'company = "Lac"', "line 34, person 'regulation.lac': there is no company 'Lac'"),
    ('samu = "SAMU 11"', 'samu = "SAMU 1"', "line 29, person 'regulation.samu11': there is no SAMU 'SAMU 1'"),
    ('departments = ["11"]', "", "SAMU 'SAMU 11': it is new: say where its demands come from, with 'departments' or 'o"),
    ('name = "Lac 2"', 'name = "LAC 1"', f"vehicle 'LAC 1' {LAC}: its name is that of vehicle 'Lac 1' {LAC} (line 19)"),
    ('name = "Lac 2"\ncategory = "C"', TWICE, f"its registration is that of vehicle 'Lac 1' {LAC} (line 19) too"),
    ('"regulation.lac"', '"regulation.samu11"', "line 34, person 'regulation.samu11': its name is that of person 'regul"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "sentence"), BAD, ids=[new for _, new, _ in BAD])
async def test_what_refers_to_nothing_or_is_there_twice_is_refused_whole(
    engine: AsyncEngine, load: Run, old: str, new: str, sentence: str
) -> None:
    before = await everything(engine)
    refused = await load(changed(AUDE, old, new))
    assert refused.exit_code == 1
    assert refused.output.startswith("rescousse: who.toml cannot be used, and nothing was written.\n")
    assert sentence in refused.output
    assert await everything(engine) == before


async def test_nothing_may_be_called_as_something_in_the_database_is(engine: AsyncEngine, load: Run) -> None:
    await load(AUDE)
    other = """
[[companies]]
name = "AMBULANCES DU LAC"
[[companies]]
name = "Ambulances de la Rive"
[[companies.vehicles]]
name = "Rive 1"
category = "C"
registration = "AA111ZZ"
[[persons]]
username = "Regulation.Lac"
role = "CREW"
company = "Ambulances de la Rive"
"""
    before = await everything(engine)
    told = (await load(other)).output.splitlines()
    assert told[1:] == [
        "line 2, company 'AMBULANCES DU LAC': its name is that of company 'Ambulances du Lac' in the database too",
        f"line 6, vehicle 'Rive 1' of company 'Ambulances de la Rive': its registration is that of {LAC_1} too",
        "line 10, person 'Regulation.Lac': its name is that of person 'regulation.lac' in the database too",
    ]
    assert await everything(engine) == before


async def test_a_vehicle_changes_hands_when_its_registration_is_given_up_in_the_same_file(
    engine: AsyncEngine, load: Run
) -> None:
    await load(AUDE)
    text = changed(AUDE, '"AA-111-ZZ"', '""')
    rive = '[[companies]]\nname = "Rive"\n[[companies.vehicles]]\nname = "1"\ncategory = "A"\nregistration = "AA-111-ZZ"'
    done = await load(f"{text}\n{rive}")
    assert "Written: 2 new, 1 changed." in done.output
    assert "Rive has no convention: no SAMU solicits it." in done.output


async def test_what_is_double_in_the_database_is_not_the_files_fault_until_it_names_it(
    engine: AsyncEngine, load: Run
) -> None:
    async with engine.begin() as connection:
        await connection.execute(
            sa.insert(tables.companies),
            [{"id": uuid4(), "name": "Double"}, {"id": uuid4(), "name": "Double"}],
        )
    assert (await load(AUDE)).exit_code == 0
    person = '[[persons]]\nusername = "a"\nrole = "CREW"\ncompany = "Double"'
    assert "there are 2 companies 'Double': it is not clear which one is meant" in (await load(person)).output
    named = await load('[[companies]]\nname = "Double"')
    assert "its name is that of company 'Double' in the database too" in named.output


async def _engage(engine: AsyncEngine, name: str) -> None:
    async with engine.begin() as connection:
        vehicle_id = await connection.scalar(
            sa.select(tables.vehicles.c.id).where(tables.vehicles.c.name == name)
        )
        row = {
            "vehicle_id": vehicle_id,
            "demand_id": uuid4(),
            "mission_id": uuid4(),
            "engaged_at": datetime.now(UTC),
        }
        await connection.execute(sa.insert(tables.engagements).values(row))


async def test_a_vehicle_on_a_mission_keeps_its_category_and_its_site(engine: AsyncEngine, load: Run) -> None:
    await load(AUDE)
    await _engage(engine, "Lac 1")
    before = await everything(engine)
    moved = changed(AUDE, '"AA-111-ZZ"\nsite = "Carcassonne"', '"AA-111-ZZ"\nsite = ""')
    for option in ((), ("--dry-run",)):
        refused = await load(changed(moved, 'category = "A"', 'category = "C"'), *option)
        assert refused.output.splitlines()[1:] == [
            f"line 19, vehicle 'Lac 1' {LAC}: it is on a mission, and keeps its category and its site until it is free"
        ]
    assert await everything(engine) == before


async def test_the_name_and_the_registration_of_a_vehicle_on_a_mission_are_labels(
    engine: AsyncEngine, load: Run
) -> None:
    await load(AUDE)
    await _engage(engine, "Lac 1")
    text = changed(changed(AUDE, 'name = "Lac 1"', 'name = "Lac 3"'), 'category = "C"', 'category = "A"')
    assert "Written: 0 new, 2 changed." in (await load(text)).output
    assert await column(engine, tables.vehicles.c.name) == ["Lac 2", "Lac 3"]
    assert await column(engine, tables.engagements.c.vehicle_id)


async def test_an_account_stays_with_whom_it_belongs_to(engine: AsyncEngine, world: World, load: Run) -> None:
    await load(AUDE)
    text = changed(AUDE, 'company = "Ambulances du Lac"', f'company = "{world.cathare.name}"')
    before = await everything(engine)
    assert (
        "line 34, person 'regulation.lac': this account is there already, and is one of Ambulances du Lac: an account"
        " stays with whom it belongs to; choose another name" in (await load(text)).output
    )
    assert await everything(engine) == before


async def test_another_role_ends_every_login_and_a_disabled_account_stays_disabled(
    engine: AsyncEngine, load: Run
) -> None:
    await load(AUDE)
    session = uuid4()
    async with engine.begin() as connection:
        person = await accounts.person_by_username(connection, "regulation.lac")
        assert person is not None
        await sessions.open_session(connection, session, person.id, datetime.now(UTC))
        doctor = tables.persons.c.username == "regulation.samu11"
        await connection.execute(sa.update(tables.persons).where(doctor).values(disabled=True))
    done = await load(changed(AUDE, '"REGULATOR"', '"CREW"'))
    assert "role REGULATOR → CREW" in done.output
    assert "regulation.samu11 is disabled, and stays so: see `rescousse access enable`." in done.output
    async with engine.connect() as connection:
        assert not await sessions.is_open(connection, session)
    assert await column(engine, tables.persons.c.disabled) == [False, True]
