"""Looks for words where they must not be: in every file of a running stack, every row, every history, sealed and opened."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import psycopg
from google.protobuf.message import Message
from psycopg import sql
from temporalio.api.workflowservice.v1 import DescribeWorkflowExecutionRequest
from temporalio.client import Client

from bench.stack import Stack
from connecting import engine_access
from ops.where import settings_for
from workflows.client import connect
from workflows.codec import EncryptingCodec, payloads_in

AT_ONCE_BYTES = 4_000_000
OURS = "SELECT tablename FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')"


@dataclass(frozen=True)
class Words:
    """What is looked for, and the places that may hold it: their names begin so."""

    words: Mapping[str, str]
    """By what each is called in a message that must not repeat it."""
    allowed: tuple[str, ...] = ()

    def in_(self, place: str, content: bytes) -> Iterator[str]:
        """Which of them stand in a content that stands in this place, as text or as the hex of a bytea."""
        if place.startswith(self.allowed):
            return
        lowered = content.lower()
        for name, word in self.words.items():
            plain = word.lower().encode()
            if plain in lowered or plain.hex().encode() in lowered:
                yield f"{name} in {place}"


@dataclass
class Scan:
    """Everything that a stack keeps and writes."""

    stack: Stack
    looked: list[str] = field(default_factory=list)
    """Every place that was looked at."""

    async def find(self, *wanted: Words) -> list[str]:
        """Where words stand that must not stand there."""
        found: set[str] = set()
        async for place, content in self._places():
            self.looked.append(place)
            for words in wanted:
                found.update(words.in_(place, content))
        return sorted(found)

    async def _places(self) -> AsyncIterator[tuple[str, bytes]]:
        for place, content in (*self._files(), *self._command_lines()):
            yield place, content
        async for place, content in self._rows():
            yield place, content
        async for place, content in self._histories():
            yield place, content

    def _files(self) -> Iterator[tuple[str, bytes]]:
        """Every file of the data directory, in pieces that overlap: logs, PostgreSQL's, the engine's."""
        root = self.stack.data_dir
        for path in sorted(root.rglob("*")):
            if path.is_file():
                yield from _pieces(f"file {path.relative_to(root)}", path)

    def _command_lines(self) -> Iterator[tuple[str, bytes]]:
        """What anybody on the machine can read of our processes."""
        pids = self.stack.pids
        for pid in (pids.postgres, pids.temporal, *pids.worker, *pids.api):
            with suppress(psutil.NoSuchProcess):  # killed, and not yet known under its new number
                yield f"command line of {pid}", "\0".join(psutil.Process(pid).cmdline()).encode()

    async def _rows(self) -> AsyncIterator[tuple[str, bytes]]:
        async with await psycopg.AsyncConnection.connect(self.stack.database, autocommit=True) as connection:
            tables = [name for (name,) in await (await connection.execute(OURS)).fetchall()]
            for table in tables:
                query = sql.SQL("SELECT string_agg(each::text, E'\\n') FROM {} AS each").format(
                    sql.Identifier(table)
                )
                row = await (await connection.execute(query)).fetchone()
                yield f"table {table}", str(row[0] if row else "").encode()

    async def _histories(self) -> AsyncIterator[tuple[str, bytes]]:
        """Each workflow's history, and what the engine tells of it: as it is kept, and opened with our keys."""
        settings = settings_for(self.stack.data_dir)
        client = await connect(engine_access(settings))
        codec = client.data_converter.payload_codec
        assert isinstance(codec, EncryptingCodec)
        async for one in client.list_workflows():
            kept: list[Message] = [
                event async for event in client.get_workflow_handle(one.id).fetch_history_events()
            ]
            kept.append(await _described(client, one.id))
            yield f"history {one.id}", b"".join(each.SerializeToString() for each in kept)
            opened = await codec.decode([payload for each in kept for payload in payloads_in(each)])
            yield f"opened history {one.id}", b"\n".join(payload.data for payload in opened)


async def _described(client: Client, workflow_id: str) -> Message:
    request = DescribeWorkflowExecutionRequest(namespace=client.namespace)
    request.execution.workflow_id = workflow_id
    return await client.workflow_service.describe_workflow_execution(request)


def _pieces(place: str, path: Path) -> Iterator[tuple[str, bytes]]:
    kept = b""
    try:
        with path.open("rb") as file:
            while piece := file.read(AT_ONCE_BYTES):
                yield place, kept + piece
                kept = piece[-200:]
    except FileNotFoundError:
        return  # the database has put it away meanwhile
