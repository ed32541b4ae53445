"""Real servers for tests: containers where a Docker engine answers, the embedded stack's own otherwise."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from connectors.brokers import Brokers
from connectors.kafka_admin import ensure_topics
from deploy.local.home import Home
from deploy.local.parts import DATABASE, KAFKA, Options
from deploy.local.stack import Stack

_DOCKER_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Servers:
    """Where Kafka, with every topic, and a database are."""

    kafka: Brokers
    mongodb_url: str


@contextlib.contextmanager
def servers() -> Iterator[Servers]:
    """Kafka and a database for as long as the context lasts."""
    with _contained() if docker_answers() else _embedded() as found:
        ensure_topics(found.kafka)
        yield found


def docker_answers() -> bool:
    """Whether containers can be started here; SLUICE_TEST_EMBEDDED=1 says not to."""
    if os.environ.get("SLUICE_TEST_EMBEDDED") == "1":
        return False
    import docker

    with contextlib.suppress(docker.errors.DockerException):
        client = docker.from_env(timeout=_DOCKER_SECONDS)
        return bool(client.ping())
    return False


@contextlib.contextmanager
def _embedded() -> Iterator[Servers]:
    with tempfile.TemporaryDirectory(prefix="sluice-test-") as folder:
        options = Options(parts=frozenset({KAFKA, DATABASE}))
        with Stack.start(Home(Path(folder)), options) as stack:
            yield Servers(stack.endpoints.kafka, stack.endpoints.mongodb_url)


@contextlib.contextmanager
def _contained() -> Iterator[Servers]:
    from testcontainers.kafka import KafkaContainer
    from testcontainers.mongodb import MongoDbContainer

    kafka = KafkaContainer("apache/kafka:4.3.0")
    with kafka, MongoDbContainer("mongo:8") as database:
        yield Servers(Brokers(kafka.get_bootstrap_server()), database.get_connection_url())
