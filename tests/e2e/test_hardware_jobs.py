"""Jobs on a whole stack whose worker has an encoder in hardware, until that breaks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from schemas.profiles import Audio, Rung, Video, written
from tests.browser import Player, browser
from tests.client import Client, until
from tests.clips import clip, marked
from tests.e2e.encoding import PER_SEGMENT, PROFILE, SECONDS, WORKS, sound
from tests.pretended import NAME, pretended


@pytest.fixture(scope="module")
def equipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Stack, Path]]:
    """A stack whose worker has an encoder in hardware, and the program that stands in for it."""
    program = pretended(tmp_path_factory.mktemp("bin") / "ffmpeg")
    child_env = {"worker-1": {"IMAGEIO_FFMPEG_EXE": str(program)}}
    options = Options(port=8790, child_env=child_env, env={"SLUICE_BEAT_S": "0.5"})
    with Stack.start(Home(tmp_path_factory.mktemp("equipped")), options) as running:
        yield running, program


@pytest.fixture
def client(equipped: tuple[Stack, Path]) -> Client:
    stack, _ = equipped
    assert stack.url is not None
    return Client(stack.url, stack.token)


def details(client: Client) -> dict[str, str]:
    """What the worker says of its hardware; nothing before its trials are over."""
    items = client.get("/api/v1/services")["items"]
    found = next(item["details"] for item in items if item["service"] == "worker")
    said = {name: value for name, value in found.items() if name.startswith("hardware_")}
    return {} if said.get("hardware_encoders", "untried") == "untried" else said


def made(client: Client, source: Path, to: Path, **changes: Any) -> str:
    """Does a job with a profile that asks for hardware, and looks at its result; the medium's id."""
    profile = replace(PROFILE, audio=Audio(codec="aac"), **changes)
    client.make_profile(orjson.loads(written(profile)))
    said = client.upload(source, profile=profile.name)
    job = client.until_job(said["job"]["id"], "completed")
    assert sound(client.download(job["output"]["url"], to))
    return str(job["media_id"])


def watched(client: Client, media_id: str) -> None:
    """A browser plays all of it, across the border between hardware and software."""
    with browser() as chrome:
        player = Player.opened(chrome, client, media_id, profile=PROFILE.name, method="transcode")
        player.play()
        border_s = 2 * PER_SEGMENT / 30
        for place in (border_s - 1, border_s + 1, border_s - 0.5):
            player.seek(place)
        player.until("(at) => document.querySelector('video').currentTime > at", "more", border_s + 1)
        player.seek(SECONDS - 1)
        player.until("() => document.querySelector('video').ended", "the end")
        assert player.errors() == []


def test_jobs_are_encoded_in_hardware_until_that_breaks(
    equipped: tuple[Stack, Path], client: Client, tmp_path: Path
) -> None:
    _, program = equipped
    first = clip(tmp_path / "first.mp4", seconds=SECONDS)
    second = marked(first, tmp_path / "second.mp4", "other")
    assert until(lambda: details(client), "the trials") == WORKS
    made(client, first, tmp_path / "first.out.mp4")
    by_rate = Video(codec="h264", rungs=(Rung(height=360, bit_rate=800_000),), hardware=True)
    made(client, first, tmp_path / "whole.out.mp4", name="whole", video=by_rate)
    assert details(client) == WORKS
    pretended(program, pictures=2 * PER_SEGMENT, end=1)
    mixed = made(client, second, tmp_path / "second.out.mp4")
    broken = {"hardware_encoders": "none", "hardware_out_of_order": NAME}
    until(lambda: details(client) == broken, "the worker's word")
    warnings = client.get("/api/v1/system/status")["warnings"]
    assert "hardware-out-of-order" in [warning["code"] for warning in warnings]
    made(client, second, tmp_path / "third.out.mp4", name="whole", video=by_rate)
    watched(client, mixed)
