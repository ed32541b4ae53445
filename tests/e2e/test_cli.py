"""The command line against a running stack: what people type, and what programs read from it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import orjson
import pytest

from deploy.local.settings import ROOT
from deploy.local.stack import Stack
from tests.clips import clip

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def sluice(stack: Stack, tmp_path: Path) -> Run:
    """Runs the command line on the stack, from an empty folder."""

    def run(*arguments: str, home: bool = True) -> subprocess.CompletedProcess[str]:
        where = ["--home", str(stack.home.root)] if home else []
        return subprocess.run(
            [sys.executable, "-m", "deploy.local", *arguments, *where],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=180,
            check=False,
        )

    return run


def objects(done: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    assert done.returncode == 0, done.stdout + done.stderr
    return [orjson.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture(scope="module")
def film(clips: Path) -> Path:
    return clip(clips / "Ünïcode film.mp4", seconds=1)


def test_a_film_from_the_command_line_and_back(sluice: Run, film: Path, tmp_path: Path) -> None:
    *_, job = objects(sluice("add", str(film), "--profile", "preview", "--watch", "--json"))
    assert job["state"] == "completed"
    assert objects(sluice("job", job["id"], "--json"))[0]["id"] == job["id"]
    assert job["id"] in [item["id"] for item in objects(sluice("jobs", "--json"))]
    (got,) = objects(sluice("get", job["id"], "-o", "made.mp4", "--json"))
    assert got["size_bytes"] == (tmp_path / "made.mp4").stat().st_size
    with av.open(str(tmp_path / "made.mp4")) as made:
        assert made.streams.video[0].height == 240
    assert sluice("get", job["id"], "-o", "made.mp4").returncode == 5
    (media,) = [item for item in objects(sluice("media", "--json")) if item["id"] == job["media_id"]]
    assert (media["status"], media["name"]) == ("ready", "Ünïcode film.mp4")
    assert sluice("get", job["media_id"], "-o", "back.mp4").returncode == 0
    assert (tmp_path / "back.mp4").read_bytes() == film.read_bytes()
    assert sluice("cancel", job["id"]).returncode == 5
    assert "ready" in sluice("media").stdout


def test_a_job_that_fails_ends_the_command_with_the_reason(sluice: Run, tmp_path: Path) -> None:
    (tmp_path / "note.mp4").write_text("this is no film\n" * 100)
    done = sluice("add", "note.mp4", "--watch")
    assert done.returncode == 1
    assert "first bytes" in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("job", "no-such-job"), 4),
        (("get", "no-such-job"), 4),
        (("add", "no-such-file.mp4"), 2),
        (("events", "--topic", "no.such.topic"), 4),
        (("dlq", "show", "media.uploaded", "999"), 4),
        (("no-such-command",), 2),
    ],
)
def test_what_cannot_be_done_says_so_in_a_line(sluice: Run, arguments: tuple[str, ...], status: int) -> None:
    done = sluice(*arguments, home=arguments[0] != "no-such-command")
    assert done.returncode == status, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_events_are_shown_decoded(sluice: Run, film: Path) -> None:
    (answer, *_) = objects(sluice("add", str(film), "--no-transcode", "--json"))
    media_id = answer["media"]["id"]
    found = objects(sluice("events", "--topic", "media.uploaded", "--limit", "500", "--json"))
    assert media_id in str(found)
    assert "media.uploaded" in sluice("events", "--topic", "media.uploaded").stdout


def test_the_stack_shows_itself(sluice: Run, stack: Stack) -> None:
    status = objects(sluice("status", "--json"))
    assert set(stack.children) <= {name for name in stack.children if name in str(status)}
    topics = {row["topic"]: row for row in objects(sluice("topics", "--json"))}
    assert topics["media.uploaded"]["partitions"] == 4
    assert sluice("logs", "worker-1").stdout
    assert sluice("dlq", "list").returncode == 0


def test_a_second_stack_in_the_same_home_is_refused_kindly(sluice: Run, stack: Stack) -> None:
    done = sluice("up")
    assert done.returncode in (0, 5)
    assert "running" in done.stdout + done.stderr or "uses" in done.stdout + done.stderr
    assert stack.lacks() is None


def test_a_state_in_use_is_not_reset(sluice: Run, stack: Stack) -> None:
    assert sluice("reset").returncode != 0
    assert stack.home.blobs.is_dir()


def test_profiles_are_made_used_and_removed(sluice: Run, film: Path, tmp_path: Path) -> None:
    (preview,) = objects(sluice("profiles", "show", "preview", "--json"))
    (tmp_path / "mine.json").write_bytes(orjson.dumps({**preview, "name": "mine", "about": "for the train"}))
    assert objects(sluice("profiles", "put", "mine.json", "--json"))[0]["version"] == 1
    assert "for the train" in sluice("profiles", "list").stdout
    assert "mine" in [item["name"] for item in objects(sluice("profiles", "list", "--json"))]
    *_, job = objects(sluice("add", str(film), "--profile", "mine", "--watch", "--json"))
    assert (job["state"], job["profile"]) == ("completed", "mine")
    assert sluice("profiles", "rm", "mine").returncode == 0
    assert sluice("profiles", "show", "mine").returncode == 4
    assert sluice("profiles", "rm", "web").returncode == 5


def test_each_problem_of_a_profile_is_said_on_its_line(sluice: Run, tmp_path: Path) -> None:
    rungs = [{"height": 480, "crf": 99}, {"height": 720, "crf": 23}]
    bad = {"name": "bad", "container": "webm", "video": {"codec": "vp9", "rungs": rungs}}
    (tmp_path / "bad.json").write_bytes(orjson.dumps({**bad, "audio": {"codec": "aac"}}))
    done = sluice("profiles", "put", "bad.json")
    assert done.returncode == 6
    assert "  video.rungs.0.crf: Input should be less than or equal to 63" in done.stderr.splitlines()
    rungs[0]["crf"] = 30
    (tmp_path / "bad.json").write_bytes(
        orjson.dumps({**bad, "video": {"codec": "vp9", "rungs": rungs}, "audio": {"codec": "aac"}})
    )
    assert sluice("profiles", "put", "bad.json").stderr.splitlines()[1:] == [
        "  video.rungs: each height once, the largest first",
        "  audio.codec: webm does not hold aac",
    ]
    assert sluice("profiles", "show", "bad").returncode == 4


def test_handbrakes_presets_are_listed(sluice: Run) -> None:
    done = sluice("profiles", "presets", "--json")
    listed = {item["name"]: item["workers"] for item in objects(done)}
    assert listed.get("Fast 480p30", ["worker-1"]) == ["worker-1"]
    assert bool(listed) is not ("no worker" in done.stderr)


def test_files_of_one_s_own_are_kept_in_order_from_the_command_line(sluice: Run, tmp_path: Path) -> None:
    (tmp_path / "one.srt").write_bytes(b"1")
    (tmp_path / "other.srt").write_bytes(b"22")
    assert objects(sluice("files", "list", "--json")) == [{"name": "home", "writable": True}]
    objects(sluice("files", "mkdir", "home:Alien (1979)", "--json"))
    objects(sluice("files", "put", "one.srt", "home:Alien (1979)/alien.srt", "--json"))
    taken = sluice("files", "put", "other.srt", "home:Alien (1979)/alien.srt")
    assert (taken.returncode, "already" in taken.stderr) == (5, True)
    (put,) = objects(
        sluice("files", "put", "other.srt", "home:Alien (1979)/alien.srt", "--replace", "--json")
    )
    objects(sluice("files", "copy", "home:Alien (1979)/alien.srt", "home:Alien (1979)/copy.srt", "--json"))
    objects(sluice("files", "move", "home:Alien (1979)/copy.srt", "home:Alien (1979)/moved.srt", "--json"))
    (thrown,) = objects(sluice("files", "delete", "home:Alien (1979)/alien.srt", "--json"))
    back = sluice("files", "restore", "home", put["replaced"], "--json")
    assert objects(back)[0]["path"] == "Alien (1979)/alien.srt"
    assert [item["id"] for item in objects(sluice("files", "trash", "home", "--json"))] == [thrown["id"]]
    listed = objects(sluice("files", "list", "home:Alien (1979)", "--json"))
    assert [(item["name"], item["size_bytes"]) for item in listed] == [("alien.srt", 1), ("moved.srt", 2)]
    objects(sluice("files", "get", "home:Alien (1979)/alien.srt", "-o", "got.srt", "--json"))
    assert (tmp_path / "got.srt").read_bytes() == b"1"
    outside = sluice("files", "get", "home:../../etc/passwd")
    assert (outside.returncode, "not followed" in outside.stderr) == (6, True)
