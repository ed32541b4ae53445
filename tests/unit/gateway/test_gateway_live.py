"""Live events: what goes out, to whom, and what happens to a client that can't keep up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from structlog.testing import capture_logs

from gateway.auth.principal import ADMIN, Principal
from gateway.events.backlog import Backlog
from gateway.events.messages import LIVE_TOPICS, Filter, message_of
from schemas.events import Event
from tests.unit.gateway.checks import assert_problem
from tests.unit.gateway.fakes import AUTHORIZED, served, until, world
from tests.unit.gateway.history import (
    beat,
    controlled,
    processed,
    progressed,
    requested,
    task_changed,
    uploaded,
)
from tests.unit.gateway.live import delivery, waiting


def test_only_what_concerns_media_jobs_viewers_and_processes_goes_out() -> None:
    assert set(LIVE_TOPICS) == {
        "media.uploaded",
        "media.probed",
        "media.rejected",
        "media.changed",
        "media.processed",
        "transcode.requested",
        "transcode.progress",
        "playback.changed",
        "job.controlled",
        "task.changed",
        "job.progress",
        "chore.requested",
        "service.beat",
    }


def test_a_message_is_the_event_as_it_is_on_the_wire() -> None:
    message = message_of(delivery(progressed(5)))
    said = orjson.loads(message.data)
    assert message.id == "transcode.progress/2/7"
    assert (said["job_id"], said["frames_done"], said["actor"]) == ("j1", 5, "service:test")
    assert said["occurred_at"] == "2026-05-01T12:00:00Z"
    assert "meta" not in said


@pytest.mark.parametrize(
    ("wanted", "event", "wants"),
    [
        (Filter(), beat(), True),
        (Filter(job_id="j1"), progressed(1), True),
        (Filter(job_id="j2"), progressed(1), False),
        (Filter(job_id="j1"), uploaded(), False),
        (Filter(media_id="m1"), uploaded(), True),
        (Filter(media_id="m1"), task_changed(), True),
        (Filter(media_id="m1"), controlled(), False),
        (Filter(topic=frozenset({"media.processed"})), processed(), True),
        (Filter(topic=frozenset({"media.processed"})), progressed(1), False),
        (Filter(job_id="j1", media_id="m2"), processed(), False),
    ],
)
def test_a_filter_wants_what_matches_all_of_it(wanted: Filter, event: Event, wants: bool) -> None:
    assert wanted.wants(message_of(delivery(event))) is wants


@asynccontextmanager
async def following(
    port: int, query: str = "", last: str | None = None
) -> AsyncIterator[AsyncIterator[dict[str, str]]]:
    """Server-sent events as a browser would read them; comments under the name of comment."""
    headers = {**AUTHORIZED, **({"Last-Event-ID": last} if last else {})}
    async with (
        httpx.AsyncClient(headers=headers, timeout=20) as client,
        client.stream("GET", f"http://127.0.0.1:{port}/api/v1/events{query}") as answer,
    ):
        assert answer.status_code == 200, await answer.aread()
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield _events(answer)


async def _events(answer: httpx.Response) -> AsyncIterator[dict[str, str]]:
    found: dict[str, str] = {}
    async for line in answer.aiter_lines():
        if line:
            name, _, value = line.partition(": ")
            found["comment" if line.startswith(":") else name] = value
        elif found:
            yield found
            found = {}


async def test_events_are_followed_over_sse(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, following(port, "?job_id=j1") as events:
        assert "comment" in await anext(events)
        w.live.put(requested("j2"), requested("j1"))
        found = await anext(events)
        assert (found["event"], found["id"]) == ("transcode.requested", "transcode.requested/0/1")
        assert orjson.loads(found["data"])["job_id"] == "j1"
        assert w.metric("sluice_live_clients", transport="sse") == 1


async def test_who_comes_back_gets_what_came_meanwhile(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        async with following(port, "?job_id=j1") as events:
            await anext(events)
            w.live.put(requested("j1"))
            last = (await anext(events))["id"]
        w.live.put(progressed(1), requested("j2"), progressed(2), processed())
        await w.live.queue.join()
        async with following(port, "?job_id=j1", last) as events:
            await anext(events)
            found = [await anext(events) for _ in range(2)]
            assert [each["event"] for each in found] == ["transcode.progress", "media.processed"]
            assert orjson.loads(found[0]["data"])["frames_done"] == 2, "the latest"
            w.live.put(progressed(3))
            assert orjson.loads((await anext(events))["data"])["frames_done"] == 3


async def test_who_comes_back_too_late_is_told_so(tmp_path: Path) -> None:
    query = "?after=media.processed/0/5"
    async with world(tmp_path) as w, served(w.app) as port, following(port, query) as events:
        await anext(events)
        found = await anext(events)
        assert found["event"] == "missed"
        assert "read the state again" in orjson.loads(found["data"])["reason"]
        w.live.put(requested())
        assert (await anext(events))["event"] == "transcode.requested"


def test_a_backlog_tells_again_what_came_a_moment_before() -> None:
    at_s = [0.0]
    backlog = Backlog(monotonic=lambda: at_s[0])
    for n in range(20):
        at_s[0] = float(n)
        backlog.add(message_of(delivery(task_changed(), n)))
    found = backlog.since("task.changed/2/15")
    assert found is not None
    assert [int(each.id.rpartition("/")[2]) for each in found] == [10, 11, 12, 13, 14, 16, 17, 18, 19]


@pytest.mark.parametrize("bounds", [(5, 10**6), (100, 5)])
def test_a_backlog_forgets_the_oldest(bounds: tuple[int, int]) -> None:
    messages = [message_of(delivery(requested(), n)) for n in range(9)]
    most, most_bytes = bounds
    backlog = Backlog(most, most_bytes * len(messages[0].data))
    for message in messages:
        backlog.add(message)
    assert backlog.since(messages[3].id) is None
    assert backlog.since(messages[4].id) == messages[5:]


async def test_more_than_may_wait_is_not_told_again(tmp_path: Path) -> None:
    async with world(tmp_path, live_queue=3) as w:
        hub = w.services.hub
        w.live.put(*(requested(f"j{n}") for n in range(9)))
        await w.live.queue.join()
        with hub.client("sse", Filter(), Principal(ADMIN), "transcode.requested/0/0") as outbox:
            assert outbox.missed
            assert await waiting(outbox) == []


async def test_of_beats_only_news_goes_out(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, following(port, "?topic=service.beat") as events:
        await anext(events)
        w.live.put(*(beat("worker-1", state) for state in ("up", "up", "draining", "draining")))
        found = [orjson.loads((await anext(events))["data"]) for _ in range(2)]
        assert [(each["instance"], each["state"]) for each in found] == [
            ("worker-1", "up"),
            ("worker-1", "draining"),
        ]


async def test_silence_is_filled_with_comments(tmp_path: Path) -> None:
    async with (
        world(tmp_path, live_heartbeat_s=0.05) as w,
        served(w.app) as port,
        following(port) as events,
    ):
        for _ in range(3):
            assert "comment" in await anext(events)


async def test_a_client_that_leaves_is_forgotten(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port:
        async with following(port) as events:
            await anext(events)
        await until(lambda: w.metric("sluice_live_clients", transport="sse") == 0)


async def test_a_stop_lets_clients_go_and_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as w, served(w.app) as port, following(port) as events:
        await anext(events)
        w.services.hub.close()
        found = await anext(events)
        assert found["event"] == "closed"
        assert "stopping" in orjson.loads(found["data"])["reason"]
        with pytest.raises(StopAsyncIteration):
            await anext(events)


async def test_a_client_that_reads_nothing_is_let_go_and_costs_bounded_memory(tmp_path: Path) -> None:
    settings: dict[str, Any] = {"live_queue": 20, "live_send_timeout_s": 0.2}
    with capture_logs() as said:
        async with world(tmp_path, **settings) as w, served(w.app) as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"GET /api/v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: {AUTHORIZED['Authorization']}"
            writer.write(f"{head}\r\n\r\n".encode())
            await reader.readuntil(b"following")
            async with asyncio.timeout(30):
                while w.metric("sluice_live_clients", transport="sse"):
                    w.live.put(processed("failed", reason="x" * 100_000))
                    await w.live.queue.join()
                    await asyncio.sleep(0)
                while await reader.read(1 << 20):
                    pass
            writer.close()
            await until(lambda: w.metric("sluice_http_requests_in_flight") == 0)
    assert said
    assert [each for each in said if each["log_level"] != "info"] == [], "that it is let go is no error"


@pytest.mark.parametrize("query", ["topic=session.changed", "topic=nope", f"job_id={'x' * 200}"])
async def test_what_cant_be_followed_is_refused(tmp_path: Path, query: str) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.get(f"/api/v1/events?{query}")
        assert_problem(answer, 422, "unknown-topic" if "topic" in query else "invalid")


async def test_the_delay_of_events_is_measured(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        w.clock.move(seconds=3)
        w.live.put(requested())
        await until(lambda: w.metric("sluice_live_delay_seconds_sum") == 3)
