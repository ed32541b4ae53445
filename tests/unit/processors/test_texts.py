"""Text tracks: taken out once, each a file of its own, and no film fails for them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from connectors.blobs import FileStore
from connectors.ports import content_of
from processors.transcode.drawing import Drawing
from processors.transcode.orders import TEXT, RunOutcome, TextOrder, VideoOrder, read
from processors.transcode.plan import Asked, plan
from processors.transcode.texts import TextWork, timed
from processors.work.execution import Execution, TaskFailed
from processors.work.tasks import Task
from schemas.events import Event, Stream, TranscodeProgress
from schemas.medium import Medium
from schemas.profiles import BUILT_IN, checked
from schemas.renditions import CannotRender
from schemas.texts import texts
from tests import samples
from tests.fakes import FakeClock
from tests.unit.processors.extractor import FakeExtractor


def text(index: int, codec: str = "subrip", **more: object) -> Stream:
    return Stream(index=index, kind="subtitle", codec=codec, **more)  # type: ignore[arg-type]


def medium(*streams: Stream) -> Medium:
    said = [samples.video_stream(), *streams]
    return Medium.of(samples.probed(duration_ms=20_000, streams=said))


def asked(of: Medium, **changes: object) -> Asked:
    profile = checked(replace(BUILT_IN["web"], name="own"), **changes)
    return Asked(medium=of, profile=profile, media_id="m1", owner_id="o", priority="normal", name="film")


TWO = medium(
    text(3, language="eng", is_default=True), text(4, "ass", is_forced=True), text(5, "hdmv_pgs_subtitle")
)


@dataclass
class World:
    """Work over a real store in a folder."""

    store: FileStore
    folder: Path
    extractor: FakeExtractor = field(default_factory=FakeExtractor)
    told: list[Event] = field(default_factory=list)

    async def run(self) -> RunOutcome:
        order = next(each for each in plan(asked(TWO)) if each.kind == TEXT)
        execution = self.execution(order.plan.order)
        work = TextWork(self.store, self.extractor, FakeClock(samples.WHEN))
        return read(RunOutcome, await work(execution))

    def execution(self, order: str) -> Execution:
        task = samples.task_changed(kind=TEXT)
        assert task.plan is not None
        planned = Task.planned(replace(task, plan=replace(task.plan, order=order)))
        return Execution(planned, "w1", self.folder, self.told.append, self._confirm)

    async def _confirm(self) -> None: ...

    async def content(self, track: int) -> bytes:
        return await content_of(self.store, texts(TWO)[track].location)


@pytest.fixture
def world(tmp_path: Path) -> World:
    source = tmp_path / "blobs" / TWO.location
    source.parent.mkdir(parents=True)
    source.touch()
    return World(FileStore(tmp_path / "blobs", "w1"), tmp_path)


def test_the_plan_has_one_task_for_all_texts_and_pictures_are_none() -> None:
    orders = [read(TextOrder, each.plan.order) for each in plan(asked(TWO)) if each.kind == TEXT]
    assert [[track.stream for track in order.tracks] for order in orders] == [[3, 4]]
    assert [(t.language, t.is_default, t.is_forced) for t in orders[0].tracks] == [
        ("eng", True, False),
        (None, False, True),
    ]
    assert not [each for each in plan(asked(medium())) if each.kind == TEXT]


async def test_tracks_are_stored_and_announced_with_the_times_they_mean(world: World) -> None:
    outcome = await world.run()
    tracks = texts(TWO)
    assert await world.content(0) == b"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n3"
    assert outcome.encoded == 2
    assert set(outcome.stored) == {track.key for track in tracks}
    (told,) = [event for event in world.told if isinstance(event, TranscodeProgress)]
    assert {(stored.rendition, stored.segment) for stored in told.stored} == {(t.key, 0) for t in tracks}


async def test_what_is_there_is_not_taken_out_again(world: World) -> None:
    await world.run()
    outcome = await world.run()
    assert [order.streams for order in world.extractor.asked] == [(3, 4)]
    assert (outcome.encoded, len(outcome.stored)) == (0, 2)


async def test_a_track_that_cannot_be_read_is_an_empty_one(world: World) -> None:
    world.extractor.broken.add(4)
    await world.run()
    assert (await world.content(0)).endswith(b"3")
    assert await world.content(1) == b"WEBVTT\nX-TIMESTAMP-MAP=MPEGTS:0,LOCAL:00:00:00.000\n\n"


@pytest.mark.parametrize("content", [b"", b"1\n00:00", b"\xef\xbb\xbf"])
def test_what_is_no_webvtt_becomes_an_empty_one(content: bytes) -> None:
    assert timed(content).split(b"\n", 1)[0] == b"WEBVTT"


async def test_a_drawn_text_is_taken_out_once(world: World) -> None:
    drawing = Drawing(world.store, world.extractor)
    order = plan(asked(TWO, subtitles="burn"))[0]
    said = read(VideoOrder, order.plan.order)
    assert said.text is not None
    assert (said.text.stream, said.text.form) == (3, "ass")
    for _ in range(2):
        drawn = drawing.file(world.execution("{}"), said.location, said.demuxer, said.text)
        async with drawn as found:
            assert found is not None
            assert found.file.read_bytes() == b"WEBVTT\n\n3"
    assert [order.form for order in world.extractor.asked] == ["ass"]


async def test_a_text_that_cannot_be_drawn_fails_for_good(world: World) -> None:
    world.extractor.broken.add(3)
    said = texts(TWO)[0]
    drawn = Drawing(world.store, world.extractor).file(world.execution("{}"), TWO.location, "mp4", said)
    with pytest.raises(TaskFailed) as failed:
        async with drawn:
            pass
    assert (failed.value.code, failed.value.again) == ("subtitles_unreadable", False)


def test_subtitles_that_are_pictures_are_drawn_in_their_own_form() -> None:
    both = medium(text(3, "ass"), text(4, "hdmv_pgs_subtitle", is_default=True))
    (drawn,) = {read(VideoOrder, one.plan.order).text for one in plan(asked(both, subtitles="burn"))[:1]}
    assert drawn is not None
    assert (drawn.stream, drawn.form, drawn.name) == (4, "matroska", "text.mks")
    assert drawn.shown_on == (1280, 720)


def test_subtitles_that_cannot_be_drawn_are_refused() -> None:
    with pytest.raises(CannotRender) as refused:
        plan(asked(medium(text(3, "dvb_teletext")), subtitles="burn"))
    assert refused.value.code == "subtitles_undrawable"
    assert plan(asked(medium(), subtitles="burn"))
