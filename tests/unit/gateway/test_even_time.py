"""A registration takes as long for a name that is taken as for one that is free."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from gateway.accounts.even_time import EvenTime
from tests.unit.gateway.checks import anonymous
from tests.unit.gateway.fakes import world
from tests.unit.gateway.people import PASSWORD, person


@dataclass
class Watch:
    """Time as a test says."""

    at: float = 7.25
    slept: list[float] = field(default_factory=list)

    def now(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


@pytest.mark.parametrize(
    ("took", "waits"), [(0.0, 1.0), (0.25, 0.75), (0.75, 0.25), (1.25, 0.75), (3.5, 0.5)]
)
async def test_what_is_left_of_a_step_is_waited_for(took: float, waits: float) -> None:
    watch = Watch()
    even = EvenTime(1, watch.now, watch.sleep)
    watch.at += took
    await even.wait()
    assert watch.slept == [waits]


async def test_without_a_step_nothing_is_waited_for() -> None:
    watch = Watch()
    await EvenTime(0, watch.now, watch.sleep).wait()
    assert watch.slept == []


async def test_a_name_that_is_taken_is_answered_no_sooner_than_one_that_is_free(tmp_path: Path) -> None:
    async with world(tmp_path, registration="open", registration_step_s=1) as w, anonymous(w) as client:
        await person(w, "taken")
        order: list[str] = []

        async def registers(login: str) -> None:
            answer = await client.post("/api/v1/auth/register", json={"login": login, "password": PASSWORD})
            assert answer.status_code == 202, answer.text
            order.append(login)

        w.publisher.gate = asyncio.Event()
        asyncio.get_running_loop().call_later(0.3, w.publisher.gate.set)
        await asyncio.gather(registers("free"), registers("taken"))
        assert order == ["free", "taken"], "in the order that they came in"
