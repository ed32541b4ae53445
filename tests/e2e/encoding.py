"""One run of segments with real tools over a real store, in a profile that asks for hardware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import av

from connectors.blobs import FileStore
from connectors.clock import SystemClock
from connectors.file_tools import FileTools, Join
from connectors.hardware import Hardware
from connectors.process import ToolRunner
from connectors.segment_tools import SegmentTools
from connectors.text_tools import TextTools
from processors.transcode.drawing import Drawing
from processors.transcode.orders import RunOutcome, VideoOrder, read
from processors.transcode.plan import Asked, plan
from processors.transcode.runs import VideoWork
from processors.work.execution import Execution
from processors.work.tasks import Task
from schemas.medium import Medium
from schemas.profiles import Container, Profile, Rung, Video, VideoCodec
from schemas.segments import INIT, segment_location
from tests import samples
from tests.clips import ffmpeg, looked_at
from tests.pretended import NAME

PROFILE = Profile(name="quick", video=Video(codec="h264", rungs=(Rung(height=360, crf=30),), hardware=True))
SECONDS, PER_SEGMENT = 16, 120
WORKS = {"hardware_encoders": NAME}


@dataclass
class Scene:
    """One run of segments with real tools over a real store."""

    runner: ToolRunner
    program: Path
    hardware: Hardware
    film: Path
    folder: Path
    store: FileStore = field(init=False)
    medium: Medium = field(init=False)

    def __post_init__(self) -> None:
        self.store, self.medium = FileStore(self.folder / "blobs", "w1"), looked_at(self.film)
        source = self.folder / "blobs" / self.medium.location
        source.parent.mkdir(parents=True)
        source.hardlink_to(self.film)

    @property
    def order(self) -> VideoOrder:
        return read(VideoOrder, self._planned().order)

    def _planned(self) -> Any:
        given = {"media_id": "m", "owner_id": "o", "priority": "normal", "name": "film"}
        return plan(Asked(medium=self.medium, profile=PROFILE, **given))[0].plan

    async def run(self) -> RunOutcome:
        async def confirm() -> None: ...

        task = Task.planned(samples.task_changed(kind="video", plan=self._planned()))
        execution = Execution(task, "w1", self.folder, lambda _: None, confirm)
        tools = SegmentTools(self.runner, self.program)
        drawing = Drawing(self.store, TextTools(self.runner, self.program))
        work = VideoWork(self.store, tools, SystemClock(), drawing, self.hardware)
        return read(RunOutcome, await work(execution))

    async def pieces(self) -> list[Path]:
        (rung,) = self.order.rungs
        numbers = (INIT, *range(rung.grid.segments))
        places = [segment_location(rung.source, rung.key, number) for number in numbers]
        return [path for place in places if (path := self.store.path_of(place))]

    async def joined(self, container: Container) -> Path:
        return await self.join(await self.pieces(), container, "h264")

    async def join(self, pieces: Sequence[Path], container: Container, codec: VideoCodec) -> Path:
        target = self.folder / f"out.{container}"
        video = Video(codec=codec, rungs=(Rung(height=360, crf=30),), hardware=True)
        order = Join(
            source=self.film,
            medium=self.medium,
            profile=replace(PROFILE, container=container, video=video),
            video=pieces,
            audio=[],
            audio_streams=[],
            self_contained=True,
            target=target,
        )
        await FileTools(self.runner, Path(ffmpeg())).join(order)
        return target


def sound(path: Path) -> bool:
    """Whether a file has all pictures, each decoded without a complaint."""
    with av.open(str(path)) as made:
        made.streams.video[0].codec_context.options = {"err_detect": "explode"}
        times = [frame.time for frame in made.decode(video=0)]
    return len(times) == SECONDS * 30 and times == sorted(set(times))
