"""Every accepted medium gets its pictures: drawn once, kept in the store, and sent with what caches need."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from deploy.local.stack import Stack
from processors.pictures.plan import PictureOutcome, read
from schemas.pictures import KINDS, POSTER, THUMBNAILS, WAVEFORM
from tests.client import Client, until
from tests.clips import clip, run
from tests.e2e.drawing import lavfi, luma
from tests.log import published

SECONDS = 9


@pytest.fixture(scope="module")
def film(client: Client, clips: Path) -> dict[str, Any]:
    """A medium with all of its pictures."""
    made = clip(clips / "film.mp4", seconds=SECONDS, size="854x480")
    return with_pictures(client, client.upload(made)["media"]["id"], POSTER, THUMBNAILS, WAVEFORM)


def with_pictures(client: Client, media_id: str, *kinds: str) -> dict[str, Any]:
    """The medium, once it has pictures of these kinds."""

    def look() -> dict[str, Any] | None:
        media = client.get(f"/api/v1/media/{media_id}")
        assert media["image_failures"] == []
        return media if {image["kind"] for image in media["images"]} >= set(kinds) else None

    return until(look, f"{', '.join(kinds)} of {media_id}")


def of(media: dict[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    return {image["name"]: image for image in media["images"] if image["kind"] == kind}


def shape(client: Client, image: dict[str, Any], folder: Path) -> tuple[int, int]:
    """The width and height of a picture, by decoding it."""
    path = client.download(image["url"], folder / image["name"])
    assert path.stat().st_size == image["size_bytes"]
    down, across = luma(path).shape
    return across, down


def test_a_film_gets_a_poster_in_several_widths(client: Client, film: dict[str, Any], tmp_path: Path) -> None:
    posters = of(film, POSTER)
    assert set(posters) >= {"poster-320.jpg", "poster-640.jpg", "poster-854.jpg"}
    for image in posters.values():
        assert shape(client, image, tmp_path) == (image["width"], image["height"])
        assert image["width"] / image["height"] == pytest.approx(854 / 480, rel=0.02)
        assert luma(tmp_path / image["name"]).std() > 20
    assert {image["type"] for image in posters.values()} <= {"image/jpeg", "image/webp"}


def test_a_film_gets_sheets_and_the_track_that_says_which_tile_is_when(
    client: Client, film: dict[str, Any], tmp_path: Path
) -> None:
    sheets = of(film, THUMBNAILS)
    assert set(sheets) == {"sheet-000.jpg", "thumbnails.vtt"}
    assert shape(client, sheets["sheet-000.jpg"], tmp_path) == (5 * 160, 90)
    track = client.download(sheets["thumbnails.vtt"]["url"], tmp_path / "track.vtt").read_text()
    cues = track.strip().split("\n\n")[1:]
    assert len(cues) == 5
    assert cues[4].startswith("00:00:08.000 --> 00:00:09")
    named = httpx.URL(client.url + sheets["thumbnails.vtt"]["url"]).join(cues[4].split("\n")[1])
    with client.http as http:
        assert http.get(named).status_code == 200
    assert named.fragment == "xywh=640,0,160,90"


def test_a_film_gets_a_waveform(client: Client, film: dict[str, Any], tmp_path: Path) -> None:
    waves = of(film, WAVEFORM)
    assert set(waves) == {"waveform.json", "waveform.png"}
    assert shape(client, waves["waveform.png"], tmp_path) == (1800, 240)
    said = client.get(waves["waveform.json"]["url"])
    assert said["length"] * said["samples_per_pixel"] / said["sample_rate"] == pytest.approx(SECONDS, abs=0.1)
    assert max(said["data"]) > 10


def test_a_picture_may_be_kept_for_ever_under_its_own_address(client: Client, film: dict[str, Any]) -> None:
    url = of(film, POSTER)["poster-320.jpg"]["url"]
    with client.http as http:
        whole = http.get(url)
        assert whole.headers["cache-control"] == "private, max-age=31536000, immutable"
        bare = url.partition("?")[0]
        assert http.get(bare).headers["cache-control"] == "private, no-cache"
        known = http.get(bare, headers={"If-None-Match": whole.headers["etag"]})
        assert (known.status_code, known.content) == (304, b"")
    assert httpx.get(client.url + url).status_code == 401


def test_players_find_thumbnails_by_a_signed_address(client: Client, film: dict[str, Any]) -> None:
    order = {"method": "transcode", "profile": "phone"}
    playback = client.post(f"/api/v1/media/{film['id']}/playback", order).json()
    master = httpx.URL(client.url + playback["url"])
    (line,) = [said for said in httpx.get(master).text.splitlines() if "IMAGE-STREAM-INF" in said]
    index = master.join(line.partition('URI="')[2].rstrip('"'))
    sheets = [said for said in httpx.get(index).text.splitlines() if not said.startswith("#")]
    for address in (index.join(sheets[0]), client.url + playback["links"]["thumbnails"]):
        answer = httpx.get(address)
        assert answer.status_code == 200
        assert answer.headers["access-control-allow-origin"] == "*"
    with av.open(str(master)) as container:
        assert container.streams.video[0].codec_context.height == 480


def test_a_song_has_its_cover_as_poster_and_no_thumbnails(
    client: Client, clips: Path, tmp_path: Path
) -> None:
    cover = run(*lavfi("testsrc2=size=400x400"), "-frames:v", "1", to=clips / "images-cover.png")
    kept = ("-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    song = run(*lavfi("sine=330:duration=6"), "-i", str(cover), *kept, to=clips / "images-song.mp3")
    media = with_pictures(client, client.upload(song)["media"]["id"], POSTER, WAVEFORM)
    assert shape(client, of(media, POSTER)["poster-400.jpg"], tmp_path) == (400, 400)
    assert of(media, THUMBNAILS) == {}


def test_a_silent_clip_has_no_waveform(client: Client, stack: Stack, clips: Path) -> None:
    silent = clip(clips / "images-silent.mp4", seconds=3, size="320x180", sound=False)
    media = with_pictures(client, client.upload(silent)["media"]["id"], POSTER, THUMBNAILS)
    planned = [event.kind for event in tasks(stack, media["id"], "planned")]
    assert sorted(planned) == ["check", "poster", "probe", "thumbnails"]
    assert of(media, WAVEFORM) == {}


def test_the_same_bytes_are_drawn_once(client: Client, stack: Stack, clips: Path) -> None:
    twin = clip(clips / "images-twin.mp4", seconds=4, size="426x240", rate=str(Fraction(24000, 1001)))
    ids = [client.upload(twin)["media"]["id"] for _ in range(2)]
    one, two = (with_pictures(client, media_id, *KINDS) for media_id in ids)
    assert [image | {"url": None} for image in one["images"]] == [i | {"url": None} for i in two["images"]]
    assert one["images"][0]["url"] != two["images"][0]["url"]
    for kind in KINDS:
        made = [
            read(PictureOutcome, event.outcome).made
            for media_id in ids
            for event in tasks(stack, media_id, "completed")
            if event.kind == kind
        ]
        assert sorted(made)[0] == 0, kind
        assert sorted(made)[1] == len(of(one, kind)), kind


def test_pictures_that_cannot_be_drawn_are_said_and_nothing_else_suffers(client: Client, clips: Path) -> None:
    song = run(*lavfi("sine=220:duration=4"), "-c:a", "libmp3lame", to=clips / "images-bad.mp3")
    song.write_bytes(with_broken_cover(song.read_bytes()))
    said = client.upload(song, profile="phone")
    client.until_job(said["job"]["id"], "completed")

    def look() -> dict[str, Any] | None:
        media = client.get(f"/api/v1/media/{said['media']['id']}")
        return media if media["image_failures"] and of(media, WAVEFORM) else None

    media = until(look, "the failure to be said")
    (failure,) = media["image_failures"]
    assert failure["kind"] == POSTER
    assert failure["reason"]
    assert media["status"] == "ready"


def with_broken_cover(sound: bytes) -> bytes:
    """An MP3 with an ID3 tag in front whose picture is none."""
    body = b"\x00image/jpeg\x00\x03\x00" + b"\xff\xd8\xff\xe0 this is no picture" * 20
    frame = b"APIC" + len(body).to_bytes(4, "big") + b"\x00\x00" + body
    size = len(frame)
    syncsafe = bytes((size >> shift) & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\x03\x00\x00" + syncsafe + frame + sound


def tasks(stack: Stack, job_id: str, state: str) -> list[Any]:
    """The tasks of a job, or a medium's own, as it was told that they came into this state."""
    found = published(stack.endpoints.kafka, "task.changed")
    return [event for event in found if (event.job_id, event.state) == (job_id, state)]
