"""Blobs that clients put into a bucket by themselves: uploads in parts, each part by a signed address.

A note beside each says what the store calls it: any process goes on with one, and not every S3 lists such
uploads by their beginning. Where a note is, and no object, parts still come; the object is what came of them.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from connectors.blob_names import addressed, checked_id
from connectors.ports import ArrivedPart, Blob, BlobMissing
from connectors.s3.assembly import Range, assemble, sha256
from connectors.s3.bucket import Bucket, code_of
from connectors.s3.leftovers import Leftovers, abort
from connectors.s3.writer import is_kept

_FOLDER = "direct/"
_NOTE = ".note"
_LOOKS = 100
"""So often within the time that makes one unused is looked for those: to list is paid for."""
_PAGE = 1000


class S3Direct:
    """See ports.DirectUploads."""

    def __init__(self, bucket: Bucket, leftovers: Leftovers) -> None:
        self._bucket = bucket
        self._leftovers = leftovers
        self._looked_at: float | None = None

    async def begin(self, id: str) -> None:
        """See ports.DirectUploads."""
        make = self._bucket.quick.create_multipart_upload
        begun = await self._bucket.do(make, **self._bucket.object(_place(id)))
        await self._bucket.put(_place(id) + _NOTE, str(begun["UploadId"]).encode())

    async def addresses(self, id: str, sizes: Mapping[int, int], expires_in_s: int) -> Mapping[int, str]:
        """See ports.DirectUploads."""
        said = {**self._bucket.object(_place(id)), "UploadId": await self._upload_id(id)}
        return await self._bucket.do(self._sign, said, sizes, expires_in_s)

    async def arrived(self, id: str) -> list[ArrivedPart]:
        """See ports.DirectUploads."""
        return await self._bucket.do(self._arrived, _place(id), await self._upload_id(id))

    async def commit(self, id: str, area: str) -> Blob:
        """See ports.DirectUploads."""
        size_bytes = await self._whole(id)
        pieces = [Range(_place(id), 0, size_bytes)]
        digest = await sha256(self._bucket, pieces)
        blob = Blob(addressed(area, digest, ""), size_bytes, digest)
        if not await is_kept(self._bucket, blob):
            await assemble(self._bucket, self._leftovers, pieces, blob)
        return blob

    async def abort(self, id: str) -> None:
        """See ports.DirectUploads. The note goes last: as long as it is there, this is tried again."""
        try:
            upload_id = await self._upload_id(id)
        except BlobMissing:
            return
        await self._bucket.do(abort, self._bucket, _place(id), upload_id)
        await self._bucket.remove(_place(id))
        await self._bucket.remove(_place(id) + _NOTE)

    async def forget_unused(self, unused: timedelta) -> None:
        """See ports.DirectUploads. Asked again soon, it does nothing."""
        now = time.monotonic()
        if self._looked_at is not None and now - self._looked_at < unused.total_seconds() / _LOOKS:
            return
        for id in await self._bucket.do(self._unused, datetime.now(UTC) - unused):
            await self.abort(id)
        self._looked_at = now

    async def _whole(self, id: str) -> int:
        """The size of the object that its parts have become, now or before."""
        upload_id = await self._upload_id(id)
        try:
            return await self._size(id)
        except BlobMissing:
            await self._bucket.do(self._complete, _place(id), upload_id)
            return await self._size(id)

    async def _size(self, id: str) -> int:
        there = self._bucket.object(_place(id))
        return int((await self._bucket.do(self._bucket.quick.head_object, **there))["ContentLength"])

    async def _upload_id(self, id: str) -> str:
        there = self._bucket.object(_place(id) + _NOTE)
        try:
            return await self._bucket.do(self._read, there)
        except BlobMissing as error:
            raise BlobMissing(f"there is no upload {id}") from error

    def _read(self, there: Mapping[str, str]) -> str:
        return str(self._bucket.quick.get_object(**there)["Body"].read().decode())

    def _sign(
        self, said: Mapping[str, str], sizes: Mapping[int, int], expires_in_s: int
    ) -> Mapping[int, str]:
        sign = self._bucket.public.generate_presigned_url
        return {
            number: str(
                sign(
                    "upload_part",
                    Params={**said, "PartNumber": number, "ContentLength": size},
                    ExpiresIn=expires_in_s,
                )
            )
            for number, size in sizes.items()
        }

    def _arrived(self, place: str, upload_id: str) -> list[ArrivedPart]:
        """None any more where they have become an object."""
        asked = {**self._bucket.object(place), "UploadId": upload_id, "MaxParts": _PAGE}
        found: list[dict[str, Any]] = []
        try:
            for page in self._bucket.quick.get_paginator("list_parts").paginate(**asked):
                found += page.get("Parts", ())
        except ClientError as error:
            if code_of(error) != "NoSuchUpload":
                raise
        return [ArrivedPart(each["PartNumber"], each["Size"], each["ETag"]) for each in found]

    def _complete(self, place: str, upload_id: str) -> None:
        parts = [{"PartNumber": each.number, "ETag": each.etag} for each in self._arrived(place, upload_id)]
        if not parts:
            raise BlobMissing(f"nothing has arrived at {place}")
        self._bucket.patient.complete_multipart_upload(
            **self._bucket.object(place), UploadId=upload_id, MultipartUpload={"Parts": parts}
        )

    def _unused(self, before: datetime) -> list[str]:
        return [
            location.removeprefix(_FOLDER).removesuffix(_NOTE)
            for location, found in self._bucket.listed(_FOLDER)
            if location.endswith(_NOTE) and found["LastModified"] < before
        ]


def _place(id: str) -> str:
    return f"{_FOLDER}{checked_id(id)}"
