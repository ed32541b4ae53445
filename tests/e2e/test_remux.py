"""What a browser plays in another container is played by a copy: the same packets, cut, in time, anywhere."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import httpx
import orjson
import pytest

from deploy.local.stack import Stack
from schemas.events import TaskChanged
from tests import hls_rules
from tests.client import Client, until
from tests.clips import run
from tests.log import published
from tests.sources import made
from tests.watching import Fetched, Viewer, watched

SECONDS = 21
RATE = "24000/1001"
FLASH = "drawbox=color=white:t=fill:enable='lt(mod(t,1),0.04)'"


def film(path: Path, sound: str, *output: str) -> Path:
    """Pictures with B-pictures and key frames at odd distances, and a tone."""
    picture = f"testsrc2=size=640x360:rate={RATE}:duration={SECONDS},{FLASH}"
    inputs = ("-f", "lavfi", "-i", picture, "-f", "lavfi", "-i", f"sine=440:sample_rate=48000:d={SECONDS}")
    video = ("-c:v", "libx264", "-preset", "superfast", "-bf", "2", "-g", "37", "-pix_fmt", "yuv420p")
    return run(*inputs, *video, "-c:a", sound, "-ac", "2", *output, to=path)


def packets(source: Path, stream: int) -> list[tuple[bytes, float]]:
    """The same of a file, whose own clock begins at zero."""
    with av.open(str(source)) as container:
        base = container.streams[stream].time_base or Fraction(0)
        found = [p for p in container.demux(container.streams[stream]) if p.size]
        return [(memoryview(p).tobytes(), float((p.pts or 0) * base)) for p in found]


@pytest.mark.parametrize(("sound", "copies_sound"), [("aac", True), ("ac3", False)])
def test_an_mkv_is_played_by_a_copy(
    client: Client, clips: Path, sound: str, copies_sound: bool, stack: Stack
) -> None:
    source = film(clips / f"remux-{sound}.mkv", sound)
    media_id = client.upload(source)["media"]["id"]
    viewer = watched(client, media_id)
    assert viewer.said["method"] == "remux"
    assert viewer.said["profile"] == ("remux-aac" if copies_sound else "remux")
    master = viewer.master()
    (variant,), (track,) = master.variants, master.tracks
    picture, heard = viewer.fetch(variant.uri), viewer.fetch(track["URI"])
    ours, theirs = picture.packets, packets(source, 0)
    assert [content for content, _ in ours] == [content for content, _ in theirs]
    half_a_picture = 0.5 / 24
    assert all(abs(mine[1] - its[1]) < half_a_picture for mine, its in zip(ours, theirs, strict=True))
    assert abs(sum(picture.lengths) - SECONDS) < 2 * half_a_picture
    assert all(3.8 < length < 6 for length in picture.lengths[:-1])
    begins = [at for _, at in heard.packets]
    assert abs(begins[0]) < half_a_picture
    assert abs(sum(heard.lengths) - SECONDS) < 0.1
    if copies_sound:
        mine = [content for content, _ in heard.packets]
        assert mine == [content for content, at in packets(source, 1) if at > -0.001]
    client.until_job(viewer.said["job_id"], "completed")
    assert len(copied(stack, viewer)) == (2 if copies_sound else 1)


def test_who_comes_later_is_served_what_was_copied(client: Client, clips: Path, stack: Stack) -> None:
    source = film(clips / "remux-twice.mkv", "aac", "-metadata", "comment=twice")
    one, two = (client.upload(source, name=f"{n}.mkv")["media"]["id"] for n in ("one", "two"))
    first = watched(client, one)
    client.until_job(first.said["job_id"], "completed")
    second = watched(client, two)
    client.until_job(second.said["job_id"], "completed")
    assert first.said["job_id"] != second.said["job_id"]
    assert len(copied(stack, first)) == 2
    assert copied(stack, second) == []
    again = watched(client, one)
    assert again.said["job_id"] == first.said["job_id"]
    (variant,) = again.master().variants
    assert again.fetch(variant.uri) == second.fetch(variant.uri)


def test_the_bandwidth_is_never_exceeded(client: Client, clips: Path) -> None:
    source = film(clips / "remux-rate.mkv", "aac", "-metadata", "comment=rate")
    viewer = watched(client, client.upload(source)["media"]["id"])
    master = viewer.master()
    (variant,), (track,) = master.variants, master.tracks
    rates = [fastest(viewer.fetch(uri)) for uri in (variant.uri, track["URI"])]
    assert sum(rates) <= int(variant.said["BANDWIDTH"]) < 1.1 * sum(rates)


def fastest(track: Fetched) -> float:
    pairs = zip(track.segments, track.lengths, strict=True)
    return max(len(segment) * 8 / max(length, 0.5) for segment, length in pairs)


def test_what_turns_out_not_to_be_copyable_is_transcoded(client: Client, clips: Path) -> None:
    """Its headers are fine: only its packets tell."""
    source = made("cut_by_edit_list", clips)
    media_id = client.upload(source, name="cut.mp4")["media"]["id"]
    viewer = watched(client, media_id, abilities={"containers": ["mp4"], "audio_codecs": ["opus"]})
    assert viewer.said["method"] == "transcode"
    assert any("in the middle of a group of pictures" in reason for reason in viewer.said["reasons"])
    again = watched(client, media_id, abilities={"containers": ["mp4"], "audio_codecs": ["opus"]})
    assert (again.said["method"], again.said["reasons"]) == ("transcode", viewer.said["reasons"])


def copied(stack: Stack, viewer: Viewer) -> list[str]:
    """The tracks that a viewer's job copied."""
    told = published(stack.endpoints.kafka, "task.changed")
    mine = [e for e in told if isinstance(e, TaskChanged) and e.job_id == viewer.said["job_id"]]
    ended = {e.task_id: e.outcome for e in mine if e.kind == "remux" and e.state == "completed"}
    (outcome,) = ended.values()
    assert outcome is not None
    found: list[str] = orjson.loads(outcome)["copied"]
    return found


def test_a_film_that_is_deleted_ends_for_its_viewers(client: Client, clips: Path) -> None:
    source = film(clips / "remux-deleted.mkv", "aac", "-metadata", "comment=deleted")
    media_id = client.upload(source)["media"]["id"]
    viewer = watched(client, media_id)
    (variant,) = viewer.master().variants
    place = f"{viewer.base}/{variant.uri.rpartition('/')[0]}/000000.m4s"
    assert viewer.http.get(place).status_code == 200
    with client.http as http:
        assert http.delete(f"/api/v1/media/{media_id}").status_code == 202
    until(lambda: viewer.http.get(place).status_code == 410, "the segment to be gone")
    assert viewer.http.get(f"{viewer.base}/{variant.uri}").status_code == 410
    assert viewer.http.get(viewer.said["url"]).status_code == 410
    assert client.post(f"/api/v1/media/{media_id}/playback", {}).status_code == 410


def test_the_older_routes_play_it_too(client: Client, clips: Path) -> None:
    source = film(clips / "remux-older.mkv", "aac", "-metadata", "comment=older")
    media_id = client.upload(source, name="older film.mkv")["media"]["id"]
    client.until_media(media_id, "ready")
    with client.http as http:
        part = http.get("/Videos/Stream/older film.mkv", headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, source.read_bytes()[100:200])
        for asked in ({"id": media_id}, {"file": "older film.mkv"}):
            lines = http.get("/Videos/Stream.m3u8", params=asked).raise_for_status().text.splitlines()
            (place,) = (line for line in lines if line and not line.startswith("#"))
            assert len(hls_rules.media(httpx.get(f"{client.url}{place}").text).segments) >= 4
