"""The real HandBrakeCLI behind the real walls: what it lists, makes, refuses and leaves behind."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import psutil
import pytest

from connectors.handbrake import HandbrakeEncode, HandbrakeTools, OrderRefused
from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Isolation, Sandbox, find_isolation
from deploy.local.stack import Stack
from tests.client import Client, until
from tests.clips import clip, frames, marked, run, slow_clip
from tests.debian import HANDBRAKE, required
from tests.log import published

pytestmark = pytest.mark.usefixtures("program")

SRT = "1\n00:00:00,500 --> 00:00:02,000\nAll that is said\n\n"
TWO_CHAPTERS = ";FFMETADATA1\n" + "".join(
    f"[CHAPTER]\nTIMEBASE=1/1\nSTART={start}\nEND={start + 2}\ntitle=Part\n" for start in (0, 2)
)


@pytest.fixture(scope="session")
def program() -> Path:
    return Path(required(*HANDBRAKE))


@pytest.fixture(scope="module")
def isolation() -> Isolation:
    return find_isolation()


@pytest.fixture(scope="module")
def tools(isolation: Isolation, program: Path) -> HandbrakeTools:
    return HandbrakeTools(ToolRunner(Sandbox(isolation)), program)


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("film") / "film.mp4", seconds=3, size="1280x720")


@pytest.fixture(scope="module")
def rich(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two sounds, two subtitles and two chapters."""
    folder = tmp_path_factory.mktemp("rich")
    (folder / "said.srt").write_text(SRT)
    (folder / "parts.txt").write_text(TWO_CHAPTERS)
    sounds = [part for pitch in (440, 880) for part in ("-f", "lavfi", "-i", f"sine={pitch}")]
    texts = ["-i", str(folder / "said.srt"), "-i", str(folder / "said.srt"), "-i", str(folder / "parts.txt")]
    maps = [part for number in range(5) for part in ("-map", str(number))]
    made = ["-map_chapters", "5", "-t", "4", "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]
    picture = ["-f", "lavfi", "-i", "testsrc2=size=640x360:rate=30"]
    return run(*picture, *sounds, *texts, *maps, *made, "-c:a", "aac", to=folder / "rich.mkv")


@pytest.fixture
def attempt(tmp_path: Path) -> Path:
    folder = tmp_path / "attempt"
    folder.mkdir()
    return folder


def order(source: Path, target: Path, **changes: Any) -> HandbrakeEncode:
    given: dict[str, Any] = {"preset": "Fast 480p30", "container": "av_mp4", "memory_bytes": 2 << 30}
    return HandbrakeEncode(source=source, target=target, **{**given, **changes})


async def test_presets_are_listed(tools: HandbrakeTools) -> None:
    presets = await tools.presets()
    named = {preset.name: preset for preset in presets}
    assert len(named) == len(presets) > 20
    assert named["Fast 480p30"].category == "General"
    assert "H.264" in named["Fast 480p30"].about
    assert {"General", "Web", "Devices", "Matroska"} <= {preset.category for preset in presets}
    assert not [preset for preset in presets if "[" in preset.name or preset.name.endswith((".", "/"))]


async def test_a_film_becomes_what_its_preset_says(tools: HandbrakeTools, film: Path, attempt: Path) -> None:
    target = attempt / "out.mp4"
    fractions = await encoded(tools, order(film, target))
    assert codecs(target) == ["h264", "aac"]
    assert height(target) == 480
    assert frames(target) == 90
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert list(attempt.iterdir()) == [target]


@pytest.mark.parametrize("bubblewrap", [True, False])
async def test_two_passes_keep_their_figures_in_the_attempts_folder(
    isolation: Isolation, program: Path, film: Path, attempt: Path, bubblewrap: bool
) -> None:
    target = attempt / "out.webm"
    walls = isolation if bubblewrap else replace(isolation, bubblewrap=None)
    wanted = order(film, target, preset="VP9 MKV 480p30", container="av_webm", max_height=120)
    fractions = await encoded(HandbrakeTools(ToolRunner(Sandbox(walls)), program), wanted)
    assert codecs(target) == ["vp9", "opus"]
    assert height(target) == 120
    assert frames(target) == 90
    assert fractions == sorted(fractions)
    assert any(0 < fraction <= 0.5 for fraction in fractions)
    assert list(attempt.iterdir()) == [target]


@pytest.mark.parametrize(
    ("changes", "made", "parts"),
    [
        ({"audio": "all", "subtitles": "all"}, ["video", "audio", "audio", "subtitle", "subtitle"], 2),
        ({"audio": (2,), "subtitles": "none", "chapters": False}, ["video", "audio"], 0),
        ({"audio": ()}, ["video"], 2),
    ],
)
async def test_tracks_are_chosen(
    tools: HandbrakeTools, rich: Path, attempt: Path, changes: dict[str, Any], made: list[str], parts: int
) -> None:
    target = attempt / "out.mkv"
    await encoded(tools, order(rich, target, container="av_mkv", **changes))
    with av.open(str(target)) as container:
        assert [stream.type for stream in container.streams] == made
        assert len(container.chapters()) == parts


async def test_burnt_text_is_seen(tools: HandbrakeTools, rich: Path, attempt: Path) -> None:
    seen = []
    for subtitles in ("none", "none", "burn_first"):
        target = attempt / "out.mp4"
        await encoded(tools, order(rich, target, subtitles=subtitles, audio=()))
        with av.open(str(target)) as made:
            seen.append([bytes(frame.planes[0]) for frame in made.decode(video=0)][30])
    assert seen[0] == seen[1] != seen[2]


async def test_a_cancelled_encode_leaves_no_process(
    tools: HandbrakeTools, slow: Path, attempt: Path, tmp_path: Path
) -> None:
    source = marked(slow, tmp_path / "slow.mp4", "cancelled")
    begun = asyncio.Event()
    wanted = order(source, attempt / "out.mp4", preset="HQ 1080p30 Surround")
    task = asyncio.create_task(tools.encode(wanted, lambda report: begun.set() if report.fraction else None))
    async with asyncio.timeout(60):
        await begun.wait()
    assert "HandBrakeCLI" in running(attempt)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    deadline = time.monotonic() + 5
    while running(attempt) and time.monotonic() < deadline:
        await asyncio.sleep(0.02)
    assert running(attempt) == []
    assert sorted(tmp_path.iterdir()) == [attempt, source]


async def test_text_is_not_handed_over(tools: HandbrakeTools, attempt: Path, tmp_path: Path) -> None:
    (tmp_path / "x.mp4").write_text("this is no film\n" * 100)
    assert await failure(tools, order(tmp_path / "x.mp4", attempt / "out.mp4")) == "unreadable_source"


async def test_a_header_and_then_nonsense(
    tools: HandbrakeTools, film: Path, attempt: Path, tmp_path: Path
) -> None:
    (tmp_path / "x.mp4").write_bytes(film.read_bytes()[:64] + b"\xff" * 100_000)
    assert await failure(tools, order(tmp_path / "x.mp4", attempt / "out.mp4")) == "unreadable_source"


async def test_sound_alone_is_no_film(tools: HandbrakeTools, attempt: Path, tmp_path: Path) -> None:
    sound = run("-f", "lavfi", "-i", "sine=440:duration=2", "-c:a", "aac", to=tmp_path / "sound.m4a")
    assert await failure(tools, order(sound, attempt / "out.mp4")) == "no_video"


async def test_a_good_end_without_a_film_is_a_failure(
    tools: HandbrakeTools, film: Path, attempt: Path
) -> None:
    wanted = order(film, attempt / "out.webm", container="av_webm")  # H.264 has no place in WebM
    assert await failure(tools, wanted) == "impossible_order"


async def test_a_track_that_is_not_there(tools: HandbrakeTools, film: Path, attempt: Path) -> None:
    assert await failure(tools, order(film, attempt / "out.mp4", audio=(9,))) == "no_such_track"


@pytest.mark.parametrize("name", ["No such preset", "--help", "x; rm -rf", "../../etc", "", "General/"])
async def test_other_presets_are_refused(tools: HandbrakeTools, film: Path, attempt: Path, name: str) -> None:
    with pytest.raises(OrderRefused) as refused:
        await encoded(tools, order(film, attempt / "out.mp4", preset=name))
    assert refused.value.code == "unknown_preset"
    assert list(attempt.iterdir()) == []


async def encoded(tools: HandbrakeTools, wanted: HandbrakeEncode) -> list[float]:
    """Encodes; returns each fraction that was reported."""
    fractions: list[float] = []
    await tools.encode(wanted, lambda report: fractions.append(report.fraction))
    return fractions


async def failure(tools: HandbrakeTools, wanted: HandbrakeEncode) -> str:
    """The code of the failure that this must be; it leaves no film."""
    with pytest.raises(ToolFailed) as failed:
        await encoded(tools, wanted)
    assert str(failed.value)
    assert not wanted.target.exists()
    return failed.value.code


def running(attempt: Path) -> list[str]:
    """The names of the processes that were told of this folder."""
    told = psutil.process_iter(["name", "cmdline"])
    return [one.info["name"] for one in told if str(attempt) in " ".join(one.info["cmdline"] or ())]


def codecs(path: Path) -> list[str]:
    with av.open(str(path)) as container:
        return [stream.codec_context.name for stream in container.streams if stream.type != "data"]


def height(path: Path) -> int:
    with av.open(str(path)) as container:
        return container.streams.video[0].height


def test_a_job_is_done_by_handbrake_where_its_profile_says_so(
    client: Client, clips: Path, tmp_path: Path
) -> None:
    profile = {
        "name": "handbrake",
        "engine": "handbrake",
        "handbrake_preset": "Fast 480p30",
        "container": "mkv",
    }
    with client.http as http:
        assert http.put("/api/v1/profiles/handbrake", json=profile).status_code == 202
    said = client.upload(clip(clips / "handbrake.mp4", seconds=4, size="1280x720"), profile="handbrake")
    job = client.until_job(said["job"]["id"], "completed")
    path = client.download(job["output"]["url"], tmp_path / job["output"]["name"])
    assert path.suffix == ".mkv"
    with av.open(str(path)) as made:
        assert made.streams.video[0].height == 480
        assert sum(1 for _ in made.decode(video=0)) == 120


def presets(client: Client) -> dict[str, list[str]]:
    """Who has which preset, once the worker has said so."""
    path = "/api/v1/profiles/handbrake-presets"
    items = until(lambda: client.get(path)["items"], "the worker's presets")
    return {item["name"]: item["workers"] for item in items}


async def test_the_gateway_lists_what_the_worker_has(client: Client, tools: HandbrakeTools) -> None:
    listed = presets(client)
    assert set(listed) == {preset.name for preset in await tools.presets()}
    assert listed["Fast 480p30"] == ["worker-1"]


@pytest.mark.parametrize("name", ["--help", "fast 480p"])
def test_a_preset_that_no_worker_has_makes_no_profile(client: Client, name: str) -> None:
    assert presets(client)
    body = {"name": "no-preset", "engine": "handbrake", "handbrake_preset": name}
    with client.http as http:
        answer = http.put("/api/v1/profiles/no-preset", json=body)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-preset")
    assert ("Fast 480p30" in answer.json()["near"]) is (name == "fast 480p")


@pytest.fixture(scope="module")
def slow(clips: Path) -> Path:
    """HandBrake takes some seconds for it."""
    return slow_clip(clips / "handbrake-slow.mp4", seconds=12)


def slow_job(client: Client, slow: Path, name: str) -> str:
    """A job over a copy of that; its id."""
    body = {"name": "slow", "engine": "handbrake", "handbrake_preset": "HQ 1080p30 Surround"}
    with client.http as http:
        assert http.put("/api/v1/profiles/slow", json=body).status_code == 202
    return str(client.upload(marked(slow, slow.with_name(name), name), profile="slow")["job"]["id"])


def told(stack: Stack, job_id: str) -> list[int]:
    """How many pictures were done, each time that the job's progress was told."""
    found = published(stack.endpoints.kafka, "transcode.progress")
    return [event.frames_done for event in found if event.job_id == job_id]


def test_a_jobs_progress_rises_to_its_end(client: Client, stack: Stack, slow: Path) -> None:
    job_id = slow_job(client, slow, "handbrake-rises.mp4")
    assert client.until_job(job_id, "completed")["progress"]["fraction"] == 1
    done = told(stack, job_id)
    assert done == sorted(done)
    assert len({each for each in done if 0 < each < 360}) >= 2, done


def test_a_cancelled_job_ends_handbrake(client: Client, stack: Stack, slow: Path) -> None:
    job_id = slow_job(client, slow, "handbrake-cancel.mp4")
    scratch = stack.home.scratch / "worker-1"
    until(lambda: any(told(stack, job_id)), "the encode to be under way")
    assert "HandBrakeCLI" in running(scratch)
    assert client.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 202
    assert client.until_job(job_id, "cancelled")["output"] is None
    until(lambda: "HandBrakeCLI" not in running(scratch), "HandBrake to be gone")
    until(lambda: not list(scratch.iterdir()), "the attempt's folder to be gone")
    assert client.job(job_id)["state"] == "cancelled"
