"""An accepted medium gets its pictures; whatever becomes of them, nothing else suffers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from connectors.ports import Delivery, Position
from processors.pictures.handle import Pictures
from processors.pictures.plan import PictureOutcome, written
from processors.work.ledger import Ledger
from processors.work.tasks import Task
from schemas import artwork, events, pictures
from schemas.codec import Codec
from schemas.events import Event
from schemas.pictures import KINDS, POSTER, THUMBNAILS, WAVEFORM, Drawn, NotDrawn
from tests import samples
from tests.fakes import FakeClock, MemoryDatabase, only


class World:
    """The stage over doubles: what it plans is in the ledger."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.ledger = Ledger(MemoryDatabase(self.clock), Codec())
        self.stage = Pictures(self.ledger, self.clock)

    async def give(self, event: Event) -> list[Event]:
        handled = await self.stage.handle([Delivery(event, Position("x", 0, 0))])
        for each in handled.events:
            if isinstance(each, events.TaskChanged):
                await self.ledger.record(each)
        return list(handled.events)

    async def planned(self) -> dict[str, Task]:
        return {task.kind: task for task in await self.ledger.of_job("m1")}

    async def end(self, kind: str, state: str = "completed", **more: Any) -> list[Event]:
        """As if a worker had done, or given up, the task of this kind."""
        task = (await self.planned())[kind]
        if state == "completed":
            more = {"outcome": written(PictureOutcome(drawn=samples.drawn(kind), made=1)), **more}
        return await self.give(task.told(state, "worker:w", self.clock.now(), **more))


@pytest.fixture
async def world() -> World:
    world = World()
    looked_at = samples.task_changed(kind="probe", job_id="m1", plan=samples.plan(owner_id="ann"))
    await world.ledger.record(looked_at)
    return world


def kinds(found: Sequence[Event]) -> list[str]:
    return [event.kind for event in found if isinstance(event, events.TaskChanged)]


def said(found: Sequence[Event]) -> dict[str, Drawn | NotDrawn]:
    changed = only(event for event in found if isinstance(event, events.MediaChanged))
    assert (changed.media_id, changed.change) == ("m1", pictures.CHANGE)
    return {kind: pictures.read(text) for kind, text in changed.values.items()}


async def test_a_medium_that_was_accepted_gets_its_pictures(world: World) -> None:
    assert kinds(await world.give(samples.probed())) == [POSTER, THUMBNAILS, WAVEFORM]
    for kind, task in (await world.planned()).items():
        assert (task.job_id, task.run, task.plan.owner_id) == ("m1", 1, "ann"), kind


@pytest.mark.parametrize("kind", KINDS)
async def test_what_was_drawn_is_said_of_the_medium(world: World, kind: str) -> None:
    await world.give(samples.probed())
    assert said(await world.end(kind)) == {kind: samples.drawn(kind)}


@pytest.mark.parametrize("kind", KINDS)
async def test_why_nothing_was_drawn_is_said_of_the_medium(world: World, kind: str) -> None:
    await world.give(samples.probed())
    ended = await world.end(kind, "dead", code="nothing_shown", error="ffmpeg: not one picture")
    assert said(ended) == {kind: NotDrawn(code="nothing_shown", reason="ffmpeg: not one picture")}


async def test_events_that_come_twice_say_the_same_twice(world: World) -> None:
    probed = samples.probed()
    assert ids(await world.give(probed)) == ids(await world.give(probed))
    assert ids(await world.end(POSTER)) == ids(await world.end(POSTER))
    assert len(await world.ledger.of_job("m1")) == 4


def ids(found: Sequence[Event]) -> list[str]:
    return [event.meta.event_id for event in found]


async def test_of_a_medium_that_was_deleted_meanwhile_nothing_is_said(world: World) -> None:
    await world.give(samples.probed())
    assert await world.end(POSTER, outcome=written(PictureOutcome(drawn=None, made=0))) == []


SHOW = "folder/media/Show"
GIVEN: list[Any] = [
    samples.changed(change=artwork.WANTED, values=samples.wanted(), version=7),
    samples.item_changed(SHOW, version=7),
]


@pytest.mark.parametrize("given", GIVEN)
async def test_an_image_is_told_of_once_it_was_looked_at(world: World, given: Any) -> None:
    (planned,) = await world.give(given)
    assert isinstance(planned, events.TaskChanged)
    task = await world.ledger.get(planned.task_id)
    assert task is not None
    for state, told in ends(samples.drawn(), NotDrawn(code="no_image", reason="it is none")):
        (said,) = await world.give(task.told(state, "worker:w", world.clock.now(), **told))
        assert isinstance(said, type(given))
        assert (said.change, said.version) == (artwork.CHANGE, 7)
        register = artwork.registers(said.change, said.version, said.values)["artwork.given.poster"]
        assert pictures.of(register["said"]) == (samples.drawn() if state == "completed" else NONE)
    assert ids(await world.give(given)) == [planned.meta.event_id]


NONE = NotDrawn(code="no_image", reason="it is none")


def ends(drawn: Drawn, not_drawn: NotDrawn) -> list[tuple[str, dict[str, Any]]]:
    done = {"outcome": written(PictureOutcome(drawn=drawn, made=1))}
    return [("completed", done), ("dead", {"code": not_drawn.code, "error": not_drawn.reason})]


async def test_of_an_image_of_what_was_deleted_nothing_is_said(world: World) -> None:
    (planned,) = await world.give(GIVEN[0])
    assert isinstance(planned, events.TaskChanged)
    task = await world.ledger.get(planned.task_id)
    assert task is not None
    nothing = written(PictureOutcome(drawn=None, made=0))
    assert await world.give(task.told("completed", "worker:w", world.clock.now(), outcome=nothing)) == []


@pytest.mark.parametrize(
    "event",
    [
        samples.task_changed("completed", kind="probe", job_id="m1", outcome="{}"),
        samples.task_changed("dead", kind="video"),
        samples.task_changed("failed", kind=POSTER, job_id="m1"),
        samples.task_changed("completed", kind=POSTER, job_id="gone", outcome='{"drawn": null, "made": 0}'),
    ],
)
async def test_what_is_not_its_own_is_passed_over(world: World, event: Event) -> None:
    assert await world.give(event) == []
