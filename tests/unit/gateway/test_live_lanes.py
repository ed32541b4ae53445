"""What clients of live events are told who want the same, and what waits for one of them."""

from __future__ import annotations

import asyncio
from collections import Counter
from pathlib import Path

from gateway.auth.principal import ADMIN, Principal
from gateway.events.lanes import Lane
from gateway.events.live import TOO_SLOW, Outbox
from gateway.events.messages import Filter, message_of
from schemas.events import Event
from tests.unit.gateway.fakes import world
from tests.unit.gateway.history import progressed, requested, task_changed
from tests.unit.gateway.live import delivery, waiting


def following_lane(bound: int) -> tuple[Lane, Outbox, Counter[str]]:
    """A lane, who follows it, and what became of its messages."""
    told: Counter[str] = Counter()

    def tell(outcome: str, number: int) -> None:
        told[outcome] += number

    lane, outbox = Lane(Filter(), bound), Outbox(bound, Principal(ADMIN), tell)
    outbox.follow(lane)
    return lane, outbox, told


def put(lane: Lane, *events: Event) -> None:
    for number, event in enumerate(events):
        lane.put(message_of(delivery(event, lane.number + number)))


async def test_the_latest_progress_of_a_task_replaces_what_waits() -> None:
    lane, outbox, told = following_lane(10)
    put(lane, requested(), progressed(1), progressed(1, task_id="t2"), progressed(2), task_changed())
    put(lane, progressed(3))
    said = await waiting(outbox)
    assert [(m.get("task_id"), m.get("frames_done")) for m in said] == [
        (None, None),
        ("t2", 1),
        ("t1", None),
        ("t1", 3),
    ]
    assert +told == {"sent": 4, "replaced": 2}


async def test_over_the_bound_a_client_is_let_go() -> None:
    lane, outbox, told = following_lane(3)
    put(lane, *(task_changed() for _ in range(5)))
    assert await waiting(outbox) == []
    assert outbox.is_dropped
    assert told["dropped"] == 5


async def test_who_is_over_the_bound_is_told_why() -> None:
    lane, outbox, _ = following_lane(3)
    put(lane, *(task_changed() for _ in range(5)))
    assert [message async for message in outbox.messages()] == []
    assert "too slow" in str(outbox.closed_because)


async def test_progress_alone_never_puts_a_client_over_the_bound() -> None:
    lane, outbox, told = following_lane(3)
    put(lane, *(progressed(n, task_id=f"t{n % 3}") for n in range(50)))
    assert [m["frames_done"] for m in await waiting(outbox)] == [47, 48, 49]
    assert +told == {"sent": 3, "replaced": 47}


async def test_who_follows_something_else_still_gets_what_waited() -> None:
    lane, outbox, _ = following_lane(600)
    put(lane, *(requested(f"j{n}") for n in range(600)))
    other = Lane(Filter(job_id="x"), 600)
    put(other, requested("before"))
    assert outbox.follow(other) is lane
    put(lane, requested("after"))
    put(other, requested("x"))
    assert [m["job_id"] for m in await waiting(outbox)] == [*(f"j{n}" for n in range(600)), "x"]


async def test_each_who_follows_is_told_all_and_what_is_said_is_made_once() -> None:
    lane, one, _ = following_lane(10)
    two = Outbox(10, Principal(ADMIN), lambda _, __: None)
    put(lane, requested("j1"))
    two.follow(lane)
    put(lane, requested("j2"))
    both = [await anext(one.batches()), await anext(two.batches())]
    assert [[message.job_id for message in batch.messages] for batch in both] == [["j1", "j2"], ["j2"]]
    put(lane, requested("j3"))
    both = [await anext(one.batches()), await anext(two.batches())]
    assert both[0] is both[1]
    assert both[0].as_sse is both[1].as_sse
    assert b"transcode.requested" in both[0].as_sse


async def test_a_lane_goes_with_the_last_who_follows_it(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        hub = w.services.hub
        with hub.client("sse", Filter(), Principal(ADMIN)):
            with hub.client("sse", Filter(), Principal(ADMIN)) as outbox:
                hub.follow(outbox, Filter(job_id="j1"))
                assert set(hub._lanes) == {Filter(), Filter(job_id="j1")}
            assert set(hub._lanes) == {Filter()}
        assert hub._lanes == {}


async def test_what_comes_soon_after_a_write_goes_out_in_one() -> None:
    lane, outbox = Lane(Filter(), 10), Outbox(10, Principal(ADMIN), lambda _, __: None, lambda: 0.5)
    outbox.follow(lane)
    batches = outbox.batches()
    put(lane, requested("j1"))
    assert [message.job_id for message in (await anext(batches)).messages] == ["j1"]
    following = asyncio.ensure_future(anext(batches))
    await asyncio.sleep(0)
    put(lane, requested("j2"))
    await asyncio.sleep(0)
    put(lane, requested("j3"))
    assert [message.job_id for message in (await following).messages] == ["j2", "j3"]


async def test_who_asks_again_and_again_and_reads_nothing_is_let_go(tmp_path: Path) -> None:
    async with world(tmp_path, live_queue=3) as w:
        hub = w.services.hub
        with hub.client("websocket", Filter(), Principal(ADMIN)) as outbox:
            for n in range(4):
                assert not outbox.is_dropped
                hub._fan_out(message_of(delivery(requested(f"j{n}"), n)))
                hub.follow(outbox, Filter(media_id=f"m{n}"))
                hub.follow(outbox, Filter())
            assert (outbox.is_dropped, outbox.closed_because) == (True, TOO_SLOW)


async def test_what_waited_for_who_left_was_not_sent(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        hub = w.services.hub
        with hub.client("sse", Filter(), Principal(ADMIN)):
            hub._fan_out(message_of(delivery(requested())))
        assert w.metric("sluice_live_messages_total", outcome="sent") == 0
