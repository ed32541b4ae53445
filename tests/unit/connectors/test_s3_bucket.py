"""What our side of S3 promises where the other side fails: lines that break, refusals, uploads half done."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from connectors.ports import BlobMissing, StoreFull, StoreUnavailable, content_of
from connectors.s3.bucket import Bucket, meant
from connectors.s3.cache import Cache
from connectors.s3.leftovers import Leftovers
from connectors.s3.store import S3Store

LOCATION = "raw/aa/" + "a" * 64
SEGMENT = f"renditions/ab/{'ab' * 16}/{'0' * 16}/000001.m4s"
CONTENT = bytes(range(256)) * (3 << 12)


def refusal(code: str, status: int = 400) -> ClientError:
    said = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(said, "Anything")


class Body:
    """What breaks after so many bytes."""

    def __init__(self, content: bytes, breaks_after: int | None) -> None:
        self._file, self._left = BytesIO(content), breaks_after

    def read(self, size: int) -> bytes:
        if self._left is not None:
            if self._left <= 0:
                raise ReadTimeoutError(endpoint_url="http://s3")
            size = min(size, self._left)
            self._left -= size
        return self._file.read(size)

    def close(self) -> None:
        self._left = 0


@dataclass
class Client:
    """As much of boto3's as is asked here. `lines` says after how many bytes each answer breaks."""

    lines: list[int | None] = field(default_factory=list)
    refusals: list[ClientError] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    tag: str | None = '"1"'
    """That of the one object there is; None where there is none."""
    downloads: int = 0
    listed: list[str] = field(default_factory=list)

    def get_paginator(self, _name: str) -> Client:
        return self

    def paginate(self, **asked: Any) -> list[dict[str, Any]]:
        self.listed.append(asked["Prefix"])
        return []

    def get_object(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        first, _, last = asked.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
        content = CONTENT[int(first) : int(last) + 1 if last else None]
        return {"ETag": '"1"', "Body": Body(content, self.lines.pop(0) if self.lines else None)}

    def head_object(self, **_asked: Any) -> dict[str, Any]:
        if self.tag is None:
            raise refusal("404", 404)
        return {"ETag": self.tag, "ContentLength": len(CONTENT)}

    def head_bucket(self, **_asked: Any) -> None: ...

    def download_file(self, _bucket: str, _key: str, target: str, **_how: Any) -> None:
        self.downloads += 1
        Path(target).write_bytes(CONTENT)

    def put_object(self, **asked: Any) -> None:
        self.asked.append(asked)
        if self.refusals:
            raise self.refusals.pop(0)


def store_of(client: Client, cache: Path | None = None) -> S3Store:
    bucket = Bucket("b", "p", client, client)
    return S3Store(bucket, Leftovers(bucket, "w-1"), Cache(cache, 1 << 30))


async def test_a_line_that_breaks_is_taken_up_where_it_broke() -> None:
    client = Client(lines=[1 << 20, 100, None])
    assert await content_of(store_of(client), LOCATION, 7) == CONTENT[7:]
    ranges = [(asked.get("Range"), asked.get("IfMatch")) for asked in client.asked]
    assert ranges == [
        ("bytes=7-", None),
        (f"bytes={7 + (1 << 20)}-", '"1"'),
        (f"bytes={107 + (1 << 20)}-", '"1"'),
    ]


async def test_a_line_that_breaks_at_once_and_again_is_given_up() -> None:
    with pytest.raises(StoreUnavailable):
        await content_of(store_of(Client(lines=[10, 0, 0])), LOCATION)


async def test_a_range_is_asked_for_as_it_is_and_no_further() -> None:
    client = Client()
    assert await content_of(store_of(client), LOCATION, 5, 9) == CONTENT[5:9]
    assert [asked["Range"] for asked in client.asked] == ["bytes=5-8"]


async def test_what_is_left_unfinished_is_not_listed_all_the_time() -> None:
    client = Client()
    store = store_of(client)
    for _ in range(3):
        await store.forget_unused(timedelta(hours=25))
    assert client.listed.count("p/unfinished/") == 1
    await store.forget_unused(timedelta())
    assert client.listed.count("p/unfinished/") == 2


@pytest.mark.parametrize("conflicts", [0, 2])
async def test_a_put_that_meets_another_looks_again(conflicts: int) -> None:
    client = Client(refusals=[refusal("ConditionalRequestConflict", 409)] * conflicts)
    assert await store_of(client).put(SEGMENT, b"x")
    assert all(asked["IfNoneMatch"] == "*" for asked in client.asked)
    client.refusals = [refusal("ConditionalRequestConflict", 409), refusal("PreconditionFailed", 412)]
    assert not await store_of(client).put(SEGMENT, b"x")


async def test_a_put_that_meets_others_for_ever_is_worth_another_try() -> None:
    client = Client(refusals=[refusal("ConditionalRequestConflict", 409)] * 9)
    with pytest.raises(StoreUnavailable):
        await store_of(client).put(SEGMENT, b"x")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (refusal("NoSuchKey", 404), BlobMissing),
        (refusal("404", 404), BlobMissing),
        (refusal("NoSuchBucket", 404), StoreUnavailable),
        (refusal("AccessDenied", 403), StoreUnavailable),
        (refusal("SlowDown", 503), StoreUnavailable),
        (refusal("QuotaExceeded", 403), StoreFull),
        (refusal("XMinioStorageFull", 507), StoreFull),
        (refusal("Anything", 507), StoreFull),
        (EndpointConnectionError(endpoint_url="http://s3"), StoreUnavailable),
    ],
)
def test_what_errors_mean(error: Any, said: type[Exception]) -> None:
    assert type(meant(error)) is said


async def test_a_store_that_is_no_folder_has_no_paths() -> None:
    store = store_of(Client())
    assert store.path_of(LOCATION) is None
    with pytest.raises(BlobMissing):
        store.path_of("../etc/passwd")


async def test_a_file_is_fetched_once_for_all_and_again_only_for_another_object(tmp_path: Path) -> None:
    client = Client()
    store = store_of(client, tmp_path / "cache")

    async def used() -> Path:
        async with store.on_disk(f"{LOCATION}.mkv") as path:
            assert path.read_bytes() == CONTENT
        return path

    (first,) = set(await asyncio.gather(*(used() for _ in range(5))))
    assert (client.downloads, await used()) == (1, first)
    client.tag = '"2"'
    assert await used() != first
    assert client.downloads == 2
    client.tag = None
    with pytest.raises(BlobMissing):
        await used()


async def test_a_file_that_could_not_be_stored_stays_with_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "made"
    path.write_bytes(b"x")
    client = Client(refusals=[refusal("InternalError", 500)] * 9, tag=None)
    with pytest.raises(StoreUnavailable):
        await store_of(client).adopt(path, "processed")
    assert path.read_bytes() == b"x"
