"""A copy is stored as it is made, listed once it is whole, and found again after a crash."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from connectors.blobs import FileStore
from connectors.copy_tools import Copy, NotCopyable, OnPiece, Piece
from connectors.media_tools import OnProgress
from connectors.ports import content_of
from connectors.process import ToolFailed
from processors.transcode.copying import CopyWork
from processors.transcode.orders import AUDIO, REMUX, CopyOutcome, read
from processors.transcode.plan import Asked, Planned, plan
from processors.work.execution import Execution, TaskFailed
from processors.work.tasks import Task
from schemas import cuts as cutting
from schemas.copies import copies, remux
from schemas.cuts import cuts_location
from schemas.events import Event, TranscodeProgress
from schemas.medium import Medium
from schemas.profiles import Profile
from schemas.renditions import CannotRender
from schemas.segments import Made, rendition_folder
from tests import samples
from tests.clips import looked_at
from tests.copying import TOOLS, film
from tests.fakes import FakeClock

KEEP_ALL = remux({"aac"})


@dataclass
class Meddling:
    """The real tools; after each piece something may happen."""

    after: Callable[[str, Piece], Awaitable[None]] | None = None
    error: Exception | None = None
    asked: list[list[int]] = field(default_factory=list)

    async def copy(self, order: Copy, on_piece: OnPiece, on_progress: OnProgress) -> None:
        self.asked.append([track.stream for track in order.tracks])

        async def keep(key: str, piece: Piece) -> None:
            await on_piece(key, piece)
            if self.after is not None:
                await self.after(key, piece)

        await TOOLS.copy(order, keep, on_progress)
        if self.error is not None:
            raise self.error


@dataclass
class Scene:
    """A worker's store with a source in it."""

    store: FileStore
    folder: Path
    medium: Medium
    tools: Meddling = field(default_factory=Meddling)
    told: list[Event] = field(default_factory=list)

    @property
    def source(self) -> Path:
        return self.folder / "blobs" / self.medium.location

    def planned(self, profile: Profile = KEEP_ALL) -> list[Planned]:
        return plan(asked(self.medium, profile))

    async def run(self, profile: Profile = KEEP_ALL) -> CopyOutcome:
        task = Task.planned(samples.task_changed(kind=REMUX, plan=self.planned(profile)[0].plan))
        execution = Execution(task, "w1", self.folder, self.told.append, self._confirm)
        work = CopyWork(self.store, self.tools, FakeClock(samples.WHEN))
        return read(CopyOutcome, await work(execution))

    async def _confirm(self) -> None: ...

    async def names(self, stream: int = 0) -> set[str]:
        track = next(t for t in copies(self.medium, KEEP_ALL).tracks if t.stream == stream)
        return await self.store.names(rendition_folder(track.source, track.key))

    def stored(self) -> list[tuple[str, int]]:
        found = [e for e in self.told if isinstance(e, TranscodeProgress)]
        return [(each.rendition, each.segment) for event in found for each in event.stored]


def asked(medium: Medium, profile: Profile) -> Asked:
    return Asked(medium=medium, profile=profile, media_id="m1", owner_id="o", priority="normal", name="film")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("clips") / "clip.mkv")


@pytest.fixture
def scene(tmp_path: Path, clip: Path) -> Scene:
    made = Scene(FileStore(tmp_path / "blobs", "w1"), tmp_path, looked_at(clip))
    made.source.parent.mkdir(parents=True)
    made.source.write_bytes(clip.read_bytes())
    return made


async def test_all_is_stored_told_and_listed(scene: Scene) -> None:
    outcome = await scene.run()
    picture, sound = copies(scene.medium, KEEP_ALL).tracks
    assert outcome.copied == [picture.key, sound.key]
    assert outcome.segments == {picture.key: 3, sound.key: 4}
    assert await scene.names() == {"init.mp4", "000000.m4s", "000001.m4s", "000002.m4s", "index.json"}
    listed = cutting.read(await content_of(scene.store, cuts_location(picture)))
    assert listed.whole
    assert abs(listed.duration_s - 14) < 0.05
    folder = scene.source.parents[2] / rendition_folder(picture.source, picture.key)
    sizes = [(folder / f"{number:06d}.m4s").stat().st_size for number in range(3)]
    assert list(listed.sizes) == sizes
    told = scene.stored()
    counts = ((picture.key, 3), (sound.key, 4))
    assert sorted(told) == sorted((key, n) for key, count in counts for n in range(-1, count))
    done = [e.frames_done for e in scene.told if isinstance(e, TranscodeProgress)]
    assert done == sorted(done)
    assert done[-1] == 350


async def test_what_was_copied_is_not_copied_again(scene: Scene) -> None:
    first = await scene.run()
    again = await scene.run()
    assert (again.copied, again.segments) == ([], first.segments)
    assert len(scene.tools.asked) == 1


async def test_a_track_that_lacks_is_copied_alone(scene: Scene) -> None:
    await scene.run(remux(set()))
    assert scene.tools.asked == [[0]]
    outcome = await scene.run()
    assert scene.tools.asked == [[0], [1]]
    assert len(outcome.copied) == 1


async def test_after_a_crash_the_rest_is_made_and_what_was_there_stays(scene: Scene) -> None:
    scene.tools = Meddling(error=ToolFailed("killed", "it was ended by signal 9"))
    with pytest.raises(TaskFailed, match="signal 9"):
        await scene.run()
    left = await scene.names()
    assert "000000.m4s" in left
    assert "index.json" not in left
    first = scene.source.parents[2] / next(
        rendition_folder(t.source, t.key) for t in copies(scene.medium, KEEP_ALL).tracks
    )
    before = (first / "000000.m4s").stat()
    scene.tools = Meddling()
    assert len((await scene.run()).copied) == 2
    after = (first / "000000.m4s").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


async def _vanish(source: Path) -> None:
    source.unlink()


async def _change(source: Path) -> None:
    now = source.stat()
    with source.open("r+b") as file:
        file.write(b"\0")
    os.utime(source, ns=(now.st_atime_ns, now.st_mtime_ns + 1))


async def _shrink(source: Path) -> None:
    os.truncate(source, source.stat().st_size // 2)


@pytest.mark.parametrize(
    ("meddle", "code"), [(_vanish, "source_gone"), (_change, "source_changed"), (_shrink, "source_changed")]
)
async def test_a_source_that_changes_while_it_is_read_is_refused_and_nothing_is_listed(
    scene: Scene, meddle: Callable[[Path], Awaitable[None]], code: str
) -> None:
    done: list[str] = []

    async def after(key: str, piece: Piece) -> None:
        if not done:
            done.append(key)
            await meddle(scene.source)

    scene.tools = Meddling(after)
    with pytest.raises(TaskFailed) as failed:
        await scene.run()
    assert (failed.value.code, failed.value.again) == (code, code == "source_gone")
    assert await scene.names() | await scene.names(1) == set()


async def test_a_source_that_was_gone_before_is_refused(scene: Scene) -> None:
    scene.source.unlink()
    with pytest.raises(TaskFailed, match="not in the store") as failed:
        await scene.run()
    assert failed.value.code == "bytes_missing"


async def test_a_source_that_is_shorter_than_its_probe_said_is_refused(scene: Scene) -> None:
    whole = scene.source.read_bytes()
    scene.source.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(TaskFailed, match="ends after") as failed:
        await scene.run()
    assert failed.value.code == "source_short"
    assert "index.json" not in await scene.names()


async def test_what_cannot_be_copied_is_not_tried_again(scene: Scene) -> None:
    scene.tools = Meddling(error=NotCopyable("its clock jumps on the way"))
    with pytest.raises(TaskFailed, match="its clock jumps") as failed:
        await scene.run()
    assert (failed.value.code, failed.value.again) == ("not_copyable", False)


def test_one_task_copies_and_sound_that_is_not_kept_is_encoded_in_runs() -> None:
    sounds = [samples.audio_stream(), samples.audio_stream(index=2, codec="dts", channels=6)]
    medium = Medium.of(
        samples.probed(container="matroska", duration_ms=600_000, streams=[samples.video_stream(), *sounds])
    )
    copy, *runs = plan(asked(medium, KEEP_ALL))
    assert copy.kind == REMUX
    assert 0 < copy.plan.cpu < 1
    made = Made.parse(copy.plan.makes)
    assert made is not None
    assert (made.group, made.first) == (copies(medium, KEEP_ALL).video[0].group, 0)
    assert 100_000 in made
    assert {run.kind for run in runs} == {AUDIO}
    both = [run.plan.index for run in plan(asked(medium, remux(set()))) if run.kind == AUDIO]
    assert both == [0, 1, 400, 401]
    assert len(runs) == 2


def test_what_its_headers_speak_against_is_not_planned() -> None:
    with pytest.raises(CannotRender, match="its container, avi"):
        plan(asked(Medium.of(samples.probed(container="avi")), KEEP_ALL))
