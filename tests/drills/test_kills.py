"""kill -9 of each part under running jobs: every accepted job ends completed, once, and nothing is left."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator

import httpx
import pytest

from tests.client import until
from tests.drills.scene import LEASE_S, Scene


def test_a_worker_is_killed_in_mid_encode(scene: Scene) -> None:
    job = scene.start_job()
    task = scene.until_running(job)
    victim = scene.stack.children[task["worker"]]
    until(lambda: scene.tools("ffmpeg"), "ffmpeg to run")
    victim.hold()
    victim.kill()
    until(lambda: scene.epoch(job) > task["epoch"] or not scene.tools("ffmpeg"), "the tool to die")

    def taken_back() -> bool:
        now = scene.task(job)
        return bool(now and (now["state"] != "running" or now["epoch"] > task["epoch"]))

    took = scene.seconds_until(taken_back, "the lease to be taken back")
    assert took < LEASE_S + 5
    scene.until_all_completed()
    now = scene.task(job)
    assert now is not None
    assert (now["epoch"], now["attempts"], now["lost"]) == (task["epoch"] + 1, 0, 1)


def test_the_leader_is_killed(scene: Scene) -> None:
    first = scene.leader()
    one, other = scene.start_job(), scene.start_job()
    scene.until_running(other)  # the first may be over by now
    scene.stack.children[first].hold()
    scene.stack.children[first].kill()
    later = scene.start_job()
    scene.until_all_completed()
    assert {one, other, later} == set(scene.jobs)
    assert scene.leader() != first


def test_all_processors_are_killed(scene: Scene) -> None:
    scene.until_running(scene.start_job())
    for name in ("processors-1", "processors-2"):
        scene.stack.children[name].kill()
    scene.start_job()
    scene.until_all_completed()


def test_kafka_is_killed(scene: Scene) -> None:
    scene.until_running(scene.start_job())
    scene.stack.children["kafka"].kill()
    scene.until_all_completed()
    scene.until_whole()
    scene.start_job(seconds=2)
    scene.until_all_completed()


def test_the_database_is_killed(scene: Scene) -> None:
    scene.until_running(scene.start_job())
    scene.stack.children["database"].kill()
    scene.until_all_completed()
    scene.until_whole()
    scene.start_job(seconds=2)
    scene.until_all_completed()


def test_the_gateway_is_killed_during_an_upload(scene: Scene) -> None:
    scene.until_running(scene.start_job())
    temporary = scene.stack.home.blobs / "tmp"
    go_on = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"\0" * (4 << 20)
        go_on.wait(60)
        yield b"\0"

    def upload() -> None:
        with scene.client.http as http, pytest.raises(httpx.TransportError):
            http.post("/api/v1/media", params={"name": "half.mp4"}, content=body())

    uploading = threading.Thread(target=upload)
    uploading.start()
    until(lambda: list(temporary.glob("gateway-1.*")), "the upload to be under way")
    scene.stack.children["gateway-1"].kill()
    go_on.set()
    uploading.join(60)
    assert not uploading.is_alive()
    scene.until_whole()
    assert list(temporary.glob("gateway-1.*")) == []
    scene.until_all_completed()


def test_every_stage_is_asked_to_stop_in_mid_event(scene: Scene) -> None:
    """SIGTERM, again and again, while events come: nothing is lost and nothing is done twice."""
    source = scene.source(seconds=1)
    for _turn in range(3):
        for name in ("processors-1", "processors-2", "worker-1", "worker-2"):
            said = scene.client.upload(source, profile="preview", priority="high")
            scene.jobs.append(said["job"]["id"])
            pid = scene.stack.children[name].pid
            if pid is not None:
                scene.stack.children[name].kill(signal.SIGTERM)
        until(lambda: scene.stack.children["worker-1"].pid, "a worker to be there")
    scene.until_all_completed()
