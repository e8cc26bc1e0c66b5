"""`rescousse directory export`: what it writes can be loaded, says the same, and has no secret in it."""

import tomllib

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.demo import build_demo
from ops.seed import seed_demo
from storage import tables
from tests.fixtures.postgres import EMPTY
from tests.ops.directory import AUDE, Run, changed, load, run, secrets_in

__all__ = ["load", "run"]  # fixtures

IDLE = "Nothing has changed"
QUOTED = 'name = "Le \\"Lac\\" : naïf\\\\ \\u00e9 [x] # 2"\nregistration = "1234 AB 11"'


async def _emptied(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.execute(sa.text(EMPTY))


async def test_an_export_is_the_same_directory_in_any_database(
    engine: AsyncEngine, load: Run, run: Run
) -> None:
    policy = (
        'policy = { coverage_alarm_minutes = "none", short = { guard_s = 1, vehicles_s = 2, sites_s = 3 } }'
    )
    text = changed(AUDE, "policy = { resurvey_s = 20 }", policy)
    text = changed(text, 'name = "Lac 2"', QUOTED)
    hours = f"mobilisation_by_hour_s = {[360] * 24}"
    shown = await load(changed(text, "mobilisation_s = 120", hours), "--keys")
    exported = (await run("export")).output
    assert IDLE in (await load(exported)).output
    await _emptied(engine)
    assert "Written: 8 new, 0 changed." in (await load(exported)).output
    assert (await run("export")).output == exported
    assert not [secret for secret in secrets_in(shown.output).values() if secret in exported]
    assert "argon2" not in exported


async def test_the_whole_demo_is_exported_and_loaded_again(engine: AsyncEngine, load: Run, run: Run) -> None:
    demo = build_demo(11)
    await seed_demo(engine, demo, "a secret of the tests")
    exported = (await run("export")).output
    assert IDLE in (await load(exported)).output
    told = tomllib.loads(exported)
    assert sum(len(one["vehicles"]) for one in told["companies"]) == len(demo.vehicles)
    assert len(told["persons"]) == len(demo.accounts)


async def test_a_disabled_account_is_not_opened_elsewhere(engine: AsyncEngine, load: Run, run: Run) -> None:
    await load(AUDE)
    async with engine.begin() as connection:
        await connection.execute(sa.update(tables.persons).values(disabled=True))
    exported = (await run("export")).output
    assert '# The account "regulation.lac" is disabled, and left out.' in exported
    assert "persons" not in tomllib.loads(exported)


async def test_an_empty_database_is_an_empty_directory(run: Run) -> None:
    assert tomllib.loads((await run("export")).output) == {}


async def test_the_template_is_printed(run: Run) -> None:
    assert set(tomllib.loads((await run("template")).output)) == {"samus", "companies", "persons"}
