"""Apache Kafka as one process without Docker or an installed Java: its settings, its storage, its command.

A cache of Kafka's loaded classes is made once for each user: with it, a start takes a second instead of three
and half the processor time.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.certificates import Certificates
from deploy.local.children import tail
from deploy.local.failures import Failure
from deploy.local.ports import HOST, pick

_LOG4J = Path(__file__).with_name("log4j2.properties")

_FLAGS = (
    "-Xms48m",
    "-Xmx256m",
    "-Xss512k",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",
    "-XX:ReservedCodeCacheSize=48m",
    "-XX:MinHeapFreeRatio=10",
    "-XX:MaxHeapFreeRatio=20",
    "-XX:-UsePerfData",
    "-XX:+ExitOnOutOfMemoryError",
    "-Xlog:disable",
    "-Xlog:all=error",
    "--sun-misc-unsafe-memory-access=allow",
)
"""A small heap that shrinks again, and a quick start; the peak throughput of a big server is not needed."""

_SETTINGS = {
    "process.roles": "broker,controller",
    "node.id": "1",
    "controller.listener.names": "CONTROLLER",
    "auto.create.topics.enable": "false",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "1",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    # Offsets are kept for ever: a stack may stay off for longer than any retention (-1 is refused).
    "offsets.retention.minutes": "2147483647",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    # After kill -9 the broker waits until the session of its former life is over.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
    "num.network.threads": "2",
    "num.io.threads": "4",
    "background.threads": "2",
    "log.cleaner.dedupe.buffer.size": "16777216",
    # Index files are made at full size for every partition.
    "log.index.size.max.bytes": "1048576",
}

_DATA = "data"
_TRAIN_WITHIN_S = 60
_FORGET_AFTER_S = 30 * 86400


@dataclass(frozen=True, slots=True)
class Java:
    """How Kafka's classes are run."""

    binary: Path
    class_path: tuple[Path, ...]
    class_cache: Path | None = None

    def command(self, *arguments: str) -> tuple[str, ...]:
        """The command line of a class of Kafka's."""
        cached = () if self.class_cache is None else (f"-XX:AOTCache={self.class_cache}",)
        logs = f"-Dlog4j2.configurationFile={_LOG4J.as_uri()}"
        return (str(self.binary), *_FLAGS, *cached, logs, *arguments)

    def environ(self, inherited: Mapping[str, str]) -> dict[str, str]:
        """The environment for it: paths may hold any letter, so the locale must be able to say it."""
        path = os.pathsep.join(map(str, self.class_path))
        return {**inherited, "CLASSPATH": path, "LC_ALL": "C.UTF-8", "MALLOC_ARENA_MAX": "2"}


def properties(
    port: int,
    controller_port: int,
    changes: Mapping[str, str] | None = None,
    certificates: Certificates | None = None,
) -> str:
    """The text of server.properties. The data folder is relative, so that a home may be moved.

    With certificates both listeners speak TLS alone, to clients that show one of the same authority.
    """
    spoken = "PLAINTEXT" if certificates is None else "SSL"
    where = {
        "inter.broker.listener.name": spoken,
        "listener.security.protocol.map": f"{spoken}:{spoken},CONTROLLER:{spoken}",
        "listeners": f"{spoken}://{HOST}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"{spoken}://{HOST}:{port}",
        "controller.quorum.voters": f"1@{HOST}:{controller_port}",
        "log.dirs": _DATA,
    }
    everything = {**_SETTINGS, **where, **_tls(certificates), **(changes or {})}
    return "".join(f"{name}={value}\n" for name, value in everything.items())


def _tls(certificates: Certificates | None) -> dict[str, str]:
    if certificates is None:
        return {}
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": _quoted(certificates.kafka),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": _quoted(certificates.ca),
        "ssl.client.auth": "required",
        "ssl.enabled.protocols": "TLSv1.2,TLSv1.3",
    }


def _quoted(path: Path) -> str:
    """A path for a properties file, which is Latin-1: other letters are escaped as JSON does it."""
    return json.dumps(str(path))[1:-1]


def prepare(folder: Path, text: str, java: Java, environ: Mapping[str, str]) -> None:
    """Writes the settings, and makes the storage where there is none yet. Raises Failure."""
    (folder / "server.properties").write_text(text)
    if (folder / _DATA / "meta.properties").exists():
        return
    new = f"{_DATA}.new"  # moved when complete: an interrupted start leaves no half-made storage
    (folder / "format.properties").write_text(text.replace(f"log.dirs={_DATA}\n", f"log.dirs={new}\n"))
    _format(folder, java, environ)
    (folder / new).replace(folder / _DATA)


def _cluster_id() -> str:
    """A new cluster's id; one that began with a dash would be taken for an option."""
    while (made := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return made


def _format(folder: Path, java: Java, environ: Mapping[str, str]) -> None:
    arguments = ("kafka.tools.StorageTool", "format", "--ignore-formatted", "-t", _cluster_id())
    done = subprocess.run(
        java.command(*arguments, "-c", "format.properties"),
        cwd=folder,
        env=java.environ(environ),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    if done.returncode != 0:
        raise Failure(f"Kafka could not make its storage in {folder}:\n{done.stdout}{done.stderr}")


def with_class_cache(java: Java, environ: Mapping[str, str], say: Callable[[str], None]) -> Java:
    """Java with the cache of loaded classes, made where it is missing; without it where it cannot be made."""
    file = java.class_path[0].parent / f"classes-{_runtime_id(java.binary)}.aot"
    failed = file.with_suffix(".failed")
    if failed.exists():
        return java
    if not file.exists():
        say("Preparing Kafka for quick starts (once, some seconds)")
        _forget_old(file.parent)
        try:
            _make_class_cache(java, file, environ)
        except (OSError, Failure, subprocess.SubprocessError) as error:
            failed.write_text(f"{error}\n")  # not tried at every start: it only costs speed
            return java
    os.utime(file)
    return Java(java.binary, java.class_path, file)


def _runtime_id(binary: Path) -> str:
    """Java accepts a cache only from the very runtime that made it."""
    modules = (binary.parent.parent / "lib" / "modules").stat()
    said = f"{binary} {modules.st_size} {modules.st_mtime_ns}"
    return hashlib.sha256(said.encode()).hexdigest()[:12]


def _forget_old(folder: Path) -> None:
    """Removes the caches of runtimes that have not been used for long."""
    for file in folder.glob("classes-*"):
        if file.stat().st_mtime < time.time() - _FORGET_AFTER_S:
            file.unlink(missing_ok=True)


def _make_class_cache(java: Java, file: Path, environ: Mapping[str, str]) -> None:
    with tempfile.TemporaryDirectory(dir=file.parent, prefix=".train-") as folder:
        _train(Path(folder), java, environ)
        (Path(folder) / "classes.aot").replace(file)


def _train(folder: Path, java: Java, environ: Mapping[str, str]) -> None:
    """Runs a broker that nobody uses once from start to stop; Java notes what it loads."""
    port = pick(set())
    text = properties(port, pick({port}))
    prepare(folder, text, java, environ)
    record = java.command("-XX:AOTCacheOutput=classes.aot", "kafka.Kafka", "server.properties")
    log = folder / "training.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            record, cwd=folder, env=java.environ(environ), stdout=out, stderr=out, start_new_session=True
        )
    try:
        deadline = time.monotonic() + _TRAIN_WITHIN_S
        while not any("Kafka Server started" in line for line in tail(log)):
            if process.poll() is not None or time.monotonic() > deadline:
                raise Failure("the training run did not start")
            time.sleep(0.05)
        process.terminate()
        process.wait(_TRAIN_WITHIN_S)
    finally:
        process.kill()
        process.wait()
