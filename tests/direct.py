"""What clients put into a store by themselves, made of memory; and clients, who do."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from connectors.blob_names import checked_id
from connectors.ports import ArrivedPart, Blob, BlobMissing, BlobStore, DirectUploads


@dataclass
class _Begun:
    at: float = field(default_factory=time.monotonic)
    parts: dict[int, bytes] = field(default_factory=dict)
    blob: Blob | None = None


@dataclass
class FakeDirect:
    """See ports.DirectUploads; its blobs become those of a real store."""

    store: BlobStore
    begun: dict[str, _Begun] = field(default_factory=dict)
    away: Exception | None = None
    """What committing raises."""

    async def begin(self, id: str) -> None:
        self.begun[checked_id(id)] = _Begun()

    async def addresses(self, id: str, sizes: Mapping[int, int], expires_in_s: int) -> Mapping[int, str]:
        self._one(id)
        return {number: _address(id, number, size) for number, size in sizes.items()}

    async def arrived(self, id: str) -> list[ArrivedPart]:
        one = self._one(id)
        if one.blob:
            return []
        parts = sorted(one.parts.items())
        return [ArrivedPart(number, len(part), _etag(part)) for number, part in parts]

    async def commit(self, id: str, area: str) -> Blob:
        one = self._one(id)
        if self.away:
            raise self.away
        if not one.parts:
            raise BlobMissing(id)
        writer = self.store.writer()
        for _, part in sorted(one.parts.items()):
            await writer.write(part)
        one.blob = await writer.commit(area)
        return one.blob

    async def abort(self, id: str) -> None:
        self.begun.pop(checked_id(id), None)

    async def forget_unused(self, unused: timedelta) -> None:
        before = time.monotonic() - unused.total_seconds()
        self.begun = {id: one for id, one in self.begun.items() if one.at >= before}

    def put(self, url: str, content: bytes) -> httpx.Response:
        """What a store answers a client that puts a part."""
        found = re.search(r"([^/]+)\?partNumber=(\d+)&", url)
        assert found is not None
        id, number = found[1], int(found[2])
        if url != _address(id, number, len(content)) or id not in self.begun:
            return httpx.Response(403)
        self.begun[id].parts[number] = content
        return httpx.Response(200, headers={"ETag": _etag(content)})

    def _one(self, id: str) -> _Begun:
        if id not in self.begun:
            raise BlobMissing(id)
        return self.begun[id]


def _address(id: str, number: int, size: int) -> str:
    """Signed, as it were: it is good for this part of this size."""
    return f"memory://{id}?partNumber={number}&for={hash((id, number, size))}"


def _etag(part: bytes) -> str:
    return f'"{hashlib.md5(part, usedforsecurity=False).hexdigest()}"'


def putting(direct: DirectUploads) -> Callable[[str, bytes], httpx.Response]:
    """How a client puts a part: over HTTP, where there is that."""
    if isinstance(direct, FakeDirect):
        return direct.put
    return lambda url, content: httpx.put(url, content=content)
