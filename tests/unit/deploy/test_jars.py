"""Jars are fetched once, checked against the lock, and refused where they differ."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from deploy.local import jars
from deploy.local.failures import Failure
from deploy.local.jars import Jar


def jar(name: str, content: bytes | None = None) -> Jar:
    return Jar("org.example", name, "1", hashlib.sha256(content or name.encode()).hexdigest())


class Repository:
    """A Fetcher whose jars contain their own names, unless told otherwise."""

    def __init__(self, content: dict[str, bytes] | None = None, failures: int = 0) -> None:
        self.fetched: list[str] = []
        self.failures = failures
        self._content = content or {}

    def __call__(self, jar: Jar, folder: Path) -> Path:
        self.fetched.append(jar.artifact)
        folder.mkdir(parents=True, exist_ok=True)
        if self.failures:
            self.failures -= 1
            (folder / "half").write_bytes(b"ha")
            raise RuntimeError("not found in remote repositories")
        path = folder / "found.jar"
        path.write_bytes(self._content.get(jar.artifact, jar.artifact.encode()))
        return path


def test_jars_come_in_the_order_of_the_lock_with_progress(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    found = jars.ensure(
        tmp_path, [jar("b"), jar("a")], Repository(), lambda done, of: told.append((done, of))
    )
    assert [path.name for path in found] == ["b-1.jar", "a-1.jar"]
    assert [path.read_text() for path in found] == ["b", "a"]
    assert told == [(0, 2), (1, 2), (2, 2)]


def test_a_second_start_fetches_nothing(tmp_path: Path) -> None:
    wanted = [jar("a")]
    jars.ensure(tmp_path, wanted, Repository())
    again = Repository()
    jars.ensure(tmp_path, wanted, again)
    assert again.fetched == []


def test_an_interrupted_fetch_goes_on_where_it_was(tmp_path: Path) -> None:
    wanted = [jar("a"), jar("b")]
    with pytest.raises(Failure):
        jars.ensure(tmp_path, wanted, Repository({"b": b"changed"}))
    rest = Repository()
    jars.ensure(tmp_path, wanted, rest)
    assert rest.fetched == ["b"]


def test_a_wrong_checksum_is_refused_and_named(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"org\.example:a:1 has the checksum"):
        jars.ensure(tmp_path, [jar("a")], Repository({"a": b"something else"}))
    assert list(tmp_path.rglob("*.jar")) == []


def test_a_jar_that_was_damaged_after_an_unfinished_fetch_is_fetched_again(tmp_path: Path) -> None:
    wanted = [jar("a"), jar("b")]
    with pytest.raises(Failure):
        jars.ensure(tmp_path, wanted, Repository({"b": b"changed"}))
    next(tmp_path.rglob("a-1.jar")).write_bytes(b"damaged")
    found = jars.ensure(tmp_path, wanted, Repository())
    assert [path.read_text() for path in found] == ["a", "b"]


def test_a_fetch_that_fails_is_tried_again_from_a_clean_folder(tmp_path: Path) -> None:
    repository = Repository(failures=2)
    jars.ensure(tmp_path, [jar("a")], repository)
    assert repository.fetched == ["a", "a", "a"]
    assert list(tmp_path.rglob("half")) == []


def test_a_jar_that_cannot_be_had_is_named_with_a_way_out(tmp_path: Path) -> None:
    with pytest.raises(Failure, match=r"could not fetch org.example:a:1.*SLUICE_MAVEN_URL"):
        jars.ensure(tmp_path, [jar("a")], Repository(failures=9))


def test_the_lock_names_kafka_and_a_checksum_for_every_jar() -> None:
    found = jars.locked()
    assert found[0].coordinates == "org.apache.kafka:kafka_2.13:4.3.0"
    assert all(len(one.sha256) == 64 for one in found)
    versions = {one.version for one in found if one.group == "org.apache.kafka"}
    assert versions == {"4.3.0"}, "a managed version of another root must not change Kafka's own"
