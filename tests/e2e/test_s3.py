"""A whole stack that keeps its bytes in a bucket of a real S3, and nothing in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import httpx
import pytest

from deploy.local.home import Home
from deploy.local.parts import Options
from deploy.local.stack import Stack
from tests.client import Client, until
from tests.clips import clip, frames
from tests.s3_server import BUCKET, s3_server
from tests.watching import watched


def test_a_film_is_taken_in_made_sent_and_watched_from_a_bucket(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    film = clip(tmp_path / "film.mp4", seconds=4, size="426x240")
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        reached = {"SLUICE_S3_PUBLIC_ENDPOINT": server.endpoint}
        options = Options(port=8760, env={"SLUICE_BLOBS": server.url("media"), **server.environ, **reached})
        with Stack.start(Home(tmp_path / "home"), options) as stack:
            assert stack.url is not None
            client = Client(stack.url, stack.token)
            said = client.upload(film, profile="preview")
            job = client.until_job(said["job"]["id"], "completed")
            made = in_ranges(client, job["output"]["url"], job["output"]["size_bytes"])
            (tmp_path / "made.mp4").write_bytes(made)
            assert frames(tmp_path / "made.mp4") == frames(film)
            viewer = watched(client, said["media"]["id"], profile="preview", method="transcode")
            assert viewer.fetch(viewer.master().variants[0].uri).segments
            arrived = client.get(by_tus(client, film.read_bytes()))
            assert arrived["sha256"] == hashlib.sha256(film.read_bytes()).hexdigest()
            straight = put_into_the_bucket(client, film.read_bytes() + b"more")
            assert fetched_from_the_bucket(client, straight) == film.read_bytes() + b"more"
            assert not [path for path in stack.home.blobs.rglob("*") if path.is_file()]
        found = server.client().list_objects_v2(Bucket=BUCKET)["Contents"]
    left = [each["Key"] for each in found if {"unfinished", "direct"} & set(each["Key"].split("/"))]
    assert left == []
    areas = {each["Key"].split("/")[1] for each in found}
    assert areas >= {"raw", "renditions", "processed", "images"}
    assert [
        each["Key"] for each in found if "/tmp/" in each["Key"] and not each["Key"].endswith(".ping")
    ] == []


def by_tus(client: Client, content: bytes) -> str:
    """Sends it in two pieces, and says where the medium is."""
    spoken = {"Tus-Resumable": "1.0.0"}
    with client.http as http:
        said = {"Upload-Length": str(len(content)), "Upload-Metadata": "filename YS5tcDQ="}
        at = http.post("/api/v1/uploads", headers=spoken | said).headers["location"]
        for start, end in ((0, 1000), (1000, len(content))):
            assert http.head(at, headers=spoken).headers["upload-offset"] == str(start)
            piece = {"Content-Type": "application/offset+octet-stream", "Upload-Offset": str(start)}
            answer = http.patch(at, headers=spoken | piece, content=content[start:end])
            assert answer.status_code == 204, answer.text
    return str(answer.headers["sluice-media"])


def put_into_the_bucket(client: Client, content: bytes) -> str:
    """Sends it past the gateway, in one part, and gives the medium's id."""
    with client.http as http:
        order = {"name": "Отпуск.mp4", "size_bytes": len(content)}
        begun = http.post("/api/v1/uploads/direct", json=order).json()
        (part,) = begun["parts"]
        put = httpx.put(part["url"], content=content)
        assert put.status_code == 200, put.text
        said = {"parts": [{"number": 1, "etag": put.headers["etag"]}]}
        done = http.post(begun["links"]["complete"], json=said)
        assert done.status_code == 200, done.text
        at = begun["links"]["self"]
        until(
            lambda: http.get(at).json()["state"] == "accepted" or None,
            lambda: f"a medium: {http.get(at).text}",
        )
        media = http.get(at).json()["accepted"]["media"]
    assert media["sha256"] == hashlib.sha256(content).hexdigest()
    return str(media["id"])


def fetched_from_the_bucket(client: Client, media_id: str) -> bytes:
    """By an address that leads there, with no token."""
    made = client.post(f"/api/v1/media/{media_id}/address", {}).json()
    assert made["through"] == "store"
    answer = httpx.get(made["url"])
    assert "%D0%9E%D1%82%D0%BF%D1%83%D1%81%D0%BA.mp4" in answer.headers["content-disposition"]
    return answer.content


def in_ranges(client: Client, path: str, size: int) -> bytes:
    """All of a file, a third at a time."""
    third, made = size // 3 + 1, b""
    with client.http as http:
        for first in range(0, size, third):
            answer = http.get(path, headers={"Range": f"bytes={first}-{first + third - 1}"})
            assert answer.status_code == 206, answer.text
            assert answer.headers["content-range"].startswith(f"bytes {first}-")
            made += answer.content
    assert len(made) == size
    return made
