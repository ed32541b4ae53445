"""The event log in a backup: each partition as an Avro file, with keys, headers and times as they are.

Offsets can't be kept: where records have expired or were compacted away there are gaps, and Kafka numbers
what it is given without any. So each record says its old offset, and how far a group had read is translated.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import fastavro
from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

from connectors.brokers import Brokers
from deploy.local.failures import Failure
from schemas.topics import BY_NAME

_HEADER = {
    "type": "record",
    "name": "Header",
    "fields": [{"name": "name", "type": "string"}, {"name": "value", "type": ["null", "bytes"]}],
}
_RECORD = fastavro.parse_schema(
    {
        "type": "record",
        "name": "sluice.backup.Record",
        "fields": [
            {"name": "offset", "type": "long"},
            {"name": "timestamp_ms", "type": "long"},
            {"name": "key", "type": ["null", "bytes"]},
            {"name": "value", "type": ["null", "bytes"]},
            {"name": "headers", "type": {"type": "array", "items": _HEADER}},
        ],
    }
)
_BATCH = 1000
_WAIT_S = 0.5
_ANSWER_S = 20.0
_LED_WITHIN_S = 60.0
_LOOK_AGAIN_S = 0.1
_LEADERLESS = frozenset(
    {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
_SILENT_S = 30.0
_TAKEN_WITHIN_S = 120.0

Place = tuple[str, int]
Headers = Sequence[tuple[str, bytes | None]]
Offsets = Mapping[str, Mapping[Place, int]]
"""For each group, and each partition that it reads: the next record that it will read."""


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a partition, the end excluded."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Spool:
    """The records of one partition, in a file."""

    place: Place
    records: int
    path: Path

    @property
    def member(self) -> str:
        """What it is called in the archive."""
        return f"{self.place[0]}-{self.place[1]}.avro"


def place_of(member: str) -> Place:
    """Of which partition a member has the records. Raises ValueError for what is none."""
    topic, _, number = member.removesuffix(".avro").rpartition("-")
    return topic, int(number)


def spans(brokers: Brokers) -> dict[Place, Span]:
    """From where to where each partition of our topics goes that holds anything. Raises Failure."""
    with _consumer(brokers) as consumer:
        places = [(topic.name, n) for topic in BY_NAME.values() for n in range(topic.partitions)]
        found = {place: _span(consumer, place) for place in places}
    return {place: span for place, span in found.items() if span.begin < span.end}


def _span(consumer: Consumer, place: Place) -> Span:
    """A partition that was only just made may have no leader yet."""
    deadline = time.monotonic() + _LED_WITHIN_S
    while True:
        try:
            begin, end = consumer.get_watermark_offsets(TopicPartition(*place), timeout=_ANSWER_S)
        except KafkaException as error:
            if error.args[0].code() not in _LEADERLESS or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)
        else:
            return Span(begin, end)


def spooled(brokers: Brokers, wanted: Mapping[Place, Span], folder: Path) -> Iterator[Spool]:
    """What each partition holds there; the file is gone when the next one is asked for.

    Raises Failure where Kafka does not answer.
    """
    path = folder / "records.avro"
    with _consumer(brokers) as consumer:
        for place, span in sorted(wanted.items()):
            counted = _Counted(_records(consumer, place, span))
            with path.open("wb") as file:
                fastavro.writer(file, _RECORD, counted, codec="deflate")
            yield Spool(place, counted.number, path)
            path.unlink()


class _Counted:
    def __init__(self, records: Iterator[dict[str, Any]]) -> None:
        self._records = records
        self.number = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for record in self._records:
            self.number += 1
            yield record


def _records(consumer: Consumer, place: Place, span: Span) -> Iterator[dict[str, Any]]:
    consumer.assign([TopicPartition(*place, span.begin)])
    silent_s = 0.0
    while True:
        messages = consumer.consume(_BATCH, _WAIT_S)
        for message in messages:
            if (error := message.error()) is not None:
                raise Failure(f"Kafka does not give {place[0]}: {error}.")
            if (message.offset() or 0) < span.end:
                yield _record(message)
        (at,) = consumer.position([TopicPartition(*place)])
        if at.offset >= span.end:  # markers and what was compacted away count too
            return
        silent_s = 0.0 if messages else silent_s + _WAIT_S
        if silent_s > _SILENT_S:
            raise Failure(f"Kafka gave nothing of {place[0]} for {_SILENT_S:g} s: see `sluice status`.")


def _record(message: Message) -> dict[str, Any]:
    headers = [{"name": name, "value": value} for name, value in cast("Headers", message.headers() or ())]
    said = {"offset": message.offset(), "timestamp_ms": message.timestamp()[1], "headers": headers}
    return {**said, "key": message.key(), "value": message.value()}


def records(source: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The records of one member."""
    yield from cast("Iterator[dict[str, Any]]", fastavro.reader(source))


@contextmanager
def _consumer(brokers: Brokers) -> Iterator[Consumer]:
    settings = {"group.id": "sluice-backup", "enable.auto.commit": False, "fetch.wait.max.ms": 50}
    consumer = Consumer(brokers.librdkafka() | settings)
    try:
        yield consumer
    except KafkaException as error:
        raise Failure(f"Kafka at {brokers} does not answer: {brokers.why(error)}.") from error
    finally:
        consumer.close()


class Loading:
    """Puts records back into topics that are empty, in their order. Raises Failure."""

    def __init__(self, brokers: Brokers) -> None:
        self._producer = Producer(
            brokers.librdkafka() | {"enable.idempotence": True, "linger.ms": 20, "message.max.bytes": 2 << 20}
        )
        self._refused: list[str] = []
        self.moved: dict[Place, list[int]] = {}
        """For each partition the old offsets, in the order of the new ones."""

    def load(self, place: Place, source: IO[bytes]) -> int:
        """Puts one partition's records back and says how many there were."""
        olds = self.moved.setdefault(place, [])
        for record in records(source):
            olds.append(record["offset"])
            self._produce(place, record)
        self._producer.flush(_TAKEN_WITHIN_S)
        if self._refused or len(self._producer):
            why = self._refused[0] if self._refused else f"not within {_TAKEN_WITHIN_S:g} s"
            raise Failure(f"Kafka did not take the records of {place[0]}: {why}.")
        return len(olds)

    def _produce(self, place: Place, record: Mapping[str, Any]) -> None:
        while True:
            try:
                self._producer.produce(
                    place[0],
                    record["value"],
                    record["key"],
                    place[1],
                    on_delivery=self._told,
                    timestamp=record["timestamp_ms"],
                    headers=[(header["name"], header["value"]) for header in record["headers"]],
                )
            except BufferError:
                self._producer.poll(_WAIT_S)
            else:
                self._producer.poll(0)
                return

    def _told(self, error: object, _message: Message) -> None:
        if error is not None:
            self._refused.append(str(error))


def translated(moved: Mapping[Place, Sequence[int]], groups: Offsets) -> dict[str, dict[Place, int]]:
    """How far each group had read, in the numbers that the records have where they were moved to."""
    return {
        group: {place: _below(moved.get(place, ()), offset) for place, offset in at.items()}
        for group, at in groups.items()
    }


def _below(olds: Iterable[int], offset: int) -> int:
    return sum(old < offset for old in olds)
