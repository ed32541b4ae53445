"""A clip goes through the gateway, real Kafka, Faust, MongoDB and ffmpeg into a playable result."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import av
import httpx
import pytest

from deploy.local.stack import Stack
from tests.client import Client, until
from tests.clips import clip, frames, marked, run
from tests.e2e.conftest import metrics_ports
from tests.fakes import only
from tests.log import published


@pytest.fixture(scope="module")
def source(clips: Path) -> Path:
    return clip(clips / "spine.mp4", seconds=4, size="854x480", rate="30000/1001")


def test_a_clip_becomes_a_playable_result(client: Client, source: Path, tmp_path: Path) -> None:
    said = client.upload(source, profile="preview")
    job = client.until_job(said["job"]["id"], "completed")
    assert job["progress"]["fraction"] == 1
    assert job["output"]["name"] == "spine.preview.mp4"
    made = client.download(job["output"]["url"], tmp_path / "made.mp4")
    assert made.stat().st_size == job["output"]["size_bytes"]
    with av.open(str(made)) as container:
        video, audio = container.streams.video[0], container.streams.audio[0]
        assert (video.codec_context.name, video.height, audio.codec_context.name) == ("h264", 240, "aac")
    assert frames(made) == frames(source)


def test_the_medium_says_what_it_is(client: Client, source: Path) -> None:
    said = client.upload(source)
    assert said["job"] is None
    media = client.until_media(said["media"]["id"], "ready")
    assert media["sha256"] == hashlib.sha256(source.read_bytes()).hexdigest()
    kinds = {stream["kind"]: stream for stream in media["probe"]["streams"]}
    assert (kinds["video"]["width"], kinds["video"]["frame_rate"]) == (854, "30000/1001")
    assert kinds["audio"]["codec"] == "aac"


def test_every_change_is_an_event_and_each_run_has_one_end(
    client: Client, stack: Stack, source: Path
) -> None:
    said = client.upload(source, profile="preview")
    media_id, job_id = said["media"]["id"], said["job"]["id"]
    client.until_job(job_id, "completed")
    topics = ("media.uploaded", "media.probed", "transcode.requested", "task.changed", "media.processed")
    told = {event.meta.event_id: event for event in published(stack.endpoints.kafka, *topics)}
    mine = [event for event in told.values() if media_id in str(event) or job_id in str(event)]
    assert len({event.meta.correlation_id for event in mine}) == 1
    names = [type(event).__name__ for event in mine]
    for name in ("MediaUploaded", "MediaProbed", "TranscodeRequested", "MediaProcessed"):
        assert names.count(name) == 1
    steps = ["planned", "ready", "running", "completed"]
    kinds = ("probe", "video", "audio", "join")
    changes = [e for e in mine if type(e).__name__ == "TaskChanged"]
    steps_told = [(e.kind, e.state) for e in changes if e.kind in kinds]
    assert sorted(steps_told) == sorted((kind, step) for kind in kinds for step in steps)


def test_the_same_bytes_are_kept_once(client: Client, source: Path, blobs: Path) -> None:
    one, two = (client.upload(source)["media"] for _ in range(2))
    assert one["id"] != two["id"]
    assert one["sha256"] == two["sha256"]
    assert len(list((blobs / "raw").rglob(one["sha256"]))) == 1


def test_progress_is_true_to_frames_and_never_goes_back(client: Client, slow_film: Path) -> None:
    said = client.upload(slow_film, profile="phone")
    seen: list[dict[str, float]] = []

    def look() -> bool:
        job = client.job(said["job"]["id"])
        if job["progress"] is not None:
            seen.append(job["progress"])
        return bool(job["state"] == "completed")

    until(look, "the job")
    fractions = [progress["fraction"] for progress in seen]
    assert fractions == sorted(fractions)
    between = [p for p in seen if 0 < p["fraction"] < 1]
    assert between, "no progress was shown on the way"
    for progress in between:
        assert progress["frames_total"] == 720
        assert progress["fraction"] == pytest.approx(progress["frames_done"] / 720, abs=0.02)
        assert progress["speed"] >= 0


def test_a_running_job_is_cancelled_and_can_be_run_again(
    client: Client, slow_film: Path, clips: Path
) -> None:
    said = client.upload(marked(slow_film, clips / "cancel.mp4", "cancel"), profile="preview")
    job_id = said["job"]["id"]
    client.until_job(job_id, "processing")
    assert client.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 202
    client.until_job(job_id, "cancelled")
    assert client.post(f"/api/v1/jobs/{job_id}/cancel").status_code == 409
    assert client.post(f"/api/v1/jobs/{job_id}/retry").status_code == 202
    until(lambda: client.job(job_id)["run"] == 2, "the second run")
    assert client.until_job(job_id, "completed")["run"] == 2


def test_a_waiting_job_can_be_put_before_others(client: Client, slow_film: Path, clips: Path) -> None:
    slow = [marked(slow_film, clips / f"queue-{number}.mp4", f"queue {number}") for number in range(4)]
    media = [client.upload(one)["media"]["id"] for one in slow]
    for one in media:  # what is not looked at yet has no place in the line
        client.until_media(one, "ready")
    order = {"profile": "preview", "priority": "low"}
    jobs = [client.post(f"/api/v1/media/{one}/transcode", order).json()["job"]["id"] for one in media]
    assert client.post(f"/api/v1/jobs/{jobs[-1]}/priority", {"priority": "high"}).status_code == 202
    until(lambda: client.job(jobs[-1])["priority"] == "high", "the priority")
    for job in jobs:
        client.until_job(job, "completed")
    ends = {job: client.job(job)["finished_at"] for job in jobs}
    assert ends[jobs[-1]] < max(ends.values())


def test_sound_alone_is_transcoded_too(client: Client, clips: Path, tmp_path: Path) -> None:
    tone = run("-f", "lavfi", "-i", "sine=440", "-t", "2", to=clips / "tone.wav")
    said = client.upload(tone, profile="phone")
    job = client.until_job(said["job"]["id"], "completed")
    with av.open(str(client.download(job["output"]["url"], tmp_path / "tone.mp4"))) as container:
        assert only(container.streams).codec_context.name == "aac"


def test_a_deleted_medium_is_gone_and_stays_gone(client: Client, source: Path) -> None:
    media_id = client.upload(source)["media"]["id"]
    client.until_media(media_id, "ready")
    with client.http as http:
        assert http.delete(f"/api/v1/media/{media_id}").status_code == 202
        until(lambda: http.get(f"/api/v1/media/{media_id}").status_code == 410, "the deletion to show")
        assert http.delete(f"/api/v1/media/{media_id}").status_code in (404, 409, 410)


def test_the_machine_and_its_services_are_shown(client: Client) -> None:
    services = {item["instance"]: item for item in client.get("/api/v1/services")["items"]}
    assert {"gateway-1", "processors-1", "worker-1"} <= services.keys()
    assert all(item["state"] == "up" for item in services.values())
    assert services["worker-1"]["details"]["isolation"].startswith(("full", "weak"))
    ready = client.get("/ready")
    assert {"kafka", "mongodb", "blobs"} <= set(str(ready).replace("'", " ").split())


def test_every_process_shows_its_metrics(client: Client, source: Path) -> None:
    client.until_job(client.upload(source, profile="preview")["job"]["id"], "completed")
    shown = {
        name: httpx.get(f"http://127.0.0.1:{port}/metrics").text for name, port in metrics_ports().items()
    }
    assert 'sluice_tasks{state="waiting"}' in shown["processors-1"]
    assert 'sluice_stage_events_total{stage="transcode"}' in shown["processors-1"]
    assert 'sluice_attempts_total{kind="video",outcome="completed"}' in shown["worker-1"]
    assert "sluice_" in httpx.get(f"{client.url}/metrics").text


def test_what_happened_is_told_with_its_reasons_and_what_was_watched_is_kept(
    client: Client, clips: Path
) -> None:
    like_no_other = clip(clips / "told.mp4", seconds=4, size="426x240", rate="24")
    said = client.upload(like_no_other, profile="preview")
    media, job = f"/api/v1/media/{said['media']['id']}", said["job"]["id"]
    client.until_job(job, "completed")
    told = client.get(f"/api/v1/jobs/{job}/timeline", limit="200")["items"]
    assert told[0]["topic"] == "transcode.requested"
    assert told[-1]["text"].startswith("Run 1 completed")
    assert ["software"] in [item["why"] for item in told if "was completed by" in item["text"]]
    order: dict[str, Any] = {"abilities": {"containers": []}}
    with client.http as http:
        links = http.post(f"{media}/playback", json=order).json()["links"]
        http.post(links["heartbeat"], json={"position_ms": 2000}).raise_for_status()
        until(lambda: client.get(f"{media}/viewing")["position_ms"] == 2000, "the position")
        http.post(links["heartbeat"], json={"position_ms": 3900}).raise_for_status()
        http.delete(links["stop"]).raise_for_status()
    until(lambda: client.get(f"{media}/viewing")["plays"] == 1, "the end to be counted")
    assert client.get(media)["viewing"]["position_ms"] == 0
    listed = client.get("/api/v1/viewing", state="played")["items"]
    assert said["media"]["id"] in [item["media"]["id"] for item in listed]

    def actions() -> set[str]:
        found = client.get("/api/v1/activity", limit="200")["items"]
        return {item["action"] for item in found if item["target"] == said["media"]["id"]}

    until(lambda: {"media.uploaded", "playback.started", "media.played"} <= actions(), "the activity")
    why = [item["why"] for item in client.get(f"{media}/timeline")["items"] if "playback" in item["text"]]
    assert "is not among the client's" in why[0][0]
