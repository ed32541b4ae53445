"""The event log in a backup: each partition as an Avro file, with keys, headers and times as they are.

Offsets can't be kept: where records have expired or were compacted away there are gaps, and Kafka numbers
what it is given without any. So each record says its old offset, and how far a group had read is translated.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

import fastavro
from confluent_kafka import Message, Producer

from connectors.brokers import Brokers
from deploy.local import event_log
from deploy.local.event_log import Place
from deploy.local.failures import Failure
from schemas.topics import BATCH_BYTES, BY_NAME

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
_WAIT_S = 0.5
_TAKEN_WITHIN_S = 120.0

Headers = Sequence[tuple[str, bytes | None]]
Offsets = Mapping[str, Mapping[Place, int]]
"""For each group, and each partition that it reads: the next record that it will read."""


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


def spans(brokers: Brokers) -> event_log.Spans:
    """From where to where each partition of our topics goes that holds anything. Raises Failure."""
    with event_log.reading(brokers) as consumer:
        return event_log.spans(consumer, list(BY_NAME))


def spooled(brokers: Brokers, wanted: event_log.Spans, folder: Path) -> Iterator[Spool]:
    """What each partition holds there; the file is gone when the next one is asked for.

    Raises Failure where Kafka does not answer.
    """
    path = folder / "records.avro"
    with event_log.reading(brokers) as consumer:
        for place, span in sorted(wanted.items()):
            counted = _Counted(event_log.messages(consumer, {place: span}))
            with path.open("wb") as file:
                fastavro.writer(file, _RECORD, counted, codec="deflate")
            yield Spool(place, counted.number, path)
            path.unlink()


class _Counted:
    def __init__(self, messages: Iterator[Message]) -> None:
        self._messages = messages
        self.number = 0

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for message in self._messages:
            self.number += 1
            yield _record(message)


def _record(message: Message) -> dict[str, Any]:
    headers = [{"name": name, "value": value} for name, value in cast("Headers", message.headers() or ())]
    said = {"offset": message.offset(), "timestamp_ms": message.timestamp()[1], "headers": headers}
    return {**said, "key": message.key(), "value": message.value()}


def records(source: IO[bytes]) -> Iterator[dict[str, Any]]:
    """The records of one member."""
    yield from cast("Iterator[dict[str, Any]]", fastavro.reader(source))


class Loading:
    """Puts records back into topics that are empty, in their order. Raises Failure."""

    def __init__(self, brokers: Brokers) -> None:
        self._producer = Producer(
            {
                **brokers.librdkafka(),
                "enable.idempotence": True,
                "linger.ms": 20,
                "batch.size": BATCH_BYTES,
                "message.max.bytes": 2 << 20,
            }
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
        group: {place: bisect_left(moved.get(place, ()), offset) for place, offset in at.items()}
        for group, at in groups.items()
    }
