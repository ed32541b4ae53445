"""Jobs are paused and go on, workers are paused and drained: on the real stack, and through its restarts."""

from __future__ import annotations

import signal
import socket
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.local.stack import Stack
from schemas.segments import segment_name
from tests.client import ENDED, Client, until
from tests.clips import marked, slow_clip
from tests.log import published
from tests.watching import Viewer, watched

WORKER = "worker-1"


@pytest.fixture(scope="module")
def film(clips: Path) -> Path:
    """Long enough to be paused in the middle."""
    return slow_clip(clips / "long.mp4", seconds=36)


@pytest.fixture(autouse=True)
def as_it_was(client: Client) -> Iterator[None]:
    """Whatever comes of a test, the others find a worker that works and nothing that runs."""
    yield
    client.post(f"/api/v1/system/workers/{WORKER}/resume")
    until(lambda: worker(client)["state"] == "up", "the worker to be up")
    for state in ("pending", "processing", "paused"):
        for job in client.get("/api/v1/jobs", state=state)["items"]:
            client.post(f"/api/v1/jobs/{job['id']}/cancel")


def worker(client: Client) -> dict[str, Any]:
    items = client.get("/api/v1/system/workers")["items"]
    return next(item for item in items if item["instance"] == WORKER)


def restart(client: Client, stack: Stack, name: str, number: int) -> None:
    """Ends a process by a signal, and waits until the next one of its name has said so."""
    old = stack.children[name].kill(number)

    def is_back() -> bool:
        items = client.get("/api/v1/services")["items"]
        return any(i["instance"] == name and i["pid"] != old and i["state"] != "down" for i in items)

    until(is_back, f"{name} to be back")


def is_shown(client: Client, job_id: str) -> bool:
    with client.http as http:
        return http.get(f"/api/v1/jobs/{job_id}").status_code == 200


def steer(client: Client, path: str) -> None:
    answer = client.post(f"/api/v1/{path}")
    assert answer.status_code == 202, answer.text


def start(client: Client, film: Path, target: Path, profile: str = "phone") -> str:
    """A job over a film that nobody has seen, once some of it is made."""
    job_id: str = client.upload(marked(film, target, target.stem), profile=profile)["job"]["id"]
    until(lambda: done(client, job_id) > 120, "some segments")
    return job_id


def done(client: Client, job_id: str) -> int:
    return int((client.job(job_id)["progress"] or {}).get("frames_done") or 0)


def states(stack: Stack, job_id: str) -> Counter[str]:
    """How often each was told of the job's tasks."""
    told = published(stack.endpoints.kafka, "task.changed")
    events = {event.meta.event_id: event for event in told if event.job_id == job_id}
    return Counter(event.state for event in events.values())


def made_twice(stack: Stack, job_id: str) -> list[tuple[str, int]]:
    """The segments of a job that were encoded more than once."""
    told = [e for e in published(stack.endpoints.kafka, "transcode.progress") if e.job_id == job_id]
    stored = Counter((s.rendition, s.segment) for event in told for s in event.stored if s.segment >= 0)
    return [segment for segment, count in stored.items() if count > 1]


def test_a_paused_job_makes_way_survives_restarts_and_goes_on_with_what_is_missing(
    client: Client, stack: Stack, film: Path, clips: Path
) -> None:
    job = start(client, film, clips / "paused.mp4")
    steer(client, f"jobs/{job}/pause")
    assert client.job(job)["state"] == "paused"
    assert job in {item["id"] for item in client.get("/api/v1/jobs", state="paused")["items"]}
    other = client.upload(slow_clip(clips / "other.mp4", 4), profile="preview")["job"]["id"]
    client.until_job(other, "completed")
    assert states(stack, job)["released"] >= 1
    for name in ("processors-1", WORKER):
        restart(client, stack, name, signal.SIGKILL)
    before = done(client, job)
    another = client.upload(slow_clip(clips / "another.mp4", 5), profile="preview")["job"]["id"]
    until(lambda: is_shown(client, another), "the views to go on")
    client.until_job(another, "completed")
    assert (client.job(job)["state"], done(client, job)) == ("paused", before)
    steer(client, f"jobs/{job}/resume")
    assert client.until_job(job, "completed")["progress"]["fraction"] == 1
    assert made_twice(stack, job) == []
    assert states(stack, job)["failed"] == states(stack, job)["expired"] == 0


def test_a_paused_job_can_be_cancelled_and_run_again(
    client: Client, stack: Stack, film: Path, clips: Path
) -> None:
    job = start(client, film, clips / "cancelled.mp4")
    steer(client, f"jobs/{job}/pause")
    assert client.post(f"/api/v1/jobs/{job}/pause").status_code == 409
    steer(client, f"jobs/{job}/cancel")
    client.until_job(job, "cancelled")
    steer(client, f"jobs/{job}/retry")
    until(lambda: client.job(job)["run"] == 2, "the second run")
    assert client.until_job(job, "processing", "completed")["state"] not in ("paused", "cancelled")


def test_a_viewer_of_a_paused_job_s_film_is_served(client: Client, film: Path, clips: Path) -> None:
    job = start(client, film, clips / "watched.mp4", profile="web")
    steer(client, f"jobs/{job}/pause")
    media_id = client.job(job)["media_id"]
    order = {"method": "transcode", "profile": "web"}
    viewing = client.post(f"/api/v1/media/{media_id}/playback", order).json()
    with client.http as http:
        master = http.get(viewing["url"]).text
        rendition = next(line for line in master.splitlines() if line and not line.startswith("#"))
        playlist_url = http.get(viewing["url"]).url.join(rendition)
        lines = http.get(playlist_url).text.splitlines()
        segments = [line for line in lines if line and not line.startswith("#")]
        last = http.get(playlist_url.join(segments[-1]), timeout=120)
    assert last.status_code == 200
    assert len(last.content) > 1000
    assert client.job(job)["state"] == "paused"


def test_who_hangs_up_is_worked_for_no_more(client: Client, stack: Stack, film: Path, clips: Path) -> None:
    """A player that changes its mind asks for another size; what it asked for before is not to keep on."""
    media_id = client.upload(marked(film, clips / "left.mp4", "left"))["media"]["id"]
    client.until_media(media_id, "ready")
    steer(client, f"system/workers/{WORKER}/pause")
    leaver, stayer = (watched(client, media_id, method="transcode") for _ in range(2))

    def asked(viewer: Viewer) -> int:
        words = published(stack.endpoints.kafka, "playback.changed")
        mine = [word for word in words if word.session_id == viewer.said["session_id"]]
        return sum(word.state == "waiting" and word.segment == 5 for word in mine)

    def waits(viewer: Viewer) -> socket.socket:
        """Asks for a segment that nobody makes."""
        rendition = viewer.master().variants[0].uri.rpartition("/")[0]
        line = socket.create_connection((viewer.http.base_url.host, viewer.http.base_url.port or 80))
        line.sendall(f"GET {viewer.base}/{rendition}/{segment_name(5)} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return line

    with waits(stayer):
        with waits(leaver):
            until(lambda: asked(leaver) and asked(stayer), "both to wait")
        left, still = asked(leaver), asked(stayer)
        until(lambda: asked(stayer) >= still + 4, "the other one to be waited for")
        assert asked(leaver) <= left + 1


def test_a_paused_worker_leaves_what_it_does_and_takes_nothing_even_after_a_restart(
    client: Client, stack: Stack, film: Path, clips: Path
) -> None:
    job = start(client, film, clips / "worker-paused.mp4")
    steer(client, f"system/workers/{WORKER}/pause")
    until(lambda: worker(client)["state"] == "paused", "the worker to say so")
    until(lambda: worker(client)["running"] == 0, "the worker to leave what it does")
    restart(client, stack, WORKER, signal.SIGTERM)
    until(lambda: worker(client)["state"] != "starting", "the worker to know its orders")
    assert (worker(client)["state"], worker(client)["running"]) == ("paused", 0)
    assert client.job(job)["state"] not in ENDED
    steer(client, f"system/workers/{WORKER}/resume")
    client.until_job(job, "completed")
    assert made_twice(stack, job) == []


def test_a_drained_worker_finishes_what_it_has_and_takes_nothing_more(
    client: Client, film: Path, clips: Path
) -> None:
    job = start(client, film, clips / "drained.mp4")
    steer(client, f"system/workers/{WORKER}/drain")
    until(lambda: worker(client)["drained"], "the worker to be drained")
    said = worker(client)
    assert (said["state"], said["order"], said["running"]) == ("draining", "drain", 0)
    assert client.job(job)["state"] == "processing"
    assert client.get("/api/v1/system/status")["services"]["worker"] == {"draining": 1}
    steer(client, f"system/workers/{WORKER}/resume")
    client.until_job(job, "completed")


def test_a_worker_that_nobody_heard_of_is_not_found(client: Client) -> None:
    assert client.post("/api/v1/system/workers/nobody/pause").status_code == 404
