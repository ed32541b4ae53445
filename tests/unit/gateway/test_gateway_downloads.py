"""Downloads: names in any script, ranges, and files that no browser runs."""

from __future__ import annotations

import asyncio
import io
import os
from pathlib import Path

import httpx
import pytest
from starlette.types import Message, Scope

from gateway.files import _Download
from tests.unit.gateway.checks import DATA, assert_problem, upload
from tests.unit.gateway.fakes import world
from tests.unit.gateway.history import uploaded


@pytest.mark.parametrize("name", ["plain.mp4", "Отпуск 1.mkv", "休暇🎬.mp4", 'quote".mp4', "50%;x=y.mp4"])
async def test_a_download_has_its_name_and_runs_nowhere(tmp_path: Path, name: str) -> None:
    async with world(tmp_path) as w:
        answer = await w.client.post("/api/v1/media", params={"name": name}, content=DATA)
        got = await w.client.get(answer.json()["media"]["links"]["content"])
        disposition = got.headers["content-disposition"]
        kind, _, said = disposition.partition("; ")
        form_of_name, _, value = said.partition("=")
        decoded = httpx.URL(f"http://x/?n={value.removeprefix(chr(117) + 'tf-8' + chr(39) * 2)}").params["n"]
        assert kind == "attachment"
        assert (decoded if form_of_name.endswith("*") else value.strip('"')) == name
        assert got.headers["x-content-type-options"] == "nosniff"
        assert got.headers["content-security-policy"].startswith("sandbox")


async def test_a_proxy_in_front_is_told_what_to_send_and_how(tmp_path: Path) -> None:
    async with world(tmp_path, accel_redirect="/_blobs/") as w:
        answer = await w.client.post("/api/v1/media", params={"name": "a.mp4"}, content=DATA)
        media = answer.json()["media"]
        got = await w.client.get(media["links"]["content"])
        assert (got.status_code, got.content) == (200, b"")
        assert got.headers["x-accel-redirect"] == f"/_blobs/raw/{media['sha256'][:2]}/{media['sha256']}"
        assert got.headers["content-security-policy"].startswith("sandbox")
        assert "a.mp4" in got.headers["content-disposition"]
        assert not {"etag", "last-modified", "accept-ranges"} & set(got.headers)


@pytest.mark.parametrize(
    ("asked", "status", "expected"),
    [
        ("bytes=0-3", 206, DATA[:4]),
        ("bytes=-5", 206, DATA[-5:]),
        ("bytes=5-", 206, DATA[5:]),
        ("bytes=999999-", 416, None),
        ("lines=1-2", 400, None),
    ],
)
async def test_a_download_may_be_in_ranges(
    tmp_path: Path, asked: str, status: int, expected: bytes | None
) -> None:
    async with world(tmp_path) as w:
        path = (await upload(w)).json()["media"]["links"]["content"]
        got = await w.client.get(path, headers={"Range": asked})
        assert got.status_code == status
        if expected is None:
            assert_problem(got, status, "bad-range")
        else:
            assert got.content == expected
        assert status != 416 or got.headers["content-range"] == f"bytes */{len(DATA)}"


@pytest.mark.parametrize(("others", "most"), [(0, 512 << 10), (128, 256 << 10), (10_000, 64 << 10)])
async def test_the_more_downloads_the_smaller_their_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, others: int, most: int
) -> None:
    """Some pieces of each lie in memory for as long as its client does not take them."""
    monkeypatch.setattr(_Download, "_under_way", others)
    path = tmp_path / "film"
    pieces: list[bytes] = []
    path.write_bytes(bytes(range(256)) * (3 << 12))

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nobody goes away")

    async def send(message: Message) -> None:
        pieces.append(message.get("body", b""))

    scope: Scope = {
        "type": "http",
        "method": "GET",
        "headers": [],
        "extensions": {"http.response.pathsend": {}},
    }
    await _Download(path, stat_result=path.stat())(scope, receive, send)
    assert b"".join(pieces) == path.read_bytes()
    assert max(map(len, pieces)) == most
    assert _Download._under_way == others


async def test_a_file_that_is_read_for_a_client_that_is_gone_is_closed(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        assert message["type"] == "http.response.start"

    scope: Scope = {"type": "http", "method": "GET", "headers": [], "extensions": {}}
    await asyncio.wait_for(_Download(pipe, stat_result=pipe.stat())(scope, receive, send), 60)
    written = await asyncio.to_thread(os.open, pipe, os.O_WRONLY)
    with os.fdopen(written, "wb", buffering=0) as file, pytest.raises(BrokenPipeError):
        await asyncio.wait_for(write_for_ever(file), 60)


async def write_for_ever(file: io.FileIO) -> None:
    while True:
        file.write(b"-")
        await asyncio.sleep(0.01)


async def test_the_head_of_a_download_can_be_had_alone(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        path = (await upload(w)).json()["media"]["links"]["content"]
        got = await w.client.head(path)
        assert (got.status_code, got.headers["content-length"], got.content) == (200, str(len(DATA)), b"")


async def test_a_download_whose_bytes_are_lost_says_so(tmp_path: Path) -> None:
    async with world(tmp_path) as w:
        await w.happened(uploaded())
        assert_problem(await w.client.get("/api/v1/media/m1/content"), 410, "blob-missing")
