"""One suite for the archive's port: a second folder, and classes of storage of an S3 that keeps them."""

from __future__ import annotations

import asyncio
import hashlib
import random
import stat
import uuid
from collections.abc import Iterator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from connectors.archive import Kept, open_kept
from connectors.ports import (
    Archive,
    BlobArchived,
    BlobChanged,
    BlobMissing,
    BlobStore,
    StoreUnavailable,
    content_of,
    is_there,
)
from connectors.s3.archive import COPIED_AT_ONCE, S3Archive
from connectors.s3.bucket import Bucket
from connectors.s3.leftovers import Leftovers
from connectors.s3.options import S3Options
from tests.moto_server import BUCKET, KEYS, Moto, moto_server

MIB = 1 << 20
LARGE = random.Random(11).randbytes(20 * MIB)
ABSENT = f"raw/ab/{'ab' * 32}"


@dataclass(frozen=True, slots=True)
class Shelf:
    """A store with an archive, which may be opened anew as another process does."""

    url: str
    options: S3Options
    folder: Path | None

    def open(self, owner: str = "worker-1") -> Kept:
        return open_kept(self.url, owner, self.options, self.folder)

    @property
    def first(self) -> Path:
        return Path(urlsplit(self.url).path)


@pytest.fixture(scope="module")
def moto() -> Iterator[Moto]:
    with moto_server() as running:
        yield running


@pytest.fixture
def folders(tmp_path: Path) -> Shelf:
    return Shelf((tmp_path / "blobs").as_uri(), S3Options(), tmp_path / "archive")


@pytest.fixture
def bucket(moto: Moto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)
    options = S3Options(
        endpoint=moto.endpoint, region="us-east-1", cache=tmp_path, archive_class="GLACIER_IR"
    )
    return Shelf(f"s3://{BUCKET}/{uuid.uuid4().hex}", options, None)


@pytest.fixture(params=["folders", "bucket"])
def shelf(request: pytest.FixtureRequest) -> Shelf:
    found: Shelf = request.getfixturevalue(request.param)
    return found


def of(kept: Kept) -> tuple[BlobStore, Archive]:
    assert kept.archive is not None
    return kept.blobs, kept.archive


async def written(store: BlobStore, content: bytes, area: str = "raw") -> str:
    writer = store.writer()
    for at in range(0, len(content), MIB):
        await writer.write(content[at : at + MIB])
    return (await writer.commit(area)).location


async def listed(store: BlobStore) -> dict[str, str]:
    return {each.location: each.storage async for each in store.listing("raw")}


async def test_what_is_archived_is_read_as_before_and_says_where_it_is(shelf: Shelf) -> None:
    store, archive = of(shelf.open())
    stays, goes = await written(store, b"stays"), await written(store, LARGE)
    before = await store.stat(goes)
    await archive.archive(goes)
    assert await listed(store) == {stays: "standard", goes: archive.storage}
    for reader in (store, shelf.open("gateway-1").blobs):
        assert await content_of(reader, goes) == LARGE
        assert await content_of(reader, goes, 5, 9 * MIB) == LARGE[5 : 9 * MIB]
        assert (await reader.stat(goes)).size_bytes == before.size_bytes
        async with reader.on_disk(goes) as path:
            assert path.read_bytes() == LARGE
    assert (await store.stat(goes)).readable


async def test_what_is_archived_comes_back(shelf: Shelf) -> None:
    store, archive = of(shelf.open())
    location = await written(store, LARGE)
    await archive.archive(location)
    assert await archive.restore(location)
    assert await listed(store) == {location: "standard"}
    assert await content_of(store, location) == LARGE


async def test_doing_it_again_changes_nothing(shelf: Shelf) -> None:
    store, archive = of(shelf.open())
    location = await written(store, b"film")
    assert await archive.restore(location)
    for _ in range(2):
        await archive.archive(location)
    assert await listed(store) == {location: archive.storage}
    for _ in range(2):
        assert await archive.restore(location)
    assert await content_of(store, location) == b"film"


async def test_what_is_nowhere_is_missing(shelf: Shelf) -> None:
    store, archive = of(shelf.open())
    for step in (archive.archive, archive.restore, store.stat, lambda at: content_of(store, at)):
        with pytest.raises(BlobMissing):
            await step(ABSENT)
    assert not await is_there(store, ABSENT)


async def test_a_cleanup_finds_it_wherever_it_is(shelf: Shelf) -> None:
    store, archive = of(shelf.open())
    location = await written(store, b"nobody's")
    await archive.archive(location)
    now = datetime.now(UTC)
    assert not await store.discard(location, now - timedelta(hours=1))
    assert await store.discard(location, now + timedelta(hours=1))
    assert not await is_there(store, location)
    assert await listed(store) == {}


async def test_the_same_bytes_that_come_again_are_kept_once(shelf: Shelf) -> None:
    store, archive = of(shelf.open())
    location = await written(store, LARGE)
    await archive.archive(location)
    assert await written(store, LARGE) == location
    assert list(await listed(store)) == [location]
    assert await content_of(store, location) == LARGE


async def test_what_is_archived_may_be_removed(shelf: Shelf) -> None:
    store, archive = of(shelf.open())
    location = await written(store, b"held")
    await archive.archive(location)
    await store.remove(location)
    assert not await is_there(store, location)


async def test_who_reads_goes_on_while_it_moves(shelf: Shelf) -> None:
    store, archive = of(shelf.open())
    location = await written(store, LARGE)
    async with aclosing(store.read(location)) as pieces:
        read = bytearray(await anext(pieces))
        await archive.archive(location)
        async for piece in pieces:
            read += piece
    assert hashlib.sha256(read).digest() == hashlib.sha256(LARGE).digest()


async def test_one_file_is_kept_with_its_times_and_none_beside_it(folders: Shelf) -> None:
    store, archive = of(folders.open())
    location = await written(store, b"film")
    before = await store.stat(location)
    await archive.archive(location)
    assert folders.folder is not None
    assert not (folders.first / location).exists()
    assert (folders.folder / location).read_bytes() == b"film"
    assert (await store.stat(location)).modified == before.modified
    assert not [each for folder in (folders.first, folders.folder) for each in (folder / "tmp").iterdir()]
    assert stat.S_IMODE(folders.folder.stat().st_mode) == 0o700


async def test_the_same_bytes_are_not_written_beside_the_archive(folders: Shelf) -> None:
    store, archive = of(folders.open())
    location = await written(store, b"film")
    await archive.archive(location)
    assert await written(store, b"film") == location
    assert not (folders.first / location).exists()
    assert not await store.discard(location, datetime.now(UTC) - timedelta(seconds=5))


async def test_what_is_damaged_stays_where_it_is(folders: Shelf) -> None:
    store, archive = of(folders.open())
    location = await written(store, b"film")
    (folders.first / location).write_bytes(b"worn")
    with pytest.raises(BlobChanged):
        await archive.archive(location)
    assert (folders.first / location).exists()
    assert folders.folder is not None
    assert not (folders.folder / location).exists()


async def test_a_damaged_copy_in_the_archive_takes_nothing_with_it(folders: Shelf) -> None:
    store, archive = of(folders.open())
    location = await written(store, b"film")
    await archive.archive(location)
    assert await archive.restore(location)
    assert folders.folder is not None
    (folders.folder / location).write_bytes(b"worn")
    await archive.archive(location)
    assert (folders.folder / location).read_bytes() == b"film"


async def test_a_disk_that_is_not_mounted_is_away_and_not_empty(folders: Shelf, tmp_path: Path) -> None:
    store, archive = of(folders.open())
    stays, goes = await written(store, b"stays"), await written(store, b"goes")
    await archive.archive(goes)
    assert folders.folder is not None
    folders.folder.rename(tmp_path / "unmounted")
    folders.folder.mkdir()
    for reader in (store, folders.open("worker-2").blobs):
        assert await content_of(reader, stays) == b"stays"
        with pytest.raises(StoreUnavailable, match="the archive is not at"):
            await content_of(reader, goes)
        with pytest.raises(StoreUnavailable):
            await listed(reader)
        assert await written(reader, b"new")
    with pytest.raises(StoreUnavailable):
        await archive.archive(stays)
    folders.folder.rmdir()
    (tmp_path / "unmounted").rename(folders.folder)
    assert await content_of(store, goes) == b"goes"


async def test_one_folder_is_the_archive_of_one_store(folders: Shelf, tmp_path: Path) -> None:
    store, archive = of(folders.open())
    await archive.archive(await written(store, b"mine"))
    other = Shelf((tmp_path / "others").as_uri(), S3Options(), folders.folder)
    its_store, its_archive = of(other.open())
    location = await written(its_store, b"its own")
    with pytest.raises(StoreUnavailable, match="archive of another store"):
        await its_archive.archive(location)
    with pytest.raises(StoreUnavailable):
        await listed(its_store)


async def test_an_archive_is_not_forgotten(folders: Shelf) -> None:
    store, archive = of(folders.open())
    await archive.archive(await written(store, b"goes"))
    with pytest.raises(ValueError, match="set SLUICE_ARCHIVE"):
        open_kept(folders.url, "gateway-1", S3Options())


def test_folders_may_not_lie_in_each_other(folders: Shelf) -> None:
    with pytest.raises(ValueError, match="lie in each other"):
        open_kept(folders.url, "gateway-1", S3Options(), folders.first / "archive")


def test_a_bucket_has_classes_and_no_second_folder(bucket: Shelf, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="SLUICE_S3_ARCHIVE_CLASS"):
        open_kept(bucket.url, "gateway-1", bucket.options, tmp_path)


def glacier(shelf: Shelf, moto: Moto) -> tuple[BlobStore, S3Archive]:
    where = urlsplit(shelf.url)
    reached = Bucket.at(where.netloc, where.path, shelf.options)
    return shelf.open().blobs, S3Archive(reached, Leftovers(reached, "w"), "GLACIER")


async def test_what_has_to_be_given_back_first_says_so(bucket: Shelf, moto: Moto) -> None:
    store, archive = glacier(bucket, moto)
    location = await written(store, LARGE)
    await archive.archive(location)
    assert not (await store.stat(location)).readable
    with pytest.raises(BlobArchived):
        await content_of(store, location)
    with pytest.raises(BlobArchived):
        async with store.on_disk(location):
            pass
    assert await archive.restore(location)
    assert await content_of(store, location) == LARGE


async def test_what_takes_hours_is_asked_for_once_and_then_waited_for(bucket: Shelf, moto: Moto) -> None:
    store, archive = glacier(bucket, moto)
    location = await written(store, b"film")
    await archive.archive(location)
    asked = list[str]()
    archive.bucket.quick.meta.events.register("before-call.s3.RestoreObject", lambda **_: asked.append("it"))
    moto.give_back_after(3)
    try:
        assert not await archive.restore(location)
        looks = 1
        while not await archive.restore(location):
            looks += 1
            assert looks < 10, "it never came"
    finally:
        moto.give_back_after(0)
    assert asked == ["it"]
    assert await listed(store) == {location: "standard"}
    assert await content_of(store, location) == b"film"


async def test_bytes_that_come_again_take_the_place_of_what_has_to_be_given_back(
    bucket: Shelf, moto: Moto
) -> None:
    store, archive = glacier(bucket, moto)
    for content in (b"small", LARGE):
        location = await written(store, content)
        await archive.archive(location)
        assert await written(store, content) == location
        assert await content_of(store, location) == content


@pytest.mark.parametrize(
    ("at_once", "calls"),
    [
        (COPIED_AT_ONCE, {"CopyObject": "x-amz-copy-source-if-match"}),
        (8 * MIB, {"UploadPartCopy": "x-amz-copy-source-if-match", "CompleteMultipartUpload": "If-Match"}),
    ],
    ids=["at once", "in parts"],
)
async def test_a_copy_is_bound_to_what_was_looked_at(
    bucket: Shelf, moto: Moto, at_once: int, calls: dict[str, str]
) -> None:
    """moto does not refuse, so what it is sent is looked at."""
    store, _ = of(bucket.open())
    where = urlsplit(bucket.url)
    reached = Bucket.at(where.netloc, where.path, bucket.options)
    location, sent = await written(store, LARGE), list[tuple[str, str | None]]()

    def note(model: Any, params: dict[str, Any], **_: Any) -> None:
        if model.name in calls:
            sent.append((model.name, params["headers"].get(calls[model.name])))

    reached.patient.meta.events.register("before-call.s3", note)
    key = f"{where.path.strip('/')}/{location}"
    etag = moto.client().head_object(Bucket=BUCKET, Key=key)["ETag"]
    await S3Archive(reached, Leftovers(reached, "w"), "GLACIER", at_once=at_once).archive(location)
    assert set(sent) == {(name, etag) for name in calls}


async def test_what_is_too_large_for_one_copy_goes_in_parts(bucket: Shelf, moto: Moto) -> None:
    store, _ = of(bucket.open())
    where = urlsplit(bucket.url)
    reached = Bucket.at(where.netloc, where.path, bucket.options)
    archive = S3Archive(reached, Leftovers(reached, "w"), "STANDARD_IA", at_once=8 * MIB)
    location = await written(store, LARGE)
    await archive.archive(location)
    assert await listed(store) == {location: "STANDARD_IA"}
    assert await content_of(store, location) == LARGE
    kept: Any = moto.client().list_objects_v2(Bucket=BUCKET, Prefix=where.path.strip("/"))
    assert [each["Key"].split("/")[1] for each in kept["Contents"]] == ["raw"]


async def test_processes_that_begin_at_once_agree_on_the_archive(folders: Shelf) -> None:
    opened = [folders.open(f"worker-{number}") for number in range(4)]
    await asyncio.gather(*(asyncio.to_thread(_has_nothing, kept) for kept in opened))
    store, archive = of(opened[0])
    location = await written(store, b"film")
    await archive.archive(location)
    for kept in opened:
        assert await content_of(kept.blobs, location) == b"film"


def _has_nothing(kept: Kept) -> None:
    with pytest.raises(BlobMissing):
        asyncio.run(content_of(kept.blobs, ABSENT))
