"""Sends a blob as a download that no browser will run, in whole or in ranges."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar, Protocol

from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send

from connectors.ports import BlobArchived, BlobInfo, BlobStore
from connectors.rooted.paths import Inside
from connectors.rooted.root import Root
from gateway import names
from gateway.errors import BadRequest, Problem, problem_response

UNKNOWN_TYPE = "application/octet-stream"
"""What is said of a file of which nobody knows what it is."""

_LEAST_PIECE, _MOST_PIECE = 64 << 10, 512 << 10
_PIECES = 32 << 20
"""One piece of each download that is under way, together. For a client that stands still, as a paused player
does, some eight of its pieces lie ready.
"""

NOTHING_RUNS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""Headers of files that no browser is to run, nor another site to show."""

_HEADERS = {**NOTHING_RUNS, "Cache-Control": "private, no-cache"}
_FOR_ANY_PAGE = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}


@dataclass(frozen=True, slots=True)
class Files:
    """What sends blobs: this process, or the proxy in front of it, where one is that reads the same store."""

    store: BlobStore
    front: str | None = None
    """Where the proxy has the store's root: `X-Accel-Redirect` names a blob below it."""

    async def download(self, location: str, name: str, content_type: str | None) -> Response:
        """A blob under a name, which may be in any script. Raises BlobMissing, BlobArchived."""
        return await self._answer(location, content_type or UNKNOWN_TYPE, _HEADERS, name, "attachment")

    def below(self, root: Root, path: Inside) -> Below:
        """A file below a root. Raises NotThere, PathRefused, ReadOnly."""
        descriptor = root.opened(path)
        try:
            return Below(root, path, os.fstat(descriptor))
        finally:
            os.close(descriptor)

    async def played(self, location: str, name: str, content_type: str) -> Response:
        """A blob for a player, in whole or in ranges. Raises BlobMissing, BlobArchived."""
        return await self._answer(location, content_type, _HEADERS | _FOR_ANY_PAGE, name, "inline")

    async def sent(self, location: str, content_type: str, headers: Mapping[str, str]) -> Response:
        """A blob of our own making, as it is. Raises BlobMissing."""
        said = {**headers, "X-Content-Type-Options": "nosniff"}
        return await self._answer(location, content_type, said)

    async def _answer(
        self,
        location: str,
        content_type: str,
        headers: Mapping[str, str],
        name: str | None = None,
        disposition: str = "attachment",
    ) -> Response:
        path, found = self.store.path_of(location), await self.store.stat(location)
        if not found.readable:
            raise BlobArchived(location)
        answer = _Download(
            path or location,
            stat_result=_as_of_a_file(found),
            media_type=content_type,
            headers=headers,
            filename=names.clean(name) if name else None,
            content_disposition_type=disposition,
        )
        elsewhere = partial(_StoreReader, self.store, location)
        if path is None:
            answer.opened = elsewhere
        elif self.front is not None:
            return _handed_over(answer, f"{self.front}{location}")
        else:
            answer.opened = lambda end: _FileReader(path, or_else=lambda: elsewhere(end))
        return answer


@dataclass(frozen=True, slots=True)
class Below:
    """A file below a root, as it was found."""

    root: Root
    path: Inside
    said: os.stat_result

    def answer(self, name: str, content_type: str | None) -> Response:
        """Sends it; it is opened again for that, the same careful way."""
        answer = _Download(
            str(self.path),
            stat_result=self.said,
            media_type=content_type or UNKNOWN_TYPE,
            headers=_HEADERS,
            filename=names.clean(name),
        )
        answer.opened = lambda _: _FileReader(Path(), partial(self.root.opened, self.path))
        return answer


def _handed_over(answer: Response, to: str) -> Response:
    """The same answer for the proxy to fill; ranges, sizes and tags are then the proxy's own."""
    kept = {
        name: value
        for name, value in answer.headers.items()
        if name not in ("accept-ranges", "content-length", "etag", "last-modified")
    }
    return Response(headers={**kept, "X-Accel-Redirect": to})


def is_known(if_none_match: str | None, etag: str) -> bool:
    """Whether a client that says this has these bytes already (RFC 9110)."""
    said = [one.strip().removeprefix("W/") for one in (if_none_match or "").split(",")]
    return etag in said or "*" in said


def _as_of_a_file(found: BlobInfo) -> os.stat_result:
    """What a file of that size and age would say of itself, as far as answers tell of it."""
    modified_s = found.modified.timestamp()
    return os.stat_result(
        (0, 0, 0, 0, 0, 0, found.size_bytes, 0, int(modified_s), 0), {"st_mtime": modified_s}
    )


class _Reader(Protocol):
    """Where an answer's bytes come from."""

    async def seek(self, at: int) -> None:
        """The place to read from."""
        ...

    async def read(self, size: int) -> bytes:
        """The next bytes: so many, but at the end."""
        ...

    async def close(self) -> None:
        """Nothing is read any more."""
        ...


class _Download(FileResponse):
    """A file response whose complaints about ranges are problem documents too. It is read in few turns, for
    each turn away from the loop costs as much as reading half a MiB.
    """

    opened: Callable[[int | None], _Reader] | None = None
    """Opens what is no file, up to a place; where that is not known, as far as it is read."""
    _end: int | None = None
    _under_way: ClassVar[int] = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal: Response | None = None

        async def watched(message: Message) -> None:
            nonlocal refusal
            if message["type"] == "http.response.start":
                refusal = _refusal(message)
            if refusal is None:
                await send(message)
            self.chunk_size = max(_LEAST_PIECE, min(_MOST_PIECE, _PIECES // max(1, _Download._under_way)))

        # By itself Granian would send the file in pieces of 128 KiB, which takes half as long again.
        await super().__call__({**scope, "extensions": {}}, receive, watched)
        if refusal is not None:
            await refusal(scope, receive, send)

    @asynccontextmanager
    async def _open_file(self) -> AsyncIterator[Any]:
        file = self.opened(self._end) if self.opened else _FileReader(Path(self.path))
        _Download._under_way += 1
        try:
            yield file
        finally:
            _Download._under_way -= 1
            await file.close()

    async def _handle_single_range(
        self, send: Send, start: int, end: int, file_size: int, send_header_only: bool
    ) -> None:
        self._end = end
        await super()._handle_single_range(send, start, end, file_size, send_header_only)


class _FileReader:
    """A file that is read a piece a turn; opening it and going to a place take none of their own."""

    def __init__(
        self,
        path: Path,
        open_it: Callable[[], int] | None = None,
        or_else: Callable[[], _Reader] | None = None,
    ) -> None:
        self._open_it = open_it or partial(os.open, path, os.O_RDONLY | os.O_CLOEXEC)
        self._or_else = or_else
        """What reads it where it was moved a moment ago."""
        self._instead: _Reader | None = None
        self._at = 0
        self._opened: int | None = None
        self._reading: asyncio.Future[bytes] | None = None

    async def seek(self, at: int) -> None:
        """See _Reader."""
        self._at = at

    async def read(self, size: int) -> bytes:
        """See _Reader."""
        if self._instead is not None:
            return await self._instead.read(size)
        self._reading = asyncio.get_running_loop().run_in_executor(None, self._read, size)
        try:
            piece = await asyncio.shield(self._reading)
        except FileNotFoundError:
            if self._or_else is None:
                raise
            self._instead = self._or_else()
            await self._instead.seek(self._at)
            return await self._instead.read(size)
        self._at += len(piece)
        return piece

    async def close(self) -> None:
        """See _Reader. A thread that still reads for a client that is gone ends first."""
        if self._instead is not None:
            await self._instead.close()
        if self._reading is not None and not self._reading.done():
            self._reading.add_done_callback(self._close)
        else:
            self._close()

    def _close(self, read: asyncio.Future[bytes] | None = None) -> None:
        if read is not None:
            read.exception()
        if self._opened is not None:
            os.close(self._opened)

    def _read(self, size: int) -> bytes:
        if self._opened is None:
            self._opened = self._open_it()
        return os.pread(self._opened, size, self._at)


class _StoreReader:
    """A blob that is no file, asked for from where it is read, and no further than it is known to be."""

    def __init__(self, store: BlobStore, location: str, end: int | None) -> None:
        self._store = store
        self._location = location
        self._end = end
        self._at = 0
        self._pieces: AsyncGenerator[bytes, None] | None = None
        self._pending = bytearray()

    async def seek(self, at: int) -> None:
        """See _Reader."""
        await self.close()
        self._at, self._pending = at, bytearray()

    async def read(self, size: int) -> bytes:
        """See _Reader."""
        if self._pieces is None:
            self._pieces = self._store.read(self._location, self._at, self._end)
        while len(self._pending) < size and (piece := await anext(self._pieces, b"")):
            self._pending += piece
        taken = bytes(self._pending[:size])
        del self._pending[:size]
        return taken

    async def close(self) -> None:
        """See _Reader."""
        pieces, self._pieces = self._pieces, None
        if pieces is not None:
            await pieces.aclose()


def _refusal(start: Message) -> Response | None:
    if start["status"] == HTTPStatus.BAD_REQUEST:
        return problem_response(BadRequest("bad-range", "The Range header can't be read."))
    if start["status"] != HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
        return None
    said = {"Content-Range": Headers(raw=start["headers"])["content-range"]}
    detail = "The file is shorter than that."
    return problem_response(Problem("bad-range", detail, status=start["status"], headers=said))
