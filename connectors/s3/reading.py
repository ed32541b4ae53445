"""A range of one object, piece by piece."""

from __future__ import annotations

import threading
from typing import Any

from botocore.exceptions import ClientError

from connectors.ports import StoreUnavailable
from connectors.s3.bucket import Bucket, code_of

_PIECE_BYTES = 1024 * 1024
_BEYOND = "InvalidRange"


class Reading:
    """Where the line breaks, as it does under clients that stand still, it goes on from where it was."""

    def __init__(self, bucket: Bucket, location: str, start: int, end: int | None) -> None:
        self._bucket = bucket
        self._object: dict[str, Any] = bucket.object(location)
        self._at = start
        self._end = end
        self._body: Any = None
        self._turn = threading.Lock()

    async def next(self) -> bytes:
        """The next bytes; none at the end. Raises BlobMissing, StoreUnavailable."""
        try:
            return await self._bucket.do(self._next)
        except StoreUnavailable:
            if self._body is None:
                raise
            self._drop()
        return await self._bucket.do(self._next)

    def close(self) -> None:
        """Lets the line go, once a thread that still reads is through."""
        self._bucket.later(self._drop)

    def _next(self) -> bytes:
        if self._end is not None and self._at >= self._end:
            return b""
        with self._turn:
            if self._body is None and not self._open():
                return b""
            piece: bytes = self._body.read(_PIECE_BYTES)
        self._at += len(piece)
        return piece

    def _open(self) -> bool:
        """False where the object ends before the range begins."""
        last = "" if self._end is None else str(self._end - 1)
        some = {"Range": f"bytes={self._at}-{last}"} if self._at or last else {}
        try:
            answer = self._bucket.quick.get_object(**self._object, **some)
        except ClientError as error:
            if code_of(error) == _BEYOND:
                return False
            raise
        self._object["IfMatch"] = answer["ETag"]  # what goes on later is the same object
        self._body = answer["Body"]
        return True

    def _drop(self) -> None:
        with self._turn:
            body, self._body = self._body, None
            if body is not None:
                body.close()
