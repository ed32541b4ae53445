"""Dead letters: what stages gave up, read from the `.dlq` topics, and put back where it came from.

A letter that was replayed is followed in its topic by a mark: a record without a value whose header says
which letter it is about. So the topic alone says what is still open, and nothing is kept anywhere else.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from confluent_kafka import KafkaException, Producer

from connectors.brokers import Brokers
from deploy.local import event_log
from deploy.local.event_log import REPLAYED, Seen
from deploy.local.failures import Exit, Failure
from schemas.events import DeadLetter
from schemas.topics import BY_NAME, DLQ_SUFFIX

_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A dead letter and where it lies."""

    topic: str
    offset: int
    at: datetime
    letter: DeadLetter
    replayed: bool

    @property
    def place(self) -> str:
        return f"{self.topic}/{self.offset}"

    @property
    def origin(self) -> tuple[str, int, int]:
        """The record that it is about."""
        return self.letter.topic, self.letter.partition, self.letter.offset


def topics(name: str | None = None) -> list[str]:
    """The dead-letter topics, or the one that is meant: its own name or the topic's that it belongs to."""
    if name is None:
        return [topic for topic in BY_NAME if topic.endswith(DLQ_SUFFIX)]
    found = name if name.endswith(DLQ_SUFFIX) else name + DLQ_SUFFIX
    if found not in BY_NAME:
        raise Failure(f"there is no topic {found}: see `sluice topics`.", Exit.NOT_FOUND)
    return [found]


def read(brokers: Brokers, names: Sequence[str]) -> list[Letter]:
    """All letters of these topics, the oldest first."""
    return sorted(with_marks(event_log.whole(brokers, names)), key=lambda letter: letter.at)


def find(brokers: Brokers, name: str, offset: int) -> Letter:
    """One letter. Raises Failure where there is none."""
    for letter in read(brokers, topics(name)):
        if letter.offset == offset:
            return letter
    raise Failure(
        f"there is no dead letter at {topics(name)[0]}/{offset}: see `sluice dlq list`.", Exit.NOT_FOUND
    )


def replay(brokers: Brokers, letters: Iterable[Letter]) -> int:
    """Publishes the original records again, as they were, each once; how many. Raises Failure.

    Each is marked as replayed only once the broker has its record: a replay that is cut off may be done
    again, and what a handler sees twice it does once.
    """
    producer = Producer(brokers.librdkafka() | {"acks": "all"})
    sent: set[tuple[str, int, int]] = set()
    for letter in letters:
        if letter.origin not in sent:  # several stages may have given up the same record
            _send(producer, **_original(letter))
            sent.add(letter.origin)
        _send(producer, **_mark(letter))
    return len(sent)


def _original(letter: Letter) -> dict[str, Any]:
    dead = letter.letter
    kept = [(header.name, header.value) for header in dead.headers if header.name != REPLAYED]
    return {
        "topic": dead.topic,
        "partition": dead.partition,
        "key": dead.key,
        "value": dead.value,
        "headers": [*kept, (REPLAYED, letter.place.encode())],
    }


def _mark(letter: Letter) -> dict[str, Any]:
    return {
        "topic": letter.topic,
        "partition": 0,
        "key": letter.letter.key,
        "value": None,
        "headers": [(REPLAYED, letter.place.encode())],
    }


def _send(producer: Producer, **record: Any) -> None:
    problems: list[str] = []

    def delivered(error: Any, message: Any) -> None:
        if error is not None:
            problems.append(str(error))

    try:
        producer.produce(**record, on_delivery=delivered)
    except (KafkaException, BufferError) as error:
        problems.append(str(error))
    if producer.flush(_TIMEOUT_S) or problems:
        why = problems[0] if problems else "no answer in time"
        raise Failure(f"Kafka did not take the record for {record['topic']}: {why}.", Exit.NOT_RUNNING)


def with_marks(records: Iterable[Seen]) -> list[Letter]:
    """The letters among the records of dead-letter topics, each with whether a mark is about it."""
    found: list[tuple[Seen, DeadLetter]] = []
    marks: set[str] = set()
    for seen in records:
        if isinstance(seen.event, DeadLetter):
            found.append((seen, seen.event))
        elif seen.value is None:
            marks |= {value.decode(errors="replace") for name, value in seen.headers if name == REPLAYED}
    return [_letter(seen, letter, marks) for seen, letter in found]


def _letter(seen: Seen, letter: DeadLetter, marks: set[str]) -> Letter:
    replayed = f"{seen.topic}/{seen.offset}" in marks
    return Letter(topic=seen.topic, offset=seen.offset, at=seen.at, letter=letter, replayed=replayed)
