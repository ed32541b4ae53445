"""GraphQL on a whole stack: ordered by a mutation, followed by a subscription, read by a query."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from tests.client import DEADLINE_S, Client
from tests.clips import clip

PATH = "/api/v1/graphql"
ORDER = """mutation ($id: ID!) { transcode(mediaId: $id, profile: "preview") { job { id state } token } }"""
FOLLOW = "subscription ($id: ID!) { jobProgress(id: $id) { state progress { fraction } output { url } } }"
READ = "query ($id: ID!) { job(id: $id) { state media { status jobs { id } } } }"


def asked(client: Client, document: str, id: str) -> Any:
    said = client.post(PATH, {"query": document, "variables": {"id": id}}).json()
    assert "errors" not in said, said
    return said["data"]


def subscribed(socket: ClientConnection, document: str, id: str) -> None:
    socket.send('{"type": "connection_init"}')
    assert orjson.loads(socket.recv(timeout=DEADLINE_S))["type"] == "connection_ack"
    payload = {"query": document, "variables": {"id": id}}
    socket.send(orjson.dumps({"type": "subscribe", "id": "1", "payload": payload}).decode())


def followed(socket: ClientConnection) -> list[dict[str, Any]]:
    """What a subscription tells until it is complete."""
    told = []
    while (said := orjson.loads(socket.recv(timeout=DEADLINE_S)))["type"] != "complete":
        if said["type"] == "next":
            told.append(said["payload"]["data"]["jobProgress"])
    return told


def test_a_transcode_is_ordered_and_followed_by_graphql(client: Client, clips: Path) -> None:
    film = clip(clips / "graphql.mp4", seconds=3)
    media_id = client.upload(film)["media"]["id"]
    job_id = asked(client, ORDER, media_id)["transcode"]["job"]["id"]
    headers = {"Authorization": f"Bearer {client.token}"}
    url, protocol = client.url.replace("http", "ws") + PATH, Subprotocol("graphql-transport-ws")
    with connect(url, additional_headers=headers, subprotocols=[protocol]) as socket:
        subscribed(socket, FOLLOW, job_id)
        told = followed(socket)
    fractions = [each["progress"]["fraction"] for each in told if each["progress"]]
    assert fractions == sorted(fractions)
    assert (told[-1]["state"], fractions[-1]) == ("COMPLETED", 1)
    assert told[-1]["output"]["url"] == f"/api/v1/jobs/{job_id}/output"
    read = asked(client, READ, job_id)["job"]
    assert read == {"state": "COMPLETED", "media": {"status": "READY", "jobs": [{"id": job_id}]}}
