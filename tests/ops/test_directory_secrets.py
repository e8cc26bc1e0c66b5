"""Passwords and keys are made once and handed over once: on the terminal, or in a file for its owner alone."""

import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from ops.directory import loading
from ops.directory.handing import HEAD
from storage.engine import transaction
from tests.ops.directory import AUDE, Run, everything, load, run, secrets_in

__all__ = ["load", "run"]  # fixtures


async def test_secrets_go_to_a_new_file_for_its_owner_alone_and_to_no_other_place(
    engine: AsyncEngine, load: Run, tmp_path: Path
) -> None:
    file = tmp_path / "secrets.txt"
    done = await load(AUDE, "--keys", "--secrets-to", str(file))
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert f"Secrets in {file}: 3." in done.output
    text = file.read_text(encoding="utf-8")
    assert text.startswith(HEAD)
    written = secrets_in(text)
    assert set(written) == {"regulation.samu11", "regulation.lac", "SAMU 11"}
    everywhere = done.output + str(await everything(engine))
    assert not [secret for secret in written.values() if secret in everywhere]


async def test_a_file_that_is_there_is_never_written_over(
    engine: AsyncEngine, load: Run, tmp_path: Path
) -> None:
    file, link = tmp_path / "secrets.txt", tmp_path / "link"
    file.write_text("of somebody else")
    link.symlink_to(tmp_path / "elsewhere")
    before = await everything(engine)
    for taken in (file, link):
        refused = await load(AUDE, "--secrets-to", str(taken))
        assert refused.exit_code == 1
        assert f"{taken} is there already" in refused.output
    assert file.read_text() == "of somebody else"
    assert await everything(engine) == before


async def test_without_a_place_for_the_secrets_nothing_is_written(
    engine: AsyncEngine, load: Run, tmp_path: Path
) -> None:
    before = await everything(engine)
    refused = await load(AUDE, "--secrets-to", str(tmp_path / "nowhere" / "secrets.txt"))
    assert refused.exit_code == 1
    assert "No such file or directory; nothing was written" in refused.output
    assert await everything(engine) == before


async def test_the_file_of_secrets_goes_with_the_transaction(
    engine: AsyncEngine, load: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, begun = tmp_path / "secrets.txt", []

    @asynccontextmanager
    async def lost(pool: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        async with transaction(pool) as connection:
            begun.append(file.exists())
            yield connection
            if len(begun) > 1:
                assert file.exists()
                raise OSError("the connection was lost before the commit")

    monkeypatch.setattr(loading, "transaction", lost)
    before = await everything(engine)
    refused = await load(AUDE, "--secrets-to", str(file))
    assert "the database: the connection was lost before the commit; nothing was written" in refused.output
    assert not file.exists()
    assert await everything(engine) == before


async def test_no_file_is_made_where_there_is_no_secret(load: Run, tmp_path: Path) -> None:
    await load(AUDE)
    file = tmp_path / "secrets.txt"
    assert (await load(AUDE, "--keys", "--secrets-to", str(file))).exit_code == 0
    assert not file.exists()
