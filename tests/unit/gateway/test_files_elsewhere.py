"""A blob that is no file is sent exactly as one that is."""

from __future__ import annotations

import random
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import httpx
import pytest

from connectors.blobs import FileStore
from connectors.ports import BlobStore
from tests.unit.gateway.fakes import world

FILM = random.Random(3).randbytes(1_500_000)
_OF_ONE_REQUEST = ("x-request-id", "traceparent", "date")


class Pathless(FileStore):
    """Keeps files and does not say where. Remembers what was read of them."""

    def __init__(self, root: Path) -> None:
        super().__init__(root, "pathless")
        self.reads: list[tuple[int, int | None]] = []

    def path_of(self, location: str) -> Path | None:
        super().path_of(location)
        return None

    def read(self, location: str, start: int = 0, end: int | None = None) -> AsyncGenerator[bytes, None]:
        self.reads.append((start, end))
        return super().read(location, start, end)


async def asked_of(
    folder: Path, store: BlobStore, method: str, headers: dict[str, str], **settings: Any
) -> httpx.Response:
    async with world(folder, store, **settings) as w:
        answer = await w.client.post("/api/v1/media", params={"name": "film.mp4"}, content=FILM)
        link = answer.json()["media"]["links"]["content"]
        if headers.get("If-Range") == "the tag":
            headers = {**headers, "If-Range": (await w.client.head(link)).headers["etag"]}
        return await w.client.request(method, link, headers=headers)


@pytest.mark.parametrize(
    ("method", "headers", "read"),
    [
        ("GET", {}, [(0, None)]),
        ("HEAD", {}, []),
        ("GET", {"Range": "bytes=0-0"}, [(0, 1)]),
        ("GET", {"Range": "bytes=1000-1400000"}, [(1000, 1400001)]),
        ("GET", {"Range": "bytes=1400000-"}, [(1400000, 1500000)]),
        ("GET", {"Range": "bytes=-7"}, [(1499993, 1500000)]),
        ("HEAD", {"Range": "bytes=5-9"}, []),
        ("GET", {"Range": "bytes=1500000-"}, []),
        ("GET", {"Range": "lines=1-2"}, []),
        ("GET", {"Range": "bytes=5-9", "If-Range": "the tag"}, [(5, 10)]),
        ("GET", {"Range": "bytes=5-9", "If-Range": '"another"'}, [(0, None)]),
    ],
)
async def test_an_answer_is_the_same_wherever_its_bytes_are(
    tmp_path: Path, method: str, headers: dict[str, str], read: list[tuple[int, int | None]]
) -> None:
    file = await asked_of(tmp_path, FileStore(tmp_path / "blobs", "files"), method, headers)
    store = Pathless(tmp_path / "blobs")
    found = await asked_of(tmp_path, store, method, headers)
    assert (found.status_code, found.content) == (file.status_code, file.content)
    kept = [
        [each for each in said.headers.multi_items() if each[0] not in _OF_ONE_REQUEST]
        for said in (file, found)
    ]
    assert kept[0] == kept[1]
    assert store.reads == read


async def test_several_ranges_are_read_one_after_another(tmp_path: Path) -> None:
    store = Pathless(tmp_path / "blobs")
    found = await asked_of(tmp_path, store, "GET", {"Range": "bytes=5-9,100000-1200000"})
    assert found.status_code == 206
    assert FILM[5:10] in found.content
    assert FILM[100_000:1_200_001] in found.content
    assert [start for start, _ in store.reads] == [5, 100_000]


async def test_a_proxy_is_not_sent_to_where_there_is_no_file(tmp_path: Path) -> None:
    store = Pathless(tmp_path / "blobs")
    found = await asked_of(tmp_path, store, "GET", {}, accel_redirect="/_blobs/")
    assert "x-accel-redirect" not in found.headers
    assert found.content == FILM
