"""A blob in a bucket that is gone on with: what comes is put in pieces, some at once."""

from __future__ import annotations

import asyncio
from typing import Any

from connectors import blob_names
from connectors.ports import Blob
from connectors.s3.assembly import Range, assemble, sha256
from connectors.s3.bucket import Bucket
from connectors.s3.hashing import Hashing
from connectors.s3.leftovers import Leftovers
from connectors.s3.sending import Sent
from connectors.s3.turns import State
from connectors.s3.unfinished import Turn, Unfinished, place
from connectors.s3.upload import room
from connectors.s3.writer import is_kept, part_bytes


class S3ResumedWriter:
    """See ports.ResumedWriter."""

    def __init__(self, bucket: Bucket, leftovers: Leftovers, unfinished: Unfinished, turn: Turn) -> None:
        self._bucket = bucket
        self._leftovers = leftovers
        self._unfinished = unfinished
        self._turn = turn
        self._hashing = Hashing(bucket, turn.digest)
        self._pending = bytearray()
        self._sent_to = turn.start
        self._puts: list[asyncio.Task[Any]] = []
        self._is_closed = False
        self.size_bytes = turn.start

    async def write(self, chunk: bytes) -> None:
        """See ports.BlobWriter."""
        self._pending += chunk
        self.size_bytes += len(chunk)
        if len(self._pending) >= part_bytes(self._turn.pieces + len(self._puts)):
            await self._flush()

    async def commit(self, area: str, suffix: str = "") -> Blob:
        """See ports.BlobWriter. Raises BlobHeld where someone else has gone on."""
        state = await self._durable()
        pieces = [Range(place(self._turn.id, each.name), 0, each.size_bytes) for each in state.pieces]
        digest = await self._hashing.through()
        named = digest.hexdigest() if digest is not None else await sha256(self._bucket, pieces)
        blob = Blob(blob_names.addressed(area, named, suffix), self.size_bytes, named)
        if not await is_kept(self._bucket, blob):
            await assemble(self._bucket, self._leftovers, pieces, blob)
        return blob

    async def close(self) -> None:
        """See ports.ResumedWriter. Raises BlobHeld where someone else has gone on."""
        if self._is_closed:
            return
        self._is_closed = True
        await self._durable()
        self._unfinished.remember(self._turn, self.size_bytes, await self._hashing.through())

    async def abort(self) -> None:
        """See ports.BlobWriter. Raises BlobHeld where someone else has gone on."""
        self._is_closed = True
        await self._settled()
        await self._unfinished.remove(self._turn)

    async def _durable(self) -> State:
        """What there is, once all that came is there."""
        try:
            if self._pending:
                await self._flush()
        finally:
            await self._settled()
        for put in self._puts:
            put.result()
        return await self._unfinished.confirm(self._turn, self.size_bytes)

    async def _settled(self) -> None:
        if self._puts:
            await asyncio.wait(self._puts)

    async def _flush(self) -> None:
        await self._hashing.through()
        # From here on there is no turning back: of a cancelled writer too, all that came is kept and hashed.
        part, self._pending = bytes(self._pending), bytearray()
        there = self._bucket.object(self._turn.piece(self._sent_to))
        self._sent_to += len(part)
        put = self._bucket.do(self._bucket.patient.put_object, **there, Body=Sent(part))
        self._puts.append(asyncio.create_task(put))
        self._hashing.add(part)
        await room(self._puts)
