"""Recordings put one after another: the clock restarts on the way, and all of it is taken in all the same."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.client import Client
from tests.clips import frames
from tests.sources import SOURCES, made
from tests.watching import watched

NAME = "clock_restarts"
FRAMES = SOURCES[NAME].frames or 0


@pytest.fixture(scope="module")
def source(clips: Path) -> Path:
    return made(NAME, clips)


def test_all_of_it_is_seen_and_encoded(client: Client, source: Path, tmp_path: Path) -> None:
    said = client.upload(source, profile="preview")
    media = client.until_media(said["media"]["id"], "ready")
    assert media["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    assert media["probe"]["duration_ms"] == pytest.approx(4000, abs=60)
    job = client.until_job(said["job"]["id"], "completed")
    encoded = frames(client.download(job["output"]["url"], tmp_path / "made.mp4"))
    assert encoded in (FRAMES, FRAMES + 1), "where they meet, sound may be longer than pictures"


def test_it_is_played_whole_and_downloaded_as_it_was(client: Client, source: Path, tmp_path: Path) -> None:
    media = client.upload(source)["media"]
    viewer = watched(client, media["id"], abilities={"containers": ["mkv"], "audio_codecs": ["mp2"]})
    assert viewer.said["method"] == "direct"
    played = tmp_path / "played.mkv"
    played.write_bytes(viewer.http.get(viewer.said["url"]).raise_for_status().content)
    assert frames(played) == FRAMES
    assert (
        client.download(media["links"]["content"], tmp_path / "as-it-was").read_bytes() == source.read_bytes()
    )
