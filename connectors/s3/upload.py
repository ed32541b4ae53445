"""An upload in parts: some at once, and an object only when all are there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import structlog

from connectors.ports import Transient
from connectors.s3.bucket import Bucket
from connectors.s3.leftovers import Leftovers, abort
from connectors.s3.sending import Sent

log = structlog.get_logger()

_AT_ONCE = 4


class Upload:
    """One object that is being made. `abort` it in the end, whatever came of it."""

    def __init__(
        self, bucket: Bucket, leftovers: Leftovers, location: str, *, stays: bool = True, **created: Any
    ) -> None:
        self.location = location
        self._stays = stays
        """Whether the object outlives `abort`, once it is complete."""
        self._created = created
        """What boto3 is told of the object beforehand."""
        self._bucket = bucket
        self._leftovers = leftovers
        self._begun: asyncio.Task[tuple[str, str]] | None = None
        self._parts: list[asyncio.Task[Any]] = []
        self._completing: asyncio.Task[Any] | None = None

    @property
    def _calls(self) -> list[asyncio.Task[Any]]:
        return [*self._parts, *([self._completing] if self._completing else [])]

    @property
    def parts(self) -> int:
        """How many there are, under way or through."""
        return len(self._parts)

    async def add(self, content: bytes) -> None:
        """Another part. Returns when there is room for the next. Raises what earlier ones met."""
        await self._start(self._bucket.patient.upload_part, Body=Sent(content))

    async def take(self, source: str, first: int, end: int, **when: Any) -> None:
        """The same with bytes of another object, which the store copies by itself; `when` bounds it."""
        await self._start(
            self._bucket.patient.upload_part_copy,
            CopySource=self._bucket.object(source),
            CopySourceRange=f"bytes={first}-{end - 1}",
            **when,
        )

    async def complete(self, **when: Any) -> None:
        """Makes it one object, durably. Raises StoreFull, StoreUnavailable."""
        upload_id, _ = await self._id()
        answers = [await part for part in self._parts]
        listed = [
            {"PartNumber": number, "ETag": answer.get("CopyPartResult", answer)["ETag"]}
            for number, answer in enumerate(answers, 1)
        ]
        call = self._bucket.do(
            self._bucket.patient.complete_multipart_upload,
            **self._bucket.object(self.location),
            UploadId=upload_id,
            MultipartUpload={"Parts": listed},
            **when,
        )
        self._completing = asyncio.create_task(call)
        await asyncio.shield(self._completing)

    async def abort(self) -> None:
        """Leaves nothing but a whole object that is to stay; what can't be removed now, at the next start."""
        if self._begun is None:
            return
        ended, _ = await asyncio.wait([self._begun, *self._calls])  # what comes after would stay
        for call in ended:
            call.exception()
        try:
            upload_id, note = await self._begun
            await self._bucket.do(abort, self._bucket, self.location, upload_id)
            if not self._stays:
                await self._bucket.remove(self.location)
            await self._bucket.remove(note)
        except Transient as error:
            log.warning("an upload is not taken back yet", location=self.location, error=str(error))
        self._begun = None

    async def _id(self) -> tuple[str, str]:
        """What the store calls this, and where the note about it is."""
        if self._begun is None:
            self._begun = asyncio.create_task(self._bucket.do(self._begin))
        return await asyncio.shield(self._begun)

    def _begin(self) -> tuple[str, str]:
        there = self._bucket.object(self.location)
        upload_id = str(self._bucket.quick.create_multipart_upload(**there, **self._created)["UploadId"])
        return upload_id, self._leftovers.write(self.location, upload_id)

    async def _start(self, step: Callable[..., Any], **what: Any) -> None:
        upload_id, _ = await self._id()
        call = self._bucket.do(
            step,
            **self._bucket.object(self.location),
            UploadId=upload_id,
            PartNumber=len(self._parts) + 1,
            **what,
        )
        self._parts.append(asyncio.create_task(call))
        await room(self._parts)


async def room(calls: list[asyncio.Task[Any]]) -> None:
    """Waits until there is room for another call. Raises what earlier ones met."""
    while len(under_way := [call for call in calls if not call.done()]) >= _AT_ONCE:
        await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
    for call in calls:
        if call.done():
            call.result()
