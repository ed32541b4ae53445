"""People watch in a real browser while it is encoded: at once, anywhere, in any size, and never twice."""

from __future__ import annotations

import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from deploy.local.stack import Stack
from schemas.events import TranscodeProgress
from tests.browser import Player
from tests.client import Client
from tests.clips import run
from tests.log import published
from tests.ui.conftest import film

LADDER = {
    "name": "stream",
    "container": "hls",
    "video": {"codec": "h264", "rungs": [{"height": 240, "crf": 28}, {"height": 144, "crf": 30}]},
    "audio": {"codec": "aac", "tracks": "all"},
}


_ALL_OF_IT = """
() => { const b = document.querySelector("video").buffered; return b.length && b.end(b.length - 1) > 23.9; }
"""


_WORDS = """
() => [...document.querySelector("video").textTracks].some(
  (track) => track.mode !== "disabled" &&
    [...(track.activeCues ?? [])].some((cue) => cue.text === "Words to read"))
"""


@pytest.fixture(autouse=True)
def _profile(_whole: None, client: Client) -> None:
    client.make_profile(LADDER)


def encoded(stack: Stack, media_id: str) -> Counter[tuple[str, int]]:
    """How often each segment of a medium was encoded."""
    told = published(stack.endpoints.kafka, "transcode.progress")
    mine = [e for e in told if isinstance(e, TranscodeProgress) and e.media_id == media_id]
    return Counter((s.rendition, s.segment) for e in mine for s in e.stored if s.segment >= 0)


def test_two_viewers_and_a_job_share_what_is_encoded_once(
    chrome: Browser, clients: list[Client], stack: Stack, films: Path
) -> None:
    said = clients[0].upload(film(films, "shared", 60), profile="stream")
    media_id, job_id = said["media"]["id"], said["job"]["id"]
    one = Player.opened(chrome, clients[0], media_id, profile="stream", start_ms=30_000)
    two = Player.opened(chrome, clients[1], media_id, profile="stream")
    for viewer in (one, two):
        viewer.play()
    dice = random.Random(4)
    for _ in range(20):
        one.seek(dice.uniform(0, one.duration() - 1))
    two.seek(two.duration() - 2)
    clients[0].until_job(job_id, "completed")
    assert one.errors() == two.errors() == []
    assert abs(one.duration() - 60) < 0.05
    times = encoded(stack, media_id)
    assert len(times) == 15 * 2 + 2 * 15
    assert set(times.values()) == {1}


def test_what_was_watched_is_one_unbroken_stretch(chrome: Browser, client: Client, films: Path) -> None:
    media_id = client.upload(film(films, "unbroken", 24))["media"]["id"]
    player = Player.opened(chrome, client, media_id, profile="stream")
    player.until(_ALL_OF_IT, "all of it")
    ((start, end),) = player.buffered()
    assert start == 0
    assert abs(end - 24) < 0.05
    assert player.errors() == []


def test_quality_and_sound_are_switched_while_it_plays(chrome: Browser, client: Client, films: Path) -> None:
    media_id = client.upload(film(films, "switched", 40))["media"]["id"]
    player = Player.opened(chrome, client, media_id, profile="stream")
    player.play()
    for size in (144, 240, 144):
        player.choose("Quality", f"{size}p")
        player.until(
            "(size) => document.querySelector('video').videoHeight === size", f"a picture {size} high", size
        )
    player.choose("Sound", "spa")
    player.until("() => player.hls.audioTrack === 1", "the other sound")
    at = player.now()
    player.until("(at) => document.querySelector('video').currentTime > at + 2", "it to play on", at)
    assert player.errors() == []


def test_subtitles_are_chosen_while_it_plays(chrome: Browser, client: Client, films: Path) -> None:
    (films / "said.srt").write_text("1\n00:00:00,500 --> 00:00:11,000\nWords to read\n")
    plain = film(films, "subtitled", 12)
    path = run(
        *("-i", str(plain), "-i", str(films / "said.srt"), "-map", "0", "-map", "1", "-c", "copy"),
        *("-metadata:s:s:0", "language=ger", "-disposition:s:0", "0"),
        to=films / "subtitled-1.mkv",
    )
    media_id = client.upload(path)["media"]["id"]
    player = Player.opened(chrome, client, media_id, profile="stream")
    player.play()
    player.choose("Subtitles", "ger")
    player.until(_WORDS, "the words")
    player.choose("Subtitles", "Off")
    assert player.errors() == []


def profile(client: Client, codec: str, sound: str) -> str:
    """A small profile of these codecs."""
    name = f"in-{codec}-{sound}"
    crf = 28 if codec == "h264" else 45
    rungs = [{"height": 144, "crf": crf}, {"height": 96, "crf": crf}]
    video = {"codec": codec, "rungs": rungs, "speed": "fastest"}
    audio = {"codec": sound, "tracks": "all"}
    client.make_profile({"name": name, "container": "hls", "video": video, "audio": audio})
    return name


@pytest.mark.parametrize(
    ("codec", "sound"),
    [
        ("h264", "aac"),
        ("h264", "opus"),
        ("vp9", "opus"),
        ("av1", "aac"),
        pytest.param("vp9", "aac", marks=pytest.mark.full),
        pytest.param("av1", "opus", marks=pytest.mark.full),
    ],
)
def test_every_codec_that_the_browser_knows_plays_from_anywhere_in_any_size_and_sound(
    codec: str, sound: str, chrome: Browser, client: Client, films: Path
) -> None:
    name = profile(client, codec, sound)
    media_id = client.upload(film(films, name, 20, "320x180"))["media"]["id"]
    player = Player.opened(chrome, client, media_id, profile=name, method="transcode")
    player.play()
    dice = random.Random(name)
    for size, sound_track in ((96, "spa"), (144, "eng")):
        for _ in range(10):
            player.seek(dice.uniform(0, player.duration() - 1))
        player.seek(dice.uniform(0, player.duration() / 2))
        player.choose("Quality", f"{size}p")
        player.choose("Sound", sound_track)
        player.until("(size) => document.querySelector('video').videoHeight === size", f"{size}p", size)
    player.seek(player.duration() - 1)
    player.until("() => document.querySelector('video').ended", "the end")
    assert player.errors() == []


@pytest.mark.parametrize("name", ["web", "phone", "preview"])
def test_every_profile_that_is_always_there_plays_from_anywhere(
    name: str, chrome: Browser, client: Client, films: Path
) -> None:
    media_id = client.upload(film(films, name, 20, "320x180"))["media"]["id"]
    player = Player.opened(chrome, client, media_id, profile=name, method="transcode")
    player.play()
    dice = random.Random(name)
    for _ in range(20):
        player.seek(dice.uniform(0, player.duration() - 1))
    assert player.errors() == []


def test_a_profile_that_the_browser_cannot_play_is_said(chrome: Browser, client: Client, films: Path) -> None:
    known = "() => MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L60.90\"')"
    page = chrome.new_context().new_page()
    page.goto(client.url)
    if page.evaluate(known):
        pytest.skip("this browser plays HEVC")
    name = profile(client, "hevc", "aac")
    media_id = client.upload(film(films, name, 6, "320x180"))["media"]["id"]
    page.goto(f"{client.url}/play/{media_id}?profile={name}&method=transcode#token={client.token}")
    expect(page.get_by_role("status")).to_contain_text("This browser")


def test_what_is_lost_under_a_player_is_made_again_and_it_plays_on(
    chrome: Browser, client: Client, stack: Stack, films: Path
) -> None:
    media_id = client.upload(film(films, "lost", 48, "320x180"))["media"]["id"]
    player = Player.opened(chrome, client, media_id, profile="stream")
    player.page.evaluate(
        "() => { player.hls.config.maxBufferLength = player.hls.config.maxMaxBufferLength = 8; }"
    )
    player.play()
    first = player.playback()
    client.until_job(first["job_id"], "completed")
    source = client.get(f"/api/v1/media/{media_id}")["sha256"][:32]
    shutil.rmtree(stack.home.blobs / "renditions" / source[:2] / source)
    player.seek(40)
    second = player.playback()
    assert second["session_id"] != first["session_id"]
    assert second["job_id"] != first["job_id"]
    player.until("() => document.querySelector('video').ended", "the end")


def test_a_file_that_the_browser_plays_is_played_as_it_is(
    chrome: Browser, client: Client, films: Path
) -> None:
    from tests.clips import clip

    media_id = client.upload(clip(films / "direct.mp4", seconds=6))["media"]["id"]
    player = Player.opened(chrome, client, media_id)
    player.play()
    player.seek(5)
    expect(player.page.get_by_role("heading")).to_have_text("Playing the file as it is")
    player.until("() => document.querySelector('video').ended", "the end")


def test_the_page_asks_for_a_token_and_is_used_by_keyboard(
    chrome: Browser, client: Client, films: Path
) -> None:
    media_id = client.upload(film(films, "keys", 8))["media"]["id"]
    page = chrome.new_context().new_page()
    page.goto(f"{client.url}/play/{media_id}?profile=stream")
    field = page.get_by_label("Access token")
    expect(field).to_be_focused()
    page.keyboard.type("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("not known")
    expect(field).to_be_focused()
    field.fill(client.token)
    page.keyboard.press("Enter")
    Player(page).until("() => document.querySelector('video').readyState >= 2", "a picture")
    assert client.token not in page.url


def test_what_is_not_there_is_said(chrome: Browser, client: Client) -> None:
    page = chrome.new_context().new_page()
    page.goto(f"{client.url}/play/nothing#token={client.token}")
    expect(page.get_by_role("status")).to_contain_text("There is no medium nothing")
