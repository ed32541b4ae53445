"""Requests a second that the gateway answers, against bare routes on the same server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

import httpx
import pymongo
from confluent_kafka import Producer

from deploy.local.stack import Stack
from schemas.codec import Codec
from schemas.topics import topic_of
from tests import samples
from tests.bench.bare import beside, quiet_stack
from tests.bench.figures import Figure, figure
from tests.bench.wrk import Load, load
from tests.client import Client, until

_MEDIA = 2000
_APART = timedelta(seconds=5)
_RUNS = 5
_PASSWORD = "a password for benches"
_RATE_GOAL, _SAME_GOAL, _P99_GOAL = 0.7, 0.4, 2.0


def run() -> Iterator[Figure]:
    """Rates and slowest answers of a job and of a page of media, and the rate of an answer that is kept."""
    with quiet_stack() as stack:
        owner, headers = someone(stack)
        fill(stack, owner)
        with bare(stack, owner, headers) as url:
            yield from compared("job", f"{stack.url}/api/v1/jobs/j1", f"{url}/jobs/j1", headers)
            yield from compared("50 media", f"{stack.url}/api/v1/media", f"{url}/media", headers)
            ours, baseline = alternated(f"{stack.url}/api/v1/profiles", f"{url}/same", headers)
            yield rate("profiles", ours, baseline, _SAME_GOAL)


def compared(what: str, ours: str, baseline: str, headers: dict[str, str]) -> Iterator[Figure]:
    """Both figures of a read that asks the database."""
    mine, theirs = alternated(ours, baseline, headers)
    yield rate(what, mine, theirs, _RATE_GOAL)
    slow, plain = (median(each.p99_ms for each in side) for side in (mine, theirs))
    goal = f"at most {_P99_GOAL:g} times"
    yield figure(f"api {what}, p99", slow, plain, "ms", goal, slow <= _P99_GOAL * plain, _RUNS)


def alternated(ours: str, baseline: str, headers: dict[str, str]) -> tuple[list[Load], list[Load]]:
    """Both sides in turn, after one that warms them up."""
    load(baseline, {})
    load(ours, headers)
    pairs = [(load(baseline, {}), load(ours, headers)) for _ in range(_RUNS)]
    return [pair[1] for pair in pairs], [pair[0] for pair in pairs]


def rate(what: str, ours: list[Load], baseline: list[Load], least: float) -> Figure:
    """The figure of a rate."""
    mine, theirs = (median(each.per_second for each in side) for side in (ours, baseline))
    goal = f"at least {least:g} times"
    return figure(f"api {what}", mine, theirs, "requests/s", goal, mine >= least * theirs, _RUNS)


def someone(stack: Stack) -> tuple[str, dict[str, str]]:
    """An editor who has signed in: their id, and what they send."""
    assert stack.url is not None
    with Client(stack.url, stack.token).http as http:
        body = {"login": "bench", "password": _PASSWORD, "role": "editor"}
        id: str = http.post("/api/v1/users", json=body).json()["user"]["id"]
    return id, signed_in(stack)


def signed_in(stack: Stack) -> dict[str, str]:
    """What they send who signs in now."""
    with Client(str(stack.url), stack.token).http as http:
        said = http.post("/api/v1/auth/login", json={"login": "bench", "password": _PASSWORD}).json()
    return {"Authorization": f"Bearer {said['access_token']}"}


def fill(stack: Stack, owner: str) -> None:
    """A film every few seconds of the last hours, with a finished job, and waits until they can be read."""
    producer = Producer({**stack.endpoints.kafka.librdkafka(), "partitioner": "murmur2_random"})
    now = datetime.now(UTC)
    for n in range(_MEDIA):
        meta = samples.meta(now=now - (_MEDIA - n) * _APART)
        for event in (
            samples.uploaded(f"m{n}", owner_id=owner, meta=meta),
            samples.requested(f"j{n}", media_id=f"m{n}", owner_id=owner, meta=meta),
            samples.processed(f"j{n}", media_id=f"m{n}", meta=meta),
        ):
            record = Codec().encode(event)
            producer.produce(topic_of(event).name, record.value, record.key)
            producer.poll(0)
    producer.flush(60)
    with Client(str(stack.url), stack.token).http as http:
        until(lambda: all(completed(http, n) for n in range(0, _MEDIA, 100)), "the views to have it all")


def completed(http: httpx.Client, n: int) -> bool:
    """Whether the read models know that a job has ended."""
    return '"completed"' in http.get(f"/api/v1/jobs/j{n}").text


def bare(stack: Stack, owner: str, headers: dict[str, str]) -> AbstractContextManager[str]:
    """The bare routes."""
    database: str = stack.environ["SLUICE_DATABASE"]
    client: Any = pymongo.MongoClient(stack.endpoints.mongodb_url)
    said = {
        "MONGODB_URL": stack.endpoints.mongodb_url,
        "BENCH_DATABASE": database,
        "BENCH_GENERATION": client[database].state.find_one({"_id": "views"})["generation"],
        "BENCH_OWNER": owner,
        "BENCH_SAME": httpx.get(f"{stack.url}/api/v1/profiles", headers=headers).text,
    }
    return beside(stack, "tests.bench.bare_api", said)
