"""Archiving objects of a bucket: each is copied onto itself in another class of storage, by the store.

A copy is bound to the object that was looked at, and takes its place at once or not at all.
"""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from connectors.blob_names import checked
from connectors.ports import BlobMissing
from connectors.s3.bucket import Bucket, code_of
from connectors.s3.classes import class_of, is_readable, is_under_way
from connectors.s3.leftovers import Leftovers
from connectors.s3.upload import Upload

COPIED_AT_ONCE = 5 << 30
"""S3 copies no more than that in one call."""
_PART_BYTES = 512 << 20
_DAYS = 3
"""How long what was given back can be read: until it is copied, with room for a worker that is away."""
_STANDARD = "STANDARD"
_ASKED_ALREADY = "RestoreAlreadyInProgress"


class S3Archive:
    """See ports.Archive."""

    def __init__(
        self, bucket: Bucket, leftovers: Leftovers, storage: str, at_once: int = COPIED_AT_ONCE
    ) -> None:
        self.storage = storage
        self.bucket = bucket
        self._leftovers = leftovers
        self._at_once = at_once

    async def archive(self, location: str) -> None:
        """See ports.Archive. What is in an archive already stays in the class that it is in."""
        found = await self._look(location)
        if class_of(found) == class_of({}):
            await self._copy(location, found, self.storage)

    async def restore(self, location: str) -> bool:
        """See ports.Archive."""
        found = await self._look(location)
        if class_of(found) == class_of({}):
            return True
        if not is_readable(found):
            if not is_under_way(found):
                await self.bucket.do(self._ask, location)
                return await self._is_back_at_once(location)
            return False
        await self._copy(location, found, _STANDARD)
        return True

    async def _is_back_at_once(self, location: str) -> bool:
        """Some stores give back what is asked for there and then."""
        found = await self._look(location)
        if is_readable(found):
            await self._copy(location, found, _STANDARD)
        return is_readable(found)

    async def _look(self, location: str) -> dict[str, Any]:
        try:
            found: dict[str, Any] = await self.bucket.do(
                self.bucket.quick.head_object, **self.bucket.object(checked(location))
            )
        except BlobMissing as error:
            raise BlobMissing(f"there is no blob at {location}") from error
        return found

    def _ask(self, location: str) -> None:
        try:
            self.bucket.quick.restore_object(
                **self.bucket.object(location),
                RestoreRequest={"Days": _DAYS, "GlacierJobParameters": {"Tier": "Standard"}},
            )
        except ClientError as error:
            if code_of(error) != _ASKED_ALREADY:
                raise

    async def _copy(self, location: str, found: dict[str, Any], storage: str) -> None:
        """Raises StoreUnavailable where it is another object by now: asked again, that one is meant."""
        if found["ContentLength"] > self._at_once:
            await self._copy_in_parts(location, found, storage)
            return
        there = self.bucket.object(location)
        await self.bucket.do(
            self.bucket.patient.copy_object,
            **there,
            CopySource=there,
            CopySourceIfMatch=found["ETag"],
            MetadataDirective="COPY",
            StorageClass=storage,
        )

    async def _copy_in_parts(self, location: str, found: dict[str, Any], storage: str) -> None:
        upload = Upload(self.bucket, self._leftovers, location, StorageClass=storage)
        size = found["ContentLength"]
        part = min(_PART_BYTES, self._at_once)
        try:
            for first in range(0, size, part):
                await upload.take(location, first, min(first + part, size), CopySourceIfMatch=found["ETag"])
            await upload.complete(IfMatch=found["ETag"])
        finally:
            await upload.abort()
