"""Jobs through a stack, timed by the events that end them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Self

from confluent_kafka import Consumer, TopicPartition

from connectors.brokers import Brokers
from schemas.codec import Codec
from schemas.events import MediaProcessed
from schemas.topics import BY_NAME
from tests.client import Client, until

_TOPIC = "media.processed"


class Ends:
    """The ends of jobs, as they are published, to be used in a `with` statement."""

    def __init__(self, brokers: Brokers) -> None:
        self._consumer = Consumer(brokers.librdkafka() | {"group.id": "bench"})
        parts = [TopicPartition(_TOPIC, n, 0) for n in range(BY_NAME[_TOPIC].partitions)]
        self._consumer.assign(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def until(self, job_id: str) -> MediaProcessed:
        """The end of a job."""

        def look() -> MediaProcessed | None:
            message = self._consumer.poll(1.0)
            if message is None or message.error():
                return None
            event = Codec().decode(_TOPIC, message.value())
            return event if isinstance(event, MediaProcessed) and event.job_id == job_id else None

        return until(look, f"the end of {job_id}", within_s=900)


def through(client: Client, ends: Ends, source: Path, profile: str) -> float:
    """Seconds from the acceptance of an upload to the end of its job."""
    said = client.upload(source, profile=profile)
    accepted = time.monotonic()
    end = ends.until(said["job"]["id"])
    assert end.status == "completed", end.reason
    return time.monotonic() - accepted
