"""Nothing that comes in makes a tool open anything but its one input."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from connectors.fragments import NotFragmented
from connectors.media_tools import FfmpegTools, MediaRefused
from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Isolation, Sandbox
from connectors.segment_tools import Misaligned, SegmentTools, VideoRun
from connectors.text_tools import Texts, TextTools
from schemas.profiles import BUILT_IN
from schemas.renditions import renditions
from tests.client import Client
from tests.clips import clip, ffmpeg, looked_at
from tests.e2e.canaries import Canary, canary, crafted

_FOLLOWED = ("hls-file", "hls-port", "concat-file", "reference")
"""What a careless ffmpeg follows, in this build."""
_ALL = (
    *("hls-file", "hls-port", "concat-file", "concat-port", "dash-file", "dash-port"),
    *("sdp", "reference", "box-and-playlist"),
)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Canary]:
    with canary(tmp_path) as watched:
        yield watched


@pytest.fixture
def runner() -> ToolRunner:
    """With no walls, so that it is the command itself that must not follow."""
    return ToolRunner(Sandbox(Isolation(())))


@pytest.mark.parametrize("name", _FOLLOWED)
def test_a_careless_ffmpeg_would_touch_it(watched: Canary, tmp_path: Path, name: str) -> None:
    path, demuxer = crafted(watched, tmp_path)[name]
    trusting = ["-enable_drefs", "1", "-use_absolute_path", "1"] if demuxer == "mov" else []
    trusting += ["-safe", "0"] if demuxer == "concat" else []
    trusting += ["-allowed_extensions", "ALL", "-extension_picky", "0"] if demuxer == "hls" else []
    allowed = ["-protocol_whitelist", "file,http,tcp", "-f", demuxer]
    command = [ffmpeg(), "-v", "error", "-nostdin", *trusting, *allowed, "-i", str(path), "-f", "null", "-"]
    subprocess.run(command, capture_output=True, timeout=60, check=False)
    assert watched.touched


@pytest.mark.parametrize("name", _ALL)
async def test_no_tool_of_ours_does(watched: Canary, runner: ToolRunner, tmp_path: Path, name: str) -> None:
    path, _ = crafted(watched, tmp_path)[name]
    with suppress(MediaRefused, ToolFailed):
        await FfmpegTools(runner).probe(path)
    for demuxer in ("mov", "matroska", "mpegts"):
        await _encoded(runner, path, demuxer)
        texts = Texts(source=path, demuxer=demuxer, streams=(0,), form="webvtt", folder=tmp_path)
        await TextTools(runner, Path(ffmpeg())).extract(texts)
    assert watched.touched == set()


async def _encoded(runner: ToolRunner, path: Path, demuxer: str) -> None:
    """Whatever comes of it."""
    medium = looked_at(clip(path.parent / "model.mp4", seconds=1))
    rung = renditions(replace(medium, location="x"), BUILT_IN["preview"]).video[0]
    order = VideoRun(source=path, demuxer=demuxer, rungs=(rung,), first=0, count=1)

    async def drop(_: str, __: int, ___: bytes) -> None: ...

    with suppress(ToolFailed, Misaligned, NotFragmented):
        await SegmentTools(runner, Path(ffmpeg())).video(order, drop, lambda _: None)


def test_the_stack_refuses_them(client: Client, watched: Canary, tmp_path: Path) -> None:
    paths = [path for path, _ in crafted(watched, tmp_path).values()]
    for said in [client.upload(path, name=f"{path.stem}.mp4", profile="preview") for path in paths]:
        client.until_media(said["media"]["id"], "rejected")
        client.until_job(said["job"]["id"], "failed")
    assert watched.touched == set()
