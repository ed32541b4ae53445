"""ClamAV's daemon: bytes go to it in pieces (INSTREAM), and one line comes back.

Written here: of the clients in the registry none takes an asynchronous stream, and they miss the line with
which clamd stops listening in the middle of a file.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import unquote, urlsplit

from connectors.ports import ScanFailed, ScannerUnavailable, TooLargeToScan

_CONNECT_S = 5.0
_SILENT_S = 300.0
"""More than the two minutes after which clamd gives a file up."""
_LINE_BYTES = 1 << 16
_FOUND, _FAILED, _CLEAN = " FOUND", " ERROR", "OK"
_OVER = "size limit exceeded"
_NOT_WHOLE = tuple(f"Heuristics.Limits.Exceeded.Max{which}" for which in ("FileSize", "ScanSize", "ScanTime"))
"""What clamd says, if it is set up to (AlertExceedsMax), of files that it has not looked at to their ends."""


class Clamd:
    """See ports.Scanner."""

    def __init__(self, url: str, *, silent_s: float = _SILENT_S) -> None:
        """`url` is tcp://host:port or unix:///path. Raises ValueError for another."""
        self._at = urlsplit(url)
        self._url = url
        self._silent_s = silent_s
        tcp = self._at.scheme == "tcp" and self._at.hostname and self._at.port
        if not tcp and not (self._at.scheme == "unix" and self._at.path):
            raise ValueError(f"{url} is no address of clamd: give tcp://host:port or unix:///path")

    async def ping(self) -> None:
        """See ports.Scanner."""
        async with self._connected() as there:
            await self._took(there, b"zPING\0")
            said = await self._line(asyncio.create_task(_line_of(there)))
        if said != "PONG":
            raise self._away(said)

    async def scan(self, pieces: AsyncIterator[bytes]) -> str | None:
        """See ports.Scanner."""
        async with self._connected() as there:
            answer = asyncio.create_task(_line_of(there))
            try:
                await self._send(there, pieces, answer)
                said = await self._line(answer)
            finally:
                answer.cancel()
                await asyncio.gather(answer, return_exceptions=True)
        return self._found(said)

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[socket.socket]:
        """A bare socket: a stream forgets what has come once something can't be sent, and clamd hangs up
        right after its line.
        """
        try:
            async with asyncio.timeout(_CONNECT_S):
                there = await self._connect()
        except OSError as error:
            raise self._away(error.strerror or "no connection in time") from error
        with there:
            yield there

    async def _connect(self) -> socket.socket:
        loop = asyncio.get_running_loop()
        if self._at.scheme == "unix":
            return await _reached(socket.AF_UNIX, unquote(self._at.path))
        found = await loop.getaddrinfo(self._at.hostname, self._at.port, type=socket.SOCK_STREAM)
        for number, (family, *_, address) in enumerate(found, 1):
            try:
                return await _reached(family, address)
            except OSError:
                if number == len(found):
                    raise
        raise OSError(f"{self._at.hostname} has no address")

    async def _send(
        self, there: socket.socket, pieces: AsyncIterator[bytes], answer: asyncio.Task[bytes]
    ) -> None:
        """Sends everything, or as much as clamd takes: one that has had enough answers and hangs up."""
        await self._took(there, b"zINSTREAM\0")
        async for piece in pieces:
            if not piece:
                continue
            took = await self._took(there, len(piece).to_bytes(4, "big") + piece)
            if answer.done() or not took:
                return
        await self._took(there, bytes(4))

    async def _took(self, there: socket.socket, what: bytes) -> bool:
        try:
            async with asyncio.timeout(self._silent_s):
                await asyncio.get_running_loop().sock_sendall(there, what)
        except TimeoutError as error:
            raise self._away(f"it has taken nothing for {self._silent_s:g} s") from error
        except ConnectionError:
            return False
        return True

    async def _line(self, answer: asyncio.Task[bytes]) -> str:
        try:
            async with asyncio.timeout(self._silent_s):
                return (await answer).rstrip(b"\0").decode(errors="replace")
        except (OSError, EOFError) as error:
            raise self._away("it hung up, or was silent for too long") from error

    def _found(self, said: str) -> str | None:
        if _OVER in said:
            raise TooLargeToScan("it is over clamd's StreamMaxLength")
        what = said.removeprefix("stream: ")
        if what.startswith(_NOT_WHOLE):
            raise TooLargeToScan(f"clamd did not scan all of it: {what.removesuffix(_FOUND)}")
        if what.endswith(_FOUND):
            return what.removesuffix(_FOUND)
        if what != said and what.endswith(_FAILED):
            raise ScanFailed(f"clamd: {what.removesuffix(_FAILED)}")
        if what != _CLEAN:
            raise self._away(said)
        return None

    def _away(self, why: str) -> ScannerUnavailable:
        return ScannerUnavailable(f"clamd at {self._url} does not answer: {why}")


async def _reached(family: int, address: Any) -> socket.socket:
    there = socket.socket(family, socket.SOCK_STREAM)
    try:
        there.setblocking(False)
        await asyncio.get_running_loop().sock_connect(there, address)
    except BaseException:
        there.close()
        raise
    return there


async def _line_of(there: socket.socket) -> bytes:
    """What comes up to the first zero. Raises EOFError where that does not come."""
    came = b""
    while b"\0" not in came:
        more = await asyncio.get_running_loop().sock_recv(there, _LINE_BYTES)
        if not more or len(came) > _LINE_BYTES:
            raise EOFError
        came += more
    return came[: came.index(b"\0")]
