"""A worker heeds the last order that was for it, however it comes to know of it."""

from __future__ import annotations

import pytest

from connectors.ports import BrokerUnavailable
from processors.work.standing import Standing, last_order, never_ordered
from schemas.events import ResourceChanged
from schemas.workers import DRAIN, PAUSE, WORK, Order, read, written
from tests import samples
from tests.fakes import MemoryLog


def order(wanted: Order, version: int = 1, worker: str = "w1") -> ResourceChanged:
    resource = f"worker/{worker}"
    return samples.resource("worker", worker, resource=resource, version=version, value=written(wanted))


@pytest.mark.parametrize("wanted", [WORK, PAUSE, DRAIN])
def test_an_order_is_read_as_it_was_written(wanted: Order) -> None:
    assert read(written(wanted)) == wanted


def test_an_order_of_a_later_version_of_the_platform_lets_nothing_in() -> None:
    assert read('{"order": "sing"}') == DRAIN


async def test_of_two_orders_the_later_version_stands_in_any_order() -> None:
    standing = Standing("w1")
    await standing.learn(never_ordered)
    for event in (order(PAUSE, 2), order(WORK, 1), order(DRAIN, 9, "w2"), samples.resource()):
        standing.hear(event)
    assert (standing.order, standing.state) == (PAUSE, "paused")


async def test_the_last_order_is_found_in_the_log() -> None:
    log = MemoryLog()
    assert await last_order(log, "w1") is None
    await log.publish([order(PAUSE, 1), order(DRAIN, 2), order(WORK, 1, "w2"), samples.resource()])
    found = await last_order(log, "w1")
    assert found is not None
    assert read(found.value) == DRAIN


async def test_a_worker_waits_until_it_knows_whether_it_may_work() -> None:
    tries = 0

    async def last() -> ResourceChanged:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise BrokerUnavailable("Kafka is away")
        return order(PAUSE)

    standing = Standing("w1")
    assert standing.state == "starting"
    await standing.learn(last)
    assert (tries, standing.order) == (2, PAUSE)
