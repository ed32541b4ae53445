"""Blobs as objects below a prefix of one bucket, under the same names as files have."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

from boto3.s3.transfer import TransferConfig

from connectors.blob_names import checked, checked_area, checked_folder, is_location
from connectors.ports import Blob, BlobInfo, BlobMissing, Listed, StoreUnavailable
from connectors.s3.bucket import Bucket
from connectors.s3.cache import Cache
from connectors.s3.classes import class_of, is_readable
from connectors.s3.first import put_first
from connectors.s3.leftovers import Leftovers
from connectors.s3.options import S3Options
from connectors.s3.reading import Reading
from connectors.s3.resumed import S3ResumedWriter
from connectors.s3.unfinished import Unfinished
from connectors.s3.writer import S3Writer, store_file

_LISTED_AT_ONCE = 1000
_FETCHING = TransferConfig(max_concurrency=4)


def open_bucket(name: str, prefix: str, owner: str, options: S3Options) -> S3Store:
    """The store in a bucket; whether that answers is not waited for."""
    bucket = Bucket.at(name, prefix, options)
    return S3Store(bucket, Leftovers(bucket, owner), Cache(options.cache, options.cache_bytes))


class S3Store:
    """See ports.BlobStore."""

    def __init__(self, bucket: Bucket, leftovers: Leftovers, cache: Cache) -> None:
        self._bucket = bucket
        self._leftovers = leftovers
        self._cache = cache
        self.unfinished = Unfinished(bucket)
        leftovers.sweep()

    def writer(self) -> S3Writer:
        """See ports.BlobStore."""
        self._leftovers.sweep()
        return S3Writer(self._bucket, self._leftovers)

    async def resume(self, id: str, at: int | None = None) -> S3ResumedWriter:
        """See ports.BlobStore."""
        turn = await self.unfinished.take(id, at)
        return S3ResumedWriter(self._bucket, self._leftovers, self.unfinished, turn)

    async def resumable(self, id: str) -> int:
        """See ports.BlobStore."""
        return (await self.unfinished.look(id)).size_bytes

    async def forget_unused(self, unused: timedelta) -> None:
        """See ports.BlobStore."""
        await self.unfinished.forget_unused(unused)

    async def adopt(self, path: Path, area: str, suffix: str = "") -> Blob:
        """See ports.BlobStore."""
        blob = await store_file(self._bucket, self._leftovers, path, area, suffix)
        await asyncio.to_thread(path.unlink)
        return blob

    async def put(self, location: str, content: bytes) -> bool:
        """See ports.BlobStore."""
        return await self._bucket.do(put_first, self._bucket, checked(location), content)

    async def names(self, folder: str) -> set[str]:
        """See ports.BlobStore."""
        return await self._bucket.do(self._names, f"{checked_folder(folder)}/")

    async def stat(self, location: str) -> BlobInfo:
        """See ports.BlobStore."""
        found = await self._look(location)
        return BlobInfo(found["ContentLength"], found["LastModified"], is_readable(found), class_of(found))

    async def read(
        self, location: str, start: int = 0, end: int | None = None
    ) -> AsyncGenerator[bytes, None]:
        """See ports.BlobStore."""
        reading = Reading(self._bucket, checked(location), start, end)
        try:
            while piece := await reading.next():
                yield piece
        except BlobMissing as error:
            raise BlobMissing(f"there is no blob at {location}") from error
        finally:
            reading.close()

    def path_of(self, location: str) -> Path | None:
        """See ports.BlobStore."""
        checked(location)
        return None

    @asynccontextmanager
    async def on_disk(self, location: str) -> AsyncIterator[Path]:
        """See ports.BlobStore."""
        found = await self._look(location)
        name = hashlib.sha256(f"{location} {found['ETag']}".encode()).hexdigest()
        fetch = partial(self._fetch, location)
        suffix = Path(location).suffix
        async with self._cache.holding(f"{name}{suffix}", found["ContentLength"], fetch) as path:
            yield path

    async def address(self, location: str, name: str, content_type: str, expires_in_s: int) -> str | None:
        """See ports.BlobStore."""
        asked = {
            **self._bucket.object(checked(location)),
            "ResponseContentDisposition": f"attachment; filename*=utf-8''{quote(name, safe='')}",
            "ResponseContentType": content_type,
        }
        sign = self._bucket.public.generate_presigned_url
        return str(await self._bucket.do(sign, "get_object", Params=asked, ExpiresIn=expires_in_s))

    async def remove(self, location: str) -> None:
        """See ports.BlobStore."""
        await self._bucket.remove(checked(location))

    async def listing(self, area: str) -> AsyncGenerator[Listed, None]:
        """See ports.BlobStore."""
        found = self._bucket.listed(checked_area(area) if "/" in area else f"{checked_area(area)}/")
        while some := await self._bucket.do(lambda: list(islice(found, _LISTED_AT_ONCE))):
            for location, said in some:
                if is_location(location):
                    yield Listed(location, said["Size"], said["LastModified"], class_of(said))

    async def discard(self, location: str, before: datetime) -> bool:
        """See ports.BlobStore."""
        checked(location)
        try:
            found = await self._look(location)
        except BlobMissing:
            return False
        if found["LastModified"] >= before:
            return False
        await self._bucket.remove(location)
        return True

    async def ping(self) -> None:
        """See ports.BlobStore."""
        await self._bucket.put(self._leftovers.name("ping"), b"")

    async def _look(self, location: str) -> dict[str, Any]:
        there = self._bucket.object(checked(location))
        try:
            return await self._bucket.do(self._bucket.quick.head_object, **there)
        except BlobMissing as error:
            await self._refuse_unless_there()
            raise BlobMissing(f"there is no blob at {location}") from error

    async def _refuse_unless_there(self) -> None:
        """Raises StoreUnavailable where the whole bucket is gone: then nothing is known of its blobs."""
        try:
            await self._bucket.do(self._bucket.quick.head_bucket, Bucket=self._bucket.name)
        except BlobMissing as error:
            raise StoreUnavailable(f"there is no bucket {self._bucket.name}") from error

    async def _fetch(self, location: str, target: Path) -> None:
        there, fetch = self._bucket.object(location), self._bucket.quick.download_file
        await self._bucket.do(fetch, there["Bucket"], there["Key"], str(target), Config=_FETCHING)

    def _names(self, folder: str) -> set[str]:
        return {location.removeprefix(folder) for location, _ in self._bucket.listed(folder)}
