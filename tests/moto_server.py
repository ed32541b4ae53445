"""An S3 for tests that keeps classes of storage, restores and lifecycle rules, as S3Proxy does not: moto's.

It checks no signature, and gives back at once what is asked back, unless it is told to wait.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import orjson

from deploy.local.ports import pick

BUCKET = "films"
_PATIENCE_S = 60.0
KEYS = {"AWS_ACCESS_KEY_ID": "sluice", "AWS_SECRET_ACCESS_KEY": "the-password-of-tests"}


@dataclass(frozen=True, slots=True)
class Moto:
    """One that runs."""

    endpoint: str

    def client(self) -> Any:
        """boto3's own, as it is without us."""
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        )

    def give_back_after(self, looks: int) -> None:
        """What is asked back is there after so many looks."""
        said = {"model_name": "s3::keyrestore", "transition": {"progression": "manual", "times": looks}}
        self._post("/moto-api/state-manager/set-transition", said if looks else _AT_ONCE)

    def _post(self, path: str, said: dict[str, Any]) -> None:
        request = urllib.request.Request(
            self.endpoint + path, orjson.dumps(said), {"Content-Type": "application/json"}, method="POST"
        )
        with urllib.request.urlopen(request, timeout=_PATIENCE_S):
            pass


_AT_ONCE = {"model_name": "s3::keyrestore", "transition": {"progression": "immediate"}}


@contextlib.contextmanager
def moto_server() -> Iterator[Moto]:
    """A server for as long as the context lasts."""
    port = pick(set())
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        server = Moto(f"http://127.0.0.1:{port}")
        _await_answer(server, process)
        server.client().create_bucket(Bucket=BUCKET)
        yield server
    finally:
        process.kill()
        process.wait()


def _await_answer(server: Moto, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{server.endpoint}/moto-api/", timeout=5):
            return
        time.sleep(0.05)
    raise AssertionError("moto's server did not start")
