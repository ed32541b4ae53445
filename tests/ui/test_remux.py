"""What a browser cannot open by itself is copied into what it can, and plays as if it were whole."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import Player
from tests.client import Client
from tests.clips import run

SECONDS = 28
_ALL_OF_IT = f"""
() => {{ const b = document.querySelector("video").buffered;
         return b.length === 1 && b.start(0) < 0.05 && b.end(0) > {SECONDS - 0.2}; }}
"""


def film(folder: Path, name: str, *coded: str) -> Path:
    """An MKV with B-pictures, whose key frames are where its encoder liked them."""
    picture = f"testsrc2=size=640x360:rate=24000/1001:duration={SECONDS},hue=h={len(name) * 31}"
    tone = f"sine=440:sample_rate=48000:duration={SECONDS}"
    inputs = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", tone)
    return run(*inputs, *coded, "-pix_fmt", "yuv420p", to=folder / f"remuxed-{name}.mkv")


H264 = ("-c:v", "libx264", "-preset", "superfast", "-bf", "2", "-g", "57")


@pytest.mark.parametrize(
    ("name", "coded"),
    [
        ("aac", (*H264, "-c:a", "aac")),
        ("ac3", (*H264, "-c:a", "ac3")),
        ("opus", (*H264, "-c:a", "libopus")),
        ("vp9-aac", ("-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-c:a", "aac")),
    ],
)
def test_a_copied_film_plays_from_end_to_end(
    name: str, coded: tuple[str, ...], chrome: Browser, client: Client, films: Path
) -> None:
    media_id = client.upload(film(films, name, *coded))["media"]["id"]
    client.until_media(media_id, "ready")
    player = Player.opened(chrome, client, media_id)
    expect(player.page.get_by_role("heading")).to_contain_text("remux")
    dice = random.Random(name)
    for _ in range(8):
        player.seek(dice.uniform(0, SECONDS - 1))
    player.seek(0)
    player.until(_ALL_OF_IT, "all of it")
    ((start, end),) = player.buffered()
    assert start < 0.05
    assert abs(end - SECONDS) < 0.1
    player.seek(SECONDS - 2)
    player.play()
    player.until("() => document.querySelector('video').ended", "the end")
    assert (player.height(), player.errors()) == (360, [])
