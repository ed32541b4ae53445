"""Poisoned records, dead letters and replay; read models rebuilt under load."""

from __future__ import annotations

import subprocess
import sys
import threading

import orjson
from confluent_kafka import Producer

from deploy.local.settings import ROOT
from schemas.codec import Codec
from tests import samples
from tests.client import until
from tests.drills.scene import Scene
from tests.log import published


def sluice(scene: Scene, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs the CLI on this stack."""
    command = [sys.executable, "-m", "deploy.local", *arguments, "--home", str(scene.stack.home.root)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)


def test_a_poisoned_record_goes_to_the_dead_letters_once_and_can_be_replayed(scene: Scene) -> None:
    kafka = scene.stack.endpoints.kafka
    producer = Producer({"bootstrap.servers": kafka.bootstrap, "partitioner": "murmur2_random"})
    before = len(published(kafka, "transcode.requested.dlq"))
    producer.produce("transcode.requested", key=b"poison", value=b"\x00\x00\x00\x00\x05 not avro at all")
    behind = Codec().encode(samples.requested("behind-the-poison", media_id="nobody"))
    producer.produce(behind.topic, key=b"poison", value=behind.value)
    producer.flush(30)

    def letters() -> int:
        return len(published(kafka, "transcode.requested.dlq")) - before

    until(lambda: letters() == 2, "one letter from each stage that reads the topic")
    until(lambda: scene.database.ledger_jobs.find_one({"_id": "behind-the-poison"}), "the next record")
    listed = orjson.loads(sluice(scene, "dlq", "list", "--json").stdout.splitlines()[0])
    assert "transcode.requested" in str(listed)
    replayed = sluice(scene, "dlq", "replay", "transcode.requested", "--all")
    assert replayed.returncode == 0, replayed.stderr
    until(lambda: letters() > 2, "the replayed record to be looked at again")


def test_read_models_rebuilt_under_load_are_identical(scene: Scene) -> None:
    source = scene.source(seconds=1)
    go_on = threading.Event()

    def load() -> None:
        """Always some jobs under way, and no more than the workers keep up with."""
        while not go_on.wait(0.1):
            if scene.unfinished() < 3:
                scene.jobs.append(scene.client.upload(source, profile="preview")["job"]["id"])

    loading = threading.Thread(target=load)
    loading.start()
    try:
        until(lambda: len(scene.jobs) > 3, "the load to begin")
        old = scene.database.state.find_one({"_id": "views"})["generation"]
        done = sluice(scene, "rebuild", "--json")
        assert done.returncode == 0, done.stdout + done.stderr
    finally:
        go_on.set()
        loading.join(60)
    result = orjson.loads(done.stdout.strip().splitlines()[-1])
    assert result["identical"], result["differing"]
    assert result["documents"] > 0
    assert result["generation"] != old
    assert scene.database.state.find_one({"_id": "views"})["generation"] == result["generation"]
    scene.until_all_completed()
