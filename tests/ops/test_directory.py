"""`rescousse directory load`: the database says what the file says, as often as it is loaded, and nothing is deleted."""

from pathlib import Path

import sqlalchemy as sa
from pwdlib import PasswordHash
from sqlalchemy.ext.asyncio import AsyncEngine

from domain.policy import Policy
from ops.directory.command import TEMPLATE
from storage import tables
from storage.fleet import policy_of
from tests.fixtures.world import World
from tests.ops.directory import (
    AUDE,
    Run,
    changed,
    column,
    details,
    everything,
    load,
    outcomes,
    run,
    secrets_in,
)

__all__ = ["load", "run"]  # fixtures

IDLE = "Nothing has changed: the database says what the file says."


async def test_an_empty_database_knows_who_is_who_afterwards(engine: AsyncEngine, load: Run) -> None:
    done = await load(TEMPLATE.read_text(encoding="utf-8"))
    assert done.exit_code == 0, done.output
    assert outcomes(done.output) == {
        "SAMUs": [1, 0, 0, 0],
        "companies": [1, 0, 0, 0],
        "sites": [1, 0, 0, 0],
        "vehicles": [2, 0, 0, 0],
        "conventions": [1, 0, 0, 0],
        "persons": [5, 0, 0, 0],
    }
    assert "Written: 11 new, 0 changed." in done.output
    [samu_id] = await column(engine, tables.samus.c.id)
    async with engine.connect() as connection:
        policy = await policy_of(connection, samu_id)  # type: ignore[arg-type]
        [site] = await connection.execute(sa.select(tables.sites))
        vehicles = (await connection.execute(sa.select(tables.vehicles))).all()
    assert policy == Policy(guard_neighbours=True, coverage_alarm_minutes=30)
    assert (site.lat, site.lon, site.mobilisation_s, site.available) == (43.2130, 2.3491, 120, False)
    assert {(one.name, one.category, one.site_id, one.available) for one in vehicles} == {
        ("Carcassonne 1", "A", site.id, False),
        ("Carcassonne 2", "C", site.id, False),
    }


async def test_each_new_account_gets_a_password_that_is_shown_once_and_kept_as_a_hash(
    engine: AsyncEngine, load: Run
) -> None:
    shown = secrets_in((await load(AUDE)).output)
    assert set(shown) == {"regulation.samu11", "regulation.lac"}
    persons = tables.persons
    async with engine.connect() as connection:
        found = await connection.execute(sa.select(persons.c.username, persons.c.password_hash))
        hashes = {row.username: row.password_hash for row in found}
    for username, password in shown.items():
        assert PasswordHash.recommended().verify(password, hashes[username])
        assert len(password) >= 16
    everywhere = str(await everything(engine))
    assert not [password for password in shown.values() if password in everywhere]
    assert secrets_in((await load(AUDE)).output) == {}


async def test_the_same_file_again_changes_nothing_and_says_so(engine: AsyncEngine, load: Run) -> None:
    await load(AUDE, "--keys")
    before = await everything(engine)
    again = await load(AUDE, "--keys")
    assert IDLE in again.output
    assert outcomes(again.output)["vehicles"] == [0, 0, 2, 0]
    assert await everything(engine) == before


async def test_what_is_changed_in_the_file_is_changed_and_nothing_else(
    engine: AsyncEngine, load: Run
) -> None:
    await load(AUDE)
    ids = {
        table: await column(engine, table.c.id) for table in (tables.samus, tables.companies, tables.vehicles)
    }
    text = changed(AUDE, "+33 4 65 71 00 21", "+33 4 65 71 00 22")
    text = changed(text, 'category = "C"', 'category = "A"\nsite = "Carcassonne"')
    text = changed(changed(text, 'name = "Lac 1"', 'name = "Lac 7"'), "lat = 43.2130", "lat = 43.2131")
    text = changed(text, "resurvey_s = 20", "guard_neighbours = true")
    done = await load(text)
    counts = {kind: counted[:3] for kind, counted in outcomes(done.output).items()}
    assert counts["SAMUs"] == counts["companies"] == counts["sites"] == [0, 1, 0]
    assert counts["vehicles"] == [0, 2, 0]
    assert counts["persons"] == [0, 0, 2]
    assert "phone +33 4 65 71 00 21 → +33 4 65 71 00 22" in done.output
    assert "category C → A, site none → Carcassonne" in done.output
    assert "policy resurvey_s 20 → default, policy guard_neighbours default → true" in done.output
    assert await column(engine, tables.vehicles.c.name) == ["Lac 2", "Lac 7"]  # known by its registration
    assert ids == {table: await column(engine, table.c.id) for table in ids}
    assert IDLE in (await load(text)).output


async def test_an_optional_key_that_is_left_out_leaves_what_is_there_and_an_empty_text_takes_it_away(
    engine: AsyncEngine, load: Run
) -> None:
    await load(AUDE)
    text = changed(AUDE, 'phone = "+33 4 65 71 00 21"', "")
    text = changed(changed(text, 'registration = "AA-111-ZZ"', ""), 'departments = ["11"]', "")
    assert IDLE in (await load(text)).output
    text = changed(AUDE, 'phone = "+33 4 65 71 00 21"', 'phone = ""')
    text = changed(text, '"AA-111-ZZ"\nsite = "Carcassonne"', '""\nsite = ""')
    assert "Written: 0 new, 2 changed." in (await load(text)).output
    assert await column(engine, tables.companies.c.phone) == [None]
    assert await column(engine, tables.vehicles.c.registration) == [None, None]
    assert await column(engine, tables.vehicles.c.site_id) == [None, None]


async def test_what_was_called_otherwise_is_renamed_and_not_made_again(
    engine: AsyncEngine, load: Run
) -> None:
    await load(AUDE)
    text = AUDE.replace("Ambulances du Lac", "Ambulances du Grand Lac").replace("SAMU 11", "SAMU de l’Aude")
    text = text.replace(
        'name = "Ambulances du Grand Lac"', 'name = "Ambulances du Grand Lac"\nwas = "Ambulances du Lac"'
    )
    text = text.replace('name = "SAMU de l’Aude"', 'name = "SAMU de l’Aude"\nwas = "SAMU 11"')
    text = changed(text, 'name = "Carcassonne"', 'name = "Dépôt"\nwas = "Carcassonne"')
    text = changed(text, 'site = "Carcassonne"', 'site = "Dépôt"')
    text = changed(text, 'name = "Lac 2"', 'name = "Grand Lac 2"\nwas = "Lac 2"')
    done = await load(text)
    assert "Written: 0 new, 4 changed." in done.output
    assert "name Ambulances du Lac → Ambulances du Grand Lac" in done.output
    assert await column(engine, tables.companies.c.name) == ["Ambulances du Grand Lac"]
    assert IDLE in (await load(text)).output


async def test_a_company_says_its_mobilisation_times_itself_from_then_on(
    engine: AsyncEngine, load: Run
) -> None:
    await load(AUDE)
    async with engine.begin() as connection:
        await connection.execute(sa.update(tables.sites).values(mobilisation_s=60, available=True))
    assert IDLE in (await load(AUDE)).output
    assert await column(engine, tables.sites.c.mobilisation_s) == [60]


async def test_what_the_file_does_not_name_is_left_alone_and_listed(
    engine: AsyncEngine, world: World, load: Run
) -> None:
    done = await load(AUDE)
    assert outcomes(done.output)["vehicles"] == [2, 0, 0, len(world.vehicles)]
    assert "Not in the file, left alone:\n  1 SAMU: SAMU de test\n" in done.output
    for company in world.companies:
        assert company.name in done.output
        assert f"SAMU de test, {company.name}" in done.output
    assert len(await column(engine, tables.vehicles.c.id)) == len(world.vehicles) + 2
    small = f'[[companies]]\nname = "{world.cathare.name}"\nphone = "15"\nconventions = ["SAMU 11", "SAMU de test"]'
    assert "Written: 1 new, 1 changed." in (await load(small)).output


async def test_a_dry_run_says_the_same_and_writes_nothing(
    engine: AsyncEngine, run: Run, tmp_path: Path
) -> None:
    file, secrets = tmp_path / "who.toml", tmp_path / "secrets"
    file.write_text(AUDE, encoding="utf-8")
    before = await everything(engine)
    done = await run("load", str(file), "--dry-run", "--keys", "--secrets-to", str(secrets))
    assert done.exit_code == 0, done.output
    assert outcomes(done.output)["persons"] == [2, 0, 0, 0]
    assert "Nothing was written (--dry-run): 8 would be new, 0 changed." in done.output
    assert secrets_in(done.output) == {}
    assert not secrets.exists()
    assert await everything(engine) == before


async def test_each_deed_is_a_line_of_the_audit_trail(engine: AsyncEngine, load: Run) -> None:
    await load(AUDE, "--keys")
    first = await details(engine)
    assert [(kind, subject.partition(" ")[0]) for kind, subject, _ in first] == [
        ("DIRECTORY_ADDED", "samu"),
        ("DIRECTORY_ADDED", "company"),
        ("DIRECTORY_ADDED", "site"),
        *2 * [("DIRECTORY_ADDED", "vehicle")],
        ("DIRECTORY_ADDED", "convention"),
        *2 * [("ACCOUNT_MADE", "person")],
        ("KEY_MADE", "key"),
    ]
    assert first[7][2]["role"] == "REGULATOR"
    assert "cells" in str(first[0][2]["area_cells"])
    assert "password" not in str(first)
    actors = await column(engine, tables.audit_events.c.actor)
    assert {str(actor).partition(" (")[0] for actor in actors} == {"operator Ada"}
    await load(changed(changed(AUDE, 'category = "C"', 'category = "A"'), '"REGULATOR"', '"CREW"'))
    assert (await details(engine))[len(first) :] == [
        ("DIRECTORY_CHANGED", "vehicle Lac 2, Ambulances du Lac", {"category": ["C", "A"]}),
        ("ACCOUNT_CHANGED", "person regulation.lac", {"role": ["REGULATOR", "CREW"]}),
    ]
