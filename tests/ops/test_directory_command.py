"""How `rescousse directory load` is given its file, what it makes on request, and what it says when it cannot go on."""

import asyncio
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from ops.directory.faults import RefusedError
from ops.directory.loading import Asked, Loaded, load_directory
from ops.directory.reading import read_directory
from storage import accounts, tables
from storage.accounts import secret_hash
from tests.ops.directory import AUDE, Run, column, load, run, secrets_in

__all__ = ["load", "run"]  # fixtures


async def test_keys_are_made_for_new_samus_when_they_are_asked_for(engine: AsyncEngine, load: Run) -> None:
    assert "SAMU 11" not in secrets_in((await load(AUDE)).output)
    two = f'{AUDE}\n[[samus]]\nname = "SAMU 66"\ndepartments = ["66"]'
    shown = secrets_in((await load(two, "--keys")).output)
    assert set(shown) == {"SAMU 66"}
    async with engine.connect() as connection:
        key = await accounts.key_by_hash(connection, secret_hash(shown["SAMU 66"]))
        assert key is not None
        assert key.name == "Logiciel du SAMU 66"
        profile = await accounts.samu_profile(connection, key.samu_id)
    assert profile is not None
    assert profile.name == "SAMU 66"


async def test_two_loadings_at_once_make_nothing_twice(engine: AsyncEngine) -> None:
    given = read_directory("who.toml", AUDE.encode(), Path())
    both = [load_directory(engine, given, Asked("operator")) for _ in range(2)]
    ended = await asyncio.gather(*both, return_exceptions=True)
    refused = [str(one) for one in ended if isinstance(one, RefusedError)]
    done = [one for one in ended if isinstance(one, Loaded)]
    assert len(refused) + len(done) == 2, ended
    assert sum(not one.plan.is_idle for one in done) == 1
    assert all("somebody else changes a SAMU at this moment: load it again" in told for told in refused)
    assert await column(engine, tables.companies.c.name) == ["Ambulances du Lac"]


async def test_a_file_may_be_piped_in(run: Run) -> None:
    done = await run("load", "-", "--by", "Ada", typed=AUDE)
    assert done.exit_code == 0, done.output
    assert (await run("load", "-", "--by", "Ada", typed="x")).output.startswith(
        "rescousse: what was piped in is not TOML"
    )


async def test_a_file_that_is_not_there_is_said_in_a_sentence(run: Run) -> None:
    refused = await run("load", "/nowhere.toml", "--by", "Ada")
    assert refused.exit_code == 1
    assert refused.output == "rescousse: /nowhere.toml: No such file or directory; nothing was written\n"


async def test_a_database_that_is_away_is_said_in_a_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESCOUSSE_DATABASE_URL", f"postgresql:///none?host={tmp_path}")
    refused = await run("load", "-", "--by", "Ada", typed=AUDE)
    assert refused.exit_code == 1
    assert refused.output.startswith("rescousse: the database does not answer: ")
