"""What a worker does to draw pictures: once for the same bytes, and nothing by halves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from connectors.blobs import FileStore
from connectors.pictures.orders import Footage, Picture, Size, Sound
from connectors.pictures.sheets import Sheets, tile_plan
from connectors.pictures.tool import OnFraction
from connectors.pictures.waveform import Wave
from connectors.ports import content_of
from connectors.process import ToolFailed
from processors.pictures import draw
from processors.pictures.draw import Canvas, footage, sound
from processors.pictures.plan import PictureOutcome, read, tasks
from processors.pictures.work import PictureWork
from processors.work.execution import Execution, TaskFailed
from processors.work.jobs import KnownMedia
from processors.work.tasks import Task
from schemas.medium import Medium
from schemas.pictures import POSTER, THUMBNAILS, WAVEFORM, recipe_key
from tests import samples
from tests.fakes import MemoryDatabase

KEY = recipe_key(THUMBNAILS)


class Pencil:
    """Counts how often something is drawn."""

    def __init__(self, fails: ToolFailed | None = None) -> None:
        self.drawn = 0
        self.fails = fails

    def take(self) -> None:
        self.drawn += 1
        if self.fails:
            raise self.fails


@dataclass
class FakePosters:
    pencil: Pencil

    async def draw(self, footage: Footage, folder: Path) -> list[Picture]:
        self.pencil.take()
        path = folder / "poster-320.jpg"
        path.write_bytes(b"jpeg")
        return [Picture(path, Size(320, 180))]


@dataclass
class FakeThumbnails:
    pencil: Pencil

    async def draw(self, footage: Footage, folder: Path, on_progress: OnFraction) -> Sheets:
        self.pencil.take()
        tiles = tile_plan(footage)
        for name in tiles.sheets:
            (folder / name).write_bytes(b"sheet")
        return Sheets(tiles, tuple(folder / name for name in tiles.sheets), by_key_frames=True)


@dataclass
class FakeWaveforms:
    pencil: Pencil

    async def draw(self, sound: Sound, folder: Path, on_progress: OnFraction) -> Wave:
        self.pencil.take()
        data, picture = folder / "waveform.json", folder / "waveform.png"
        data.write_bytes(b"{}")
        picture.write_bytes(b"png")
        return Wave(data, Picture(picture, Size(1800, 240)), 7)


class World:
    """A worker's pictures over a real folder and doubles."""

    def __init__(self, folder: Path, pencil: Pencil) -> None:
        self.folder = folder
        self.pencil = pencil
        self.store = FileStore(folder / "store", "test")
        self.media = KnownMedia(MemoryDatabase())
        self.works = {
            POSTER: PictureWork(self.store, self.media, draw.poster(FakePosters(pencil))),
            THUMBNAILS: PictureWork(self.store, self.media, draw.thumbnails(FakeThumbnails(pencil))),
            WAVEFORM: PictureWork(self.store, self.media, draw.waveform(FakeWaveforms(pencil))),
        }
        self._attempts = 0

    async def medium(self) -> Medium:
        source = self.folder / "source"
        source.write_bytes(b"a film")
        blob = await self.store.adopt(source, "raw")
        return Medium.of(samples.probed(location=blob.location, sha256=blob.sha256, duration_ms=450_000))

    async def attempt(self, medium: Medium, kind: str, media_id: str = "m1") -> PictureOutcome:
        plan = {task.kind: task.plan for task in tasks(medium, media_id, "ann")}[kind]
        self._attempts += 1
        folder = self.folder / f"attempt-{self._attempts}"
        folder.mkdir()
        task = Task.planned(samples.task_changed(kind=kind, job_id=media_id, plan=plan))
        execution = Execution(task, "w1", folder, lambda _event: None, _confirmed)
        return read(PictureOutcome, await self.works[kind](execution))


async def _confirmed() -> None:
    return None


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path, Pencil())


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (POSTER, ["poster-320.jpg"]),
        (THUMBNAILS, ["sheet-000.jpg", "thumbnails.vtt"]),
        (WAVEFORM, ["waveform.png", "waveform.json"]),
    ],
)
async def test_a_set_is_stored_and_listed(world: World, kind: str, names: list[str]) -> None:
    medium = await world.medium()
    outcome = await world.attempt(medium, kind)
    drawn = outcome.drawn
    assert drawn is not None
    assert drawn.folder == f"images/{medium.source[:2]}/{medium.source}/{recipe_key(kind)}"
    assert ([image.name for image in drawn.images], outcome.made) == (names, len(names))
    for image in drawn.images:
        found = await world.store.stat(f"{drawn.folder}/{image.name}")
        assert found.size_bytes == image.size_bytes
        assert (image.width is None) == image.name.endswith((".vtt", ".json"))


async def test_sheets_say_how_their_tiles_lie_and_the_track_names_them_by_their_key(world: World) -> None:
    drawn = (await world.attempt(await world.medium(), THUMBNAILS)).drawn
    assert drawn is not None
    assert drawn.tiles is not None
    assert (drawn.tiles.step_ms, drawn.tiles.columns, drawn.tiles.rows) == (10_000, 10, 5)
    assert (drawn.images[0].width, drawn.images[0].height) == (1600, 450)
    track = (await content_of(world.store, f"{drawn.folder}/thumbnails.vtt")).decode()
    assert f"00:00:00.000 --> 00:00:10.000\nsheet-000.jpg?v={KEY}#xywh=0,0,160,90\n" in track


async def test_the_same_bytes_are_drawn_once(world: World) -> None:
    medium = await world.medium()
    one = await world.attempt(medium, POSTER, "m1")
    two = await world.attempt(medium, POSTER, "m2")
    assert (one.made, two.made, world.pencil.drawn) == (1, 0, 1)
    assert one.drawn == two.drawn


async def test_a_set_that_is_not_whole_is_drawn_again(world: World) -> None:
    medium = await world.medium()
    one = await world.attempt(medium, WAVEFORM)
    assert one.drawn is not None
    await world.store.remove(f"{one.drawn.folder}/waveform.png")
    two = await world.attempt(medium, WAVEFORM)
    assert (two.made, two.drawn, world.pencil.drawn) == (1, one.drawn, 2)


async def test_an_attempt_that_died_on_the_way_is_finished_by_the_next(world: World) -> None:
    medium = await world.medium()
    folder = f"images/{medium.source[:2]}/{medium.source}/{recipe_key(WAVEFORM)}"
    await world.store.put(f"{folder}/waveform.png", b"png")
    outcome = await world.attempt(medium, WAVEFORM)
    assert outcome.made == 1
    assert await world.store.names(folder) == {"waveform.png", "waveform.json", "drawn.json"}


async def test_for_a_deleted_medium_nothing_is_drawn(world: World) -> None:
    await world.media.record("m1", "deleted", {"at": samples.WHEN})
    outcome = await world.attempt(await world.medium(), POSTER)
    assert (outcome.drawn, world.pencil.drawn) == (None, 0)


@pytest.mark.parametrize(
    ("code", "again"),
    [("tool_error", True), ("too_slow", True), ("nothing_shown", False), ("no_sound", False)],
)
async def test_a_tool_that_fails_says_why_and_whether_it_may_do_better(
    tmp_path: Path, code: str, again: bool
) -> None:
    world = World(tmp_path, Pencil(ToolFailed(code, "it is cut short")))
    with pytest.raises(TaskFailed, match="ffmpeg: it is cut short") as failed:
        await world.attempt(await world.medium(), POSTER)
    assert (failed.value.code, failed.value.again) == (code, again)
    assert not (tmp_path / "store" / "images").exists()


async def test_a_source_that_is_gone_is_no_reason_to_try_again(world: World) -> None:
    medium = await world.medium()
    await world.store.remove(medium.location)
    with pytest.raises(TaskFailed, match="not in the store") as failed:
        await world.attempt(medium, POSTER)
    assert (failed.value.code, failed.value.again) == ("bytes_missing", False)


def canvas(**more: Any) -> Canvas:
    medium = Medium.of(samples.probed(**more))
    return Canvas(medium=medium, source=Path("/in"), folder=Path("/out"), memory_bytes=1, key=KEY)


def test_what_the_probe_said_is_what_the_tools_are_told() -> None:
    stream = samples.video_stream(
        index=2, width=720, height=576, aspect="64/45", rotation=90, transfer="smpte2084"
    )
    order = footage(canvas(streams=[stream], container="matroska"))
    assert (order.video_stream, order.width, order.height, order.rotation) == (2, 720, 576, 90)
    assert (order.pixel_aspect, order.is_hdr, order.is_cover) == (Fraction(64, 45), True, False)
    assert (order.demuxer, order.duration_ms, order.memory_bytes) == ("matroska", 10_000, 1)


def test_a_cover_is_told_to_be_one() -> None:
    cover = samples.video_stream(is_attached_picture=True)
    assert footage(canvas(streams=[cover, samples.audio_stream()])).is_cover
    assert footage(canvas(streams=[samples.audio_stream()])).video_stream is None


def test_sound_of_an_unknown_rate_is_drawn_at_the_usual_one() -> None:
    stream = samples.audio_stream()
    assert sound(canvas(streams=[stream])).sample_rate == 48_000
    assert sound(canvas(streams=[replace(stream, sample_rate=None)])).sample_rate == 48_000
    assert sound(canvas(streams=[replace(stream, sample_rate=8_000)])).sample_rate == 8_000
    assert sound(canvas(streams=[samples.video_stream()])).audio_stream is None
