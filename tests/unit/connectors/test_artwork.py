"""Images that somebody gave: made into pictures by the real tool, or refused, whatever they claim to be."""

from __future__ import annotations

from pathlib import Path

import imageio_ffmpeg
import pytest

from connectors.blobs import FileStore
from connectors.pictures.artwork import Artworks
from connectors.pictures.orders import Picture, Size
from connectors.pictures.stills import demuxer_of, size_of
from connectors.pictures.tool import Tool
from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Isolation, Sandbox
from processors.pictures import artworks
from processors.pictures.artworks import ArtworkOrder, ArtworkWork
from processors.pictures.plan import PictureOutcome, read
from processors.work.execution import Execution, TaskFailed
from processors.work.jobs import KnownMedia
from processors.work.tasks import Task
from schemas.artwork import Wanted, key_of
from tests import samples
from tests.clips import run
from tests.fakes import MemoryDatabase
from tests.unit.connectors.test_bombs import png

TOOL = Tool(ToolRunner(Sandbox(Isolation(layers=()))), Path(imageio_ffmpeg.get_ffmpeg_exe()))


def still(path: Path, size: str = "1000x1500") -> Path:
    return run("-f", "lavfi", "-i", f"testsrc=size={size}", "-frames:v", "1", to=path)


async def drawn(source: Path, kind: str = "poster") -> list[Picture]:
    folder = source.parent / "made"
    folder.mkdir(exist_ok=True)
    return await Artworks(TOOL).draw(source, kind, folder, 400 << 20)


@pytest.mark.parametrize("ending", ["jpg", "png", "webp"])
async def test_an_image_is_made_small_and_large_and_never_scaled_up(tmp_path: Path, ending: str) -> None:
    found = await drawn(still(tmp_path / f"given.{ending}"))
    assert [(each.path.name, each.size) for each in found] == [
        ("poster-320.jpg", Size(320, 480)),
        ("poster-1280.jpg", Size(1000, 1500)),
    ]
    assert all(each.path.read_bytes().startswith(b"\xff\xd8\xff") for each in found)


async def test_a_logo_stays_a_png(tmp_path: Path) -> None:
    found = await drawn(still(tmp_path / "given.png", "400x100"), "logo")
    assert [(each.path.name, each.size) for each in found] == [
        ("logo-320.png", Size(320, 80)),
        ("logo-1280.png", Size(400, 100)),
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"\xff\xd8\xff" + b"no image" * 20,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"RIFF\0\0\0\0WEBP" + b"\0" * 40,
        b"#EXTM3U\nfile:///etc/passwd",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"",
    ],
)
async def test_what_is_no_image_is_refused(tmp_path: Path, content: bytes) -> None:
    source = tmp_path / "given.jpg"
    source.write_bytes(content)
    with pytest.raises(ToolFailed):
        await drawn(source)


async def test_an_image_of_absurd_size_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "bomb.png"
    source.write_bytes(png(9_000, 9_000, 9_000))
    with pytest.raises(ToolFailed):
        await Artworks(TOOL).draw(source, "poster", tmp_path, 4 << 30)


def test_what_an_image_is_and_how_large_is_read_of_its_first_bytes(tmp_path: Path) -> None:
    jpeg = still(tmp_path / "a.jpg", "30x20").read_bytes()
    assert (demuxer_of(jpeg), size_of(jpeg)) == ("jpeg_pipe", Size(30, 20))
    assert (demuxer_of(png(3, 2, 2)), size_of(png(3, 2, 2))) == ("png_pipe", Size(3, 2))
    for end in range(len(jpeg)):
        size_of(jpeg[:end])
    assert demuxer_of(b"GIF89a") is None
    assert size_of(b"\xff\xd8\xff\xda") is None


class World:
    """A worker over a real store."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.media = folder, KnownMedia(MemoryDatabase())
        self.store = FileStore(folder / "store", "test")
        self.work = ArtworkWork(self.store, self.media, Artworks(TOOL))

    async def attempt(self, content: bytes) -> PictureOutcome:
        source = self.folder / "source"
        source.write_bytes(content)
        blob = await self.store.adopt(source, "raw")
        wanted = Wanted(location=blob.location, source=blob.sha256[:32])
        order = ArtworkOrder(media_id="m1", item=None, by="given", kind="poster", version=7, wanted=wanted)
        folder = self.folder / "attempt"
        folder.mkdir(exist_ok=True)
        task = Task.planned(samples.task_changed(kind="artwork", plan=artworks.plan(order, "ann")))
        execution = Execution(task, "w1", folder, lambda _event: None, _confirmed)
        return read(PictureOutcome, await self.work(execution))


async def _confirmed() -> None:
    return None


async def test_pictures_of_the_same_bytes_are_made_once_and_lie_in_the_store(tmp_path: Path) -> None:
    world = World(tmp_path)
    content = still(tmp_path / "given.png", "40x60").read_bytes()
    one, two = await world.attempt(content), await world.attempt(content)
    assert (one.made, two.made) == (2, 0)
    assert one.drawn == two.drawn
    assert one.drawn is not None
    assert one.drawn.folder == f"images/{one.drawn.source[:2]}/{one.drawn.source}/{key_of('poster')}"
    for image in one.drawn.images:
        assert (await world.store.stat(f"{one.drawn.folder}/{image.name}")).size_bytes == image.size_bytes


async def test_what_is_no_image_is_not_tried_again_and_the_reason_is_for_people(tmp_path: Path) -> None:
    with pytest.raises(TaskFailed, match="it is no JPEG, PNG or WebP, or it is damaged") as failed:
        await World(tmp_path).attempt(b"\xff\xd8\xff" + b"no image" * 20)
    assert (failed.value.code, failed.value.again) == ("no_image", False)


async def test_for_a_deleted_medium_nothing_is_made(tmp_path: Path) -> None:
    world = World(tmp_path)
    await world.media.record("m1", "deleted", {"at": samples.WHEN})
    assert (await world.attempt(still(tmp_path / "given.png").read_bytes())).drawn is None
