"""Whatever comes in gets a clear answer, nothing half-stored stays behind, and the stack goes on."""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from deploy.local.stack import Stack
from tests.client import Client, until
from tests.clips import clip, run
from tests.log import published


def temporaries(blobs: Path) -> list[Path]:
    return list((blobs / "tmp").iterdir())


@pytest.fixture(scope="module")
def good(clips: Path) -> Path:
    return clip(clips / "good.mp4", seconds=1)


def rejected(client: Client, path: Path, name: str = "film.mp4") -> dict[str, str]:
    """Uploads what will not be accepted; gives the reason. Its job must fail with it too."""
    said = client.upload(path, name=name, profile="preview")
    media = client.until_media(said["media"]["id"], "rejected")
    job = client.until_job(said["job"]["id"], "failed")
    assert job["error"]["code"] == "media_rejected"
    rejection: dict[str, str] = media["rejection"]
    assert rejection["reason"] in job["error"]["reason"]
    return rejection


def test_text_named_as_video(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_text("this is no film\n" * 100)
    assert rejected(client, path)["code"] == "unknown_format"


def test_a_truncated_file(client: Client, good: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(good.read_bytes()[: good.stat().st_size // 3])
    assert rejected(client, path)["code"] in ("corrupt", "nothing_to_play")


def test_a_header_and_then_nonsense(client: Client, good: Path, tmp_path: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_bytes(good.read_bytes()[:64] + b"\xff" * 100_000)
    assert rejected(client, path)["code"] in ("corrupt", "nothing_to_play")


def test_streams_of_no_length(client: Client, tmp_path: Path) -> None:
    empty = run("-f", "lavfi", "-i", "testsrc2", "-t", "0", "-f", "matroska", to=tmp_path / "x.mkv")
    assert rejected(client, empty)["code"] in ("nothing_to_play", "corrupt", "unknown_format")


def test_a_container_with_ten_thousand_streams(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "many.mkv"
    path.write_bytes(matroska_with_tracks(10_000))
    assert rejected(client, path)["code"] in ("too_many_streams", "corrupt", "hostile")


def test_rejected_bytes_are_not_kept(client: Client, stack: Stack, tmp_path: Path, blobs: Path) -> None:
    path = tmp_path / "x.mp4"
    path.write_text("neither is this a film\n" * 100)
    said = client.upload(path)
    client.until_media(said["media"]["id"], "rejected")
    until(lambda: not list((blobs / "raw").rglob(said["media"]["sha256"])), "the bytes to go")
    events = published(stack.endpoints.kafka, "media.rejected")
    assert [e.code for e in events if e.media_id == said["media"]["id"]] == ["unknown_format"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("a\nb\r\x00c.mp4", "abc.mp4"),
        ("x" * 300 + ".mp4", "x" * 251 + ".mp4"),
        ("🎬 фильм 映画.mp4", "🎬 фильм 映画.mp4"),
        ("..", "unnamed"),
        ("C:\\films\\x.mp4", "x.mp4"),
    ],
)
def test_hostile_names(client: Client, good: Path, name: str, shown: str) -> None:
    said = client.upload(good, name=name)
    assert said["media"]["name"] == shown
    with client.http as http:
        answer = http.get(f"/api/v1/media/{said['media']['id']}/content")
    assert answer.status_code == 200
    assert "\n" not in answer.headers["content-disposition"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_an_empty_body(client: Client, blobs: Path) -> None:
    with client.http as http:
        answer = http.post("/api/v1/media", params={"name": "x.mp4"}, content=b"")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert temporaries(blobs) == []


def test_a_body_over_the_limit(client: Client, blobs: Path) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(100):
            yield b"\0" * (1 << 20)

    with client.http as http:
        try:
            answer = http.post("/api/v1/media", params={"name": "x.mp4"}, content=endless())
            assert answer.status_code == 413
        except httpx.TransportError:
            pass  # the gateway hangs up on what is still being sent; either way it must not be stored
    with raw_request(client, b"", 1 << 40) as connection:
        assert b" 413 " in connection.recv(4096).splitlines()[0]
    until(lambda: temporaries(blobs) == [], "the temporary file to go")


def raw_request(client: Client, body: bytes, length: int) -> socket.socket:
    """A request that has only begun."""
    url = httpx.URL(client.url)
    assert url.port is not None
    connection = socket.create_connection((url.host, url.port), timeout=60)
    head = (
        f"POST /api/v1/media?name=x.mp4 HTTP/1.1\r\nHost: {url.host}\r\n"
        f"Authorization: Bearer {client.token}\r\nContent-Length: {length}\r\n\r\n"
    )
    connection.sendall(head.encode() + body)
    return connection


def test_an_upload_cut_off_half_way(client: Client, blobs: Path) -> None:
    connection = raw_request(client, b"\0" * (3 << 20), 10 << 20)
    until(lambda: temporaries(blobs), "the upload to begin")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    until(lambda: temporaries(blobs) == [], "the temporary file to go")


def test_a_client_that_stalls(client: Client, blobs: Path) -> None:
    with raw_request(client, b"\0" * (3 << 20), 10 << 20) as connection:
        answer = connection.recv(4096)
    assert b" 408 " in answer.splitlines()[0]
    until(lambda: temporaries(blobs) == [], "the temporary file to go")


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/api/v1/jobs/no-such-job", None, 404),
        ("GET", "/api/v1/media/no-such-media", None, 404),
        ("GET", "/api/v1/media/..%2f..%2fetc", None, 404),
        ("POST", "/api/v1/jobs/no-such-job/cancel", None, 404),
        ("POST", "/api/v1/jobs/no-such-job/priority", b"{not json", 400),
        ("GET", "/api/v1/jobs?cursor=made-up", None, 400),
        ("GET", "/api/v1/jobs?limit=-1", None, 422),
        ("GET", "/nowhere", None, 404),
        ("PATCH", "/api/v1/jobs", None, 405),
    ],
)
def test_requests_that_make_no_sense(
    client: Client, method: str, path: str, body: bytes | None, status: int
) -> None:
    headers = {"content-type": "application/json"} if body else {}
    with client.http as http:
        answer = http.request(method, path, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["status"] == status


def test_an_unknown_profile_is_refused_before_the_upload_counts(client: Client, good: Path) -> None:
    with client.http as http:
        answer = http.post("/api/v1/media", params={"name": "x", "profile": "vhs"}, content=good.read_bytes())
    assert answer.status_code == 422
    assert "phone" in answer.text


def test_nobody_gets_in_without_the_token(client: Client) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic eDp5"}):
        assert httpx.get(f"{client.url}/api/v1/jobs", headers=headers).status_code == 401


def test_the_stack_goes_on_after_all_that(client: Client, stack: Stack, good: Path) -> None:
    said = client.upload(good, profile="preview")
    client.until_job(said["job"]["id"], "completed")
    until(lambda: not tools_of(stack), "all tools to end")


def tools_of(stack: Stack) -> list[int]:
    """What the workers of the stack run just now."""
    workers = [child for name, child in stack.children.items() if name.startswith("worker-")]
    return [each.pid for child in workers for each in psutil.Process(child.pid).children(recursive=True)]


def matroska_with_tracks(count: int) -> bytes:
    """A Matroska header with as many video tracks as wanted, and nothing to play."""

    def element(id: bytes, body: bytes) -> bytes:
        return id + (len(body) | 1 << 56).to_bytes(8, "big") + body

    def number(id: bytes, value: int) -> bytes:
        return element(id, value.to_bytes(4, "big"))

    head = element(b"\x1a\x45\xdf\xa3", element(b"\x42\x82", b"matroska"))
    tracks = b"".join(
        element(
            b"\xae",
            number(b"\xd7", n) + number(b"\x73\xc5", n) + number(b"\x83", 1) + element(b"\x86", b"V_VP8"),
        )
        for n in range(1, count + 1)
    )
    return head + element(b"\x18\x53\x80\x67", element(b"\x16\x54\xae\x6b", tracks))
