"""Whether a container's process is well: an address that answers, or a file that is written again and again."""

import os
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from ops.healthy import FRESH_SECONDS, main
from processes import beating


class Door(BaseHTTPRequestHandler):
    """Answers 200 at /readyz and 503 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 503)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def door() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Door) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_api_is_well_when_it_answers_200(door: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([f"{door}/readyz"]) == 0
    assert main([f"{door}/other"]) == 1
    assert "503" in capsys.readouterr().err


async def test_a_worker_is_well_while_it_writes_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "beat"
    assert main([str(file)]) == 1
    async with beating(file):
        assert main([str(file)]) == 0
        long_ago = time.time() - FRESH_SECONDS - 10
        os.utime(file, (long_ago, long_ago))  # its loop does not turn any more
        assert main([str(file)]) == 1
    assert not file.exists()
    assert "No such file" in capsys.readouterr().err
