"""From an event on Kafka to the message at 1,000 clients, against a bare application that passes on all."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from statistics import median
from typing import Any

import httpx
import orjson
from confluent_kafka import Producer

from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from schemas.codec import Codec
from schemas.events import Event
from schemas.topics import topic_of
from tests import samples
from tests.bench.api import someone
from tests.bench.bare import beside, quiet_stack
from tests.bench.figures import Figure, figure
from tests.bench.memory import resident
from tests.client import until

_CLIENTS, _PER_SECOND, _SECONDS = 1000, 200, 10
_MESSAGES = _PER_SECOND * _SECONDS
_WITHIN_S = 120
_MEDIA = 20
_RUNS = 5
_GOAL, _MOST_MIB = 2.0, 32


def run() -> Iterator[Figure]:
    """What all but the slowest hundredth of messages stay under, and what memory the gateway gains."""
    with quiet_stack() as stack:
        owner, headers = someone(stack)
        log = Log(stack)
        for n in range(_MEDIA):
            log.add(samples.uploaded(f"m{n}", owner_id=owner, meta=samples.meta(now=datetime.now(UTC))))
        log.flush()
        url = f"{stack.url}/api/v1/events?topic=media.changed"
        header = f"Authorization: {headers['Authorization']}"
        until(lambda: _knows(stack, headers), "the gateway to know the media")
        stack.children["processors-1"].stop()  # how fast they apply the same events is another figure
        told = {"SLUICE_BROKERS": stack.endpoints.kafka.bootstrap}
        with beside(stack, "tests.bench.bare_live", told) as plain:
            followed(log, f"{plain}/", None)
            followed(log, url, header)
            before = resident(stack, "gateway-1")
            pairs = [(followed(log, f"{plain}/", None), followed(log, url, header)) for _ in range(_RUNS)]
            after = resident(stack, "gateway-1")
    theirs, ours = (median(side) for side in zip(*pairs, strict=True))
    goal = f"at most {_GOAL:g} times"
    yield figure("live, p99", ours, theirs, "ms", goal, ours <= _GOAL * theirs, _RUNS)
    flat = after - before <= _MOST_MIB
    yield figure("live, memory", after, before, "MiB", f"at most {_MOST_MIB} MiB more", flat, 1)


class Log:
    """Writes events."""

    def __init__(self, stack: Stack) -> None:
        settings = {"partitioner": "murmur2_random", "linger.ms": 0}
        self._producer = Producer({**stack.endpoints.kafka.librdkafka(), **settings})
        self._codec = Codec()

    def add(self, event: Event) -> None:
        """One event."""
        record = self._codec.encode(event)
        self._producer.produce(topic_of(event).name, record.value, record.key)
        self._producer.poll(0)

    def flush(self) -> None:
        """Returns when all are written."""
        self._producer.flush(60)


def followed(log: Log, url: str, header: str | None) -> float:
    """The figure of one run. Every client has to have every message."""
    said = [url, str(_CLIENTS), str(_MESSAGES), str(_WITHIN_S), *([header] if header else [])]
    command = [sys.executable, "-m", "tests.bench.live_clients", *said]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        if process.stdout.readline().strip() != "following":
            raise SystemExit("the clients can't follow")
        began = time.monotonic()
        for n in range(_MESSAGES):
            time.sleep(max(0.0, began + n / _PER_SECOND - time.monotonic()))
            meta = samples.meta(now=datetime.now(UTC))
            log.add(samples.pictured(media_id=f"m{n % _MEDIA}", version=n + 1, meta=meta))
        log.flush()
        told: dict[str, Any] = orjson.loads(process.stdout.readline())
    if told["lost"]:
        raise SystemExit(f"{told['lost']} messages of {url} were lost")
    return float(told["p99_ms"])


def _knows(stack: Stack, headers: dict[str, str]) -> bool:
    return httpx.get(f"{stack.url}/api/v1/media/m{_MEDIA - 1}", headers=headers).is_success
