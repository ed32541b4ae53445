"""A run encodes what is missing and nothing else, what is waited for first, and says what it left."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from connectors.blobs import FileStore
from connectors.media_tools import EncodeProgress, OnProgress
from connectors.process import ToolFailed
from connectors.segment_tools import AudioRun, Misaligned, OnSegment, VideoRun
from processors.transcode.border import Border
from processors.transcode.drawing import Drawing
from processors.transcode.orders import RunOutcome, VideoOrder, read, written
from processors.transcode.plan import Asked, plan
from processors.transcode.runs import VideoWork
from processors.work.demand import Demands
from processors.work.execution import Execution, GivenBack, TaskFailed
from processors.work.tasks import SPARE_INDEX, Task
from schemas import events
from schemas.events import Event
from schemas.medium import Medium
from schemas.profiles import BUILT_IN
from schemas.segments import INIT, Made, segment_location
from tests import samples
from tests.fakes import FakeClock
from tests.unit.processors.extractor import FakeExtractor

MEDIUM = Medium.of(samples.probed(duration_ms=40_000, streams=[samples.video_stream(end_us=40_000_000)]))
ASKED = Asked(
    medium=MEDIUM, profile=BUILT_IN["web"], media_id="m1", owner_id="o", priority="normal", name="film"
)
PLANNED = plan(ASKED)[0].plan
ORDER = read(VideoOrder, PLANNED.order)
KEYS = [rung.key for rung in ORDER.rungs]


def fragment(units: int) -> bytes:
    """As much of a fragment as is looked at."""
    return b"trun" + bytes(4) + struct.pack(">I", units)


@dataclass
class FakeEncoder:
    """Gives segments as it is told, and remembers what it was asked for."""

    asked: list[tuple[list[str], int, int, float]] = field(default_factory=list)
    units: Callable[[VideoRun, int], int] = lambda run, number: run.grid.length(number)
    before: Callable[[VideoRun, int], Any] | None = None
    report: OnProgress = lambda _: None

    async def video(self, run: VideoRun, on_segment: OnSegment, on_progress: OnProgress) -> None:
        self.asked.append(([rung.key for rung in run.rungs], run.first, run.count, run.preroll_s))
        self.report = on_progress
        for rung in run.rungs:
            await on_segment(rung.key, INIT, b"init")
        for number in range(run.first, run.first + run.count):
            if self.before is not None and (waited := self.before(run, number)) is not None:
                await waited
            for rung in run.rungs:
                await on_segment(rung.key, number, fragment(self.units(run, number)))

    async def audio(self, run: AudioRun, on_segment: OnSegment, on_progress: OnProgress) -> None:
        raise NotImplementedError


@dataclass
class World:
    """A run's work over a real store in a folder."""

    store: FileStore
    folder: Path
    encoder: FakeEncoder = field(default_factory=FakeEncoder)
    demands: Demands = field(default_factory=Demands)
    leave: asyncio.Event = field(default_factory=asyncio.Event)
    told: list[Event] = field(default_factory=list)
    clock: FakeClock = field(default_factory=lambda: FakeClock(samples.WHEN))

    async def run(self, **more: Any) -> RunOutcome:
        task = Task.planned(samples.task_changed(kind="video", plan=replace(PLANNED, **more)))
        execution = Execution(
            task, "w1", self.folder, self.told.append, self._confirm, self.demands, self.leave
        )
        drawing = Drawing(self.store, FakeExtractor())
        work = VideoWork(self.store, self.encoder, self.clock, drawing)
        return read(RunOutcome, await work(execution))

    async def _confirm(self) -> None: ...

    async def have(self, *numbers: int, rungs: list[int] | None = None) -> None:
        for index in rungs if rungs is not None else range(len(KEYS)):
            place = ORDER.rungs[index]
            await self.store.put(segment_location(place.source, place.key, INIT), b"init")
            for number in numbers:
                content = fragment(place.grid.length(number))
                await self.store.put(segment_location(place.source, place.key, number), content)

    def wait_for(self, segment: int, rung: int = 1, session: str = "s1") -> None:
        group = ORDER.rungs[0].group
        self.demands.hear(
            samples.playback(
                makes=group,
                rendition=KEYS[rung],
                segment=segment,
                session_id=session,
                meta=samples.meta(now=samples.WHEN),
            )
        )

    def spans(self) -> list[tuple[int, int, int]]:
        """How many sizes, from where, how many segments: of each encode that was begun."""
        return [(len(keys), first, count) for keys, first, count, _ in self.encoder.asked]

    def announced(self) -> list[tuple[str, int]]:
        found = [e for e in self.told if isinstance(e, events.TranscodeProgress)]
        return [(stored.rendition, stored.segment) for event in found for stored in event.stored]


@pytest.fixture
async def world(tmp_path: Path) -> World:
    store = FileStore(tmp_path / "blobs", "w1")
    made = World(store, tmp_path)
    source = tmp_path / "blobs" / MEDIUM.location
    source.parent.mkdir(parents=True)
    source.touch()
    return made


async def test_a_run_is_one_encode_of_all_sizes(world: World) -> None:
    outcome = await world.run()
    assert world.spans() == [(3, 0, 8)]
    assert outcome.encoded == 24
    assert [s.segment for s in outcome.stored[KEYS[0]]] == list(range(8))
    assert {s.units for s in outcome.stored[KEYS[0]]} == {120}
    assert set(world.announced()) == {(key, number) for key in KEYS for number in range(-1, 8)}


async def test_what_is_there_is_not_encoded_again(world: World) -> None:
    await world.have(0, 1, 5)
    outcome = await world.run()
    assert world.spans() == [(3, 2, 3), (3, 6, 2)]
    assert outcome.encoded == 15
    assert [s.segment for s in outcome.stored[KEYS[2]]] == list(range(8))


async def test_only_the_sizes_that_lack_a_segment_are_encoded(world: World) -> None:
    await world.have(*range(8), rungs=[1])
    await world.run()
    assert world.encoder.asked[0][0] == [KEYS[0], KEYS[2]]
    assert world.spans() == [(2, 0, 8)]


async def test_a_run_that_is_all_there_encodes_nothing(world: World) -> None:
    await world.have(*range(8))
    outcome = await world.run()
    assert (world.spans(), outcome.encoded) == ([], 0)
    progress = [e for e in world.told if isinstance(e, events.TranscodeProgress)]
    assert progress[-1].frames_done == 960
    assert {(e.speed, e.units_per_s, e.eta_ms) for e in progress} == {(0.0, 0.0, None)}


async def test_a_segment_without_its_initialisation_does_not_count(world: World) -> None:
    rung = ORDER.rungs[0]
    await world.store.put(segment_location(rung.source, rung.key, 3), fragment(120))
    await world.run()
    assert world.spans() == [(3, 0, 8)]


async def test_what_a_viewer_waits_for_goes_first_and_in_that_size(world: World) -> None:
    world.wait_for(5, rung=1)
    await world.run()
    assert world.encoder.asked[0][:3] == ([KEYS[1]], 5, 1)
    assert world.spans() == [(1, 5, 1), (1, 6, 2), (2, 6, 2), (3, 0, 5), (2, 5, 1)]
    assert world.announced().index((KEYS[1], 5)) < world.announced().index((KEYS[1], 0))


@pytest.mark.parametrize("next_too", [False, True])
async def test_the_first_segment_that_someone_waits_for_is_encoded_alone(
    world: World, next_too: bool
) -> None:
    """Who then waits for each of the next ones, too, gains nothing by an encoder for each."""

    def before(run: VideoRun, number: int) -> Any:
        if next_too:
            world.wait_for(number + 1, rung=0)
        return None

    world.encoder.before = before
    world.wait_for(5, rung=0)
    await world.run(order=written(replace(ORDER, rungs=ORDER.rungs[:1])))
    assert world.spans() == [(1, 5, 1), (1, 6, 2), (1, 0, 5)]


async def test_a_viewer_who_comes_meanwhile_is_served_at_the_next_border(world: World) -> None:
    stuck = asyncio.Event()

    def before(run: VideoRun, number: int) -> Any:
        if number == 1 and len(world.encoder.asked) == 1:
            world.wait_for(6, rung=2)
            return stuck.wait()
        return None

    world.encoder.before = before
    outcome = await world.run()
    assert world.spans()[:2] == [(3, 0, 8), (1, 6, 1)]
    assert outcome.encoded == 24


@pytest.mark.parametrize(
    ("pictures", "waited", "spans"),
    [
        (120 + 60, 1, [(3, 0, 8)]),  # half of it is there: all sizes go on
        (120 + 12, 1, [(3, 0, 8), (1, 1, 1)]),
        (120 + 60, 2, [(3, 0, 8), (1, 2, 1)]),
    ],
)
async def test_all_sizes_go_on_only_where_that_is_soon_enough_for_who_waits(
    world: World, pictures: int, waited: int, spans: list[tuple[int, int, int]]
) -> None:
    async def one_comes(run: VideoRun) -> None:
        world.encoder.report(EncodeProgress(pictures, 0))
        world.wait_for(waited, rung=0)
        await asyncio.sleep(0.01 if spans[1:] else 0)

    once = iter([True])
    world.encoder.before = lambda run, n: one_comes(run) if n == 1 and next(once, False) else None
    await world.run()
    assert world.spans()[: len(spans)] == spans
    assert len(world.spans()) > len(spans) or not spans[1:]


async def test_a_viewer_of_the_one_size_of_what_comes_next_disturbs_nobody(world: World) -> None:
    await world.have(*range(8), rungs=[1, 2])

    def before(run: VideoRun, number: int) -> Any:
        if number == 2:
            world.wait_for(3, rung=0)
        return asyncio.sleep(0)

    world.encoder.before = before
    await world.run()
    assert world.spans() == [(1, 0, 8)]


async def test_pictures_off_the_grid_are_read_from_earlier(world: World) -> None:
    def before(run: VideoRun, number: int) -> Any:
        if run.preroll_s < 60:
            raise Misaligned("segment 0 begins late")
        return None

    world.encoder.before = before
    await world.run()
    assert [preroll for *_, preroll in world.encoder.asked] == [0.0, 8.0, 64.0]


async def test_pictures_that_fit_no_grid_end_the_task(world: World) -> None:
    world.encoder.units = lambda run, number: 121
    with pytest.raises(TaskFailed, match="regular grid") as failed:
        await world.run()
    assert (failed.value.code, failed.value.again) == ("off_the_grid", False)


async def test_a_source_that_ends_early_says_where(world: World) -> None:
    world.encoder.units = lambda run, number: 120 if number < 4 else 50
    with pytest.raises(TaskFailed, match="ends in segment 4") as failed:
        await world.run()
    assert (failed.value.code, failed.value.again) == ("source_short", False)


async def test_a_tool_that_fails_is_tried_again_later_and_keeps_what_it_made(world: World) -> None:
    def before(run: VideoRun, number: int) -> Any:
        if number == 3 and len(world.encoder.asked) == 1:
            raise ToolFailed("crashed", "signal 11")
        return None

    world.encoder.before = before
    with pytest.raises(TaskFailed, match="signal 11") as failed:
        await world.run()
    assert failed.value.again
    outcome = await world.run()
    assert world.spans()[1] == (3, 3, 5)
    assert outcome.encoded == 15


async def test_a_source_that_is_gone_ends_the_task(world: World) -> None:
    await world.store.remove(MEDIUM.location)
    with pytest.raises(TaskFailed) as failed:
        await world.run()
    assert (failed.value.code, failed.value.again) == ("bytes_missing", False)


async def test_help_does_only_the_rest_and_counts_for_nothing(world: World) -> None:
    rest = str(Made(ORDER.rungs[0].group, 6, 2))
    await world.run(index=SPARE_INDEX + 6, makes=rest)
    assert world.spans() == [(3, 6, 2)]
    progress = [e for e in world.told if isinstance(e, events.TranscodeProgress)]
    assert {event.frames_done for event in progress} == {0}


async def test_progress_never_goes_back(world: World) -> None:
    world.wait_for(5, rung=1)
    await world.run()
    done = [e.frames_done for e in world.told if isinstance(e, events.TranscodeProgress)]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (0, 960)


async def test_a_run_that_is_to_be_left_is_left_at_the_end_of_its_segment(world: World) -> None:
    async def asked_in_the_third() -> None:
        world.leave.set()

    world.encoder.before = lambda run, number: asked_in_the_third() if number == 2 else None
    with pytest.raises(GivenBack):
        await world.run()
    assert {number for _, number in world.announced()} == {-1, 0, 1, 2}
    assert {key for key, number in world.announced() if number == 2} == set(KEYS)
    world.leave.clear()
    world.encoder.before = None
    outcome = await world.run()
    assert world.spans() == [(3, 0, 8), (3, 3, 5)]
    assert outcome.encoded == 15


async def test_a_run_that_is_to_be_left_does_not_begin(world: World) -> None:
    world.leave.set()
    with pytest.raises(GivenBack):
        await world.run()
    assert world.spans() == []


async def test_a_run_that_is_all_there_is_done_though_it_is_to_be_left(world: World) -> None:
    await world.have(*range(8))
    world.leave.set()
    assert (await world.run()).encoded == 0


async def test_an_encode_that_comes_to_no_border_is_left_where_it_is() -> None:
    leave, encoding, news = asyncio.Event(), asyncio.Future[None](), asyncio.Event()
    left = Border(leave, patience_s=0.01)
    leave.set()
    await left.news(encoding, asyncio.sleep(0))
    with pytest.raises(GivenBack):
        await asyncio.wait_for(left.news(encoding, news.wait()), 30)
    leave.clear()
    await left.news(encoding, asyncio.sleep(0.02))
    left.reached()


async def test_an_encode_that_ends_before_it_is_left_has_ended() -> None:
    leave, encoding = asyncio.Event(), asyncio.Future[None]()
    leave.set()
    asyncio.get_running_loop().call_soon(encoding.set_result, None)
    await Border(leave, patience_s=30).news(encoding, asyncio.Event().wait())
    assert encoding.done()


@pytest.mark.parametrize(
    ("meddle", "code"),
    [(lambda source: source.unlink(missing_ok=True), "source_gone"), (Path.touch, "source_changed")],
)
async def test_a_source_that_changes_while_it_is_read_ends_the_task_with_that_reason(
    world: World, meddle: Callable[[Path], None], code: str
) -> None:
    source = world.folder / "blobs" / MEDIUM.location
    world.encoder.before = lambda _run, _number: meddle(source)
    with pytest.raises(TaskFailed) as failed:
        await world.run()
    assert (failed.value.code, failed.value.again) == (code, code == "source_gone")
