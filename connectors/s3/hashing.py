"""A hash of what is sent, made while it is."""

from __future__ import annotations

import asyncio
import hashlib
from typing import TYPE_CHECKING

from connectors.s3.bucket import Bucket

if TYPE_CHECKING:
    from hashlib import _Hash


class Hashing:
    """Goes through parts in threads, one after another. None stands for the hash of what was not all seen."""

    def __init__(self, bucket: Bucket, digest: _Hash | None) -> None:
        self._bucket = bucket
        self._digest = digest
        self._step: asyncio.Future[None] | None = None

    @classmethod
    def anew(cls, bucket: Bucket) -> Hashing:
        """That of what begins here."""
        return cls(bucket, hashlib.sha256())

    def add(self, part: bytes) -> None:
        """Begins with this part. The one before has to be through."""
        if self._digest is not None:
            self._step = asyncio.ensure_future(self._bucket.do(self._digest.update, part))

    async def through(self) -> _Hash | None:
        """The hash of all parts so far, which goes on with the next."""
        if self._step is not None:
            await asyncio.shield(self._step)
        return self._digest

    async def hexdigest(self) -> str:
        """The same in letters. Only of what began here."""
        digest = await self.through()
        assert digest is not None
        return digest.hexdigest()
