"""Orders become arguments, and what HandBrakeCLI prints becomes presets, progress and reasons."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from connectors.handbrake import (
    Follower,
    HandbrakeEncode,
    HandbrakeProgress,
    HandbrakeTools,
    OrderRefused,
    Preset,
    encode_command,
    explain,
    find_handbrake,
    parse_presets,
)
from connectors.process import ToolFailed, ToolRunner
from connectors.sandbox import Isolation, Sandbox

HOSTILE = ("--help", "-Z", "", "x; rm -rf", "../../etc", "$(id)", "Fast 480p30 ", "fast 480p30", "General/")

LISTED = """\
[09:47:13] Compile-time hardening features are enabled
Cannot load libnvidia-encode.so.1
[09:47:13] hb_init: starting libhb thread
General/
    Very Fast 2160p60 4K AV1
        AV1 video (up to 2160p60) and AAC stereo audio, in an MP4
        container.
    [09:47:13] thread 7ff5349fe6c0 started ("libhb")
Fast 480p30
        H.264 video (up to 480p30) and AAC stereo audio and/
Mine/
    Older/
        Telly
            For the kitchen.
    Plain
CLI Defaults/
    CLI Default
HandBrake has exited.
"""

WORKING = """\
Progress: {
    "State": "WORKING",
    "Working": {
        "Hours": %(hours)d,
        "Minutes": %(hours)d,
        "Pass": %(number)d,
        "PassCount": %(count)d,
        "Progress": %(progress)s,
        "Rate": 97.172569274902344,
        "Seconds": %(seconds)d
    }
}"""

SCANNING = """\
**  No css library available. See             **
libdvdread: Can't open file VIDEO_TS.IFO.Progress: {
    "State": "SCANNING",
    "Scanning": {
        "Progress": 0.3
    }
}
"""

MUXING = 'Progress: {\n    "Muxing": {\n        "Progress": 0.0\n    },\n    "State": "MUXING"\n}'
DONE = 'Progress: {\n    "State": "WORKDONE",\n    "WorkDone": {\n        "Error": 0\n    }\n}\nEncode done!'

SOUND = "  Stream #0:0[0x1](und): Audio: aac (LC) (mp4a / 0x6134706D), 44100 Hz, mono, fltp, 69 kb/s"
COVER = "  Stream #0:1[0x0]: Video: png, rgb24(pc), 320x240, 90k tbr, 90k tbn (attached pic)"
NO_TITLE = "[09:48:17] scan: unrecognized file type\nNo title found.\nHandBrake has exited."
WRONG_CONTAINER = """\
ERROR: Incompatible video encoder (H.264 (x264)) for muxer (WebM (avformat))
Failed to initialize job
HandBrake has exited."""
NO_DEVICE = "ERROR: Failure to initialise thread 'FFMPEG encoder (libavcodec)'\nEncode failed (error 3)."
FULL = "ERROR: avformatMux: track 0, failed with error 'No space left on device'\nEncode failed (error 4)."
NOT_LOADED = "error while loading shared libraries: libblas.so.3: cannot open shared object file"

FAKE = """#!/bin/sh
if [ "$1" = --preset-list ]; then
    echo asked >> "{asked}"
    printf 'General/\\n    Fast 480p30\\n' >&2
    exit 0
fi
while [ "$1" != --output ]; do shift; done
{body}
"""


def order(**changes: Any) -> HandbrakeEncode:
    given: dict[str, Any] = {
        "source": Path("/in/a.mkv"),
        "target": Path("/out/b.mp4"),
        "preset": "Fast 480p30",
        "container": "av_mp4",
        "memory_bytes": 1 << 31,
    }
    return HandbrakeEncode(**{**given, **changes})


@pytest.mark.parametrize(
    ("changes", "middle"),
    [
        ({}, []),
        ({"chapters": False}, []),
        ({"container": "av_mkv", "max_height": 1080}, ["--maxHeight", "1080"]),
        ({"max_width": 20480, "quality": 22.5}, ["--maxWidth", "20480", "--quality", "22.5"]),
        ({"quality": 0.0}, ["--quality", "0"]),
        ({"audio": ()}, ["--audio", "none"]),
        ({"audio": (2, 1)}, ["--audio", "2,1", "--aencoder", "av_aac"]),
        ({"audio": "all", "container": "av_mkv"}, ["--all-audio", "--aencoder", "av_aac"]),
        ({"audio": "all", "container": "av_webm"}, ["--all-audio", "--aencoder", "opus"]),
        ({"subtitles": "none"}, ["--subtitle", "none"]),
        ({"subtitles": "all"}, ["--all-subtitles", "--subtitle-burned=none"]),
        ({"subtitles": "burn_first"}, ["--subtitle", "1", "--subtitle-burned=1"]),
    ],
)
def test_an_order_becomes_arguments(changes: dict[str, Any], middle: list[str]) -> None:
    wanted = order(**changes)
    start = ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", "/usr/bin/env", "TMPDIR=/out", "/bin/HandBrakeCLI"]
    files = ["--json", "--input", "/in/a.mkv", "--output", "/out/b.mp4"]
    named = ["--preset", "Fast 480p30", "--format", wanted.container]
    end = ["--markers" if wanted.chapters else "--no-markers"]
    assert encode_command(Path("/bin/HandBrakeCLI"), wanted) == [*start, *files, *named, *middle, *end]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"source": Path("a.mkv")}, "bad_path"),
        ({"target": Path("-o")}, "bad_path"),
        ({"container": "av_mov"}, "bad_container"),
        ({"container": "--help"}, "bad_container"),
        ({"max_height": 0}, "bad_size"),
        ({"max_height": "720 --help"}, "bad_size"),
        ({"max_width": 20481}, "bad_size"),
        ({"quality": -1.0}, "bad_quality"),
        ({"quality": 63.5}, "bad_quality"),
        ({"quality": float("nan")}, "bad_quality"),
        ({"audio": (0,)}, "bad_audio"),
        ({"audio": (1, 100)}, "bad_audio"),
        ({"audio": ("1,2",)}, "bad_audio"),
        ({"subtitles": "burn"}, "bad_subtitles"),
        ({"container": "av_webm", "subtitles": "all"}, "bad_subtitles"),
    ],
)
def test_what_cannot_be_is_refused(changes: dict[str, Any], code: str) -> None:
    with pytest.raises(OrderRefused) as refused:
        order(**changes)
    assert refused.value.code == code


def test_the_presets_stand_in_a_tree_among_the_log() -> None:
    about = "AV1 video (up to 2160p60) and AAC stereo audio, in an MP4 container."
    assert parse_presets(LISTED.splitlines()) == [
        Preset("General", "Very Fast 2160p60 4K AV1", about),
        Preset("General", "Fast 480p30", "H.264 video (up to 480p30) and AAC stereo audio and/"),
        Preset("Mine/Older", "Telly", "For the kitchen."),
        Preset("Mine", "Plain", ""),
        Preset("CLI Defaults", "CLI Default", ""),
    ]


def test_no_presets_are_a_failure() -> None:
    with pytest.raises(ToolFailed, match="no presets"):
        parse_presets(["Cannot load libnvidia-encode.so.1", "HandBrake has exited."])


def working(number: int, count: int, progress: float, eta_s: int = -1) -> str:
    hours = 0 if eta_s >= 0 else -1
    given = {"hours": hours, "number": number, "count": count, "progress": progress, "seconds": eta_s}
    return WORKING % given


def followed(*printed: str) -> list[HandbrakeProgress]:
    reports: list[HandbrakeProgress] = []
    follower = Follower(reports.append)
    for line in "\n".join(printed).splitlines():
        follower(line)
    return reports


def test_progress_covers_all_passes_and_never_goes_back() -> None:
    steps = [working(1, 2, 0.5), working(1, 2, 1.0, 2), working(2, 2, 0.0), working(2, 2, 0.9, 1)]
    back = working(2, 2, 0.4)
    reports = followed(SCANNING, *steps, back, working(2, 2, 1.0), MUXING, DONE)
    assert [report.fraction for report in reports] == [0.0, 0.25, 0.5, 0.5, 0.95, 0.95, 0.999, 0.999]
    assert [report.phase for report in reports] == ["scanning", *["encoding"] * 6, "muxing"]
    assert [report.eta_s for report in reports] == [None, None, 2, None, 1, None, None, None]
    assert [round(report.fps) for report in reports] == [0, *[97] * 6, 0]


def test_half_an_object_is_passed_over() -> None:
    half = working(1, 1, 0.3).rsplit("\n", 4)[0]
    assert [report.fraction for report in followed(half, working(1, 1, 0.4))] == [0.4]
    assert [report.fraction for report in followed(half, *["x"] * 100, working(1, 1, 0.4))] == [0.4]


def test_a_missing_audio_track_is_no_silent_loss() -> None:
    with pytest.raises(ToolFailed, match="audio track 9") as failed:
        followed("Warning: Could not find audio track 9, skipped")
    assert failed.value.code == "no_such_track"


@pytest.mark.parametrize(
    ("log", "code", "message"),
    [
        (f"{SOUND}\n{COVER}\n{NO_TITLE}", "no_video", "has no video"),
        (NO_TITLE, "unreadable_source", "no film in it"),
        (WRONG_CONTAINER, "impossible_order", "Incompatible video encoder"),
        (NO_DEVICE, "encoder_failed", "FFMPEG encoder"),
        (FULL, "disk_full", "No space left on device"),
        (NOT_LOADED, "tool_error", "it ended with status 2: .*libblas"),
        ("", "tool_error", "it ended with status 2"),
    ],
)
def test_a_failure_says_why(log: str, code: str, message: str) -> None:
    why = explain(log.splitlines(), ToolFailed("tool_error", "it ended with status 2"))
    assert why.code == code
    assert why.stderr == log
    with pytest.raises(ToolFailed, match=message):
        raise why


@pytest.mark.parametrize("code", ["too_slow", "too_much_memory", "killed", "crashed", "no_such_track"])
def test_what_ended_it_from_outside_stays(code: str) -> None:
    error = ToolFailed(code, "it was ended")
    assert explain(NO_TITLE.splitlines(), error) is error


def test_the_walls_own_failure_stays() -> None:
    error = ToolFailed("tool_error", "confine: no Landlock", stderr="confine: no Landlock")
    assert explain([], error) is error


def test_it_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_handbrake() is None
    made = fake(tmp_path)
    assert find_handbrake() == made


def fake(folder: Path, body: str = "exit 0") -> Path:
    """A stand-in that lists one preset, and does as its body says for an encode; $2 is the target."""
    program = folder / "HandBrakeCLI"
    program.write_text(FAKE.format(asked=folder / "asked", body=body))
    program.chmod(0o755)
    return program


def tools(program: Path) -> HandbrakeTools:
    return HandbrakeTools(ToolRunner(Sandbox(Isolation(()))), program)


def real_order(tmp_path: Path, **changes: Any) -> HandbrakeEncode:
    source, folder = tmp_path / "a.mkv", tmp_path / "attempt"
    source.write_bytes(b"\x1a\x45\xdf\xa3 no more than a beginning")
    folder.mkdir()
    return order(**{"source": source, "target": folder / "b.mp4", **changes})


async def test_presets_are_asked_once(tmp_path: Path) -> None:
    asked = tools(fake(tmp_path))
    assert await asked.presets() == await asked.presets() == [Preset("General", "Fast 480p30", "")]
    assert (tmp_path / "asked").read_text() == "asked\n"


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_preset_that_is_not_listed_never_runs(tmp_path: Path, name: str) -> None:
    program = fake(tmp_path, 'touch "$2"')
    wanted = real_order(tmp_path, preset=name)
    with pytest.raises(OrderRefused, match="no preset"):
        await tools(program).encode(wanted, lambda _: None)
    assert not wanted.target.exists()


async def test_playlists_and_folders_never_run(tmp_path: Path) -> None:
    playlist = tmp_path / "list.m3u8"
    playlist.write_text("#EXTM3U\n")
    wanted = real_order(tmp_path)
    for strange in (playlist, tmp_path, tmp_path / "missing.mkv"):
        with pytest.raises(ToolFailed) as failed:
            await tools(fake(tmp_path)).encode(order(source=strange, target=wanted.target), lambda _: None)
        assert failed.value.code == "unreadable_source"


async def test_a_good_end_needs_a_target_of_this_run(tmp_path: Path) -> None:
    wanted = real_order(tmp_path)
    wanted.target.write_text("left by someone else")
    with pytest.raises(ToolFailed, match="wrote nothing") as failed:
        await tools(fake(tmp_path)).encode(wanted, lambda _: None)
    assert failed.value.code == "nothing_written"


async def test_it_ends_at_one(tmp_path: Path) -> None:
    reports: list[HandbrakeProgress] = []
    await tools(fake(tmp_path, 'echo film > "$2"')).encode(real_order(tmp_path), reports.append)
    assert reports == [HandbrakeProgress(1.0, 0.0, 0, "muxing")]
