"""How far each group has read: so that what was handled before a backup is not handled again after it."""

from __future__ import annotations

from typing import Any

import orjson
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient

from connectors.brokers import Brokers
from deploy.local.backup.log import Offsets
from deploy.local.failures import Failure
from schemas.topics import BY_NAME

_ANSWER_S = 20.0


def read(brokers: Brokers) -> dict[str, dict[tuple[str, int], int]]:
    """The offsets that every group has committed on our topics. Raises Failure."""
    admin = AdminClient(brokers.librdkafka())
    try:
        listed = admin.list_consumer_groups(request_timeout=_ANSWER_S).result()
        names = [each.group_id for each in listed.valid or ()]
        return {name: at for name in names if (at := _offsets(admin, name))}
    except KafkaException as error:
        raise Failure(f"Kafka at {brokers} does not answer: {brokers.why(error)}.") from error


def _offsets(admin: AdminClient, name: str) -> dict[tuple[str, int], int]:
    asked = admin.list_consumer_group_offsets([ConsumerGroupTopicPartitions(name)], request_timeout=_ANSWER_S)
    found: Any = asked[name].result()
    ours = [each for each in found.topic_partitions or () if each.topic in BY_NAME and each.offset >= 0]
    return {(each.topic, each.partition): each.offset for each in ours}


def put_back(brokers: Brokers, groups: Offsets) -> None:
    """Commits these offsets for groups that have no members. Raises Failure."""
    admin = AdminClient(brokers.librdkafka())
    try:
        for name, at in groups.items():
            parts = [TopicPartition(*place, offset) for place, offset in at.items()]
            wanted = [ConsumerGroupTopicPartitions(name, parts)]
            admin.alter_consumer_group_offsets(wanted, request_timeout=_ANSWER_S)[name].result()
    except KafkaException as error:
        raise Failure(f"Kafka did not take the groups' offsets: {brokers.why(error)}.") from error


def written(groups: Offsets) -> bytes:
    """The offsets as a member of the archive."""
    said = {n: {f"{topic}-{part}": at for (topic, part), at in found.items()} for n, found in groups.items()}
    return orjson.dumps(said, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)


def parsed(said: bytes) -> dict[str, dict[tuple[str, int], int]]:
    """What `written` wrote."""
    return {
        name: {(place.rpartition("-")[0], int(place.rpartition("-")[2])): at for place, at in found.items()}
        for name, found in orjson.loads(said).items()
    }
