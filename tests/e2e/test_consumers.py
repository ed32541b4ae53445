"""Programs that know nothing of us: stock Avro consumers, and clients of the live streams."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import orjson
import pytest
from confluent_kafka import Consumer, TopicPartition
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext
from websockets.sync.client import connect

from deploy.local.stack import Stack
from schemas.events import new_id
from schemas.topics import BY_NAME, TOPICS
from tests.client import DEADLINE_S, Client, until
from tests.clips import clip


@pytest.fixture(scope="module")
def film(clips: Path) -> Path:
    return clip(clips / "consumed.mp4", seconds=2)


def test_a_stock_avro_consumer_reads_every_topic(client: Client, stack: Stack, film: Path) -> None:
    """Confluent's client with Confluent's deserialiser, pointed at the gateway's registry."""
    said = client.upload(film, profile="preview")
    client.until_job(said["job"]["id"], "completed")
    client.post(f"/api/v1/jobs/{said['job']['id']}/retry")
    failed = client.upload(_no_film(film.parent), profile="preview")
    client.until_job(failed["job"]["id"], "failed")
    client.post(f"/api/v1/jobs/{failed['job']['id']}/retry")
    client.post(f"/api/v1/media/{said['media']['id']}/playback", {})
    client.post("/api/v1/care/cleanup", {})
    with client.http as http:
        http.put("/api/v1/profiles/sound-only", json={"name": "sound-only", **_SOUND_ONLY})
        http.put(f"/api/v1/media/{said['media']['id']}/viewing", json={"favourite": True})
        http.delete(f"/api/v1/media/{said['media']['id']}")
        assert http.delete(f"/api/v1/people/{new_id()}/images/photo").status_code == 202
        http.post("/api/v1/users", json=_PERSON)
        signed_in = http.post("/api/v1/auth/login", json=_PERSON)
        assert signed_in.status_code == 200, signed_in.text
    wanted = {topic.name for topic in TOPICS}
    found: dict[str, list[dict[str, Any]]] = {}
    deserialize = AvroDeserializer(SchemaRegistryClient({"url": f"{client.url}/registry"}))
    consumer = Consumer({"bootstrap.servers": stack.endpoints.kafka.bootstrap, "group.id": "stock"})
    consumer.assign([TopicPartition(t.name, n, 0) for t in BY_NAME.values() for n in range(t.partitions)])

    def all_seen() -> bool:
        for message in consumer.consume(500, 1.0):
            if message.error() is None and message.value() is not None:
                topic = str(message.topic())
                value = deserialize(message.value(), SerializationContext(topic, MessageField.VALUE))
                assert isinstance(value, dict)
                found.setdefault(topic, []).append(value)
        return wanted <= found.keys()

    until(all_seen, lambda: f"a record of each of {sorted(wanted - found.keys())}")
    consumer.close()
    _example_reads(wanted, stack, client)
    assert said["media"]["id"] in {value["media_id"] for value in found["media.uploaded"]}
    assert {value["status"] for value in found["media.processed"]} >= {"completed", "failed"}


def _example_reads(wanted: set[str], stack: Stack, client: Client) -> None:
    """The program that we give people does as much."""
    command = [sys.executable, str(_EXAMPLE), stack.endpoints.kafka.bootstrap, f"{client.url}/registry"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as example:
        deadline = threading.Timer(DEADLINE_S, example.kill)
        deadline.start()
        missing = set(wanted)
        for line in example.stdout or ():
            missing.discard(orjson.loads(line)["topic"])
            if not missing:
                break
        deadline.cancel()
        example.kill()
    assert not missing


_EXAMPLE = Path(__file__).parents[2] / "examples" / "python" / "follow.py"
_PERSON = {"login": "consumer", "password": "a password for tests"}
_SOUND_ONLY = {"container": "m4a", "audio": {"codec": "aac"}}


def _no_film(folder: Path) -> Path:
    path = folder / "no-film.mp4"
    path.write_text("nor is this\n" * 50)
    return path


def test_what_happens_is_streamed_as_it_happens(client: Client, film: Path) -> None:
    topics: list[str] = []
    done = threading.Event()
    listening = threading.Event()

    def listen() -> None:
        with client.http as http, http.stream("GET", "/api/v1/events") as stream:
            listening.set()
            for line in stream.iter_lines():
                if line.startswith("event:"):
                    topics.append(line.removeprefix("event:").strip())
                if topics and topics[-1] == "media.processed":
                    done.set()
                    return

    thread = threading.Thread(target=listen, daemon=True)
    thread.start()
    assert listening.wait(60)
    client.upload(film, profile="preview")
    assert done.wait(120)
    order = [topics.index(name) for name in ("media.uploaded", "media.probed", "media.processed")]
    assert order == sorted(order)
    assert "task.changed" in topics


def test_a_websocket_follows_one_job(client: Client, film: Path) -> None:
    said = client.upload(film, profile="preview")
    job_id = said["job"]["id"]
    url = client.url.replace("http", "ws") + "/api/v1/ws"
    with connect(url, additional_headers={"Authorization": f"Bearer {client.token}"}) as socket:
        socket.send(orjson.dumps({"subscribe": {"job_id": job_id}}).decode())
        client.post(f"/api/v1/jobs/{job_id}/priority", {"priority": "high"})
        other = client.upload(film, profile="preview")["job"]["id"]
        client.until_job(other, "completed")
        client.until_job(job_id, "completed")
        client.post(f"/api/v1/jobs/{job_id}/retry")
        seen: list[object] = []
        while not seen or other not in str(seen[-1]):
            try:
                seen.append(orjson.loads(socket.recv(timeout=5)))
            except TimeoutError:
                break
    assert seen
    assert all(other not in str(message) for message in seen)


def test_the_topics_are_described_for_programs(client: Client) -> None:
    described = client.get("/asyncapi.json")
    assert described["asyncapi"].startswith("3.")
    assert {t.name for t in TOPICS} <= {c["address"] for c in described["channels"].values()}
