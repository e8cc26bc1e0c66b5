"""An engine that somebody else runs: TLS with our own certificate, an API key, files that are wrong."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.testing import WorkflowEnvironment

from connecting import engine_access
from settings import Settings
from tests.fixtures.tls import Authority, Pipe, door
from workflows.client import connect

NAME = "temporal.invalid"


@dataclass(frozen=True)
class Guarded:
    """The engine behind TLS, and the settings that reach it."""

    authority: Authority
    settings: dict[str, object]

    async def describe(self, **other: object) -> str:
        """The name of the namespace, as the engine says it."""
        settings = Settings(**{**self.settings, **other})  # type: ignore[arg-type]  # by name
        client = await connect(engine_access(settings))
        assert client.service_client.config.api_key == settings.temporal_api_key
        asked = DescribeNamespaceRequest(namespace=settings.temporal_namespace)
        return (await client.workflow_service.describe_namespace(asked)).namespace_info.name


@pytest.fixture
async def guarded(env: WorkflowEnvironment, tmp_path: Path) -> AsyncIterator[Guarded]:
    host, _, port = env.client.service_client.config.target_host.rpartition(":")

    async def behind() -> Pipe:
        return await asyncio.open_connection(host, int(port))

    authority = Authority(tmp_path)
    ours = authority.certify("worker.invalid")
    context = authority.server_context(NAME, clients=True, protocols=("h2",))
    async with door(behind, context) as outside:
        yield Guarded(
            authority,
            {
                "temporal_address": f"127.0.0.1:{outside}",
                "temporal_tls": True,
                "temporal_tls_ca_file": authority.file,
                "temporal_tls_cert_file": ours.certificate,
                "temporal_tls_key_file": ours.key,
                "temporal_tls_server_name": NAME,
            },
        )


async def test_a_cluster_that_wants_certificates_and_a_key_is_reached(guarded: Guarded) -> None:
    assert await guarded.describe(temporal_api_key="a-key-of-the-cluster") == "default"


async def test_without_a_certificate_nobody_comes_in(guarded: Guarded) -> None:
    with pytest.raises(RuntimeError):
        await guarded.describe(temporal_tls_cert_file=None, temporal_tls_key_file=None)


async def test_an_engine_with_another_certificate_or_name_is_not_believed(
    guarded: Guarded, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "another")
    for wrong in ({"temporal_tls_ca_file": other.file}, {"temporal_tls_server_name": "elsewhere.invalid"}):
        with pytest.raises(RuntimeError):
            await guarded.describe(**wrong)


@pytest.mark.parametrize(
    ("setting", "content", "why"),
    [
        ("temporal_tls_ca_file", None, "CA_FILE: .* cannot be read"),
        ("temporal_tls_ca_file", "no certificate", "CA_FILE: .* holds no certificate"),
        ("temporal_tls_cert_file", "no certificate", "CERT_FILE: .* do not make a pair"),
        ("temporal_tls_key_file", "no key", "CERT_FILE: .* do not make a pair"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    tmp_path: Path, setting: str, content: str | None, why: str
) -> None:
    authority = Authority(tmp_path)
    ours = authority.certify("worker.invalid")
    wrong = tmp_path / "wrong.pem"
    if content is not None:
        wrong.write_text(content)
    told: dict[str, object] = {
        "temporal_tls": True,
        "temporal_tls_ca_file": authority.file,
        "temporal_tls_cert_file": ours.certificate,
        "temporal_tls_key_file": ours.key,
        setting: wrong,
    }
    with pytest.raises(ValueError, match=why):
        engine_access(Settings(**told))  # type: ignore[arg-type]  # by name
