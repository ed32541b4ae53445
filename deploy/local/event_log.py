"""Reading the event log as it is on Kafka: the last events of some topics, or everything from now on."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition

from connectors.brokers import Brokers
from connectors.registry import open_registry
from deploy.local.console import clean
from deploy.local.failures import Exit, Failure
from deploy.local.settings import read
from schemas.codec import Codec, Undecodable
from schemas.events import Event

REPLAYED = "sluice-replayed"
"""A header: on a record that was replayed from a dead letter, and on the mark that says so."""

Place = tuple[str, int]
Spans = Mapping[Place, tuple[int, int]]
"""By topic and partition, a first offset and the one after the last."""

_TIMEOUT_S = 10.0
_LED_WITHIN_S = 60.0
_LOOK_AGAIN_S = 0.1
_LEADERLESS = frozenset(
    {KafkaError.NOT_LEADER_FOR_PARTITION, KafkaError.LEADER_NOT_AVAILABLE, KafkaError.UNKNOWN_TOPIC_OR_PART}
)
_BATCH = 500
_SHOWN_CHARACTERS = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One record; `event` is None where it cannot be decoded, and `problem` says why."""

    topic: str
    partition: int
    offset: int
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    event: Event | None = None
    problem: str | None = None


def codec() -> Codec:
    """A codec with the schema ids that the stack's records carry."""
    said = read().environ
    ca_file = said.get("SCHEMA_REGISTRY_CA_FILE")
    return Codec(open_registry(said.get("SCHEMA_REGISTRY_URL"), Path(ca_file) if ca_file else None))


def last(brokers: Brokers, topics: Sequence[str], limit: int) -> list[Seen]:
    """The last events over all these topics, in the order of their times."""
    with reading(brokers) as consumer:
        found = sorted(_read_ends(consumer, topics, limit), key=lambda seen: seen.at)
    return found[-limit:]


def whole(brokers: Brokers, topics: Sequence[str]) -> Iterator[Seen]:
    """Everything that these topics hold at this moment."""
    with reading(brokers) as consumer:
        yield from _read_ends(consumer, topics, limit=None)


@contextmanager
def tail(brokers: Brokers, topics: Sequence[str]) -> Iterator[Tail]:
    """Everything from now on; the starting point is fixed once this is entered."""
    with reading(brokers) as consumer:
        parts = _partitions(consumer, topics)
        consumer.assign([TopicPartition(p.topic, p.partition, _ends(consumer, p)[1]) for p in parts])
        yield Tail(consumer)


class Tail:
    """What is published while one looks."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer
        self._codec = codec()

    def new(self, within_s: float) -> list[Seen]:
        """What has come, waiting at most this long for the first."""
        first = self._consumer.poll(within_s)
        more = self._consumer.consume(_BATCH, 0) if first is not None else []
        return [_seen(self._codec, m) for m in (first, *more) if m is not None and m.error() is None]


def counts(brokers: Brokers, topics: Sequence[str]) -> dict[str, tuple[int, int]]:
    """For each topic that exists: how many partitions it has and how many records they hold."""
    found: dict[str, tuple[int, int]] = {}
    with reading(brokers) as consumer:
        for part in _partitions(consumer, topics):
            first, after = _ends(consumer, part)
            partitions, records = found.get(part.topic, (0, 0))
            found[part.topic] = (partitions + 1, records + after - first)
    return found


def summary(event: Event) -> str:
    """An event's own fields in one line, long values cut."""
    own = ((f.name, getattr(event, f.name)) for f in dataclasses.fields(event) if f.name != "meta")
    return " ".join(f"{name}={_short(value)}" for name, value in own if value not in (None, [], {}))


def said(seen: Seen) -> str:
    """What a record says, in one line."""
    if seen.event is not None:
        return summary(seen.event)
    marks = [value.decode(errors="replace") for name, value in seen.headers if name == REPLAYED]
    return clean(f"replayed {marks[0]}" if marks and seen.value is None else f"not decoded: {seen.problem}")


def as_object(seen: Seen) -> dict[str, Any]:
    """A record for machines."""
    about = {"topic": seen.topic, "partition": seen.partition, "offset": seen.offset, "at": seen.at}
    body = {"event": seen.event} if seen.event is not None else {"problem": seen.problem}
    return {**about, "key": seen.key, **body}


def key_text(seen: Seen) -> str:
    """A record's key for people."""
    return clean((seen.key or b"").decode(errors="replace"))


def _short(value: object) -> str:
    if isinstance(value, list):
        return f"[{len(value)}]"
    if dataclasses.is_dataclass(value):
        return "{…}"
    text = clean(value)
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…"


@contextmanager
def reading(brokers: Brokers) -> Iterator[Consumer]:
    """A consumer of no group: it leaves no trace. Raises Failure where Kafka does not answer."""
    consumer = Consumer(
        brokers.librdkafka()
        | {
            "group.id": "sluice-command",
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.wait.max.ms": 100,
        }
    )
    try:
        yield consumer
    except KafkaException as error:
        raise Failure(
            f"Kafka at {brokers} does not answer: {brokers.why(error)}.", Exit.NOT_RUNNING
        ) from error
    finally:
        consumer.close()


def _partitions(consumer: Consumer, topics: Sequence[str]) -> list[TopicPartition]:
    known = consumer.list_topics(timeout=_TIMEOUT_S).topics
    return [TopicPartition(name, n) for name in topics if name in known for n in known[name].partitions]


def spans(consumer: Consumer, topics: Sequence[str]) -> Spans:
    """From where to where each partition of the topics that exist goes now; the empty ones are left out."""
    found = {(p.topic, p.partition): _ends(consumer, p) for p in _partitions(consumer, topics)}
    return {place: (first, after) for place, (first, after) in found.items() if first < after}


def messages(consumer: Consumer, wanted: Spans) -> Iterator[Message]:
    """The records there. Raises KafkaException where they do not come in time."""
    left = {place: after for place, (_, after) in wanted.items()}
    consumer.assign([TopicPartition(*place, first) for place, (first, _) in wanted.items()])
    while left:
        for message in _consume(consumer):
            where = (str(message.topic()), int(message.partition() or 0))
            offset = int(message.offset() or 0)
            if message.error() is None and offset < left.get(where, 0):
                yield message
            if message.error() is not None or offset + 1 >= left.get(where, 0):
                left.pop(where, None)  # compacted topics may end before their last offset


def _ends(consumer: Consumer, part: TopicPartition) -> tuple[int, int]:
    """The first offset there is, and the one after the last. A new partition may have no leader yet."""
    deadline = time.monotonic() + _LED_WITHIN_S
    while True:
        try:
            ends = consumer.get_watermark_offsets(part, timeout=_TIMEOUT_S)
        except KafkaException as error:
            if error.args[0].code() not in _LEADERLESS or time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_AGAIN_S)
        else:
            return ends if ends is not None else (0, 0)


def _read_ends(consumer: Consumer, topics: Sequence[str], limit: int | None) -> Iterator[Seen]:
    """The last `limit` records of each partition, up to where it ended when we looked."""
    decoding = codec()
    found = spans(consumer, topics)
    wanted = {p: (f if limit is None else max(f, after - limit), after) for p, (f, after) in found.items()}
    for message in messages(consumer, wanted):
        yield _seen(decoding, message)


def _consume(consumer: Consumer) -> list[Message]:
    first = consumer.poll(_TIMEOUT_S)
    if first is None:
        raise KafkaException("no answer in time")
    messages = [first, *consumer.consume(_BATCH, 0)]
    for message in messages:
        error = message.error()
        if error is not None and error.code() != KafkaError._PARTITION_EOF:
            raise KafkaException(error)
    return messages


def _seen(codec: Codec, message: Message) -> Seen:
    topic, value = str(message.topic()), message.value()
    about: dict[str, Any] = {
        "topic": topic,
        "partition": message.partition(),
        "offset": message.offset(),
        "at": datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        "key": _bytes(message.key()),
        "value": _bytes(value),
        "headers": _headers(message),
    }
    try:
        return Seen(**about, event=codec.decode(topic, _bytes(value)))
    except Undecodable as error:
        return Seen(**about, problem=str(error))


def _headers(message: Message) -> tuple[tuple[str, bytes], ...]:
    pairs: Any = message.headers() or []
    return tuple((name, value or b"") for name, value in pairs)


def _bytes(value: Any) -> bytes | None:
    return value.encode() if isinstance(value, str) else value
