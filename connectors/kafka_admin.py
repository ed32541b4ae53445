"""Making topics and asking the broker about them, over confluent-kafka's admin client.

`python -m connectors.kafka_admin HOST:PORT [REPLICATION]` makes every topic that is missing; with
`--ca-file` and others, over TLS.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import get_args

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient, TopicMetadata  # type: ignore[attr-defined]
from confluent_kafka.cimpl import NewTopic

from connectors.brokers import Brokers, KafkaSecurity, KafkaSecurityUnusable, Mechanism
from connectors.ports import BrokerUnavailable
from schemas.topics import BY_NAME, Topic

_EXISTS = "TOPIC_ALREADY_EXISTS"


def ensure_topics(brokers: Brokers, timeout_s: float = 60, replication: int = 1) -> list[str]:
    """Makes every topic of the table that is missing and waits for all; returns the names it made.

    Raises BrokerUnavailable where the broker does not answer, or does not make them, in time.
    """
    deadline = time.monotonic() + timeout_s
    admin = _admin(brokers)
    missing = [topic for topic in BY_NAME.values() if topic.name not in _existing(admin, brokers, deadline)]
    if missing:
        _create(admin, missing, replication)
    while absent := missing_topics(brokers, (t.name for t in missing)):
        if time.monotonic() > deadline:
            raise BrokerUnavailable(f"the broker did not make {', '.join(absent)} within {timeout_s:g} s")
        time.sleep(0.05)
    return [topic.name for topic in missing]


def missing_topics(brokers: Brokers, names: Iterable[str]) -> list[str]:
    """Which of these topics the broker does not have, or cannot serve yet. Raises BrokerUnavailable."""
    try:
        known = _admin(brokers).list_topics(timeout=5).topics
    except KafkaException as error:
        raise _away(brokers, error) from error
    return [name for name in names if name not in known or not _led(known[name])]


def _led(topic: TopicMetadata) -> bool:
    """Whether every partition has a leader."""
    return bool(topic.partitions) and all(part.leader >= 0 for part in topic.partitions.values())


def _admin(brokers: Brokers) -> AdminClient:
    return AdminClient(brokers.librdkafka())


def _existing(admin: AdminClient, brokers: Brokers, deadline: float) -> set[str]:
    while True:
        try:
            return set(admin.list_topics(timeout=1).topics)
        except KafkaException as error:
            if time.monotonic() > deadline:
                raise _away(brokers, error) from error
            time.sleep(0.05)


def _away(brokers: Brokers, error: KafkaException) -> BrokerUnavailable:
    return BrokerUnavailable(f"Kafka at {brokers} does not answer: {brokers.why(error)}")


def _create(admin: AdminClient, topics: list[Topic], replication: int) -> None:
    wanted = [NewTopic(t.name, t.partitions, replication, config=t.creation_settings()) for t in topics]
    for name, made in admin.create_topics(wanted, operation_timeout=10).items():
        try:
            made.result()
        except KafkaException as error:
            if _EXISTS not in str(error):
                raise BrokerUnavailable(f"could not make the topic {name}: {error}") from error


def _asked() -> tuple[Brokers, int]:
    parser = argparse.ArgumentParser(
        prog="python -m connectors.kafka_admin", description="Makes missing topics."
    )
    parser.add_argument("bootstrap")
    parser.add_argument("replication", type=int, nargs="?", default=1)
    for file in ("ca-file", "cert-file", "key-file", "password-file"):
        parser.add_argument(f"--{file}", type=Path)
    parser.add_argument("--user")
    parser.add_argument("--mechanism", choices=get_args(Mechanism), default="SCRAM-SHA-512")
    asked = vars(parser.parse_args())
    bootstrap, replication = asked.pop("bootstrap"), asked.pop("replication")
    try:
        return Brokers(bootstrap, KafkaSecurity(**asked)).checked(), replication
    except KafkaSecurityUnusable as error:
        parser.error(str(error))


if __name__ == "__main__":
    where, replicas = _asked()
    for made in ensure_topics(where, replication=replicas):
        sys.stdout.write(f"{made}\n")
