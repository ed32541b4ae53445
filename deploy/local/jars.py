"""Kafka's jars: pinned with their checksums in kafka.jars.lock, fetched through jgo, kept for all homes.

`python -m deploy.local.jars lock` writes the lock file anew, after the versions in ROOTS were changed.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deploy.local.failures import Failure
from deploy.local.settings import maven_mirror

LOCK = Path(__file__).with_name("kafka.jars.lock")
ROOTS = ("org.apache.kafka:kafka_2.13:4.3.0", "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4")
"""What is locked, each with all it depends on; where both need a jar, the first one's version counts."""

_TRIES = 3
_AT_ONCE = 6
_STAMP = "complete"

Progress = Callable[[int, int], None]
"""Told how many jars of how many are there."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock file."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def name(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def coordinates(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


class Fetcher(Protocol):
    """Where jars come from."""

    def __call__(self, jar: Jar, folder: Path) -> Path:
        """Puts the jar somewhere below `folder`, unchecked, and says where."""


def locked(lock: Path = LOCK) -> list[Jar]:
    """The jars of a lock file, in class path order."""
    return [_parse(line) for line in lock.read_text().splitlines() if line and not line.startswith("#")]


def _parse(line: str) -> Jar:
    coordinates, sha256 = line.split()
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, sha256)


def fetch_with_jgo(jar: Jar, folder: Path) -> Path:
    """A Fetcher: Maven Central, or the mirror that SLUICE_MAVEN_URL names."""
    from jgo.maven import MavenContext

    mirror = maven_mirror()
    context = MavenContext(repo_cache=folder, remote_repos={"mirror": mirror} if mirror else None, timeout=30)
    return context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()


def ensure(
    cache: Path,
    jars: list[Jar] | None = None,
    fetch: Fetcher = fetch_with_jgo,
    progress: Progress = lambda done, total: None,
) -> list[Path]:
    """The paths of all jars in class path order, fetched and checked where they are not there yet.

    Raises Failure where one cannot be had, or is not the one that was locked.
    """
    jars = locked() if jars is None else jars
    folder = cache / _fingerprint(jars)
    paths = [folder / jar.name for jar in jars]
    if (folder / _STAMP).exists() and all(path.exists() for path in paths):
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    _fetch_missing([jar for jar in jars if not _is_good(folder / jar.name, jar)], folder, fetch, progress)
    (folder / _STAMP).touch()
    return paths


def _fingerprint(jars: Iterable[Jar]) -> str:
    return hashlib.sha256("".join(jar.sha256 for jar in jars).encode()).hexdigest()[:12]


def _is_good(path: Path, jar: Jar) -> bool:
    return path.exists() and _sha256(path) == jar.sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_missing(jars: list[Jar], folder: Path, fetch: Fetcher, progress: Progress) -> None:
    progress(0, len(jars))
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        running = [pool.submit(_fetch_one, jar, folder, fetch) for jar in jars]
        try:
            for done, one in enumerate(as_completed(running), start=1):
                one.result()
                progress(done, len(jars))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _fetch_one(jar: Jar, folder: Path, fetch: Fetcher) -> None:
    """Fetches into a folder of its own, then moves: two at once, or a stopped one, leave no half jar."""
    with tempfile.TemporaryDirectory(dir=folder, prefix=".fetch-") as staging:
        found = _fetch_patiently(jar, Path(staging), fetch)
        actual = _sha256(found)
        if actual != jar.sha256:
            raise Failure(
                f"{jar.coordinates} has the checksum {actual}, but {jar.sha256} was locked: "
                "something between here and the Maven repository changes files. Nothing was installed."
            )
        found.replace(folder / jar.name)


def _fetch_patiently(jar: Jar, staging: Path, fetch: Fetcher) -> Path:
    for attempt in range(1, _TRIES + 1):
        attempt_folder = staging / str(attempt)
        try:
            return fetch(jar, attempt_folder)
        except Exception as error:  # jgo raises RuntimeError, requests its own, the disk OSError
            shutil.rmtree(attempt_folder, ignore_errors=True)
            if attempt == _TRIES:
                raise Failure(
                    f"could not fetch {jar.coordinates}: {error}. Check the network; where Maven Central "
                    "is not reachable, set SLUICE_MAVEN_URL to a mirror."
                ) from error
    raise AssertionError("unreachable")


def write_lock(lock: Path = LOCK) -> int:
    """Resolves ROOTS afresh, checksums what they need, writes the lock file and says how many there are."""
    import jgo

    found: dict[tuple[str, str], str] = {}
    for root in ROOTS:  # one at a time: together, one's managed versions would change the other's
        for artifact in jgo.resolve(root):
            digest = _sha256(artifact.resolve())
            line = f"{artifact.groupId}:{artifact.artifactId}:{artifact.version} {digest}"
            found.setdefault((artifact.groupId, artifact.artifactId), line)
    header = f"# {', '.join(ROOTS)} and all they need; written by python -m deploy.local.jars lock"
    lock.write_text("\n".join([header, *found.values()]) + "\n")
    return len(found)


if __name__ == "__main__":
    if sys.argv[1:] != ["lock"]:
        raise SystemExit("usage: python -m deploy.local.jars lock")
    print(f"{write_lock()} jars locked in {LOCK.name}")
